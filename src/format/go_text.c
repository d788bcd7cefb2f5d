/* SPDX-License-Identifier: Apache-2.0 */
#include "format/go_text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "plimsoll/text.h"

enum pl_go_int pl_go_int(const char *text, size_t n, int64_t *out)
{
	bool minus = n && text[0] == '-';
	size_t at = n && (text[0] == '-' || text[0] == '+');
	uint64_t limit = (uint64_t)INT64_MAX + minus;
	uint64_t value = 0;

	*out = 0;
	if (at == n)
		return PL_GO_INT_SYNTAX;
	for (; at < n; at++) {
		uint64_t digit = (uint64_t)(uint8_t)text[at] - '0';

		if (digit > 9)
			return PL_GO_INT_SYNTAX;
		/* Go stops at the digit that leaves 64 bits: what follows may be anything */
		if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
		    __builtin_add_overflow(value, digit, &value)) {
			value = UINT64_MAX;
			break;
		}
	}
	if (value > limit) {
		*out = minus ? INT64_MIN : INT64_MAX;
		return PL_GO_INT_RANGE;
	}
	*out = minus ? (int64_t)-value : (int64_t)value;
	return PL_GO_INT;
}

/* unicode.IsSpace */
static bool is_space(uint32_t code)
{
	return (code >= 9 && code <= 13) || code == ' ' || code == 0x85 || code == 0xa0 || code == 0x1680 ||
	       (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 || code == 0x202f ||
	       code == 0x205f || code == 0x3000;
}

void pl_go_trim(const char **text, size_t *n)
{
	uint32_t code = 0;
	size_t len;

	while (*n && (len = pl_utf8_decode(*text, *n, &code)) && is_space(code)) {
		*text += len;
		*n -= len;
	}
	/* no white space is longer than three bytes */
	for (len = 1; len <= 3 && len <= *n;) {
		if (pl_utf8_decode(*text + *n - len, len, &code) == len && is_space(code)) {
			*n -= len;
			len = 1;
		} else {
			len++;
		}
	}
}

char *pl_go_quote(const char *text, struct pl_arena *arena)
{
	static const char names[] = "abtnvfr\"\\", values[] = "\a\b\t\n\v\f\r\"\\";
	size_t left = strlen(text);
	char *quoted = pl_arena_calloc(arena, left + 1, 4);
	char *at = quoted;

	if (!quoted)
		return NULL;
	*at++ = '"';
	while (left) {
		uint32_t code = 0;
		size_t len = pl_utf8_decode(text, left, &code);
		const char *value = memchr(values, *text, sizeof(values) - 1);

		if (value) {
			*at++ = '\\';
			*at++ = names[value - values];
		} else if (!len || code < ' ' || code == 0x7f) {
			at += snprintf(at, 5, "\\x%02x", (uint8_t)*text);
		} else if (code != ' ' && (code < 0xa0 ? code > 0x7f : is_space(code))) {
			at += snprintf(at, 7, "\\u%04x", (unsigned int)code);
		} else {
			memcpy(at, text, len);
			at += len;
		}
		text += len ? len : 1;
		left -= len ? len : 1;
	}
	*at = '"';
	return quoted;
}

/* Reads two digits (or, where Go lets it pass, one) that make at most `max`. */
static bool take_number(const char **at, const char *end, bool one_digit, unsigned int max, unsigned int *out)
{
	size_t len = 0;

	*out = 0;
	while (len < 2 && *at + len < end && (*at)[len] >= '0' && (*at)[len] <= '9')
		*out = *out * 10 + (unsigned int)((*at)[len++] - '0');
	*at += len;
	return (len == 2 || (one_digit && len == 1)) && *out <= max;
}

static bool take_char(const char **at, const char *end, const char *any_of)
{
	return *at < end && **at && strchr(any_of, *(*at)++);
}

bool pl_go_is_time(const char *text, size_t n)
{
	static const unsigned int days[] = { 0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	const char *at = text, *end = text + n;
	unsigned int century, year, month, day, other;
	bool ok, leap;

	ok = take_number(&at, end, false, 99, &century) && take_number(&at, end, false, 99, &year) &&
	     take_char(&at, end, "-") && take_number(&at, end, false, 12, &month) && month &&
	     take_char(&at, end, "-") && take_number(&at, end, false, 31, &day) && day && take_char(&at, end, "T") &&
	     take_number(&at, end, true, 23, &other) && take_char(&at, end, ":") &&
	     take_number(&at, end, false, 59, &other) && take_char(&at, end, ":") &&
	     take_number(&at, end, false, 59, &other);
	if (!ok)
		return false;
	leap = year ? year % 4 == 0 : century % 4 == 0;
	if (day > days[month] + (leap && month == 2))
		return false;
	if (end - at >= 2 && (*at == '.' || *at == ',') && at[1] >= '0' && at[1] <= '9')
		for (at++; at < end && *at >= '0' && *at <= '9';)
			at++;
	if (end - at == 1)
		return *at == 'Z';
	return take_char(&at, end, "+-") && take_number(&at, end, false, 24, &other) && take_char(&at, end, ":") &&
	       take_number(&at, end, false, 60, &other) && at == end;
}
