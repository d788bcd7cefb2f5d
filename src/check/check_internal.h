/* SPDX-License-Identifier: Apache-2.0 */
/* What the checks share: the image in front of them, and the words to answer with. */
#pragma once

#include "plimsoll/check.h"

/* A list of evidence is an example, with a count beside it: the whole list is among the facts. */
#define PL_EVIDENCE_ITEMS 20

/* One check at work on one image. A check that runs out of memory goes on; the runner sees `error`. */
struct pl_judging {
	const struct pl_image_facts *image;
	struct pl_arena *arena;
	struct pl_finding *finding; /* begins as the check, its severity, and nothing said */
	int error;
	struct pl_evidence spare; /* takes what there is no memory for */
};

/* The answer, as one sentence; foreign text in it has gone through pl_shown. */
void pl_say(struct pl_judging *judging, enum pl_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A failure of another severity than the check's own. */
void pl_say_fail(struct pl_judging *judging, enum pl_severity severity, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* What to write for this very image. */
void pl_say_fix(struct pl_judging *judging, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Unknown, for the reason that the finding of the check `id` tells. */
void pl_say_unknown_as(struct pl_judging *judging, const char *id, const char *reason);

/* A sentence's part in the arena; never null ("" when there is no memory). */
const char *pl_part(struct pl_judging *judging, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Foreign text, escaped; never null. */
const char *pl_shown(struct pl_judging *judging, const char *text);

/* Room for the items of a list in the arena; null when there is no memory. */
const char **pl_items(struct pl_judging *judging, size_t n);

/* Evidence; texts are borrowed and stay as they are. Keys may come in any order. */
void pl_evidence_text(struct pl_judging *judging, const char *key, const char *text);
void pl_evidence_number(struct pl_judging *judging, const char *key, int64_t number);
void pl_evidence_flag(struct pl_judging *judging, const char *key, bool flag);
void pl_evidence_list(struct pl_judging *judging, const char *key, const char *const *list, size_t n);

/* The checks of images, by file. */
void pl_judge_app_user_unused(struct pl_judging *judging);
void pl_judge_uid0_accounts(struct pl_judging *judging);
void pl_judge_user_alias(struct pl_judging *judging);
void pl_judge_user_ambiguous(struct pl_judging *judging);
void pl_judge_user_group_root(struct pl_judging *judging);
void pl_judge_user_not_numeric(struct pl_judging *judging);
void pl_judge_user_reserved_uid(struct pl_judging *judging);
void pl_judge_user_root(struct pl_judging *judging);
void pl_judge_user_unresolvable(struct pl_judging *judging);

void pl_judge_device_nodes(struct pl_judging *judging);
void pl_judge_file_capabilities(struct pl_judging *judging);
void pl_judge_incomplete(struct pl_judging *judging);
void pl_judge_layer_ambiguous(struct pl_judging *judging);
void pl_judge_setid_files(struct pl_judging *judging);
void pl_judge_unreadable(struct pl_judging *judging);

void pl_judge_entrypoint_writable(struct pl_judging *judging);
void pl_judge_path_writable(struct pl_judging *judging);
void pl_judge_privileged_port(struct pl_judging *judging);
void pl_judge_root_then_drop(struct pl_judging *judging);

/* The user by the rule of the image's own store; null when it is not known. */
const struct pl_user *pl_run_user(const struct pl_judging *judging);
/* Null when the user is known; else says unknown as image-user-root does, which tells the reason itself. */
const struct pl_user *pl_need_user(struct pl_judging *judging);
/* "1654:1654". */
const char *pl_ids(struct pl_judging *judging, const struct pl_user *user);
/* "postgres (uid 70)", as far as it is known. */
const char *pl_drop_target(struct pl_judging *judging);
