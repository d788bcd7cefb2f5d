/* SPDX-License-Identifier: Apache-2.0 */
/* Docker's repositories.json, read as Docker reads it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "plimsoll/buf.h"
#include "plimsoll/limits.h"
#include "plimsoll/verdict.h"
#include "store/repositories.h"

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct pl_arena arena;

static int setup(void **state)
{
	(void)state;
	pl_arena_init(&arena, PL_MAX_STORE_LIST_BYTES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pl_arena_deinit(&arena);
	return 0;
}

/* "a:1=a a:2=b " of names and the first digit of what they lead to. */
static const char *parse(const char *json, size_t n)
{
	static char text[1024];
	struct pl_repository_name *names;
	struct pl_reason reason = { "" };
	size_t n_names, at = 0;
	int r = pl_repositories_parse(json, n, &arena, &names, &n_names, &reason);

	if (r) {
		snprintf(text, sizeof(text), "%d %.9s", r, reason.text);
		return text;
	}
	text[0] = 0;
	for (size_t i = 0; i < n_names; i++) {
		bool known = names[i].id.algorithm == PL_DIGEST_SHA256;

		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s=%x ", names[i].name,
				       known ? names[i].id.bytes[0] >> 4 : 0);
	}
	return text;
}

static void documents(void **state)
{
	static const struct {
		const char *json, *names;
	} rows[] = {
		{ "{}", "" },
		{ "null", "" },
		{ " {\"Repositories\":{}} ", "" },
		{ "{\"Repositories\":null}", "" },
		{ "{\"Repositories\":{\"a\":null}}", "" },
		{ "{\"Repositories\":{\"a\":{\"a:1\":\"" A "\"}}}", "a:1=a " },
		{ "{\"Repositories\":{\"a\":{\"a:1\":\"" A "\",\"a:2\":\"" B "\"},\"b\":{\"b:1\":\"" A "\"}}}",
		  "a:1=a a:2=b b:1=a " },
		/* Go's keys of structs in any case, of maps in theirs */
		{ "{\"repoSITORIEſ\":{\"a\":{\"a:1\":\"" A "\"}}}", "a:1=a " },
		{ "{\"Repositories\":{\"a\":{\"a:1\":\"" A "\"},\"A\":{\"A:1\":\"" B "\"}}}", "a:1=a A:1=b " },
		/* maps given twice are one, a repository given twice is the last one */
		{ "{\"Repositories\":{\"a\":{\"a:1\":\"" A "\"}},\"Repositories\":{\"b\":{\"b:1\":\"" B "\"}}}",
		  "a:1=a b:1=b " },
		{ "{\"Repositories\":{\"a\":{\"a:1\":\"" A "\"},\"b\":{},\"a\":{\"a:2\":\"" B "\"}}}", "a:2=b " },
		{ "{\"Repositories\":{\"a\":{\"a:1\":\"" A "\"},\"a\":{}}}", "" },
		{ "{\"Repositories\":{\"a\":{\"a:1\":\"" A "\"},\"a\":null}}", "" },
		{ "{\"Repositories\":{\"a\":{\"a:1\":\"" A "\"}},\"repositories\":null}", "" },
		{ "{\"Repositories\":{\"a\":{\"a:1\":\"" A
		  "\"}},\"repositories\":null,\"repositories\":{\"b\":{\"b:1\":\"" B "\"}}}",
		  "b:1=b " },
		/* other members, whatever they are */
		{ "{\"x\":[{\"Repositories\":1}],\"Repositories\":{\"a\":{\"a:1\":\"" A "\"}},\"y\":1e3}", "a:1=a " },
		/* no digests */
		{ "{\"Repositories\":{\"a\":{\"a:1\":\"\",\"a:2\":null,\"a:3\":\"sha256:AA\"}}}",
		  "a:1=0 a:2=0 a:3=0 " },
		/* a zero byte is in no name */
		{ "{\"Repositories\":{\"a\":{\"a\\u0000:1\":\"" A "\",\"a:2\":\"" B "\"}}}", "a:2=b " },
		/* what follows is not looked at */
		{ "{\"Repositories\":{\"a\":{\"a:1\":\"" A "\"}}} trailing", "a:1=a " },
		/* wrong types */
		{ "[]", "2 offset 0:" },
		{ "\"x\"", "2 offset 0:" },
		{ "{\"Repositories\":1}", "2 offset 16" },
		{ "{\"Repositories\":{\"a\":[]}}", "2 offset 21" },
		{ "{\"Repositories\":{\"a\":{\"a:1\":{}}}}", "2 offset 28" },
		{ "{\"Repositories\":{\"a\":{\"a:1\":1}}}", "2 offset 28" },
		/* no JSON */
		{ "", "1 offset 0:" },
		{ "{\"Repositories\":{\"a\":{\"a:1\"}}}", "2 offset 27" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *is = parse(rows[i].json, strlen(rows[i].json));
		size_t n = strlen(rows[i].names);

		/* of refusals only the beginning counts */
		if (rows[i].names[0] && rows[i].names[1] == ' ' ? strncmp(is, rows[i].names, n < 11 ? n : 11) != 0
								: strcmp(is, rows[i].names) != 0)
			fail_msg("%s: %s instead of %s", rows[i].json, is, rows[i].names);
	}
}

static void cut_anywhere(void **state)
{
	static const char json[] = "{\"Repositories\":{\"a\":{\"a:1\":\"" A "\"}}}";

	(void)state;
	for (size_t n = 0; n + 1 < sizeof(json); n++)
		if (parse(json, n)[0] != '1')
			fail_msg("cut at %zu: %s", n, parse(json, n));
}

static void more_names_than_are_read(void **state)
{
	struct pl_buf json;
	int r;

	(void)state;
	pl_buf_init(&json, PL_MAX_STORE_LIST_BYTES);
	r = pl_buf_puts(&json, "{\"Repositories\":{\"a\":{\"\":\"\"");
	for (unsigned int i = 0; i < PL_MAX_STORE_NAMES && !r; i++)
		r = pl_buf_printf(&json, ",\"%u\":\"\"", i);
	assert_int_equal(r, 0);
	assert_int_equal(pl_buf_puts(&json, "}}}"), 0);
	assert_int_equal(parse((const char *)json.data, json.len)[0], '0' + PL_BAD_LIMIT);
	pl_buf_deinit(&json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(documents, setup, teardown),
		cmocka_unit_test_setup_teardown(cut_anywhere, setup, teardown),
		cmocka_unit_test_setup_teardown(more_names_than_are_read, setup, teardown),
	};

	return cmocka_run_group_tests_name("store, names", tests, NULL, NULL);
}
