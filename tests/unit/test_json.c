/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON reader and decoder: what Go's encoding/json accepts, refuses and makes of it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plimsoll/digest.h"
#include "plimsoll/image.h"
#include "plimsoll/json.h"
#include "plimsoll/limits.h"
#include "plimsoll/verdict.h"

static struct pl_arena arena;

/* ---- the reader ---- */

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

static void documents(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
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

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(read_text(rows[i].text), rows[i].expected);
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

/* ---- the decoder ---- */

struct item {
	const char *name;
	int64_t size;
	const char **tags;
	size_t n_tags;
};

struct thing {
	const char *text;
	bool text_repeated;
	bool yes;
	int64_t number;
	const char *when;
	struct pl_digest digest;
	struct item item;
	bool has_item;
	struct item pointed;
	const char **texts;
	size_t n_texts;
	const char **command;
	size_t n_command;
	bool one_command;
	struct pl_digest *digests;
	size_t n_digests;
	struct item *items;
	size_t n_items;
	const char **keys;
	size_t n_keys;
	struct pl_pair *pairs;
	size_t n_pairs;
	bool has_any;
};

static const struct pl_json_field item_fields[] = {
	{ .name = "name", .kind = PL_JSON_TEXT, .at = offsetof(struct item, name) },
	{ .name = "size", .kind = PL_JSON_INT64, .at = offsetof(struct item, size) },
	{ .name = "tags",
	  .kind = PL_JSON_TEXTS,
	  .at = offsetof(struct item, tags),
	  .n_at = offsetof(struct item, n_tags) },
	{ .name = "checked", .kind = PL_JSON_TEXTS, .at = PL_JSON_NOWHERE },
};
static const struct pl_json_table item_table = PL_JSON_TABLE("Item", struct item, item_fields);

#define AT(member) offsetof(struct thing, member)
#define LIST(member) .at = AT(member), .n_at = AT(n_##member)

static const struct pl_json_field thing_fields[] = {
	{ .name = "Text", .kind = PL_JSON_TEXT, .at = AT(text), .flag_at = AT(text_repeated) },
	{ .name = "Yes", .kind = PL_JSON_BOOL, .at = AT(yes) },
	{ .name = "Number", .kind = PL_JSON_INT64, .at = AT(number) },
	{ .name = "When", .kind = PL_JSON_TIME, .at = AT(when) },
	{ .name = "Digest", .kind = PL_JSON_DIGEST, .at = AT(digest) },
	{ .name = "Item", .kind = PL_JSON_STRUCT, .at = AT(item), .flag_at = AT(has_item), .table = &item_table },
	{ .name = "Pointed", .kind = PL_JSON_STRUCT, .pointer = true, .at = AT(pointed), .table = &item_table },
	{ .name = "Texts", .kind = PL_JSON_TEXTS, LIST(texts) },
	{ .name = "Command", .kind = PL_JSON_TEXTS_OR_ONE, LIST(command), .flag_at = AT(one_command) },
	{ .name = "Digests", .kind = PL_JSON_DIGESTS, LIST(digests) },
	{ .name = "Items", .kind = PL_JSON_STRUCTS, LIST(items), .table = &item_table },
	{ .name = "Keys", .kind = PL_JSON_KEYS, LIST(keys) },
	{ .name = "Pairs", .kind = PL_JSON_PAIRS, LIST(pairs) },
	{ .name = "Any", .kind = PL_JSON_ANY, .at = PL_JSON_NOWHERE, .flag_at = AT(has_any) },
	{ .name = "Checked", .kind = PL_JSON_STRUCT, .at = PL_JSON_NOWHERE, .table = &item_table },
};
static const struct pl_json_table thing_table = PL_JSON_TABLE("Thing", struct thing, thing_fields);

static size_t show_texts(char *text, size_t room, const char *const *list, size_t n)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, room - at, "%s%s", i ? "," : "", list[i]);
	return at;
}

static size_t show_item(char *text, size_t room, const struct item *item)
{
	size_t at = (size_t)snprintf(text, room, "%s/%lld/", item->name, (long long)item->size);

	return at + show_texts(text + at, room - at, item->tags, item->n_tags);
}

/* All that is not absent: "Text=a Number=5". */
static const char *show(const struct thing *thing)
{
	static char text[4096];
	const size_t room = sizeof(text);
	size_t at = 0;

#define SHOW(...) (at += (size_t)snprintf(text + at, room - at, __VA_ARGS__))
	text[0] = 0;
	if (*thing->text)
		SHOW(" Text=%s", thing->text);
	if (thing->text_repeated)
		SHOW(" repeated");
	if (thing->yes)
		SHOW(" Yes");
	if (thing->number != -1)
		SHOW(" Number=%lld", (long long)thing->number);
	if (*thing->when)
		SHOW(" When=%s", thing->when);
	if (thing->digest.algorithm)
		SHOW(" Digest=%02x", thing->digest.bytes[0]);
	if (thing->has_item) {
		SHOW(" Item=");
		at += show_item(text + at, room - at, &thing->item);
	}
	if (*thing->pointed.name || thing->pointed.size != -1) {
		SHOW(" Pointed=");
		at += show_item(text + at, room - at, &thing->pointed);
	}
	if (thing->n_texts) {
		SHOW(" Texts=");
		at += show_texts(text + at, room - at, thing->texts, thing->n_texts);
	}
	if (thing->n_command) {
		SHOW(" Command=");
		at += show_texts(text + at, room - at, thing->command, thing->n_command);
	}
	if (thing->one_command)
		SHOW(" one");
	for (size_t i = 0; i < thing->n_digests; i++)
		SHOW(" Digests=%02x", thing->digests[i].bytes[0]);
	for (size_t i = 0; i < thing->n_items; i++) {
		SHOW(" Items=");
		at += show_item(text + at, room - at, &thing->items[i]);
	}
	if (thing->n_keys) {
		SHOW(" Keys=");
		at += show_texts(text + at, room - at, thing->keys, thing->n_keys);
	}
	for (size_t i = 0; i < thing->n_pairs; i++)
		SHOW(" %s=%s", thing->pairs[i].key, thing->pairs[i].value);
	if (thing->has_any)
		SHOW(" any");
#undef SHOW
	return text[0] ? text + 1 : text;
}

#define HEX8 "aabbccdd"
#define SHA "sha256:" HEX8 HEX8 HEX8 HEX8 HEX8 HEX8 HEX8 HEX8

static void decoded(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{ "{}", "" },
		{ "null", "" },
		{ "{\"Text\":\"a\",\"Yes\":true,\"Number\":5,\"When\":\"2024-01-02T03:04:05Z\"}",
		  "Text=a Yes Number=5 When=2024-01-02T03:04:05Z" },
		{ "{\"tEXT\":\"a\"}", "Text=a" },
		{ "{\"unknown\":{\"Text\":\"b\"},\"Text\":\"a\",\"texts2\":[[[]]]}", "Text=a" },
		/* the last one wins, in whatever case */
		{ "{\"Text\":\"a\",\"text\":\"b\"}", "Text=b repeated" },
		{ "{\"text\":\"b\",\"Text\":\"a\",\"TEXT\":\"b\"}", "Text=b repeated" },
		{ "{\"Text\":\"a\",\"text\":\"a\"}", "Text=a" },
		{ "{\"Text\":\"\",\"text\":\"a\"}", "Text=a repeated" },
		{ "{\"Text\":\"a\",\"text\":\"\"}", "repeated" },
		/* null keeps scalars and structs, and takes away pointers, lists and maps */
		{ "{\"Text\":\"a\",\"Text\":null,\"Yes\":true,\"Yes\":null,\"Number\":5,\"Number\":null}",
		  "Text=a Yes Number=5" },
		{ "{\"When\":\"2024-01-02T03:04:05Z\",\"When\":null}", "" },
		{ "{\"Item\":{\"name\":\"a\"},\"Item\":null}", "Item=a/-1/" },
		{ "{\"Item\":null}", "Item=/-1/" },
		{ "{\"Pointed\":{\"name\":\"a\"},\"Pointed\":null}", "" },
		{ "{\"Pointed\":{\"name\":\"a\"},\"Pointed\":null,\"Pointed\":{\"size\":2}}", "Pointed=/2/" },
		{ "{\"Texts\":[\"a\"],\"Texts\":null}", "" },
		{ "{\"Pairs\":{\"a\":\"b\"},\"Pairs\":null,\"Keys\":{\"a\":{}},\"Keys\":null}", "" },
		/* structs and maps given twice are merged */
		{ "{\"Item\":{\"name\":\"a\",\"size\":1},\"item\":{\"size\":2}}", "Item=a/2/" },
		{ "{\"Pointed\":{\"name\":\"a\"},\"Pointed\":{\"size\":2}}", "Pointed=a/2/" },
		{ "{\"Pairs\":{\"b\":\"1\",\"a\":\"2\"},\"pairs\":{\"c\":\"3\",\"b\":\"4\"}}", "a=2 b=4 c=3" },
		{ "{\"Pairs\":{\"a\":\"1\",\"A\":\"2\",\"a\":\"3\"}}", "A=2 a=3" },
		{ "{\"Pairs\":{\"a\":\"1\",\"a\":null}}", "a=" },
		{ "{\"Keys\":{\"b\":{},\"a\":null,\"b\":{\"x\":[1]}},\"Keys\":{\"c\":{},\"a\":{}}}", "Keys=a,b,c" },
		{ "{\"Keys\":{}}", "" },
		/* lists given twice are overwritten element by element */
		{ "{\"Texts\":[\"a\",\"b\",\"c\"],\"Texts\":[\"d\"]}", "Texts=d" },
		{ "{\"Texts\":[\"a\",\"b\"],\"Texts\":[null,\"c\"]}", "Texts=a,c" },
		{ "{\"Texts\":[\"a\",\"b\"],\"Texts\":[\"c\"],\"Texts\":[null,null]}", "Texts=c,b" },
		{ "{\"Texts\":[\"a\",\"b\"],\"Texts\":[],\"Texts\":[null,null]}", "Texts=," },
		{ "{\"Texts\":[null]}", "Texts=" },
		{ "{\"Texts\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]}", "Texts=1,2,3,4,5,6,7,8,9" },
		{ "{\"Items\":[{\"name\":\"a\",\"tags\":[\"x\"]},{\"size\":2}],\"Items\":[{\"size\":3},{}]}",
		  "Items=a/3/x Items=/2/" },
		{ "{\"Items\":[{},null,{},{},{\"size\":5}]}", "Items=/-1/ Items=/-1/ Items=/-1/ Items=/-1/ Items=/5/" },
		{ "{\"Digests\":[\"" SHA "\",null]}", "Digests=aa Digests=00" },
		{ "{\"Digest\":\"" SHA "\",\"Digest\":null}", "Digest=aa" },
		/* docker's list or string begins anew each time */
		{ "{\"Command\":\"a b\"}", "Command=a b one" },
		{ "{\"Command\":[\"a\",\"b\"]}", "Command=a,b" },
		{ "{\"Command\":\"x\",\"Command\":[\"a\",null]}", "Command=a, one" },
		{ "{\"Command\":[\"a\",\"b\"],\"Command\":[null]}", "Command=" },
		{ "{\"Command\":[\"a\"],\"Command\":null}", "" },
		{ "{\"Any\":[{\"x\":null}]}", "any" },
		{ "{\"Checked\":{\"name\":\"a\",\"size\":1,\"tags\":[\"b\"],\"checked\":[null],\"more\":0}}", "" },
		{ "{\"Checked\":{\"name\":\"a\\u0000\"},\"Item\":{\"checked\":[\"\\u0000\"]}}", "Item=/-1/" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pl_reason reason = { 0 };
		struct thing thing;

		if (pl_json_decode(rows[i].text, strlen(rows[i].text), PL_JSON_ONLY, &thing_table, &arena, &thing,
				   &reason))
			fail_msg("%s: %s", rows[i].text, reason.text);
		assert_string_equal(show(&thing), rows[i].expected);
	}
}

static void not_decoded(void **state)
{
	static const struct {
		const char *text;
		int verdict;
		const char *reason;
	} rows[] = {
		{ "[]", PL_BAD_SYNTAX, "offset 0: json: cannot unmarshal array into Go value of type Thing" },
		{ "5", PL_BAD_SYNTAX, "offset 0: json: cannot unmarshal number into Go value of type Thing" },
		{ "{\"Text\":5}", PL_BAD_SYNTAX,
		  "offset 8: json: cannot unmarshal number into Go struct field Text of type string" },
		{ "{\"text\":[\"a\"]}", PL_BAD_SYNTAX,
		  "offset 8: json: cannot unmarshal array into Go struct field Text of type string" },
		{ "{\"Yes\":\"true\"}", PL_BAD_SYNTAX,
		  "offset 7: json: cannot unmarshal string into Go struct field Yes of type bool" },
		{ "{\"Number\":1.0}", PL_BAD_SYNTAX,
		  "offset 10: json: cannot unmarshal number into Go struct field Number of type int64" },
		{ "{\"Number\":9223372036854775808}", PL_BAD_SYNTAX,
		  "offset 10: json: cannot unmarshal number into Go struct field Number of type int64" },
		{ "{\"Item\":[]}", PL_BAD_SYNTAX,
		  "offset 8: json: cannot unmarshal array into Go struct field Item of type Item" },
		{ "{\"Item\":{\"tags\":[\"a\",{}]}}", PL_BAD_SYNTAX,
		  "offset 21: json: cannot unmarshal object into Go struct field Item.tags of type string" },
		{ "{\"Items\":[{\"size\":true}]}", PL_BAD_SYNTAX,
		  "offset 18: json: cannot unmarshal bool into Go struct field Items.size of type int64" },
		{ "{\"Texts\":\"a\"}", PL_BAD_SYNTAX,
		  "offset 9: json: cannot unmarshal string into Go struct field Texts of type []string" },
		{ "{\"Command\":{}}", PL_BAD_SYNTAX,
		  "offset 11: json: cannot unmarshal object into Go struct field Command of type []string" },
		{ "{\"Command\":[1]}", PL_BAD_SYNTAX,
		  "offset 12: json: cannot unmarshal number into Go struct field Command of type string" },
		{ "{\"Keys\":[\"a\"]}", PL_BAD_SYNTAX,
		  "offset 8: json: cannot unmarshal array into Go struct field Keys of type map[string]struct {}" },
		{ "{\"Keys\":{\"a\":1}}", PL_BAD_SYNTAX,
		  "offset 13: json: cannot unmarshal number into Go struct field Keys of type struct {}" },
		{ "{\"Pairs\":{\"a\":1}}", PL_BAD_SYNTAX,
		  "offset 14: json: cannot unmarshal number into Go struct field Pairs of type string" },
		{ "{\"When\":\"yesterday\"}", PL_BAD_SYNTAX, "offset 8: \"yesterday\" is no RFC 3339 time" },
		{ "{\"When\":5}", PL_BAD_SYNTAX,
		  "offset 8: json: cannot unmarshal number into Go struct field When of type time.Time" },
		{ "{\"Digest\":\"sha256:xyz\"}", PL_BAD_SYNTAX, "offset 10: \"sha256:xyz\" is no digest" },
		{ "{\"Digests\":[\"\"]}", PL_BAD_SYNTAX, "offset 12: \"\" is no digest" },
		{ "{\"Checked\":{\"size\":\"1\"}}", PL_BAD_SYNTAX,
		  "offset 19: json: cannot unmarshal string into Go struct field Checked.size of type int64" },
		/* the syntax of all comes before the type of anything */
		{ "{\"Text\":5,}", PL_BAD_SYNTAX,
		  "offset 10: invalid character '}' looking for beginning of object key string" },
		{ "{\"Text\":5", PL_BAD_TRUNCATED, "offset 9: unexpected end of JSON input" },
		{ "{\"Text\":5} x", PL_BAD_SYNTAX, "offset 11: invalid character 'x' after top-level value" },
		{ "{\"Text\":\"a\\u0000\"}", PL_BAD_UNSUPPORTED, "offset 8: a string holds a zero byte" },
		{ "{\"Pairs\":{\"\\u0000\":\"\"}}", PL_BAD_UNSUPPORTED, "offset 10: a string holds a zero byte" },
		{ "{\"Keys\":{\"\\u0000\":{}}}", PL_BAD_UNSUPPORTED, "offset 9: a string holds a zero byte" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pl_reason reason = { 0 };
		struct thing thing;

		assert_int_equal(pl_json_decode(rows[i].text, strlen(rows[i].text), PL_JSON_ONLY, &thing_table, &arena,
						&thing, &reason),
				 rows[i].verdict);
		assert_string_equal(reason.text, rows[i].reason);
	}
}

static void times(void **state)
{
	static const struct {
		const char *text;
		bool is;
	} rows[] = {
		{ "2024-01-02T03:04:05Z", true },
		{ "2024-02-29T23:59:59.123456789+05:30", true },
		{ "0000-01-01T00:00:00Z", true },
		{ "2000-02-29T00:00:00-23:59", true },
		{ "2024-01-02T3:04:05Z", true },
		{ "2024-01-02T03:04:05,5Z", true },
		{ "2024-01-02T03:04:05+24:60", true },
		{ "2023-02-29T00:00:00Z", false },
		{ "1900-02-29T00:00:00Z", false },
		{ "2024-01-02T03:04:05+25:00", false },
		{ "2024-01-02T03:04:05", false },
		{ "2024-01-02 03:04:05Z", false },
		{ "2024-13-01T00:00:00Z", false },
		{ "2024-00-01T00:00:00Z", false },
		{ "2024-01-00T00:00:00Z", false },
		{ "2024-04-31T00:00:00Z", false },
		{ "2024-01-02T24:00:00Z", false },
		{ "2024-01-02T03:60:00Z", false },
		{ "2024-01-02T03:04:60Z", false },
		{ "2024-01-02T03:04:05.Z", false },
		{ "2024-01-02T03:04:05z", false },
		{ "2024-01-02T03:04:05Zx", false },
		{ "2024-01-02T03:04:05+0100", false },
		{ "24-01-02T03:04:05Z", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[128];
		struct thing thing;
		int n = snprintf(text, sizeof(text), "{\"When\":\"%s\"}", rows[i].text);

		assert_int_equal(pl_json_decode(text, (size_t)n, PL_JSON_ONLY, &thing_table, &arena, &thing, NULL),
				 rows[i].is ? 0 : PL_BAD_SYNTAX);
	}
}

static void a_list_of_things(void **state)
{
	struct pl_reason reason = { 0 };
	struct item *items;
	void *list;
	size_t n;

	(void)state;
	assert_int_equal(pl_json_decode_list("[{\"name\":\"a\"},{\"NAME\":\"b\"}] x", 31, PL_JSON_FIRST, &item_table,
					     &arena, &list, &n, &reason),
			 0);
	items = list;
	assert_int_equal(n, 2);
	assert_string_equal(items[1].name, "b");
	assert_int_equal(pl_json_decode_list("null", 4, PL_JSON_ONLY, &item_table, &arena, &list, &n, &reason), 0);
	assert_int_equal(n, 0);
	assert_int_equal(pl_json_decode_list("{}", 2, PL_JSON_ONLY, &item_table, &arena, &list, &n, &reason),
			 PL_BAD_SYNTAX);
	assert_string_equal(reason.text, "offset 0: json: cannot unmarshal object into Go value of type []Item");
	assert_int_equal(pl_json_decode_list("[1]", 3, PL_JSON_ONLY, &item_table, &arena, &list, &n, &reason),
			 PL_BAD_SYNTAX);
}

static const char full[] = "{\"Text\":\"a\",\"Items\":[{\"name\":\"b\",\"tags\":[\"c\",\"d\"]},{}],\"Pairs\":{\"x\":"
			   "\"y\",\"a\":\"b\"},\"Keys\":"
			   "{\"k\":{}},\"Command\":\"z\",\"Digests\":[\"" SHA "\"],\"When\":\"2024-01-02T03:04:05Z\"}";

static void cut_anywhere_nothing_is_decoded(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(full) - 1; n++) {
		char *copy = malloc(n ? n : 1);
		struct pl_reason reason = { 0 };
		struct thing thing;

		assert_non_null(copy);
		memcpy(copy, full, n);
		assert_int_equal(pl_json_decode(copy, n, PL_JSON_ONLY, &thing_table, &arena, &thing, &reason),
				 PL_BAD_TRUNCATED);
		free(copy);
	}
}

static void arenas_too_small_are_a_limit(void **state)
{
	int r = PL_BAD_LIMIT;

	(void)state;
	for (size_t size = 0; r; size += 8) {
		struct pl_reason reason = { 0 };
		struct pl_arena small;
		struct thing thing;

		assert_true(size < 16384);
		pl_arena_init(&small, size);
		r = pl_json_decode(full, sizeof(full) - 1, PL_JSON_ONLY, &thing_table, &small, &thing, &reason);
		assert_true(!r || r == PL_BAD_LIMIT);
		if (r)
			assert_non_null(strstr(reason.text, "over plimsoll's limit json-arena"));
		pl_arena_deinit(&small);
	}
}

/* Small on disk, large when decoded. */
static void the_decoded_form_is_bounded(void **state)
{
	const size_t n_items = PL_MAX_JSON_ARENA / sizeof(struct item) + 1;
	char *text = malloc(n_items * 3 + 16), *at = text;
	struct pl_reason reason = { 0 };
	struct pl_arena large;
	struct thing thing;

	(void)state;
	assert_non_null(text);
	at = stpcpy(at, "{\"Items\":[{}");
	for (size_t i = 1; i < n_items; i++)
		at = stpcpy(at, ",{}");
	at = stpcpy(at, "]}");
	pl_arena_init(&large, (size_t)64 << 20);
	assert_int_equal(pl_json_decode(text, (size_t)(at - text), PL_JSON_ONLY, &thing_table, &large, &thing, &reason),
			 PL_BAD_LIMIT);
	assert_non_null(strstr(reason.text, "over plimsoll's limit json-arena (8388608)"));
	assert_true(large.used_bytes <= PL_MAX_JSON_ARENA);
	pl_arena_deinit(&large);
	free(text);
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
		cmocka_unit_test(decoded),
		cmocka_unit_test(not_decoded),
		cmocka_unit_test(times),
		cmocka_unit_test(a_list_of_things),
		cmocka_unit_test(cut_anywhere_nothing_is_decoded),
		cmocka_unit_test(arenas_too_small_are_a_limit),
		cmocka_unit_test(the_decoded_form_is_bounded),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
