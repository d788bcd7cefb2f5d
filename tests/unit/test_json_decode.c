/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON decoder: structs filled as Go's encoding/json would fill its own. */
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

static const struct {
	const char *text, *expected;
} decoded_rows[] = {
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

static void decoded(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(decoded_rows) / sizeof(decoded_rows[0]); i++) {
		struct pl_reason reason = { 0 };
		struct thing thing;

		if (pl_json_decode(decoded_rows[i].text, strlen(decoded_rows[i].text), PL_JSON_ONLY, &thing_table,
				   &arena, &thing, &reason))
			fail_msg("%s: %s", decoded_rows[i].text, reason.text);
		assert_string_equal(show(&thing), decoded_rows[i].expected);
	}
}

static const struct {
	const char *text;
	int verdict;
	const char *reason;
} refused_rows[] = {
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

static void not_decoded(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused_rows) / sizeof(refused_rows[0]); i++) {
		struct pl_reason reason = { 0 };
		struct thing thing;

		assert_int_equal(pl_json_decode(refused_rows[i].text, strlen(refused_rows[i].text), PL_JSON_ONLY,
						&thing_table, &arena, &thing, &reason),
				 refused_rows[i].verdict);
		assert_string_equal(reason.text, refused_rows[i].reason);
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
