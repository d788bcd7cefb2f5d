/* SPDX-License-Identifier: Apache-2.0 */
/* Text that fits a terminal's width. */
#include "plimsoll/report.h"

#include <string.h>

#include "plimsoll/text.h"

/* Unicode 15: the blocks that terminals draw two columns wide, and combining marks; nearly all that names have. */
static unsigned int columns_of(uint32_t code)
{
	static const struct {
		uint32_t first, last;
	} wide[] = {
		{ 0x1100, 0x115f },   { 0x2e80, 0xa4cf },   { 0xac00, 0xd7a3 }, { 0xf900, 0xfaff },
		{ 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f },
		{ 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
	};

	if (code >= 0x300 && code <= 0x36f)
		return 0;
	for (size_t i = 0; i < sizeof(wide) / sizeof(*wide); i++) {
		if (code >= wide[i].first && code <= wide[i].last)
			return 2;
	}
	return 1;
}

static unsigned int columns_of_bytes(const char *text, size_t n)
{
	unsigned int columns = 0;

	while (n) {
		uint32_t code = 0;
		size_t len = pl_utf8_decode(text, n, &code);

		columns += len ? columns_of(code) : 1;
		len += !len;
		text += len;
		n -= len;
	}
	return columns;
}

unsigned int pl_text_columns(const char *text)
{
	return columns_of_bytes(text, strlen(text));
}

void pl_print_wrapped(FILE *out, const char *text, unsigned int indent, unsigned int at, unsigned int columns)
{
	bool fresh = true; /* nothing on this line yet */

	while (*text) {
		size_t n = strcspn(text, " \n");
		unsigned int width = columns_of_bytes(text, n);

		if (!fresh && columns && at + 1 + width > columns) {
			fputc('\n', out);
			at = 0;
			fresh = true;
		}
		if (n) {
			unsigned int gap = !fresh ? 1 : at < indent ? indent - at : 0;

			fprintf(out, "%*s%.*s", (int)gap, "", (int)n, text);
			at += gap + width;
			fresh = false;
		}
		text += n;
		if (*text == '\n') {
			fputc('\n', out);
			at = 0;
			fresh = true;
		}
		text += *text != 0;
	}
	fputc('\n', out);
}
