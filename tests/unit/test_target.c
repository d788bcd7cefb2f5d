/* SPDX-License-Identifier: Apache-2.0 */
/* Targets of the command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plimsoll/arena.h"
#include "plimsoll/store.h"
#include "plimsoll/verdict.h"

static void same(const char *target, const char *what, const char *is, const char *wanted)
{
	if (!is != !wanted || (is && strcmp(is, wanted) != 0))
		fail_msg("%s: the %s is %s instead of %s", target, what, is ? is : "none", wanted ? wanted : "none");
}

static void accepted(void **state)
{
	static const struct {
		const char *text, *driver, *path, *name;
	} rows[] = {
		{ "app", NULL, NULL, "app" },
		{ "app:1", NULL, NULL, "app:1" },
		{ "host:5/x:y", NULL, NULL, "host:5/x:y" },
		{ "app@sha256:00", NULL, NULL, "app@sha256:00" },
		{ "sha256:0123", NULL, NULL, "sha256:0123" },
		{ "0123456789ab", NULL, NULL, "0123456789ab" },
		{ "ocicle", NULL, NULL, "ocicle" },
		{ "dockerfile:1", NULL, NULL, "dockerfile:1" },
		{ "oci:/srv/layout", "oci", "/srv/layout", NULL },
		{ "oci:layout", "oci", "layout", NULL },
		{ "oci:../layout/", "oci", "../layout/", NULL },
		{ "oci:/srv/layout:v1", "oci", "/srv/layout", "v1" },
		{ "oci:/srv/layout:docker.io/fix/app:1", "oci", "/srv/layout", "docker.io/fix/app:1" },
		{ "oci:/srv/layout:sha256:0123", "oci", "/srv/layout", "sha256:0123" },
		{ "oci:/srv/layout:", "oci", "/srv/layout", NULL },
		{ "oci:/srv/with space:any words", "oci", "/srv/with space", "any words" },
		{ "docker:", "docker", NULL, NULL },
		{ "docker:app:1", "docker", NULL, "app:1" },
		{ "docker:host:5/x:y", "docker", NULL, "host:5/x:y" },
		{ "docker:/var/lib/docker", "docker", "/var/lib/docker", NULL },
		{ "docker:/with:colon", "docker", "/with:colon", NULL },
		{ "docker:[/mnt/var/lib/docker]app:1", "docker", "/mnt/var/lib/docker", "app:1" },
		{ "docker:[/mnt/var/lib/docker]", "docker", "/mnt/var/lib/docker", NULL },
		{ "docker:[relative]app", "docker", "relative", "app" },
	};
	PL_CLEANUP_ARENA struct pl_arena arena = { .blocks = NULL };

	(void)state;
	pl_arena_init(&arena, 1 << 16);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct pl_target target;
		struct pl_reason reason = { "" };

		if (pl_target_parse(rows[i].text, &arena, &target, &reason))
			fail_msg("%s: %s", rows[i].text, reason.text);
		same(rows[i].text, "driver", target.driver, rows[i].driver);
		same(rows[i].text, "path", target.path, rows[i].path);
		same(rows[i].text, "name", target.name, rows[i].name);
	}
}

static void refused(void **state)
{
	static const struct {
		const char *text;
		int verdict;
		const char *says;
	} rows[] = {
		{ "", PL_BAD_SYNTAX, "empty" },
		{ "/var/lib/docker", PL_BAD_SYNTAX, "oci:PATH" },
		{ "./layout", PL_BAD_SYNTAX, "a path" },
		{ "..", PL_BAD_SYNTAX, "a path" },
		{ "two words", PL_BAD_SYNTAX, "character" },
		{ "app\x1b[31m", PL_BAD_SYNTAX, "\\x1b" },
		{ "app\n", PL_BAD_SYNTAX, "character" },
		{ "oci:", PL_BAD_SYNTAX, "path of the layout" },
		{ "oci::v1", PL_BAD_SYNTAX, "path of the layout" },
		{ "docker://registry.example/app", PL_BAD_SYNTAX, "registry" },
		{ "docker:[]app", PL_BAD_SYNTAX, "between [ and ]" },
		{ "docker:[/root", PL_BAD_SYNTAX, "the ]" },
		{ "docker:[/root]/path", PL_BAD_SYNTAX, "a path" },
		{ "docker:a b", PL_BAD_SYNTAX, "character" },
		{ "containerd:app", PL_BAD_UNSUPPORTED, "not supported yet" },
		{ "containers-storage:[overlay@/x]app", PL_BAD_UNSUPPORTED, "not supported yet" },
		{ "oci-archive:/x.tar", PL_BAD_UNSUPPORTED, "not supported yet" },
		{ "docker-archive:/x.tar", PL_BAD_UNSUPPORTED, "docker:NAME" },
	};
	PL_CLEANUP_ARENA struct pl_arena arena = { .blocks = NULL };

	(void)state;
	pl_arena_init(&arena, 1 << 16);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct pl_target target;
		struct pl_reason reason = { "" };

		if (pl_target_parse(rows[i].text, &arena, &target, &reason) != rows[i].verdict ||
		    !strstr(reason.text, rows[i].says))
			fail_msg("%s: %s", rows[i].text, reason.text);
		/* whatever it is, the sentence says how it is done */
		assert_non_null(strstr(reason.text, "oci:PATH:NAME"));
	}
}

static void without_memory(void **state)
{
	static const char *const texts[] = { "app", "oci:/a", "docker:/a", "docker:[/a]b" };
	struct pl_arena arena;
	struct pl_target target;

	(void)state;
	pl_arena_init(&arena, 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_true(pl_target_parse(texts[i], &arena, &target, NULL) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted),
		cmocka_unit_test(refused),
		cmocka_unit_test(without_memory),
	};

	return cmocka_run_group_tests_name("target", tests, NULL, NULL);
}
