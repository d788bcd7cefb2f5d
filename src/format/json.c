/* SPDX-License-Identifier: Apache-2.0 */
/* The reader: one token after the other, with no more state than one bit for each open bracket. */
#include "plimsoll/json.h"

#include <string.h>

#include "plimsoll/limits.h"
#include "plimsoll/text.h"
#include "plimsoll/verdict.h"

_Static_assert(PL_MAX_JSON_DEPTH <= 64, "pl_json.objects has a bit for each level");

/* What may come next. */
enum state {
	STATE_VALUE,
	STATE_FIRST_VALUE, /* of an array, or its end */
	STATE_FIRST_KEY,   /* of an object, or its end */
	STATE_AFTER_VALUE, /* a comma or the end of what is open */
};

void pl_json_init(struct pl_json *json, const void *bytes, size_t n, enum pl_json_trailing trailing)
{
	*json = (struct pl_json){ .bytes = bytes, .n = n, .trailing = trailing, .state = STATE_VALUE };
}

static int truncated(const struct pl_json *json, struct pl_reason *reason)
{
	pl_reason_set(reason, "offset %zu: unexpected end of JSON input", json->n);
	return PL_BAD_TRUNCATED;
}

/* Refuses the byte at json->at, in Go's words. */
static int unexpected(const struct pl_json *json, const char *where, struct pl_reason *reason)
{
	struct pl_escaped shown = { 0 };

	if (json->at >= json->n)
		return truncated(json, reason);
	pl_reason_set(reason, "offset %zu: invalid character '%s' %s", json->at,
		      pl_escape(&shown, json->bytes + json->at, 1), where);
	return PL_BAD_SYNTAX;
}

static void skip_blanks(struct pl_json *json)
{
	while (json->at < json->n && json->bytes[json->at] && strchr(" \t\r\n", json->bytes[json->at]))
		json->at++;
}

/* The next byte, or -1 at the end. */
static int peek(const struct pl_json *json)
{
	return json->at < json->n ? (uint8_t)json->bytes[json->at] : -1;
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(int c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static int read_escape(struct pl_json *json, struct pl_reason *reason)
{
	int c = peek(json);

	if (c <= 0 || !strchr("bfnrt\\/\"u", c))
		return unexpected(json, "in string escape code", reason);
	json->at++;
	for (int i = 0; c == 'u' && i < 4; i++, json->at++)
		if (!is_hex(peek(json)))
			return unexpected(json, "in \\u hexadecimal character escape", reason);
	return 0;
}

static int read_string(struct pl_json *json, enum pl_json_token token, struct pl_reason *reason)
{
	size_t start = ++json->at;
	int c, r;

	while ((c = peek(json)) != '"') {
		if (c < ' ')
			return unexpected(json, "in string literal", reason);
		json->at++;
		if (c == '\\') {
			r = read_escape(json, reason);
			if (r)
				return r;
		}
	}
	json->token = token;
	json->raw = json->bytes + start;
	json->raw_len = json->at++ - start;
	return 0;
}

static int read_digits(struct pl_json *json, const char *where, struct pl_reason *reason)
{
	if (!is_digit(peek(json)))
		return unexpected(json, where, reason);
	while (is_digit(peek(json)))
		json->at++;
	return 0;
}

static int read_number(struct pl_json *json, struct pl_reason *reason)
{
	size_t start = json->at;
	int r = 0;

	if (peek(json) == '-')
		json->at++;
	if (peek(json) == '0')
		json->at++;
	else
		r = read_digits(json, "in numeric literal", reason);
	if (!r && peek(json) == '.') {
		json->at++;
		r = read_digits(json, "after decimal point in numeric literal", reason);
	}
	if (!r && (peek(json) == 'e' || peek(json) == 'E')) {
		json->at++;
		if (peek(json) == '+' || peek(json) == '-')
			json->at++;
		r = read_digits(json, "in exponent of numeric literal", reason);
	}
	json->token = PL_JSON_NUMBER;
	json->raw = json->bytes + start;
	json->raw_len = json->at - start;
	return r;
}

static int read_word(struct pl_json *json, const char *word, enum pl_json_token token, struct pl_reason *reason)
{
	for (; *word; word++, json->at++)
		if (peek(json) != *word)
			return unexpected(json, "in a literal true, false or null", reason);
	json->token = token;
	return 0;
}

static int open_level(struct pl_json *json, bool object, struct pl_reason *reason)
{
	uint64_t bit = (uint64_t)1 << (json->depth % 64);

	if (json->depth == PL_MAX_JSON_DEPTH) {
		pl_reason_limit(reason, "json-depth", PL_MAX_JSON_DEPTH);
		pl_reason_prefix(reason, "offset %zu", json->at);
		return PL_BAD_LIMIT;
	}
	json->objects = object ? json->objects | bit : json->objects & ~bit;
	json->depth++;
	json->at++;
	json->token = object ? PL_JSON_OBJECT : PL_JSON_ARRAY;
	json->state = object ? STATE_FIRST_KEY : STATE_FIRST_VALUE;
	return 0;
}

static bool in_object(const struct pl_json *json)
{
	return json->depth && json->objects >> (json->depth - 1) & 1;
}

static int close_level(struct pl_json *json)
{
	json->token = in_object(json) ? PL_JSON_OBJECT_END : PL_JSON_ARRAY_END;
	json->depth--;
	json->at++;
	json->state = STATE_AFTER_VALUE;
	return 0;
}

static int read_key(struct pl_json *json, const char *where, struct pl_reason *reason)
{
	int r;

	json->offset = json->at;
	if (peek(json) != '"')
		return unexpected(json, where, reason);
	r = read_string(json, PL_JSON_KEY, reason);
	if (r)
		return r;
	skip_blanks(json);
	if (peek(json) != ':')
		return unexpected(json, "after object key", reason);
	json->at++;
	json->state = STATE_VALUE;
	return 0;
}

static int read_value(struct pl_json *json, struct pl_reason *reason)
{
	int c = peek(json);

	json->state = STATE_AFTER_VALUE;
	switch (c) {
	case '{':
		return open_level(json, true, reason);
	case '[':
		return open_level(json, false, reason);
	case '"':
		return read_string(json, PL_JSON_STRING, reason);
	case 't':
		return read_word(json, "true", PL_JSON_TRUE, reason);
	case 'f':
		return read_word(json, "false", PL_JSON_FALSE, reason);
	case 'n':
		return read_word(json, "null", PL_JSON_NULL, reason);
	default:
		if (c != '-' && !is_digit(c))
			return unexpected(json, "looking for beginning of value", reason);
		return read_number(json, reason);
	}
}

int pl_json_next(struct pl_json *json, struct pl_reason *reason)
{
	int closing = in_object(json) ? '}' : ']';

	if (json->state == STATE_AFTER_VALUE && !json->depth && json->trailing == PL_JSON_FIRST) {
		json->token = PL_JSON_END;
		return 0;
	}
	skip_blanks(json);
	json->offset = json->at;
	if (json->state == STATE_AFTER_VALUE && !json->depth) {
		json->token = PL_JSON_END;
		return json->at == json->n ? 0 : unexpected(json, "after top-level value", reason);
	}
	if (json->state != STATE_VALUE && peek(json) == closing)
		return close_level(json);
	if (json->state == STATE_FIRST_KEY)
		return read_key(json, "looking for beginning of object key string", reason);
	if (json->state == STATE_AFTER_VALUE) {
		if (peek(json) != ',')
			return unexpected(json, in_object(json) ? "after object key:value pair" : "after array element",
					  reason);
		json->at++;
		skip_blanks(json);
		json->offset = json->at;
		if (in_object(json))
			return read_key(json, "looking for beginning of object key string", reason);
	}
	return read_value(json, reason);
}

static const char *token_name(enum pl_json_token token)
{
	static const char *const names[] = {
		[PL_JSON_END] = "nothing",
		[PL_JSON_OBJECT] = "object",
		[PL_JSON_OBJECT_END] = "end of object",
		[PL_JSON_ARRAY] = "array",
		[PL_JSON_ARRAY_END] = "end of array",
		[PL_JSON_KEY] = "key",
		[PL_JSON_STRING] = "string",
		[PL_JSON_NUMBER] = "number",
		[PL_JSON_TRUE] = "bool",
		[PL_JSON_FALSE] = "bool",
		[PL_JSON_NULL] = "null",
	};

	return names[token];
}

int pl_json_expect(struct pl_json *json, enum pl_json_token token, struct pl_reason *reason)
{
	int r = pl_json_next(json, reason);

	if (r || json->token == token)
		return r;
	pl_reason_set(reason, "offset %zu: json: cannot unmarshal %s into Go value of type %s", json->offset,
		      token_name(json->token), token_name(token));
	return PL_BAD_SYNTAX;
}

int pl_json_skip(struct pl_json *json, struct pl_reason *reason)
{
	unsigned int outside;
	int r = 0;

	if (json->token == PL_JSON_KEY)
		r = pl_json_next(json, reason);
	if (r || (json->token != PL_JSON_OBJECT && json->token != PL_JSON_ARRAY))
		return r;
	outside = json->depth - 1;
	while (!r && json->depth > outside)
		r = pl_json_next(json, reason);
	return r;
}
