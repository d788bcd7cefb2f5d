/* SPDX-License-Identifier: Apache-2.0 */
/* What keys, strings and numbers of JSON mean to Go (encoding/json: unquoteBytes, foldName; strconv.ParseInt). */
#include "plimsoll/json.h"

#include <string.h>

#include "format/go_text.h"
#include "plimsoll/text.h"

#define REPLACEMENT 0xfffd

static uint32_t hex4(const char *at)
{
	uint32_t code = 0;

	for (int i = 0; i < 4; i++) {
		uint32_t c = (uint8_t)at[i];

		code = code << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return code;
}

/* One code point of a well-formed string body and how many bytes it was written in. */
static size_t next_code(const char *at, size_t left, uint32_t *code)
{
	static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
	const char *name;
	size_t len;

	if (*at != '\\') {
		len = pl_utf8_decode(at, left, code);
		if (len)
			return len;
		*code = REPLACEMENT;
		return 1;
	}
	if (at[1] != 'u') {
		name = memchr(names, at[1], sizeof(names) - 1);
		*code = (uint8_t)(name ? values[name - names] : at[1]);
		return 2;
	}
	*code = hex4(at + 2);
	if (*code < 0xd800 || *code > 0xdfff)
		return 6;
	if (*code < 0xdc00 && left >= 12 && at[6] == '\\' && at[7] == 'u') {
		uint32_t low = hex4(at + 8);

		if (low >= 0xdc00 && low <= 0xdfff) {
			*code = 0x10000 + ((*code - 0xd800) << 10 | (low - 0xdc00));
			return 12;
		}
	}
	*code = REPLACEMENT;
	return 6;
}

/* Of all code points outside ASCII only these two fold into it. */
static uint32_t fold(uint32_t code)
{
	if (code == 0x017f)
		return 'S';
	if (code == 0x212a)
		return 'K';
	return code >= 'a' && code <= 'z' ? code - 'a' + 'A' : code;
}

bool pl_json_key_is(const struct pl_json *json, const char *name)
{
	size_t at = 0;

	for (; at < json->raw_len && *name; name++) {
		uint32_t code = 0;

		at += next_code(json->raw + at, json->raw_len - at, &code);
		if (fold(code) != fold((uint8_t)*name))
			return false;
	}
	return at == json->raw_len && !*name;
}

char *pl_json_text(const struct pl_json *json, struct pl_arena *arena, size_t *n_out)
{
	size_t n = 0;
	char *text;

	/* first the length, because U+FFFD is longer than the byte it replaces */
	for (size_t at = 0; at < json->raw_len;) {
		char utf8[4];
		uint32_t code = 0;

		at += next_code(json->raw + at, json->raw_len - at, &code);
		n += pl_utf8_encode(code, utf8);
	}
	text = pl_arena_alloc(arena, n + 1);
	if (n_out)
		*n_out = n;
	n = 0;
	for (size_t at = 0; text && at < json->raw_len;) {
		char utf8[4];
		uint32_t code = 0;
		size_t len;

		at += next_code(json->raw + at, json->raw_len - at, &code);
		len = pl_utf8_encode(code, utf8);
		memcpy(text + n, utf8, len);
		n += len;
	}
	return text;
}

bool pl_json_int64(const struct pl_json *json, int64_t *out)
{
	return pl_go_int(json->raw, json->raw_len, out) == PL_GO_INT;
}
