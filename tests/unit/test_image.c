/* SPDX-License-Identifier: Apache-2.0 */
/* Image configs as the engines read them: what a document shows to Docker is what it shows to us. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plimsoll/image.h"
#include "plimsoll/limits.h"
#include "plimsoll/verdict.h"

#define DIFF_ID "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct pl_arena arena;

static int parse(const char *text, struct pl_image_config *config, struct pl_reason *reason)
{
	return pl_image_config_parse((const uint8_t *)text, strlen(text), &arena, config, reason);
}

/* What `docker build` writes, shortened. */
static const char whole[] =
	"{\"architecture\":\"arm64\",\"variant\":\"v8\",\"os\":\"linux\",\"created\":\"2026-11-01T10:00:00."
	"123456789Z\",\"author\":\"x\","
	"\"config\":{\"Hostname\":\"\",\"User\":\"1654\",\"AttachStdin\":false,\"ExposedPorts\":{\"8080/tcp\":{},\"443/"
	"tcp\":{}},"
	"\"Env\":[\"PATH=/usr/"
	"bin\",\"APP_UID=1654\"],\"Entrypoint\":[\"dotnet\",\"app.dll\"],\"Cmd\":[\"--urls\",\"http://+:8080\"],"
	"\"Volumes\":{\"/data\":{}},\"WorkingDir\":\"/"
	"app\",\"Labels\":{\"b\":\"2\",\"a\":\"1\"},\"StopSignal\":\"SIGTERM\","
	"\"ArgsEscaped\":true,\"OnBuild\":null,\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"true\"],\"Interval\":"
	"30000000000,\"Retries\":3}},"
	"\"container_config\":{\"User\":\"0\"},\"docker_version\":\"20.10.24\","
	"\"history\":[{\"created\":\"2026-11-01T09:00:00Z\",\"created_by\":\"ADD rootfs\"},{\"created_by\":\"USER "
	"1654\",\"empty_layer\":true}],"
	"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" DIFF_ID "\",\"" DIFF_ID "\"]}}";

static void a_whole_config(void **state)
{
	struct pl_reason reason = { 0 };
	struct pl_image_config c;

	(void)state;
	assert_int_equal(parse(whole, &c, &reason), 0);
	assert_string_equal(c.created, "2026-11-01T10:00:00.123456789Z");
	assert_string_equal(c.architecture, "arm64");
	assert_string_equal(c.variant, "v8");
	assert_string_equal(c.os, "linux");
	assert_string_equal(c.user, "1654");
	assert_string_equal(c.working_dir, "/app");
	assert_int_equal(c.n_env, 2);
	assert_string_equal(c.env[1], "APP_UID=1654");
	assert_int_equal(c.n_entrypoint, 2);
	assert_string_equal(c.entrypoint[1], "app.dll");
	assert_int_equal(c.n_cmd, 2);
	assert_string_equal(c.cmd[0], "--urls");
	assert_int_equal(c.n_exposed_ports, 2);
	assert_string_equal(c.exposed_ports[0], "443/tcp");
	assert_string_equal(c.exposed_ports[1], "8080/tcp");
	assert_int_equal(c.n_volumes, 1);
	assert_string_equal(c.volumes[0], "/data");
	assert_int_equal(c.n_labels, 2);
	assert_string_equal(pl_pair_get(c.labels, c.n_labels, "b"), "2");
	assert_null(pl_pair_get(c.labels, c.n_labels, "B"));
	assert_int_equal(c.n_healthcheck, 2);
	assert_string_equal(c.healthcheck[0], "CMD-SHELL");
	assert_int_equal(c.n_history, 2);
	assert_string_equal(c.history[0].created_by, "ADD rootfs");
	assert_false(c.history[0].empty_layer);
	assert_true(c.history[1].empty_layer);
	assert_int_equal(c.n_diff_ids, 2);
	assert_int_equal(c.diff_ids[1].algorithm, PL_DIGEST_SHA256);
	assert_int_equal(c.diff_ids[1].bytes[31], 0xef);
	assert_false(c.user_repeated);
	assert_false(c.string_command);
}

static void an_empty_config_has_empty_strings(void **state)
{
	static const char *const texts[] = { "{}", "null", "{\"config\":null}", "{\"config\":{},\"rootfs\":{}}" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct pl_reason reason = { 0 };
		struct pl_image_config c;

		assert_int_equal(parse(texts[i], &c, &reason), 0);
		assert_string_equal(c.created, "");
		assert_string_equal(c.architecture, "");
		assert_string_equal(c.user, "");
		assert_string_equal(c.working_dir, "");
		assert_int_equal(c.n_env + c.n_entrypoint + c.n_cmd + c.n_labels + c.n_history + c.n_diff_ids, 0);
		assert_false(c.user_repeated);
	}
}

static void who_the_user_is(void **state)
{
	static const struct {
		const char *text, *user;
		bool repeated;
	} rows[] = {
		{ "{\"config\":{\"User\":\"1000\"}}", "1000", false },
		{ "{\"config\":{\"uSER\":\"1000\"}}", "1000", false },
		{ "{\"CONFIG\":{\"u\xc5\xbf"
		  "er\":\"1000\"}}",
		  "1000", false },
		{ "{\"con\\u0066ig\":{\"\\u0055ser\":\"1000\"}}", "1000", false },
		{ "{\"config\":{\"User\":\"1000\",\"user\":\"0\"}}", "0", true },
		{ "{\"config\":{\"user\":\"0\",\"User\":\"1000\"}}", "1000", true },
		{ "{\"config\":{\"User\":\"1000\",\"User\":\"1000\"}}", "1000", false },
		{ "{\"config\":{\"User\":\"1000\",\"User\":null}}", "1000", false },
		{ "{\"config\":{\"User\":\"1000\"},\"config\":{\"Env\":[\"A=b\"]}}", "1000", false },
		{ "{\"config\":{\"User\":\"1000\"},\"Config\":{\"USER\":\"0\"}}", "0", true },
		{ "{\"config\":{\"User\":\"1000\",\"user\":\"0\",\"USER\":\"1000\"}}", "1000", true },
		/* Docker's config is a pointer, containerd's is not: they disagree about this one */
		{ "{\"config\":{\"User\":\"1000\"},\"config\":null}", "", true },
		{ "{\"config\":{\"User\":\"1000\"},\"config\":null,\"config\":{\"User\":\"1000\"}}", "1000", true },
		{ "{\"config\":{\"User\":\"\"},\"config\":null}", "", false },
		{ "{\"config\":{},\"config\":null}", "", false },
		{ "{\"user\":\"5\",\"container_config\":{\"User\":\"6\"},\"x\":{\"config\":{\"User\":\"7\"}}}", "",
		  false },
		{ "{\"config\":{\"User\":\" 1000\"}}", " 1000", false },
		{ "{\"config\":{\"User\":\"\xff\"}}", "\xef\xbf\xbd", false },
		{ "{\"config\":{\"User\":\"\\ud800\"}}", "\xef\xbf\xbd", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pl_reason reason = { 0 };
		struct pl_image_config c;

		assert_int_equal(parse(rows[i].text, &c, &reason), 0);
		assert_string_equal(c.user, rows[i].user);
		assert_int_equal(c.user_repeated, rows[i].repeated);
	}
}

static void commands_of_one_string(void **state)
{
	struct pl_reason reason = { 0 };
	struct pl_image_config c;

	(void)state;
	assert_int_equal(parse("{\"config\":{\"Entrypoint\":\"/run\"}}", &c, &reason), 0);
	assert_true(c.string_command);
	assert_int_equal(c.n_entrypoint, 1);
	assert_string_equal(c.entrypoint[0], "/run");
	assert_int_equal(parse("{\"config\":{\"Cmd\":\"/run\",\"Cmd\":[\"a\"]}}", &c, &reason), 0);
	assert_true(c.string_command);
	assert_string_equal(c.cmd[0], "a");
	assert_int_equal(parse("{\"config\":{\"Cmd\":[]}}", &c, &reason), 0);
	assert_false(c.string_command);
}

static void refused(void **state)
{
	static const struct {
		const char *text;
		int verdict;
		const char *reason;
	} rows[] = {
		{ "", PL_BAD_TRUNCATED, "offset 0: unexpected end of JSON input" },
		{ "[]", PL_BAD_SYNTAX, "offset 0: json: cannot unmarshal array into Go value of type Image" },
		{ "{} {}", PL_BAD_SYNTAX, "offset 3: invalid character '{' after top-level value" },
		{ "{\"config\":{\"User\":1000}}", PL_BAD_SYNTAX,
		  "offset 18: json: cannot unmarshal number into Go struct field config.User of type string" },
		{ "{\"config\":{\"user\":\"5\",\"User\":[]}}", PL_BAD_SYNTAX,
		  "offset 29: json: cannot unmarshal array into Go struct field config.User of type string" },
		{ "{\"config\":[]}", PL_BAD_SYNTAX,
		  "offset 10: json: cannot unmarshal array into Go struct field config of type ImageConfig" },
		{ "{\"config\":{\"Env\":\"A=b\"}}", PL_BAD_SYNTAX,
		  "offset 17: json: cannot unmarshal string into Go struct field config.Env of type []string" },
		{ "{\"config\":{\"StopSignal\":9}}", PL_BAD_SYNTAX,
		  "offset 24: json: cannot unmarshal number into Go struct field config.StopSignal of type string" },
		{ "{\"config\":{\"Healthcheck\":{\"Retries\":1.5}}}", PL_BAD_SYNTAX,
		  "offset 36: json: cannot unmarshal number into Go struct field config.Healthcheck.Retries of type "
		  "int64" },
		{ "{\"history\":[{\"empty_layer\":\"true\"}]}", PL_BAD_SYNTAX,
		  "offset 27: json: cannot unmarshal string into Go struct field history.empty_layer of type bool" },
		{ "{\"created\":\"now\"}", PL_BAD_SYNTAX, "offset 11: \"now\" is no RFC 3339 time" },
		{ "{\"rootfs\":{\"diff_ids\":[\"sha256:12\"]}}", PL_BAD_SYNTAX,
		  "offset 23: \"sha256:12\" is no digest" },
		{ "{\"rootfs\":{\"diff_ids\":[null]}}", PL_BAD_SYNTAX, "rootfs.diff_ids: element 0 is no digest" },
		{ "{\"config\":{\"User\":\"0\\u0000\"}}", PL_BAD_UNSUPPORTED, "offset 18: a string holds a zero byte" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pl_reason reason = { 0 };
		struct pl_image_config c;

		assert_int_equal(parse(rows[i].text, &c, &reason), rows[i].verdict);
		assert_string_equal(reason.text, rows[i].reason);
	}
}

static void as_many_layers_as_the_limit(void **state)
{
	char *text = malloc(PL_MAX_LAYERS * 80 + 256);
	struct pl_reason reason = { 0 };
	struct pl_image_config c;

	(void)state;
	assert_non_null(text);
	for (size_t n = PL_MAX_LAYERS; n <= PL_MAX_LAYERS + 1; n++) {
		char *at = stpcpy(text, "{\"rootfs\":{\"diff_ids\":[");

		for (size_t i = 0; i < n; i++)
			at = stpcpy(at, i ? ",\"" DIFF_ID "\"" : "\"" DIFF_ID "\"");
		stpcpy(at, "]}}");
		assert_int_equal(parse(text, &c, &reason), n > PL_MAX_LAYERS ? PL_BAD_LIMIT : 0);
	}
	assert_string_equal(reason.text, "over plimsoll's limit layers (512)");
	free(text);
}

static void as_large_as_the_limit(void **state)
{
	uint8_t *text = malloc(PL_MAX_CONFIG_BYTES + 1);
	struct pl_reason reason = { 0 };
	struct pl_image_config c;

	(void)state;
	assert_non_null(text);
	memset(text, ' ', PL_MAX_CONFIG_BYTES + 1);
	memcpy(text, "{}", 2);
	assert_int_equal(pl_image_config_parse(text, PL_MAX_CONFIG_BYTES, &arena, &c, &reason), 0);
	assert_int_equal(pl_image_config_parse(text, PL_MAX_CONFIG_BYTES + 1, &arena, &c, &reason), PL_BAD_LIMIT);
	assert_string_equal(reason.text, "over plimsoll's limit config-bytes (4194304)");
	free(text);
}

static void cut_anywhere_it_is_truncated(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		uint8_t *copy = malloc(n ? n : 1);
		struct pl_reason reason = { 0 };
		struct pl_image_config c;

		assert_non_null(copy);
		memcpy(copy, whole, n);
		assert_int_equal(pl_image_config_parse(copy, n, &arena, &c, &reason), PL_BAD_TRUNCATED);
		free(copy);
	}
}

static void arenas_too_small_are_a_limit(void **state)
{
	int r = PL_BAD_LIMIT;

	(void)state;
	for (size_t size = 0; r; size += 16) {
		struct pl_reason reason = { 0 };
		struct pl_image_config c;
		struct pl_arena small;

		assert_true(size < 16384);
		pl_arena_init(&small, size);
		r = pl_image_config_parse((const uint8_t *)whole, sizeof(whole) - 1, &small, &c, &reason);
		assert_true(!r || r == PL_BAD_LIMIT);
		pl_arena_deinit(&small);
	}
}

static int setup(void **state)
{
	(void)state;
	pl_arena_init(&arena, (size_t)32 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pl_arena_deinit(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_config),
		cmocka_unit_test(an_empty_config_has_empty_strings),
		cmocka_unit_test(who_the_user_is),
		cmocka_unit_test(commands_of_one_string),
		cmocka_unit_test(refused),
		cmocka_unit_test(as_many_layers_as_the_limit),
		cmocka_unit_test(as_large_as_the_limit),
		cmocka_unit_test(cut_anywhere_it_is_truncated),
		cmocka_unit_test(arenas_too_small_are_a_limit),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
