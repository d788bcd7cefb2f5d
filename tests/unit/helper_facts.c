/* SPDX-License-Identifier: Apache-2.0 */
#include "helper_facts.h"

#define ID "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

void sample_resolve(struct sample *sample, const char *user, enum pl_user_how how, uint32_t uid, uint32_t gid)
{
	sample->config.user = user;
	sample->facts.user_known = true;
	for (size_t i = 0; i < PL_USER_RULES; i++)
		sample->facts.user[i] = (struct pl_user){
			.status = PL_USER_RESOLVED, .how = how, .uid = uid, .gid = gid, .raw_uid = uid, .raw_gid = gid
		};
}

void sample_refuse(struct sample *sample, const char *user, const char *message)
{
	sample->config.user = user;
	sample->facts.user_known = true;
	for (size_t i = 0; i < PL_USER_RULES; i++)
		sample->facts.user[i] = (struct pl_user){ .status = PL_USER_REFUSED, .message = message };
}

void sample_kubelet(struct sample *sample, const char *message)
{
	sample->facts.kubelet = (struct pl_kubelet){ .admitted = !message, .message = message };
}

void sample_incomplete(struct sample *sample)
{
	sample->facts.files_known = false;
	sample->sentences[0] = "layer 2 of 3 (sha256:77): tar, offset 512: ends within a header";
	sample->facts.problems = sample->sentences;
	sample->facts.n_problems = 1;
}

void sample_init(struct sample *sample)
{
	struct pl_image_facts *facts = &sample->facts;

	*sample = (struct sample){ .names = { "docker.io/library/app:1" }, .argv = { "/app/server" } };
	sample->config = (struct pl_image_config){ .created = "2026-01-01T00:00:00Z",
						   .architecture = "arm64",
						   .os = "linux",
						   .variant = "",
						   .user = "",
						   .working_dir = "/app" };
	sample->code[0] = (struct pl_file_fact){ .path = "/app/server", .mode = 0755, .certain = true };
	sample->code[1] = (struct pl_file_fact){ .path = "/app", .mode = 0755, .certain = true, .directory = true };
	*facts = (struct pl_image_facts){
		.id = ID,
		.names = sample->names,
		.n_names = 1,
		.store = "docker:/var/lib/docker",
		.platform = "linux/arm64",
		.config = &sample->config,
		.user_rule = PL_USER_RULE_DOCKER,
		.accounts_known = true,
		.has_passwd = true,
		.files_known = true,
		.verified = true,
	};
	facts->entry.state = PL_ENTRY_FOUND;
	facts->entry.argv = sample->argv;
	facts->entry.n_argv = 1;
	facts->entry.path = facts->entry.target = sample->code[0].path;
	facts->entry.code = sample->code;
	facts->entry.n_code = 2;
	sample_resolve(sample, "1654", PL_USER_NUMBER, 1654, 1654);
	sample_kubelet(sample, NULL);
}
