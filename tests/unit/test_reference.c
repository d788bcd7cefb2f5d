/* SPDX-License-Identifier: Apache-2.0 */
/* Which image a name means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plimsoll/arena.h"
#include "plimsoll/store.h"
#include "store/reference.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define MAN "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

static void full_names(void **state)
{
	static const struct {
		const char *text, *full;
	} rows[] = {
		{ "app", "docker.io/library/app" },
		{ "app:1", "docker.io/library/app:1" },
		{ "library/app:1", "docker.io/library/app:1" },
		{ "docker.io/app:1", "docker.io/library/app:1" },
		{ "docker.io/library/app:1", "docker.io/library/app:1" },
		{ "index.docker.io/app", "docker.io/library/app" },
		{ "team/app:1", "docker.io/team/app:1" },
		{ "library/team/app", "docker.io/library/team/app" },
		{ "localhost/app", "localhost/app" },
		{ "localhost:5000/app:1", "localhost:5000/app:1" },
		{ "host.example/app", "host.example/app" },
		{ "host.example/library/app", "host.example/library/app" },
		{ "host:5/a/b/c:v1", "host:5/a/b/c:v1" },
		{ "Host/app", "Host/app" },
		{ "app@sha256:" ID, "docker.io/library/app@sha256:" ID },
		{ "app:1@sha256:" ID, "docker.io/library/app@sha256:" ID },
	};
	PL_CLEANUP_ARENA struct pl_arena arena = { .blocks = NULL };

	(void)state;
	pl_arena_init(&arena, 1 << 16);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct pl_reference reference;

		assert_true(pl_reference_parse(rows[i].text, &reference));
		assert_string_equal(pl_reference_format(&reference, &arena), rows[i].full);
	}
}

static void no_names(void **state)
{
	static const char *const texts[] = { "", ":1", "@sha256:x", "host.example/", "docker.io/", "host:5/:1" };
	struct pl_reference reference;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_false(pl_reference_parse(texts[i], &reference));
}

static struct pl_digest digest(const char *hex)
{
	struct pl_digest out;

	assert_true(pl_digest_parse_hex(PL_DIGEST_SHA256, hex, 64, &out));
	return out;
}

static void matches(const struct pl_image_ref *ref, const char *const *yes, const char *const *no)
{
	for (; *yes; yes++)
		if (!pl_image_ref_matches(ref, *yes))
			fail_msg("%s does not match", *yes);
	for (; *no; no++)
		if (pl_image_ref_matches(ref, *no))
			fail_msg("%s matches", *no);
}

static void in_docker(void **state)
{
	static const char *names[] = { "docker.io/library/app:latest", "docker.io/team/web:2", "host:5/x:y",
				       ("docker.io/team/web@sha256:" MAN) };
	static const char *const yes[] = { "app",
					   "app:latest",
					   "library/app",
					   "docker.io/library/app:latest",
					   "index.docker.io/app",
					   "team/web:2",
					   "docker.io/team/web:2",
					   "host:5/x:y",
					   "team/web@sha256:" MAN,
					   "team/web:9@sha256:" MAN,
					   "0123",
					   "0123456789ab",
					   ID,
					   "sha256:0123",
					   "sha256:" ID,
					   NULL };
	static const char *const no[] = { "",
					  "ap",
					  "app:1",
					  "team/web",
					  "web:2",
					  "x:y",
					  "host/x:y",
					  "latest",
					  "2",
					  "012",
					  "sha256:",
					  "sha256:012",
					  "0123x",
					  "0124",
					  "0123456789AB",
					  ID "0",
					  "fedc",
					  "sha512:" ID,
					  "app/",
					  "team/app",
					  "app@sha256:" MAN,
					  "team/web@",
					  "team/web@sha256:" ID,
					  "docker.io/library/app:latest ",
					  NULL };
	const struct pl_image_ref ref = { .id = digest(ID), .names = names, .n_names = 4 };

	(void)state;
	matches(&ref, yes, no);
}

/* Annotated names are free: a tag, a full reference, or any words. */
static void in_a_layout(void **state)
{
	static const char *names[] = { "docker.io/fix/app:1", "v2", "web/shop:sdk" };
	static const char *const yes[] = { "fix/app:1",
					   "docker.io/fix/app:1",
					   "1",
					   "v2",
					   "sdk",
					   "web/shop:sdk",
					   "docker.io/web/shop:sdk",
					   "fedc",
					   MAN,
					   ID,
					   "fix/app@sha256:" MAN,
					   NULL };
	static const char *const no[] = { "v", "latest", "app:1", "shop:sdk", "fix/app", "fix/app@sha256:" ID, NULL };
	const struct pl_image_ref ref = { .id = digest(ID), .manifest = digest(MAN), .names = names, .n_names = 3 };

	(void)state;
	matches(&ref, yes, no);
}

static void without_anything(void **state)
{
	static const char *const yes[] = { NULL };
	static const char *const no[] = { "", "0000", "app", "sha256:0000", NULL };
	const struct pl_image_ref ref = { .problem = "x" };

	(void)state;
	matches(&ref, yes, no);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_names),  cmocka_unit_test(no_names),         cmocka_unit_test(in_docker),
		cmocka_unit_test(in_a_layout), cmocka_unit_test(without_anything),
	};

	return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
