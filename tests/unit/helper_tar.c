/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/helper_tar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct pl_buf made;

int begin(void **state)
{
	(void)state;
	pl_buf_init(&made, 8 << 20);
	return 0;
}

int end(void **state)
{
	(void)state;
	pl_buf_deinit(&made);
	return 0;
}

void put_raw(const void *bytes, size_t n)
{
	assert_int_equal(pl_buf_append(&made, bytes, n), 0);
}

/* Fills up with zeros to the end of a block. */
void fill_block(void)
{
	while (made.len % BLOCK)
		put_raw("", 1);
}

void zero_blocks(size_t n)
{
	static const uint8_t zeros[BLOCK];

	for (size_t i = 0; i < n; i++)
		put_raw(zeros, BLOCK);
}

void put_check_sum(uint8_t *block)
{
	unsigned int sum = 0;

	memset(block + 148, ' ', 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += block[i];
	snprintf((char *)block + 148, 8, "%06o", sum);
}

uint8_t *begin_header(char type, const char *name, size_t size, enum magic magic)
{
	static uint8_t block[BLOCK];

	memset(block, 0, sizeof(block));
	memcpy(block, name, strlen(name));
	memcpy(block + 100, "0000644\0000001750\0000000144", 24);
	snprintf((char *)block + 124, 12, "%011zo", size);
	memcpy(block + 136, "00000000000", 12);
	block[156] = (uint8_t)type;
	if (magic != V7)
		memcpy(block + 257, magic == GNU ? "ustar  " : "ustar\00000", 8);
	if (magic == STAR)
		memcpy(block + 508, "tar", 4);
	return block;
}

void end_header(uint8_t *block)
{
	put_check_sum(block);
	put_raw(block, BLOCK);
}

void header(char type, const char *name, size_t size)
{
	end_header(begin_header(type, name, size, USTAR));
}

void link_header(char type, const char *name, const char *link)
{
	uint8_t *block = begin_header(type, name, 0, USTAR);

	memcpy(block + 157, link, strlen(link));
	end_header(block);
}

void file(const char *name, const char *content)
{
	header('0', name, strlen(content));
	put_raw(content, strlen(content));
	fill_block();
}

/* A header with a body: an extended one, or a file with zeros in its content. */
void body(char type, const void *bytes, size_t n)
{
	header(type, "././@meta", n);
	put_raw(bytes, n);
	fill_block();
}

void record(struct pl_buf *to, const char *key, const void *value, size_t n)
{
	size_t length = strlen(key) + n + 3, digits = 1;

	while (snprintf(NULL, 0, "%zu", length + digits) != (int)digits)
		digits++;
	assert_int_equal(pl_buf_printf(to, "%zu %s=", length + digits, key), 0);
	assert_int_equal(pl_buf_append(to, value, n), 0);
	assert_int_equal(pl_buf_puts(to, "\n"), 0);
}

/* An 'x' (or 'g') header of pairs, up to a null. */
void pax(int type, ...)
{
	PL_CLEANUP_BUF struct pl_buf buf = { 0 };
	const char *key;
	va_list args;

	pl_buf_init(&buf, 1 << 20);
	va_start(args, type);
	while ((key = va_arg(args, const char *))) {
		const char *value = va_arg(args, const char *);

		record(&buf, key, value, strlen(value));
	}
	va_end(args);
	body((char)type, buf.data, buf.len);
}

void open_tar(struct reading *reading, size_t n, size_t chunk)
{
	memset(reading, 0, sizeof(*reading));
	reading->bytes = malloc(n ? n : 1);
	assert_non_null(reading->bytes);
	if (n)
		memcpy(reading->bytes, made.data, n);
	assert_int_equal(pl_stream_memory(reading->bytes, n, chunk, &reading->stream), 0);
	assert_int_equal(pl_tar_new(reading->stream, &reading->tar), 0);
}

void close_tar(struct reading *reading)
{
	pl_tar_free(&reading->tar);
	assert_null(reading->tar);
	pl_tar_free(&reading->tar);
	pl_stream_free(&reading->stream);
	free(reading->bytes);
}

/* One entry as a line of text: type, name, link, mode, owner, device, size. */
static void describe(const struct pl_tar_entry *entry, struct pl_buf *out)
{
	assert_int_equal(strlen(entry->name), entry->name_len);
	assert_int_equal(strlen(entry->link), entry->link_len);
	assert_int_equal(pl_buf_printf(out, "%c %s", "-hlcbdpg"[entry->type], entry -> name), 0);
	if (entry->link_len)
		assert_int_equal(pl_buf_printf(out, " -> %s", entry->link), 0);
	if (entry->mode != 0644 || entry->uid != 1000 || entry->gid != 100)
		assert_int_equal(pl_buf_printf(out, " %o %u:%u", entry->mode, entry->uid, entry->gid), 0);
	if (entry->type == PL_TAR_CHAR || entry->type == PL_TAR_BLOCK)
		assert_int_equal(pl_buf_printf(out, " %u,%u", entry->major, entry->minor), 0);
}

static int read_content(struct pl_tar *tar, uint64_t most, struct pl_buf *out, struct pl_reason *reason)
{
	uint64_t have = 0;

	for (;;) {
		const uint8_t *bytes;
		size_t n;
		int r = pl_tar_read(tar, &bytes, &n, reason);

		if (r || !n)
			return r;
		have += n;
		if (have > most)
			return 0;
		for (size_t i = 0; i < n; i++)
			assert_int_equal(pl_buf_printf(out, bytes[i] ? "%c" : "_", bytes[i]), 0);
	}
}

/* All of a tar as text, a line for each entry, its content behind "=" (zeros as "_"), and what ended it. */
int list(size_t n, size_t chunk, bool content, struct pl_buf *out, struct pl_reason *reason_out)
{
	struct reading reading;
	bool ended = false;
	int r;

	open_tar(&reading, n, chunk);
	pl_buf_init(out, 64 << 20);
	assert_int_equal(pl_buf_puts(out, ""), 0);
	while (!(r = pl_tar_next(reading.tar, &reading.entry, &ended, &reading.reason)) && !ended) {
		describe(&reading.entry, out);
		if (content && reading.entry.size) {
			assert_int_equal(pl_buf_puts(out, "="), 0);
			r = read_content(reading.tar, UINT64_MAX, out, &reading.reason);
		}
		assert_int_equal(pl_buf_puts(out, "\n"), 0);
		if (r)
			break;
	}
	assert_int_equal(ended, !r);
	if (ended) {
		/* the end stays the end */
		assert_int_equal(pl_tar_next(reading.tar, &reading.entry, &ended, &reading.reason), 0);
		assert_true(ended);
	}
	if (reason_out)
		*reason_out = reading.reason;
	close_tar(&reading);
	return r;
}

/* What was made gives these lines, whatever pieces it comes in and whether its content is read or passed over. */
void expect(const char *lines)
{
	static const size_t chunks[] = { 0, 1, 2, 3, 7, 100, 511, 512, 513, 1000, 1024, 1536, 10000 };
	struct pl_buf out;

	for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
		assert_int_equal(list(made.len, chunks[i], true, &out, NULL), 0);
		assert_string_equal((char *)out.data, lines);
		pl_buf_deinit(&out);
		assert_int_equal(list(made.len, chunks[i], false, &out, NULL), 0);
		pl_buf_deinit(&out);
	}
	pl_buf_clear(&made);
}

/* What was made is refused, with a reason that says so. */
void expect_refusal(int verdict, const char *says)
{
	static const size_t chunks[] = { 0, 1, 100, 512, 1000 };

	for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
		struct pl_reason reason;
		struct pl_buf out;

		assert_int_equal(list(made.len, chunks[i], true, &out, &reason), verdict);
		pl_buf_deinit(&out);
		assert_non_null(strstr(reason.text, "tar, offset "));
		if (!strstr(reason.text, says))
			fail_msg("\"%s\" does not say \"%s\"", reason.text, says);
	}
	pl_buf_clear(&made);
}
