/* SPDX-License-Identifier: Apache-2.0 */
/* One tar header block: the five formats that Go's archive/tar knows, with its leniency and no more. */
#include "format/tar_internal.h"

#include <string.h>

struct field {
	size_t at, n;
};

/* V7, and common to all. */
static const struct field NAME = { 0, 100 }, MODE = { 100, 8 }, UID = { 108, 8 }, GID = { 116, 8 }, SIZE = { 124, 12 },
			  MTIME = { 136, 12 }, CHECKSUM = { 148, 8 }, LINK = { 157, 100 };
#define TYPE_AT 156
/* All but V7. */
static const struct field MAJOR = { 329, 8 }, MINOR = { 337, 8 };
#define MAGIC_AT 257
static const struct field PREFIX = { 345, 155 };
static const struct field GNU_ATIME = { 345, 12 }, GNU_CTIME = { 357, 12 };
static const struct field STAR_PREFIX = { 345, 131 }, STAR_ATIME = { 476, 12 }, STAR_CTIME = { 488, 12 };
#define STAR_TRAILER_AT 508

enum format { FORMAT_V7, FORMAT_USTAR, FORMAT_STAR, FORMAT_GNU };

static bool is_blank(uint8_t c)
{
	return c == ' ' || !c;
}

static bool parse_octal(const uint8_t *field, size_t n, int64_t *out)
{
	uint64_t value = 0;

	while (n && is_blank(field[n - 1]))
		n--;
	while (n && is_blank(*field)) {
		field++;
		n--;
	}
	/* what lies behind a zero within the field does not count; 12 digits cannot overflow */
	for (; n && *field; field++, n--) {
		if (*field < '0' || *field > '7')
			return false;
		value = value << 3 | (uint64_t)(*field - '0');
	}
	*out = (int64_t)value;
	return true;
}

/* Two's complement, most significant byte first, whose highest bit only says that it is this and not octal. */
static bool parse_base256(const uint8_t *field, size_t n, int64_t *out)
{
	uint8_t flip = field[0] & 0x40 ? 0xff : 0;
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++) {
		uint8_t c = field[i] ^ flip;

		if (i == 0)
			c &= 0x7f;
		if (value >> 56)
			return false;
		value = value << 8 | c;
	}
	if (value >> 63)
		return false;
	*out = flip ? -(int64_t)value - 1 : (int64_t)value;
	return true;
}

bool pl_tar_number(const uint8_t *field, size_t n, int64_t *out)
{
	*out = 0;
	return n && field[0] & 0x80 ? parse_base256(field, n, out) : parse_octal(field, n, out);
}

static bool number(const uint8_t *block, struct field field, int64_t *out)
{
	return pl_tar_number(block + field.at, field.n, out);
}

static bool checksum_fits(const uint8_t block[static PL_TAR_BLOCK_BYTES])
{
	uint32_t sum = 0, negative = 0;
	int64_t found;

	if (!parse_octal(block + CHECKSUM.at, CHECKSUM.n, &found))
		return false;
	for (size_t i = 0; i < PL_TAR_BLOCK_BYTES; i++) {
		sum += block[i];
		negative += block[i] >> 7;
	}
	/* the field itself counts as blanks */
	for (size_t i = CHECKSUM.at; i < CHECKSUM.at + CHECKSUM.n; i++) {
		sum += (uint32_t)' ' - block[i];
		negative -= block[i] >> 7;
	}
	/* some old writers summed signed bytes */
	return found == sum || found == (int64_t)sum - 256 * (int64_t)negative;
}

static enum format find_format(const uint8_t block[static PL_TAR_BLOCK_BYTES])
{
	if (!memcmp(block + MAGIC_AT, "ustar", 6))
		return memcmp(block + STAR_TRAILER_AT, "tar", 4) ? FORMAT_USTAR : FORMAT_STAR;
	return memcmp(block + MAGIC_AT, "ustar  ", 8) ? FORMAT_V7 : FORMAT_GNU;
}

static size_t length(const uint8_t *block, struct field field)
{
	return strnlen((const char *)block + field.at, field.n);
}

/*
 * Go before 1.8 wrote a prefix where GNU headers have times. Go takes it for one when the times are no numbers and the
 * prefix is ASCII, so a hostile header can choose its name here too.
 */
static size_t gnu_prefix(const uint8_t *block)
{
	size_t n = length(block, PREFIX);
	int64_t ignored;

	if ((!block[GNU_ATIME.at] || number(block, GNU_ATIME, &ignored)) &&
	    (!block[GNU_CTIME.at] || number(block, GNU_CTIME, &ignored)))
		return 0;
	for (size_t i = 0; i < n; i++)
		if (block[PREFIX.at + i] & 0x80)
			return 0;
	return n;
}

static void set_name(const uint8_t *block, size_t prefix, struct pl_tar_header *out)
{
	size_t n = length(block, NAME);

	memcpy(out->name, block + PREFIX.at, prefix);
	if (prefix)
		out->name[prefix++] = '/';
	memcpy(out->name + prefix, block + NAME.at, n);
	out->name_len = prefix + n;
	out->name[out->name_len] = 0;
}

const char *pl_tar_header_parse(const uint8_t block[static PL_TAR_BLOCK_BYTES], struct pl_tar_header *out)
{
	enum format format = find_format(block);
	size_t prefix = 0;
	int64_t ignored;
	bool ok;

	if (!checksum_fits(block))
		return "no tar header: its check sum is wrong";
	out->major = out->minor = 0;
	ok = number(block, SIZE, &out->size) && number(block, MODE, &out->mode) && number(block, UID, &out->uid) &&
	     number(block, GID, &out->gid) && number(block, MTIME, &ignored);
	if (ok && format != FORMAT_V7)
		ok = number(block, MAJOR, &out->major) && number(block, MINOR, &out->minor);
	if (ok && format == FORMAT_STAR)
		ok = number(block, STAR_ATIME, &ignored) && number(block, STAR_CTIME, &ignored);
	if (!ok)
		return "a number in the header is none, or too large";
	out->type = (char)block[TYPE_AT];
	out->gnu = format == FORMAT_GNU;
	if (format == FORMAT_USTAR)
		prefix = length(block, PREFIX);
	else if (format == FORMAT_STAR)
		prefix = length(block, STAR_PREFIX);
	else if (format == FORMAT_GNU)
		prefix = gnu_prefix(block);
	set_name(block, prefix, out);
	out->link_len = length(block, LINK);
	memcpy(out->link, block + LINK.at, out->link_len);
	out->link[out->link_len] = 0;
	return NULL;
}
