/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of passwd files as engines read them. Whose results they decide is in test_user.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "format/go_text.h"
#include "plimsoll/account.h"

static void numbers_are_go_s(void **state)
{
	static const struct {
		const char *text;
		enum pl_go_int result;
		int64_t value;
	} rows[] = {
		{ "", PL_GO_INT_SYNTAX, 0 },
		{ "+", PL_GO_INT_SYNTAX, 0 },
		{ "-", PL_GO_INT_SYNTAX, 0 },
		{ "+-1", PL_GO_INT_SYNTAX, 0 },
		{ " 1", PL_GO_INT_SYNTAX, 0 },
		{ "1 ", PL_GO_INT_SYNTAX, 0 },
		{ "0x10", PL_GO_INT_SYNTAX, 0 },
		{ "1_000", PL_GO_INT_SYNTAX, 0 },
		{ "1e3", PL_GO_INT_SYNTAX, 0 },
		{ "0", PL_GO_INT, 0 },
		{ "-0", PL_GO_INT, 0 },
		{ "+007", PL_GO_INT, 7 },
		{ "-1", PL_GO_INT, -1 },
		{ "000000000000000000000000000001", PL_GO_INT, 1 },
		{ "9223372036854775807", PL_GO_INT, INT64_MAX },
		{ "9223372036854775808", PL_GO_INT_RANGE, INT64_MAX },
		{ "-9223372036854775808", PL_GO_INT, INT64_MIN },
		{ "-9223372036854775809", PL_GO_INT_RANGE, INT64_MIN },
		{ "18446744073709551615", PL_GO_INT_RANGE, INT64_MAX },
		{ "18446744073709551616", PL_GO_INT_RANGE, INT64_MAX },
		/* the digit that leaves 64 bits ends the reading: what follows is not looked at */
		{ "99999999999999999999x", PL_GO_INT_RANGE, INT64_MAX },
		{ "9999999999999999999x", PL_GO_INT_SYNTAX, 0 },
		{ "-99999999999999999999x", PL_GO_INT_RANGE, INT64_MIN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t value = 42;

		assert_int_equal(pl_go_int(rows[i].text, strlen(rows[i].text), &value), rows[i].result);
		assert_true(value == rows[i].value);
	}
}

static void quoted_as_go_does(void **state)
{
	static const struct {
		const char *text, *quoted;
	} rows[] = {
		{ "", "\"\"" },
		{ "a b", "\"a b\"" },
		{ "\"\\", "\"\\\"\\\\\"" },
		{ "\a\b\t\n\v\f\r", "\"\\a\\b\\t\\n\\v\\f\\r\"" },
		{ "\x01\x1b\x7f", "\"\\x01\\x1b\\x7f\"" },
		{ "\xff\xc3", "\"\\xff\\xc3\"" },
		{ "\xc3\xa9", "\"\xc3\xa9\"" },
		{ "\xc2\x85\xc2\xa0\xe2\x80\xa8", "\"\\u0085\\u00a0\\u2028\"" },
	};
	PL_CLEANUP_ARENA struct pl_arena arena = { .blocks = NULL };

	(void)state;
	pl_arena_init(&arena, 1 << 16);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(pl_go_quote(rows[i].text, &arena), rows[i].quoted);
}

static void trimmed_as_go_does(void **state)
{
	static const struct {
		const char *text, *trimmed;
	} rows[] = {
		{ "", "" },
		{ " \t\v\f\r", "" },
		{ " a b ", "a b" },
		{ "\xc2\x85\xc2\xa0\xe1\x9a\x80"
		  "a\xe2\x80\x80\xe2\x80\x8a\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaf\xe2\x81\x9f\xe3\x80\x80",
		  "a" },
		{ "\xe2\x80\x8b"
		  "a\xef\xbb\xbf",
		  "\xe2\x80\x8b"
		  "a\xef\xbb\xbf" },
		{ "\x85"
		  "a\xa0",
		  "\x85"
		  "a\xa0" },
		{ " \xff ", "\xff" },
		{ "\x1c", "\x1c" },
		{ "\xc2\xa0", "" },
		{ "\xa0\xc2\xa0", "\xa0" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *text = rows[i].text;
		size_t n = strlen(text);

		pl_go_trim(&text, &n);
		assert_int_equal(n, strlen(rows[i].trimmed));
		assert_memory_equal(text, rows[i].trimmed, n);
	}
}

/* "name uid gid" for each account, "?" after an id that is no number. */
static const char *listed(const char *bytes, size_t n)
{
	static char text[1024];
	const struct pl_account_file file = { .bytes = (const uint8_t *)bytes, .n = n };
	struct pl_account account;
	size_t at = 0, position = 0;

	text[0] = 0;
	while (pl_passwd_next(&file, &position, &account)) {
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%.*s %lld%s %lld%s", at ? "|" : "",
				       (int)account.name_len, account.name, (long long)account.uid,
				       account.uid_is_number ? "" : "?", (long long)account.gid,
				       account.gid_is_number ? "" : "?");
		assert_true(account.line_len && account.line >= bytes && account.line + account.line_len <= bytes + n);
	}
	return text;
}

static void accounts(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{ "", "" },
		{ "\n\n  \n", "" },
		{ "root:x:0:0:root:/root:/bin/sh\n", "root 0 0" },
		{ "app:x:1:2", "app 1 2" },
		{ "app:x:1:2\r\nb:x:3:4\r\n", "app 1 2|b 3 4" },
		{ "app:x:abc:\n", "app 0? 0?" },
		{ "alone", "alone 0? 0?" },
		{ ":", " 0? 0?" },
		{ "::::::::::", " 0? 0?" },
		{ "# note\n#app:x:5:6\n", "# note 0? 0?|#app 5 6" },
		{ "+::::::\n", "+ 0? 0?" },
		{ "a:x:+7:-8:more:of:it:and:on", "a 7 -8" },
		{ "a:x:99999999999999999999:1", "a 9223372036854775807 1" },
		{ "  a :x: 7:7 \n", "a  0? 7" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(listed(rows[i].text, strlen(rows[i].text)), rows[i].expected);
}

static void an_absent_file_has_no_accounts(void **state)
{
	const struct pl_account_file absent = { 0 };
	struct pl_account account;
	size_t at = 0;

	(void)state;
	assert_false(pl_passwd_next(&absent, &at, &account));
}

static void cut_anywhere(void **state)
{
	static const char text[] = "root:x:0:0:root:/root:/bin/sh\n\xe3\x80\x80"
				   "app:x:1654:1654::/:\xe2\x80\x83\r\n#\n:\nlast:x:-5:+6";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		char *copy = malloc(n ? n : 1);

		assert_non_null(copy);
		memcpy(copy, text, n);
		(void)listed(copy, n);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_go_s),
		cmocka_unit_test(quoted_as_go_does),
		cmocka_unit_test(trimmed_as_go_does),
		cmocka_unit_test(accounts),
		cmocka_unit_test(an_absent_file_has_no_accounts),
		cmocka_unit_test(cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
