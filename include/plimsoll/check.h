/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules and what they find. A check looks at facts (plimsoll/facts.h), never at a file, and answers with a status, a
 * sentence and its evidence. What a check could not decide is unknown, and unknown is never pass.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plimsoll/arena.h"
#include "plimsoll/digest.h"
#include "plimsoll/facts.h"

enum pl_severity {
	PL_SEVERITY_INFO,
	PL_SEVERITY_LOW,
	PL_SEVERITY_MEDIUM,
	PL_SEVERITY_HIGH,
	PL_SEVERITY_CRITICAL,
	PL_SEVERITIES
};

/* "high". */
const char *pl_severity_name(enum pl_severity severity);

enum pl_status { PL_STATUS_PASS, PL_STATUS_FAIL, PL_STATUS_UNKNOWN, PL_STATUS_NOT_APPLICABLE };
/* "not-applicable". */
const char *pl_status_name(enum pl_status status);

enum pl_subject_kind { PL_SUBJECT_IMAGE, PL_SUBJECT_CONTAINER, PL_SUBJECT_HOST };
const char *pl_subject_kind_name(enum pl_subject_kind kind);

/* Bits of pl_check.profiles. */
enum pl_profile { PL_PROFILE_BASELINE = 1 << 0, PL_PROFILE_RESTRICTED = 1 << 1, PL_PROFILE_CIS = 1 << 2 };
const char *pl_profile_name(enum pl_profile profile);

/* A way to put it right: where one writes it ("Dockerfile"), and what. */
struct pl_remedy {
	const char *where;
	const char *text;
};

#define PL_CHECK_REMEDIES 3
#define PL_CHECK_REFERENCES 14

struct pl_judging;

/* One row of the catalogue. Texts are plain sentences without line breaks. */
struct pl_check {
	const char *id; /* permanent */
	enum pl_subject_kind kind;
	enum pl_severity severity; /* a finding may be milder or graver: its own severity counts */
	unsigned int profiles;
	const char *title; /* what holds when it passes */
	const char *why;
	const char *how;                              /* how it is decided, with what makes it milder or graver */
	struct pl_remedy remedies[PL_CHECK_REMEDIES]; /* up to the first null */
	const char *references[PL_CHECK_REFERENCES];  /* "CIS-Docker-1.6.0/4.1"; sorted, up to the first null */
	void (*judge)(struct pl_judging *judging);
};

/* The catalogue, sorted by id. */
const struct pl_check *pl_checks(size_t *n_out);
/* One row, or null. */
const struct pl_check *pl_check_find(const char *id);

enum pl_evidence_type { PL_EVIDENCE_TEXT, PL_EVIDENCE_NUMBER, PL_EVIDENCE_FLAG, PL_EVIDENCE_LIST };

/* One thing that the decision rests on. Texts are bytes as in the image: whoever shows them escapes them. */
struct pl_evidence {
	const char *key; /* "paths" */
	enum pl_evidence_type type;
	const char *text;
	int64_t number; /* a flag is 0 or 1 */
	const char *const *list;
	size_t n_list;
	struct pl_evidence *next; /* in the order of keys */
};

/* One check's answer about one subject; in the subject's arena. */
struct pl_finding {
	const struct pl_check *check;
	enum pl_status status;
	enum pl_severity severity;
	const char *message; /* one sentence, fit to be printed */
	const char *fix;    /* what to write for this very subject, fit to be printed; null: the check's own remedies */
	const char *waiver; /* how a policy would accept it where it may be meant; null elsewhere */
	const struct pl_check *because; /* unknown for the reason that this other check's finding tells; null if not */
	struct pl_evidence *evidence;
};

/*
 * Puts every image check of a profile to an image. The findings, sorted by check id, and all they point to live in
 * `arena` or in the facts.
 * Return: 0; -ENOMEM, and then findings that found no room are unknown, or there are none.
 */
int pl_check_image(const struct pl_image_facts *image, enum pl_profile profile, struct pl_arena *arena,
		   const struct pl_finding **findings_out, size_t *n_out) __attribute__((warn_unused_result));

/* Of a subject, or of a whole report. */
enum pl_compliance { PL_COMPLIANT, PL_UNDECIDED, PL_VIOLATES };
/* "pass", "unknown", "fail". */
const char *pl_compliance_name(enum pl_compliance compliance);

/* Fail when a failed finding is as grave as `fail_on` or graver; else unknown when anything is; else pass. */
enum pl_compliance pl_judge_findings(const struct pl_finding *findings, size_t n, enum pl_severity fail_on);

/*
 * The digest of what decides: the checks of the profile with their severities, and the threshold. Two reports with the
 * same one were judged alike.
 * Return: 0 or -errno.
 */
int pl_policy_digest(enum pl_profile profile, enum pl_severity fail_on, struct pl_digest *out)
	__attribute__((warn_unused_result));
