/* SPDX-License-Identifier: Apache-2.0 */
#include "plimsoll/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plimsoll/verdict.h"

#define ABS PL_PATH_ABSOLUTE
#define DIR PL_PATH_DIRECTORY
#define DOTS PL_PATH_DOTDOT
#define OUT PL_PATH_CLAMPED

static const struct {
	const char *name, *path;
	unsigned int flags;
} rows[] = {
	{ "", "", DIR },
	{ ".", "", DIR },
	{ "./", "", DIR },
	{ "/", "", ABS | DIR },
	{ "//", "", ABS | DIR },
	{ "..", "", DIR | DOTS | OUT },
	{ "../", "", DIR | DOTS | OUT },
	{ "a", "a", 0 },
	{ "a/", "a", DIR },
	{ "a/.", "a", DIR },
	{ "a//", "a", DIR },
	{ "./a", "a", 0 },
	{ "/a", "a", ABS },
	{ "//a//b", "a/b", ABS },
	{ "a/./b", "a/b", 0 },
	{ "a/../b", "b", DOTS },
	{ "a/..", "", DIR | DOTS },
	{ "a/b/../../c", "c", DOTS },
	{ "a/b/c/../../d/./e", "a/d/e", DOTS },
	{ "../a", "a", DOTS | OUT },
	{ "/../a", "a", ABS | DOTS | OUT },
	{ "../../etc/passwd", "etc/passwd", DOTS | OUT },
	{ "etc/../../up2", "up2", DOTS | OUT },
	{ "a/../../b/../c", "c", DOTS | OUT },
	{ "a/../../b/..", "", DIR | DOTS | OUT },
	{ "...", "...", 0 },
	{ "..a/.b/c..", "..a/.b/c..", 0 },
	{ " /\t/\xff\n", " /\t/\xff\n", 0 },
	{ "etc/.wh.passwd", "etc/.wh.passwd", 0 },
	{ "etc/.wh..wh..opq/", "etc/.wh..wh..opq", DIR },
};

/* In blocks of their exact size, where a sanitiser sees a step too far. */
static int normalise(const char *name, size_t n, char **out, size_t *n_out, unsigned int *flags)
{
	char *exact = malloc(n ? n : 1);
	int r;

	assert_non_null(exact);
	if (n)
		memcpy(exact, name, n);
	*out = malloc(PL_MAX_PATH_BYTES);
	assert_non_null(*out);
	r = pl_path_normalise(exact, n, *out, n_out, flags);
	free(exact);
	if (!r)
		assert_int_equal(strlen(*out), *n_out);
	return r;
}

static void table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned int flags = ~0u;
		size_t n;
		char *out;

		assert_int_equal(normalise(rows[i].name, strlen(rows[i].name), &out, &n, &flags), 0);
		assert_string_equal(out, rows[i].path);
		assert_int_equal(flags, rows[i].flags);
		free(out);
		assert_int_equal(normalise(rows[i].name, strlen(rows[i].name), &out, &n, NULL), 0);
		assert_string_equal(out, rows[i].path);
		free(out);
	}
}

static void twice_is_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char once[PL_MAX_PATH_BYTES], twice[PL_MAX_PATH_BYTES];
		unsigned int flags;
		size_t n;

		for (size_t cut = 0; cut <= strlen(rows[i].name); cut++) {
			assert_int_equal(pl_path_normalise(rows[i].name, cut, once, &n, NULL), 0);
			assert_int_equal(pl_path_normalise(once, n, twice, &n, &flags), 0);
			assert_string_equal(once, twice);
			assert_int_equal(flags & (ABS | DOTS | OUT), 0);
		}
	}
}

static void name_limit(void **state)
{
	char name[PL_MAX_NAME_BYTES + 8], *out;
	size_t n;

	(void)state;
	memset(name, 'n', sizeof(name));
	assert_int_equal(normalise(name, PL_MAX_NAME_BYTES, &out, &n, NULL), 0);
	assert_int_equal(n, PL_MAX_NAME_BYTES);
	free(out);
	assert_int_equal(normalise(name, PL_MAX_NAME_BYTES + 1, &out, &n, NULL), PL_BAD_LIMIT);
	free(out);
	/* what ".." takes away is never made, by engines neither */
	memcpy(name + PL_MAX_NAME_BYTES + 1, "/../a", 5);
	assert_int_equal(normalise(name, PL_MAX_NAME_BYTES + 6, &out, &n, NULL), 0);
	assert_string_equal(out, "a");
	free(out);
}

static void path_limit(void **state)
{
	const size_t most = PL_MAX_PATH_BYTES - 1; /* the limit counts the terminator, as PATH_MAX does */
	char name[2 * PL_MAX_PATH_BYTES], *out;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = i % 2 ? '/' : 'a';
	assert_int_equal(normalise(name, most, &out, &n, NULL), 0);
	assert_int_equal(n, most);
	free(out);
	assert_int_equal(normalise(name, most + 2, &out, &n, NULL), PL_BAD_LIMIT);
	free(out);
	name[most] = 'a'; /* "…/a" becomes "…/aa" */
	assert_int_equal(normalise(name, most + 1, &out, &n, NULL), PL_BAD_LIMIT);
	free(out);
}

static void climbs_out_of_depth(void **state)
{
	const size_t depth = 100000;
	char *name = malloc(depth * 5 + 1), *out;
	size_t n;

	(void)state;
	assert_non_null(name);
	for (size_t i = 0; i < depth; i++) {
		memcpy(name + 2 * i, "a/", 2);
		memcpy(name + 2 * depth + 3 * i, "../", 3);
	}
	name[5 * depth] = 'b';
	assert_int_equal(normalise(name, 5 * depth + 1, &out, &n, NULL), 0);
	assert_string_equal(out, "b");
	free(out);
	free(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),      cmocka_unit_test(twice_is_once),       cmocka_unit_test(name_limit),
		cmocka_unit_test(path_limit), cmocka_unit_test(climbs_out_of_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
