/* SPDX-License-Identifier: Apache-2.0 */
/* Facts of images made by hand: one that passes every check, and ways to spoil it. */
#pragma once

#include "plimsoll/facts.h"

/* An image with all that its facts point to; copy nothing out of it. */
struct sample {
	struct pl_image_facts facts;
	struct pl_image_config config;
	const char *names[4];
	const char *argv[4];
	const char *ports[4];
	const char *sentences[4];
	struct pl_file_fact files[4];
	struct pl_file_fact code[4];
	struct pl_file_capability capability;
	struct pl_account_fact account;
	uint32_t groups[4];
	const char *group_names[4];
};

/* docker.io/library/app:1 of docker:/var/lib/docker, USER 1654, everything read, nothing to complain about. */
void sample_init(struct sample *sample);

/* What every rule makes of USER. */
void sample_resolve(struct sample *sample, const char *user, enum pl_user_how how, uint32_t uid, uint32_t gid);
void sample_refuse(struct sample *sample, const char *user, const char *message);
/* The kubelet's refusal; null: it admits the image. */
void sample_kubelet(struct sample *sample, const char *message);
/* A layer that could not be read. */
void sample_incomplete(struct sample *sample);
