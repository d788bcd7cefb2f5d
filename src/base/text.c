/* SPDX-License-Identifier: Apache-2.0 */
#include "plimsoll/text.h"

#include <stdio.h>
#include <string.h>

size_t pl_utf8_decode(const char *bytes, size_t n, uint32_t *code_out)
{
	static const uint32_t lowest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const uint8_t *at = (const uint8_t *)bytes;
	uint32_t code;
	size_t len;

	if (at[0] < 0x80) {
		*code_out = at[0];
		return 1;
	}
	if (at[0] >= 0xc2 && at[0] <= 0xdf)
		len = 2, code = at[0] & 0x1fu;
	else if ((at[0] & 0xf0) == 0xe0)
		len = 3, code = at[0] & 0x0fu;
	else if (at[0] >= 0xf0 && at[0] <= 0xf4)
		len = 4, code = at[0] & 0x07u;
	else
		return 0;
	if (len > n)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (at[i] & 0x3fu);
	}
	if (code < lowest[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*code_out = code;
	return len;
}

size_t pl_utf8_encode(uint32_t code, char out[static 4])
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* What may reorder, break or colour a line when it is shown. */
static bool is_safe(uint32_t code)
{
	if (code < 0x20 || (code >= 0x7f && code < 0xa0))
		return false;
	if (code == 0x061c || (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e))
		return false;
	return !(code >= 0x2060 && code <= 0x206f) && code != 0xfeff && !(code >= 0xfff9 && code <= 0xfffb);
}

const char *pl_escape(struct pl_escaped *out, const char *bytes, size_t n)
{
	const size_t room = sizeof(out->text) - 4;
	size_t at = 0;

	while (n) {
		uint32_t code = 0;
		size_t len = pl_utf8_decode(bytes, n, &code);
		bool plain = len && is_safe(code) && code != '\\';
		size_t take = len ? len : 1;
		size_t need = plain ? take : code == '\\' ? 2 : 4 * take;

		if (at + need > room) {
			memcpy(out->text + at, "...", 4);
			return out->text;
		}
		if (plain) {
			memcpy(out->text + at, bytes, take);
		} else if (code == '\\') {
			memcpy(out->text + at, "\\\\", 2);
		} else {
			for (size_t i = 0; i < take; i++)
				snprintf(out->text + at + 4 * i, 5, "\\x%02x", (uint8_t)bytes[i]);
		}
		at += need;
		bytes += take;
		n -= take;
	}
	out->text[at] = 0;
	return out->text;
}

const char *pl_escape_str(struct pl_escaped *out, const char *text)
{
	return pl_escape(out, text ? text : "", text ? strlen(text) : 0);
}
