/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON reader: what Go's encoding/json accepts and refuses, token by token. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plimsoll/json.h"
#include "plimsoll/limits.h"
#include "plimsoll/verdict.h"

static struct pl_arena arena;

/* The tokens in short, then the verdict and the reason when it refuses: "{k:s[#t]}.". */
static const char *read_all(const char *bytes, size_t n, enum pl_json_trailing trailing)
{
	static const char signs[] = {
		[PL_JSON_END] = '.',       [PL_JSON_OBJECT] = '{', [PL_JSON_OBJECT_END] = '}', [PL_JSON_ARRAY] = '[',
		[PL_JSON_ARRAY_END] = ']', [PL_JSON_KEY] = ':',    [PL_JSON_STRING] = 's',     [PL_JSON_NUMBER] = '#',
		[PL_JSON_TRUE] = 't',      [PL_JSON_FALSE] = 'f',  [PL_JSON_NULL] = 'n'
	};
	static char text[PL_MAX_REASON + 256];
	struct pl_reason reason = { 0 };
	struct pl_json json;
	size_t at = 0;
	int r;

	pl_json_init(&json, bytes, n, trailing);
	do {
		r = pl_json_next(&json, &reason);
		if (!r && at < 200)
			text[at++] = signs[json.token];
	} while (!r && json.token != PL_JSON_END);
	text[at] = 0;
	if (r)
		snprintf(text + at, sizeof(text) - at, " %d %s", r, reason.text);
	return text;
}

static const char *read_text(const char *text)
{
	return read_all(text, strlen(text), PL_JSON_ONLY);
}

static const struct {
	const char *text, *expected;
} document_rows[] = {
	{ "{}", "{}." },
	{ " \t\r\n[ ] \n", "[]." },
	{ "null", "n." },
	{ "\"x\"", "s." },
	{ "-0.5e+10", "#." },
	{ "{\"a\":1,\"b\":[true,false,null,\"x\",{}]}", "{:#:[tfns{}]}." },
	{ "{ \"a\" : { \"b\" : [ [ ] , 1 ] } }", "{:{:[[]#]}}." },
	{ "[0,-0,10,1.5,1e9,1E-9,-1.25e+2]", "[#######]." },
	{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"", "s." },
	{ "\"\x7f\xff\"", "s." },

	{ "", " 1 offset 0: unexpected end of JSON input" },
	{ "  ", " 1 offset 2: unexpected end of JSON input" },
	{ "{", "{ 1 offset 1: unexpected end of JSON input" },
	{ "{\"a\"", "{ 1 offset 4: unexpected end of JSON input" },
	{ "[1,", "[# 1 offset 3: unexpected end of JSON input" },
	{ "tru", " 1 offset 3: unexpected end of JSON input" },
	{ "-", " 1 offset 1: unexpected end of JSON input" },
	{ "\"\\u00", " 1 offset 5: unexpected end of JSON input" },
	{ "x", " 2 offset 0: invalid character 'x' looking for beginning of value" },
	{ "\xef\xbb\xbf{}", " 2 offset 0: invalid character '\\xef' looking for beginning of value" },
	{ "{,}", "{ 2 offset 1: invalid character ',' looking for beginning of object key string" },
	{ "{\"a\":1,}", "{:# 2 offset 7: invalid character '}' looking for beginning of object key string" },
	{ "{a:1}", "{ 2 offset 1: invalid character 'a' looking for beginning of object key string" },
	{ "{1:1}", "{ 2 offset 1: invalid character '1' looking for beginning of object key string" },
	{ "{\"a\" 1}", "{ 2 offset 5: invalid character '1' after object key" },
	{ "{\"a\":1 \"b\"}", "{:# 2 offset 7: invalid character '\"' after object key:value pair" },
	{ "[1,]", "[# 2 offset 3: invalid character ']' looking for beginning of value" },
	{ "[,1]", "[ 2 offset 1: invalid character ',' looking for beginning of value" },
	{ "[1 2]", "[# 2 offset 3: invalid character '2' after array element" },
	{ "[1}", "[# 2 offset 2: invalid character '}' after array element" },
	{ "{]", "{ 2 offset 1: invalid character ']' looking for beginning of object key string" },
	{ "]", " 2 offset 0: invalid character ']' looking for beginning of value" },
	{ "{}{}", "{} 2 offset 2: invalid character '{' after top-level value" },
	{ "1 x", "# 2 offset 2: invalid character 'x' after top-level value" },
	{ "01", "# 2 offset 1: invalid character '1' after top-level value" },
	{ "+1", " 2 offset 0: invalid character '+' looking for beginning of value" },
	{ ".5", " 2 offset 0: invalid character '.' looking for beginning of value" },
	{ "1.x", " 2 offset 2: invalid character 'x' after decimal point in numeric literal" },
	{ "1e+x", " 2 offset 3: invalid character 'x' in exponent of numeric literal" },
	{ "-x", " 2 offset 1: invalid character 'x' in numeric literal" },
	{ "NaN", " 2 offset 0: invalid character 'N' looking for beginning of value" },
	{ "truE", " 2 offset 3: invalid character 'E' in a literal true, false or null" },
	{ "\"a\tb\"", " 2 offset 2: invalid character '\\x09' in string literal" },
	{ "\"\n\"", " 2 offset 1: invalid character '\\x0a' in string literal" },
	{ "\"\\x\"", " 2 offset 2: invalid character 'x' in string escape code" },
	{ "\"\\'\"", " 2 offset 2: invalid character ''' in string escape code" },
	{ "\"\\u12g4\"", " 2 offset 5: invalid character 'g' in \\u hexadecimal character escape" },
	{ "'a'", " 2 offset 0: invalid character ''' looking for beginning of value" },
	{ "/**/1", " 2 offset 0: invalid character '/' looking for beginning of value" },
	{ "[1]//x", "[#] 2 offset 3: invalid character '/' after top-level value" },
	{ "{\"a\":\v1}", "{: 2 offset 5: invalid character '\\x0b' looking for beginning of value" },
};

static void documents(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(document_rows) / sizeof(document_rows[0]); i++)
		assert_string_equal(read_text(document_rows[i].text), document_rows[i].expected);
	assert_string_equal(read_all("\"a\0b\"", 5, PL_JSON_ONLY),
			    " 2 offset 2: invalid character '\\x00' in string literal");
	assert_string_equal(read_all("1\0", 2, PL_JSON_ONLY),
			    "# 2 offset 1: invalid character '\\x00' after top-level value");
	assert_string_equal(read_all("\"\\\0\"", 4, PL_JSON_ONLY),
			    " 2 offset 2: invalid character '\\x00' in string escape code");
}

static void only_the_first_value_counts(void **state)
{
	(void)state;
	assert_string_equal(read_all("{}x", 3, PL_JSON_FIRST), "{}.");
	assert_string_equal(read_all("[1] \0", 5, PL_JSON_FIRST), "[#].");
	assert_string_equal(read_all("x", 1, PL_JSON_FIRST),
			    " 2 offset 0: invalid character 'x' looking for beginning of value");
	assert_string_equal(read_all("", 0, PL_JSON_FIRST), " 1 offset 0: unexpected end of JSON input");
}

static void cut_anywhere_it_is_truncated(void **state)
{
	static const char text[] = "{\"a\":[1.5e3,-0,\"\\u00e9\\n\",true,false,null,{\"b\":{}}],\"c\":\"\xc3\xa9\"}";

	(void)state;
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		char *copy = malloc(n ? n : 1);
		const char *got;

		assert_non_null(copy);
		memcpy(copy, text, n);
		got = read_all(copy, n, PL_JSON_ONLY);
		assert_non_null(strstr(got, "unexpected end of JSON input"));
		free(copy);
	}
}

static void as_deep_as_the_limit(void **state)
{
	char text[2 * PL_MAX_JSON_DEPTH + 3];

	(void)state;
	memset(text, '[', PL_MAX_JSON_DEPTH);
	memset(text + PL_MAX_JSON_DEPTH, ']', PL_MAX_JSON_DEPTH);
	text[2 * PL_MAX_JSON_DEPTH] = 0;
	assert_null(strchr(read_text(text), ' '));
	memset(text, '[', PL_MAX_JSON_DEPTH + 1);
	memset(text + PL_MAX_JSON_DEPTH + 1, ']', PL_MAX_JSON_DEPTH + 1);
	text[2 * PL_MAX_JSON_DEPTH + 2] = 0;
	assert_non_null(strstr(read_text(text), " 3 offset 64: over plimsoll's limit json-depth (64)"));
}

static void brackets_of_both_kinds_are_told_apart(void **state)
{
	char text[PL_MAX_JSON_DEPTH * 8] = "";
	size_t at = 0;

	(void)state;
	for (int i = 0; i < PL_MAX_JSON_DEPTH / 2; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "[{\"a\":");
	at += (size_t)snprintf(text + at, sizeof(text) - at, "1");
	for (int i = 0; i < PL_MAX_JSON_DEPTH / 2; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "}]");
	assert_null(strchr(read_text(text), ' '));
	text[at - 2] = ']';
	text[at - 1] = '}';
	assert_non_null(strstr(read_text(text), "after object key:value pair"));
}

static void strings_decoded(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{ "\"\"", "" },
		{ "\"abc\"", "abc" },
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
		{ "\"\\u0041\\u00E9\\u20ac\\uFFFF\"", "A\xc3\xa9\xe2\x82\xac\xef\xbf\xbf" },
		{ "\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80" },
		{ "\"\\ud800\"", "\xef\xbf\xbd" },
		{ "\"\\udc00x\"", "\xef\xbf\xbdx" },
		{ "\"\\ud800\\u0041\"", "\xef\xbf\xbd"
					"A" },
		{ "\"\\ud800\\ud83d\\ude00\"", "\xef\xbf\xbd\xf0\x9f\x98\x80" },
		{ "\"\\ud83d\\\\\"", "\xef\xbf\xbd\\" },
		{ "\"\\udbff\\udfff\"", "\xf4\x8f\xbf\xbf" },
		{ "\"a\xff"
		  "b\"",
		  "a\xef\xbf\xbd"
		  "b" },
		{ "\"\xc3\"", "\xef\xbf\xbd" },
		{ "\"\xed\xa0\x80\"", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\"\xc0\x80\"", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\"\xf0\x9f\x98\x80\"", "\xf0\x9f\x98\x80" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pl_json json;
		size_t n = 0;
		char *got;

		pl_json_init(&json, rows[i].text, strlen(rows[i].text), PL_JSON_ONLY);
		assert_int_equal(pl_json_next(&json, NULL), 0);
		got = pl_json_text(&json, &arena, &n);
		assert_string_equal(got, rows[i].expected);
		assert_int_equal(n, strlen(rows[i].expected));
	}
}

static void a_zero_byte_is_noticed(void **state)
{
	struct pl_json json;
	size_t n = 0;
	char *got;

	(void)state;
	pl_json_init(&json, "\"a\\u0000b\"", 10, PL_JSON_ONLY);
	assert_int_equal(pl_json_next(&json, NULL), 0);
	got = pl_json_text(&json, &arena, &n);
	assert_int_equal(n, 3);
	assert_int_equal(strlen(got), 1);
}

static void keys_fold_as_in_go(void **state)
{
	static const struct {
		const char *text, *name;
		bool is;
	} rows[] = {
		{ "{\"User\":1}", "User", true },
		{ "{\"uSER\":1}", "User", true },
		{ "{\"u\xc5\xbf"
		  "er\":1}",
		  "User", true },
		{ "{\"u\\u017Fer\":1}", "User", true },
		{ "{\"\\u0055ser\":1}", "User", true },
		{ "{\"User \":1}", "User", false },
		{ "{\"Use\":1}", "User", false },
		{ "{\"Users\":1}", "User", false },
		{ "{\"\":1}", "User", false },
		{ "{\"\":1}", "", true },
		{ "{\"\xc3\xbcser\":1}", "User", false },
		{ "{\"User\\u0000\":1}", "User", false },
		{ "{\"networ\xe2\x84\xaa\":1}", "network", true },
		{ "{\"networ\xff\":1}", "network", false },
		{ "{\"[\":1}", "{", false },
		{ "{\"@\":1}", "`", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pl_json json;

		pl_json_init(&json, rows[i].text, strlen(rows[i].text), PL_JSON_ONLY);
		assert_int_equal(pl_json_expect(&json, PL_JSON_OBJECT, NULL), 0);
		assert_int_equal(pl_json_expect(&json, PL_JSON_KEY, NULL), 0);
		assert_int_equal(pl_json_key_is(&json, rows[i].name), rows[i].is);
	}
}

static void integers(void **state)
{
	static const struct {
		const char *text;
		bool is;
		int64_t value;
	} rows[] = {
		{ "0", true, 0 },
		{ "-0", true, 0 },
		{ "9223372036854775807", true, INT64_MAX },
		{ "-9223372036854775808", true, INT64_MIN },
		{ "9223372036854775808", false, 0 },
		{ "1.0", false, 0 },
		{ "1e3", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pl_json json;
		int64_t value = 0;

		pl_json_init(&json, rows[i].text, strlen(rows[i].text), PL_JSON_ONLY);
		assert_int_equal(pl_json_next(&json, NULL), 0);
		assert_int_equal(pl_json_int64(&json, &value), rows[i].is);
		assert_true(!rows[i].is || value == rows[i].value);
	}
}

/* What a store does with a list of names. */
static void walked_by_hand(void **state)
{
	static const char text[] =
		"{\"x\":[{\"Repositories\":1}],\"Repositories\":{\"bb\":{\"bb:1\":\"sha256:1\",\"bb:2\":\"sha256:2\"},"
		"\"aa\":{}},\"y\":null}";
	struct pl_reason reason = { 0 };
	unsigned int n_names = 0, n_refs = 0;
	struct pl_json json;
	int r;

	(void)state;
	pl_json_init(&json, text, sizeof(text) - 1, PL_JSON_FIRST);
	assert_int_equal(pl_json_expect(&json, PL_JSON_OBJECT, &reason), 0);
	while (!(r = pl_json_next(&json, &reason)) && json.token == PL_JSON_KEY) {
		if (!pl_json_key_is(&json, "repositories")) {
			assert_int_equal(pl_json_skip(&json, &reason), 0);
			continue;
		}
		assert_int_equal(pl_json_expect(&json, PL_JSON_OBJECT, &reason), 0);
		while (!(r = pl_json_next(&json, &reason)) && json.token == PL_JSON_KEY) {
			n_names++;
			assert_int_equal(pl_json_expect(&json, PL_JSON_OBJECT, &reason), 0);
			while (!(r = pl_json_next(&json, &reason)) && json.token == PL_JSON_KEY) {
				n_refs++;
				assert_int_equal(pl_json_expect(&json, PL_JSON_STRING, &reason), 0);
			}
		}
	}
	assert_int_equal(r, 0);
	assert_int_equal(pl_json_expect(&json, PL_JSON_END, &reason), 0);
	assert_int_equal(n_names, 2);
	assert_int_equal(n_refs, 2);
}

static void something_else_was_expected(void **state)
{
	struct pl_reason reason = { 0 };
	struct pl_json json;

	(void)state;
	pl_json_init(&json, " []", 3, PL_JSON_ONLY);
	assert_int_equal(pl_json_expect(&json, PL_JSON_OBJECT, &reason), PL_BAD_SYNTAX);
	assert_string_equal(reason.text, "offset 1: json: cannot unmarshal array into Go value of type object");
}

static void skipping_checks_what_it_skips(void **state)
{
	struct pl_json json;

	(void)state;
	pl_json_init(&json, "{\"a\":[{\"b\":[1,2,{}]},\"x\"],\"c\":3}", 33, PL_JSON_ONLY);
	assert_int_equal(pl_json_expect(&json, PL_JSON_OBJECT, NULL), 0);
	assert_int_equal(pl_json_expect(&json, PL_JSON_KEY, NULL), 0);
	assert_int_equal(pl_json_skip(&json, NULL), 0);
	assert_int_equal(pl_json_expect(&json, PL_JSON_KEY, NULL), 0);
	assert_true(pl_json_key_is(&json, "c"));
	assert_int_equal(pl_json_skip(&json, NULL), 0);
	assert_int_equal(pl_json_expect(&json, PL_JSON_OBJECT_END, NULL), 0);
	pl_json_init(&json, "[[1,]]", 6, PL_JSON_ONLY);
	assert_int_equal(pl_json_expect(&json, PL_JSON_ARRAY, NULL), 0);
	assert_int_equal(pl_json_skip(&json, NULL), PL_BAD_SYNTAX);
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
		cmocka_unit_test(documents),
		cmocka_unit_test(only_the_first_value_counts),
		cmocka_unit_test(cut_anywhere_it_is_truncated),
		cmocka_unit_test(as_deep_as_the_limit),
		cmocka_unit_test(brackets_of_both_kinds_are_told_apart),
		cmocka_unit_test(strings_decoded),
		cmocka_unit_test(a_zero_byte_is_noticed),
		cmocka_unit_test(keys_fold_as_in_go),
		cmocka_unit_test(integers),
		cmocka_unit_test(walked_by_hand),
		cmocka_unit_test(something_else_was_expected),
		cmocka_unit_test(skipping_checks_what_it_skips),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
