/* SPDX-License-Identifier: Apache-2.0 */
/* Streams: sources, seeking, digests, gzip and zstd. Compressed inputs are made by tests/data/streams/make.py. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "format/stream_internal.h"
#include "plimsoll/fd.h"
#include "plimsoll/limits.h"
#include "plimsoll/verdict.h"

static struct pl_buf lines; /* what lines.gz and its like hold */

static struct pl_buf fixture(const char *name)
{
	struct pl_buf buf;
	char path[4096];
	int fd;

	pl_buf_init(&buf, 1 << 20);
	snprintf(path, sizeof(path), "%s/streams/%s", PL_TEST_DATA, name);
	fd = pl_open(path, 0);
	assert_true(fd >= 0);
	assert_int_equal(pl_read_fd(fd, &buf), 0);
	close(fd);
	return buf;
}

static int make_lines(void **state)
{
	(void)state;
	pl_buf_init(&lines, 1 << 20);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(pl_buf_printf(&lines, "line %d of the load\n", i), 0);
	return 0;
}

static int free_lines(void **state)
{
	(void)state;
	pl_buf_deinit(&lines);
	return 0;
}

static struct pl_stream *memory(const void *bytes, size_t n, size_t chunk)
{
	struct pl_stream *stream;

	assert_int_equal(pl_stream_memory(bytes, n, chunk, &stream), 0);
	return stream;
}

/* Reads to the end, or to what stops it. */
static int read_all(struct pl_stream *stream, struct pl_buf *out, struct pl_reason *reason)
{
	const uint8_t *bytes;
	size_t n;
	int r;

	while (!(r = pl_stream_next(stream, &bytes, &n, reason)) && n)
		assert_int_equal(pl_buf_append(out, bytes, n), 0);
	/* what it said last it says again */
	assert_int_equal(pl_stream_next(stream, &bytes, &n, NULL), r);
	assert_int_equal(n, 0);
	return r;
}

/* Decompresses bytes that come in pieces; *out is made anew. */
static int decompress(const uint8_t *bytes, size_t n, size_t chunk, struct pl_buf *out, struct pl_reason *reason)
{
	/* at their exact size, for the sanitiser */
	uint8_t *exact = malloc(n ? n : 1);
	struct pl_stream *below = NULL, *stream = NULL;
	int r;

	assert_non_null(exact);
	if (n)
		memcpy(exact, bytes, n);
	below = memory(exact, n, chunk);
	pl_buf_init(out, (size_t)64 << 20);
	*reason = (struct pl_reason){ 0 };
	r = pl_stream_decompress(below, &stream, NULL, reason);
	if (!r)
		r = read_all(stream, out, reason);
	pl_stream_free(stream ? &stream : &below);
	free(exact);
	return r;
}

static int verdict_of(const uint8_t *bytes, size_t n, size_t chunk)
{
	struct pl_reason reason;
	struct pl_buf out;
	int r = decompress(bytes, n, chunk, &out, &reason);

	pl_buf_deinit(&out);
	if (r)
		assert_true(reason.text[0]);
	return r;
}

static bool is_lines(const struct pl_buf *out)
{
	return out->len == lines.len && !memcmp(out->data, lines.data, lines.len);
}

static void empty(void **state)
{
	PL_CLEANUP_STREAM struct pl_stream *stream = memory(NULL, 0, 0);
	enum pl_compression found = PL_COMPRESSION_GZIP;
	const uint8_t *bytes;
	uint64_t skipped;
	size_t n = 7;

	(void)state;
	assert_int_equal(pl_stream_skip(stream, 5, &skipped, NULL), 0);
	assert_int_equal(skipped, 0);
	assert_int_equal(pl_stream_decompress(stream, &stream, &found, NULL), 0);
	assert_int_equal(found, PL_COMPRESSION_NONE);
	assert_int_equal(pl_stream_next(stream, &bytes, &n, NULL), 0);
	assert_int_equal(n, 0);
	pl_stream_free(&stream);
	assert_null(stream);
	pl_stream_free(&stream);
}

static void memory_in_pieces(void **state)
{
	(void)state;
	for (size_t chunk = 0; chunk <= 40; chunk++) {
		PL_CLEANUP_STREAM struct pl_stream *stream = memory(lines.data, 30, chunk);
		PL_CLEANUP_BUF struct pl_buf out = { .data = NULL };
		const uint8_t *bytes;
		size_t n;

		pl_buf_init(&out, 100);
		assert_int_equal(pl_stream_next(stream, &bytes, &n, NULL), 0);
		assert_int_equal(n, !chunk || chunk > 30 ? 30 : chunk);
		assert_int_equal(pl_buf_append(&out, bytes, n), 0);
		assert_int_equal(read_all(stream, &out, NULL), 0);
		assert_int_equal(out.len, 30);
		assert_memory_equal(out.data, lines.data, 30);
	}
}

/* Skips to every place and further, and sees what comes there. */
static void skip_through(struct pl_stream *(*open)(void *), void *context, size_t total)
{
	for (size_t first = 0; first < total; first += total / 9 + 1) {
		for (size_t n = 0; n <= total + 10; n += total / 11 + 1) {
			PL_CLEANUP_STREAM struct pl_stream *stream = open(context);
			const size_t at = first + n < total ? first + n : total;
			const uint8_t *bytes;
			uint64_t skipped;
			size_t got;

			assert_int_equal(pl_stream_skip(stream, first, &skipped, NULL), 0);
			assert_int_equal(skipped, first);
			assert_int_equal(pl_stream_skip(stream, n, &skipped, NULL), 0);
			assert_int_equal(skipped, at - first);
			assert_int_equal(pl_stream_next(stream, &bytes, &got, NULL), 0);
			assert_int_equal(got == 0, at == total);
			if (got)
				assert_int_equal(*bytes, lines.data[at]);
		}
	}
}

static struct pl_stream *open_memory(void *context)
{
	return memory(lines.data, lines.len, *(size_t *)context);
}

static struct pl_stream *open_file(void *context)
{
	const int *fd = context;
	struct pl_stream *stream;

	assert_int_equal(lseek(*fd, 0, SEEK_SET), 0);
	assert_int_equal(pl_stream_file(*fd, &stream), 0);
	return stream;
}

static int lines_file(size_t times)
{
	char path[] = "/tmp/plimsoll-stream-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	for (size_t i = 0; i < times; i++)
		assert_int_equal(pl_write_full(fd, lines.data, lines.len), 0);
	return fd;
}

static void skipping(void **state)
{
	PL_CLEANUP_FD int fd = lines_file(1);

	(void)state;
	for (size_t chunk = 0; chunk < 5000; chunk = 2 * chunk + 1)
		skip_through(open_memory, &chunk, lines.len);
	skip_through(open_file, &fd, lines.len);
}

/* Far skips in a file are seeks: what lies between is not read. */
static void seeking(void **state)
{
	const size_t total = 64 * lines.len;
	PL_CLEANUP_FD int fd = lines_file(64);
	PL_CLEANUP_STREAM struct pl_stream *stream = NULL;
	struct pl_stream *plain;
	const uint8_t *bytes;
	uint64_t skipped;
	size_t n;

	(void)state;
	/* a stream begins where the descriptor stands */
	assert_int_equal(lseek(fd, 5, SEEK_SET), 5);
	assert_int_equal(pl_stream_file(fd, &stream), 0);
	assert_int_equal(pl_stream_decompress(stream, &plain, NULL, NULL), 0);
	stream = plain;
	assert_int_equal(pl_stream_skip(stream, total - 105, &skipped, NULL), 0);
	assert_int_equal(skipped, total - 105);
	assert_int_equal(pl_stream_next(stream, &bytes, &n, NULL), 0);
	assert_int_equal(n, 100);
	assert_memory_equal(bytes, lines.data + lines.len - 100, 100);
	/* past the end is the end */
	assert_int_equal(pl_stream_skip(stream, UINT64_MAX, &skipped, NULL), 0);
	assert_int_equal(skipped, 0);
}

static void pipes_cannot_seek(void **state)
{
	PL_CLEANUP_STREAM struct pl_stream *stream = NULL;
	const uint8_t *bytes;
	uint64_t skipped;
	size_t n;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pl_write_full(fds[1], lines.data, lines.len), 0);
	close(fds[1]);
	assert_int_equal(pl_stream_file(fds[0], &stream), 0);
	assert_int_equal(pl_stream_skip(stream, lines.len - 10, &skipped, NULL), 0);
	assert_int_equal(pl_stream_next(stream, &bytes, &n, NULL), 0);
	assert_int_equal(n, 10);
	assert_int_equal(pl_stream_skip(stream, 100000, &skipped, NULL), 0);
	assert_int_equal(skipped, 0);
	close(fds[0]);
}

static void unreadable_file(void **state)
{
	PL_CLEANUP_FD int fd = open("/tmp", O_RDONLY | O_DIRECTORY);
	PL_CLEANUP_STREAM struct pl_stream *stream = NULL;
	struct pl_reason reason = { 0 };
	const uint8_t *bytes;
	size_t n;

	(void)state;
	assert_int_equal(pl_stream_file(fd, &stream), 0);
	assert_int_equal(pl_stream_next(stream, &bytes, &n, &reason), -EISDIR);
	assert_non_null(strstr(reason.text, "offset 0"));
	assert_int_equal(pl_stream_next(stream, &bytes, &n, &reason), -EISDIR);
}

static void verified(void **state)
{
	struct pl_digest digest, wrong;

	(void)state;
	assert_int_equal(pl_digest_bytes(PL_DIGEST_SHA256, lines.data, lines.len, &digest), 0);
	wrong = digest;
	wrong.bytes[0] ^= 1;
	for (int skips = 0; skips <= 1; skips++) {
		for (int bad = 0; bad <= 1; bad++) {
			PL_CLEANUP_STREAM struct pl_stream *stream = memory(lines.data, lines.len, 77);
			PL_CLEANUP_BUF struct pl_buf out = { .data = NULL };
			struct pl_stream *verifying;
			struct pl_reason reason = { 0 };
			struct pl_digest_text text;
			uint64_t skipped;

			pl_buf_init(&out, 1 << 20);
			assert_int_equal(pl_stream_verify(stream, bad ? &wrong : &digest, &verifying), 0);
			stream = verifying;
			/* what is passed over counts too */
			if (skips)
				assert_int_equal(pl_stream_skip(stream, 5000, &skipped, &reason), 0);
			assert_int_equal(read_all(stream, &out, &reason), bad ? PL_BAD_DIGEST : 0);
			assert_int_equal(out.len, lines.len - (skips ? 5000 : 0));
			if (bad) {
				assert_non_null(strstr(reason.text, pl_digest_format(&digest, &text)));
				assert_non_null(strstr(reason.text, pl_digest_format(&wrong, &text)));
			}
		}
	}
}

static void verified_file_does_not_seek(void **state)
{
	PL_CLEANUP_FD int fd = lines_file(40);
	PL_CLEANUP_STREAM struct pl_stream *stream = NULL;
	struct pl_digest digest = { .algorithm = PL_DIGEST_SHA512 };
	struct pl_stream *above;
	uint64_t skipped;

	(void)state;
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(pl_stream_file(fd, &stream), 0);
	assert_int_equal(pl_stream_verify(stream, &digest, &above), 0);
	stream = above;
	assert_int_equal(pl_stream_decompress(stream, &above, NULL, NULL), 0);
	stream = above;
	assert_int_equal(pl_stream_skip(stream, UINT64_MAX, &skipped, NULL), PL_BAD_DIGEST);
	assert_int_equal(skipped, 40 * lines.len);
}

static void nothing_to_verify(void **state)
{
	PL_CLEANUP_STREAM struct pl_stream *stream = memory("", 0, 0);
	struct pl_digest none = { 0 };
	struct pl_stream *above = NULL;

	(void)state;
	assert_int_equal(pl_stream_verify(stream, &none, &above), -EINVAL);
	assert_null(above);
}

/* Plain bytes, however like something else they begin, and however they come. */
static void plain(void **state)
{
	static const char *const starts[] = { "x",
					      "\x1f",
					      "\x1f\x8b",
					      "\x1f\x8b\x07",
					      "\x28\xb5\x2f\xfe",
					      "\x60\x2a\x4d\x18",
					      "BZ",
					      "BZx",
					      "\xfd\x37\x7a\x58\x5a\x01",
					      "1234567" };

	(void)state;
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		for (size_t chunk = 0; chunk < 9; chunk++) {
			struct pl_reason reason;
			struct pl_buf out;

			assert_int_equal(
				decompress((const uint8_t *)starts[i], strlen(starts[i]), chunk, &out, &reason), 0);
			assert_int_equal(out.len, strlen(starts[i]));
			assert_memory_equal(out.data, starts[i], out.len);
			pl_buf_deinit(&out);
		}
	}
}

static void only_docker_reads_these(void **state)
{
	static const char xz[] = "\xfd\x37\x7a\x58\x5a\x00rest";

	(void)state;
	for (size_t chunk = 0; chunk < 9; chunk++) {
		assert_int_equal(verdict_of((const uint8_t *)"BZh91AY", 7, chunk), PL_BAD_UNSUPPORTED);
		assert_int_equal(verdict_of((const uint8_t *)xz, sizeof(xz) - 1, chunk), PL_BAD_UNSUPPORTED);
	}
}

static const char *const whole[] = { "lines.gz", "fields.gz", "stored.gz", "members.gz", "lines.zst", "frames.zst" };

static void decompressed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		PL_CLEANUP_BUF struct pl_buf in = fixture(whole[i]);

		for (size_t chunk = 0; chunk < 3000; chunk += chunk < 40 ? 1 : 397) {
			struct pl_reason reason;
			struct pl_buf out;

			assert_int_equal(decompress(in.data, in.len, chunk, &out, &reason), 0);
			assert_true(is_lines(&out));
			pl_buf_deinit(&out);
		}
	}
}

/* Where the input may end after all: between members or frames. */
static bool may_end(const char *name, size_t n)
{
	return !n || strcmp(name, "members.gz") == 0 || strcmp(name, "frames.zst") == 0;
}

static void cut_short(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		PL_CLEANUP_BUF struct pl_buf in = fixture(whole[i]);
		size_t ends = 0;

		for (size_t n = 0; n < in.len; n += strcmp(whole[i], "stored.gz") ? 1 : 97) {
			int r = verdict_of(in.data, n, n % 3 ? 0 : 13);

			/* shorter than its magic number it is nothing that one knows */
			if (n < 4 && r == 0)
				continue;
			ends += r == 0;
			assert_true(r == PL_BAD_TRUNCATED || (r == 0 && may_end(whole[i], n)));
		}
		assert_int_equal(ends, strcmp(whole[i], "members.gz") == 0   ? 3
				       : strcmp(whole[i], "frames.zst") == 0 ? 6
									     : 0);
	}
}

static void damaged(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		PL_CLEANUP_BUF struct pl_buf in = fixture(whole[i]);

		/* no damage passes for whole data, wherever it is; most of it is noticed, some (a file name) is of no matter */
		for (size_t at = 0; at < in.len; at += in.len / 501 + 1) {
			struct pl_reason reason;
			struct pl_buf out;

			in.data[at] ^= 0x10;
			if (!decompress(in.data, in.len, 0, &out, &reason))
				assert_true(is_lines(&out) || at < 6 || strcmp(whole[i], "frames.zst") == 0);
			pl_buf_deinit(&out);
			in.data[at] ^= 0x10;
		}
	}
}

static void check_sums(void **state)
{
	static const struct {
		const char *name;
		size_t from_end;
	} at[] = { { "lines.gz", 1 }, { "lines.gz", 5 }, { "lines.zst", 1 } };
	PL_CLEANUP_BUF struct pl_buf fields = fixture("fields.gz");

	(void)state;
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		PL_CLEANUP_BUF struct pl_buf in = fixture(at[i].name);

		in.data[in.len - at[i].from_end] ^= 1;
		assert_int_equal(verdict_of(in.data, in.len, 0), PL_BAD_SYNTAX);
	}
	/* the header's own, at the end of ten bytes, an extra field and two strings; it is looked at in pieces too */
	for (size_t chunk = 0; chunk < 300; chunk += 7) {
		fields.data[14] ^= 1;
		assert_int_equal(verdict_of(fields.data, fields.len, chunk), PL_BAD_SYNTAX);
		fields.data[14] ^= 1;
	}
}

/* How many bytes a stream gave before its verdict. */
static size_t given_before(int verdict, const char *name, const void *tail, size_t n, size_t chunk, const char *says)
{
	PL_CLEANUP_BUF struct pl_buf in = fixture(name);
	struct pl_reason reason;
	struct pl_buf out;
	size_t given;
	int r;

	assert_int_equal(pl_buf_append(&in, tail, n), 0);
	r = decompress(in.data, in.len, chunk, &out, &reason);
	assert_int_equal(r, verdict);
	if (says)
		assert_non_null(strstr(reason.text, says));
	given = out.len;
	pl_buf_deinit(&out);
	return given;
}

static void what_follows(void **state)
{
	static const uint8_t zeros[600];
	uint8_t late[600] = { [599] = 1 };

	(void)state;
	for (size_t chunk = 0; chunk < 1000; chunk += 111) {
		/* the data is whole, and given, before what follows it is judged */
		assert_int_equal(given_before(0, "lines.gz", zeros, 512, chunk, NULL), lines.len);
		assert_int_equal(given_before(0, "members.gz", zeros, 1, chunk, NULL), lines.len);
		assert_int_equal(given_before(PL_BAD_SYNTAX, "lines.gz", "junk", 4, chunk, "gzip, offset"), lines.len);
		assert_int_equal(given_before(PL_BAD_SYNTAX, "lines.gz", late, sizeof(late), chunk, "after the zeros"),
				 lines.len);
		assert_int_equal(given_before(PL_BAD_SYNTAX, "lines.gz", "\x1f\x8c\x08\0\0\0\0\0\0\0", 10, chunk, NULL),
				 lines.len);
		assert_int_equal(given_before(PL_BAD_TRUNCATED, "lines.gz", "\x1f\x8b", 2, chunk,
					      "ends within a header"),
				 lines.len);
		assert_int_equal(given_before(PL_BAD_SYNTAX, "lines.zst", "junk!", 5, chunk, "zstd, offset"),
				 lines.len);
		assert_int_equal(given_before(PL_BAD_SYNTAX, "frames.zst", zeros, 512, chunk, NULL), lines.len);
		assert_int_equal(given_before(PL_BAD_TRUNCATED, "lines.zst", "\x50\x2a\x4d\x18\x01\0\0\0", 8, chunk,
					      NULL),
				 lines.len);
	}
}

static void offsets_are_told(void **state)
{
	PL_CLEANUP_BUF struct pl_buf in = fixture("lines.gz");
	struct pl_reason reason;
	struct pl_buf out;
	char expected[64];

	(void)state;
	snprintf(expected, sizeof(expected), "gzip, offset %zu:", in.len);
	assert_int_equal(pl_buf_append(&in, "\x1f\x8b", 2), 0);
	snprintf(expected, sizeof(expected), "gzip, offset %zu:", in.len);
	assert_int_equal(decompress(in.data, in.len, 0, &out, &reason), PL_BAD_TRUNCATED);
	pl_buf_deinit(&out);
	assert_non_null(strstr(reason.text, expected));
	assert_int_equal(decompress((const uint8_t *)"\x1f\x8b\x08\x04\0\0\0\0\0\0\xff\xff", 12, 1, &out, &reason),
			 PL_BAD_TRUNCATED);
	pl_buf_deinit(&out);
	assert_string_equal(reason.text, "gzip, offset 12: ends within a header");
}

static void window_limit(void **state)
{
	PL_CLEANUP_BUF struct pl_buf in = fixture("window.zst");
	struct pl_reason reason;
	struct pl_buf out;

	(void)state;
	/* 2^27, by its frame header */
	assert_int_equal(decompress(in.data, in.len, 0, &out, &reason), PL_BAD_LIMIT);
	assert_non_null(strstr(reason.text, "zstd-window-log"));
	pl_buf_deinit(&out);
	/* 2^25 is the most, and one more mantissa step too much */
	in.data[5] = (25 - 10) << 3;
	assert_int_equal(decompress(in.data, in.len, 0, &out, &reason), 0);
	assert_true(is_lines(&out));
	pl_buf_deinit(&out);
	in.data[5]++;
	assert_int_equal(verdict_of(in.data, in.len, 0), PL_BAD_LIMIT);
}

static void dictionary(void **state)
{
	/* a frame of one byte that asks for dictionary 1 */
	static const uint8_t frame[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x21, 0x01, 0x01, 0x09, 0, 0, 'x' };

	(void)state;
	assert_int_equal(verdict_of(frame, sizeof(frame), 0), PL_BAD_UNSUPPORTED);
}

/* zstd makes 128 KiB of four bytes, without end: the ratio stops it, once it has cost something. */
static void expansion_limit(void **state)
{
	static const uint8_t head[] = { 0x28, 0xb5, 0x2f, 0xfd, 0, (20 - 10) << 3 };
	static const uint8_t block[] = { 0x02, 0, 0x10, 0 }; /* not the last, repeat one byte, 2^17 times */
	const size_t blocks = (size_t)(PL_RATIO_FREE_BYTES >> 17) + 10;
	PL_CLEANUP_BUF struct pl_buf bomb = { .data = NULL };
	PL_CLEANUP_STREAM struct pl_stream *stream = NULL;
	struct pl_stream *above;
	struct pl_reason reason = { 0 };
	uint64_t skipped;

	(void)state;
	pl_buf_init(&bomb, 1 << 20);
	assert_int_equal(pl_buf_append(&bomb, head, sizeof(head)), 0);
	for (size_t i = 0; i < blocks; i++)
		assert_int_equal(pl_buf_append(&bomb, block, sizeof(block)), 0);
	stream = memory(bomb.data, bomb.len, 0);
	assert_int_equal(pl_stream_decompress(stream, &above, NULL, &reason), 0);
	stream = above;
	assert_int_equal(pl_stream_skip(stream, UINT64_MAX, &skipped, &reason), PL_BAD_LIMIT);
	assert_non_null(strstr(reason.text, "expansion"));
	assert_true(skipped <= PL_RATIO_FREE_BYTES);
}

static void size_limit(void **state)
{
	(void)state;
	for (size_t chunk = 0; chunk < 2; chunk++) {
		for (uint64_t over = 0; over <= 1; over++) {
			PL_CLEANUP_FD int fd = lines_file(4);
			PL_CLEANUP_STREAM struct pl_stream *stream = NULL;
			struct pl_reason reason = { 0 };
			struct pl_stream *above;
			uint64_t skipped;

			assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
			assert_int_equal(pl_stream_file(fd, &stream), 0);
			assert_int_equal(pl_stream_decompress(stream, &above, NULL, &reason), 0);
			stream = above;
			assert_true(stream->max_bytes == PL_MAX_LAYER_BYTES);
			stream->max_bytes = 4 * lines.len - over;
			assert_int_equal(pl_stream_skip(stream, chunk ? UINT64_MAX : 1000, &skipped, &reason),
					 chunk && over ? PL_BAD_LIMIT : 0);
			assert_int_equal(pl_stream_skip(stream, UINT64_MAX, &skipped, &reason),
					 over ? PL_BAD_LIMIT : 0);
			assert_int_equal(strstr(reason.text, "layer-bytes") != NULL, over);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty),
		cmocka_unit_test(memory_in_pieces),
		cmocka_unit_test(skipping),
		cmocka_unit_test(seeking),
		cmocka_unit_test(pipes_cannot_seek),
		cmocka_unit_test(unreadable_file),
		cmocka_unit_test(verified),
		cmocka_unit_test(verified_file_does_not_seek),
		cmocka_unit_test(nothing_to_verify),
		cmocka_unit_test(plain),
		cmocka_unit_test(only_docker_reads_these),
		cmocka_unit_test(decompressed),
		cmocka_unit_test(cut_short),
		cmocka_unit_test(damaged),
		cmocka_unit_test(check_sums),
		cmocka_unit_test(what_follows),
		cmocka_unit_test(offsets_are_told),
		cmocka_unit_test(window_limit),
		cmocka_unit_test(dictionary),
		cmocka_unit_test(expansion_limit),
		cmocka_unit_test(size_limit),
	};

	return cmocka_run_group_tests(tests, make_lines, free_lines);
}
