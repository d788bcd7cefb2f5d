/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image configs (opencontainers/image-spec:config.md). Its members and Docker's health check are held to their types as
 * any engine would; what only one engine knows (Docker's Hostname, container_config …) is passed over.
 */
#include "plimsoll/image.h"

#include <stddef.h>
#include <string.h>

#include "plimsoll/json.h"
#include "plimsoll/limits.h"
#include "plimsoll/verdict.h"

#define AT(member) offsetof(struct pl_image_config, member)
#define COUNT(member) .at = AT(member), .n_at = AT(n_##member)

static const struct pl_json_field healthcheck_fields[] = {
	{ .name = "Test", .kind = PL_JSON_TEXTS, COUNT(healthcheck) },
	{ .name = "Interval", .kind = PL_JSON_INT64, .at = PL_JSON_NOWHERE },
	{ .name = "Timeout", .kind = PL_JSON_INT64, .at = PL_JSON_NOWHERE },
	{ .name = "StartPeriod", .kind = PL_JSON_INT64, .at = PL_JSON_NOWHERE },
	{ .name = "StartInterval", .kind = PL_JSON_INT64, .at = PL_JSON_NOWHERE },
	{ .name = "Retries", .kind = PL_JSON_INT64, .at = PL_JSON_NOWHERE },
};

static const struct pl_json_table healthcheck_table =
	PL_JSON_TABLE("HealthcheckConfig", struct pl_image_config, healthcheck_fields);

static const struct pl_json_field run_fields[] = {
	{ .name = "User", .kind = PL_JSON_TEXT, .at = AT(user), .flag_at = AT(user_repeated) },
	{ .name = "ExposedPorts", .kind = PL_JSON_KEYS, COUNT(exposed_ports) },
	{ .name = "Env", .kind = PL_JSON_TEXTS, COUNT(env) },
	{ .name = "Entrypoint", .kind = PL_JSON_TEXTS_OR_ONE, COUNT(entrypoint), .flag_at = AT(string_command) },
	{ .name = "Cmd", .kind = PL_JSON_TEXTS_OR_ONE, COUNT(cmd), .flag_at = AT(string_command) },
	{ .name = "Volumes", .kind = PL_JSON_KEYS, COUNT(volumes) },
	{ .name = "WorkingDir", .kind = PL_JSON_TEXT, .at = AT(working_dir) },
	{ .name = "Labels", .kind = PL_JSON_PAIRS, COUNT(labels) },
	{ .name = "StopSignal", .kind = PL_JSON_TEXT, .at = PL_JSON_NOWHERE },
	{ .name = "ArgsEscaped", .kind = PL_JSON_BOOL, .at = PL_JSON_NOWHERE },
	{ .name = "Healthcheck", .kind = PL_JSON_STRUCT, .pointer = true, .table = &healthcheck_table },
};

static const struct pl_json_table run_table = PL_JSON_TABLE("ImageConfig", struct pl_image_config, run_fields);

static const struct pl_json_field rootfs_fields[] = {
	{ .name = "type", .kind = PL_JSON_TEXT, .at = PL_JSON_NOWHERE },
	{ .name = "diff_ids", .kind = PL_JSON_DIGESTS, COUNT(diff_ids) },
};

static const struct pl_json_table rootfs_table = PL_JSON_TABLE("RootFS", struct pl_image_config, rootfs_fields);

static const struct pl_json_field history_fields[] = {
	{ .name = "created", .kind = PL_JSON_TIME, .at = PL_JSON_NOWHERE },
	{ .name = "created_by", .kind = PL_JSON_TEXT, .at = offsetof(struct pl_history, created_by) },
	{ .name = "author", .kind = PL_JSON_TEXT, .at = PL_JSON_NOWHERE },
	{ .name = "comment", .kind = PL_JSON_TEXT, .at = PL_JSON_NOWHERE },
	{ .name = "empty_layer", .kind = PL_JSON_BOOL, .at = offsetof(struct pl_history, empty_layer) },
};

static const struct pl_json_table history_table = PL_JSON_TABLE("History", struct pl_history, history_fields);

/*
 * `config` and `rootfs` are pointers in Docker's struct and in podman's for Docker images, so that a null takes away what
 * was said before; containerd's keeps it. The first reading is the graver one (no user is root), and user_repeated tells.
 */
static const struct pl_json_field image_fields[] = {
	{ .name = "created", .kind = PL_JSON_TIME, .at = AT(created) },
	{ .name = "author", .kind = PL_JSON_TEXT, .at = PL_JSON_NOWHERE },
	{ .name = "architecture", .kind = PL_JSON_TEXT, .at = AT(architecture) },
	{ .name = "variant", .kind = PL_JSON_TEXT, .at = AT(variant) },
	{ .name = "os", .kind = PL_JSON_TEXT, .at = AT(os) },
	{ .name = "os.version", .kind = PL_JSON_TEXT, .at = PL_JSON_NOWHERE },
	{ .name = "os.features", .kind = PL_JSON_TEXTS, .at = PL_JSON_NOWHERE },
	{ .name = "config", .kind = PL_JSON_STRUCT, .pointer = true, .table = &run_table },
	{ .name = "rootfs", .kind = PL_JSON_STRUCT, .pointer = true, .table = &rootfs_table },
	{ .name = "history", .kind = PL_JSON_STRUCTS, COUNT(history), .table = &history_table },
};

static const struct pl_json_table image_table = PL_JSON_TABLE("Image", struct pl_image_config, image_fields);

int pl_image_config_parse(const uint8_t *json, size_t n, struct pl_arena *arena, struct pl_image_config *out,
			  struct pl_reason *reason)
{
	int r;

	*out = (struct pl_image_config){ 0 };
	if (n > PL_MAX_CONFIG_BYTES) {
		pl_reason_limit(reason, "config-bytes", PL_MAX_CONFIG_BYTES);
		return PL_BAD_LIMIT;
	}
	r = pl_json_decode(json, n, PL_JSON_ONLY, &image_table, arena, out, reason);
	if (r)
		return r;
	if (out->n_diff_ids > PL_MAX_LAYERS) {
		pl_reason_limit(reason, "layers", PL_MAX_LAYERS);
		return PL_BAD_LIMIT;
	}
	for (size_t i = 0; i < out->n_diff_ids; i++) {
		if (out->diff_ids[i].algorithm == PL_DIGEST_NONE) {
			pl_reason_set(reason, "rootfs.diff_ids: element %zu is no digest", i);
			return PL_BAD_SYNTAX;
		}
	}
	return 0;
}

const char *pl_pair_get(const struct pl_pair *pairs, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(pairs[i].key, key))
			return pairs[i].value;
	return NULL;
}
