/* SPDX-License-Identifier: Apache-2.0 */
#include "stream_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One read: large enough that system calls do not show beside decompression, small beside the memory ceiling. */
#define FILE_CHUNK ((size_t)64 << 10)
/* The longest magic number that is looked for. */
#define MAGIC_BYTES 6

int pl_stream_next(struct pl_stream *stream, const uint8_t **bytes_out, size_t *n_out, struct pl_reason *reason)
{
	*n_out = 0;
	if (stream->n_rest) {
		*bytes_out = stream->rest;
		*n_out = stream->n_rest;
		stream->n_rest = 0;
		return 0;
	}
	if (stream->ended)
		return stream->result;
	stream->result = stream->ops->next(stream, bytes_out, n_out, reason);
	stream->ended = stream->result || !*n_out;
	if (stream->result)
		*n_out = 0;
	return stream->result;
}

int pl_stream_skip(struct pl_stream *stream, uint64_t n, uint64_t *skipped_out, struct pl_reason *reason)
{
	uint64_t left = n;
	int r = 0;

	while (left) {
		const uint8_t *bytes = NULL;
		size_t got = 0;

		if (!stream->n_rest && !stream->ended && stream->ops->seek) {
			uint64_t passed = 0;

			r = stream->ops->seek(stream, left, &passed, reason);
			left -= passed;
			if (r || !left)
				break;
		}
		r = pl_stream_next(stream, &bytes, &got, reason);
		if (r || !got)
			break;
		if (got > left) {
			stream->rest = bytes + left;
			stream->n_rest = got - (size_t)left;
			got = (size_t)left;
		}
		left -= got;
	}
	*skipped_out = n - left;
	return r;
}

void pl_stream_free(struct pl_stream **stream)
{
	struct pl_stream *s = *stream;

	while (s) {
		struct pl_stream *below = s->below;

		if (s->ops->free)
			s->ops->free(s);
		free(s);
		s = below;
	}
	*stream = NULL;
}

int pl_stream_check_expansion(uint64_t in, uint64_t out, struct pl_reason *reason)
{
	if (out > PL_MAX_LAYER_BYTES) {
		pl_reason_limit(reason, "layer-bytes", PL_MAX_LAYER_BYTES);
		return PL_BAD_LIMIT;
	}
	if (out > PL_RATIO_FREE_BYTES && out / PL_MAX_EXPANSION > in) {
		pl_reason_limit(reason, "expansion", PL_MAX_EXPANSION);
		return PL_BAD_LIMIT;
	}
	return 0;
}

struct file_stream {
	struct pl_stream base;
	int fd;
	bool seekable;
	uint64_t at; /* offset of the next read, when seekable */
	uint64_t size;
	uint8_t bytes[FILE_CHUNK];
};

static int file_next(struct pl_stream *stream, const uint8_t **bytes_out, size_t *n_out, struct pl_reason *reason)
{
	struct file_stream *file = (struct file_stream *)stream;
	ssize_t n;

	do {
		n = read(file->fd, file->bytes, sizeof(file->bytes));
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		int error = errno;

		pl_reason_set(reason, "cannot be read: %s", strerror(error));
		return -error;
	}
	file->at += (uint64_t)n;
	*bytes_out = file->bytes;
	*n_out = (size_t)n;
	return 0;
}

static int file_seek(struct pl_stream *stream, uint64_t n, uint64_t *skipped_out, struct pl_reason *reason)
{
	struct file_stream *file = (struct file_stream *)stream;

	(void)reason;
	*skipped_out = 0;
	/* near bytes come with the next read anyway */
	if (!file->seekable || n < FILE_CHUNK || file->at >= file->size)
		return 0;
	if (n > file->size - file->at)
		n = file->size - file->at;
	if (lseek(file->fd, (off_t)n, SEEK_CUR) < 0)
		return 0;
	file->at += n;
	*skipped_out = n;
	return 0;
}

int pl_stream_file(int fd, struct pl_stream **out)
{
	static const struct pl_stream_ops ops = { .next = file_next, .seek = file_seek };
	struct file_stream *file = calloc(1, sizeof(*file));
	struct stat st;
	off_t at;

	if (!file)
		return -ENOMEM;
	file->base.ops = &ops;
	file->fd = fd;
	at = lseek(fd, 0, SEEK_CUR);
	if (at >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode)) {
		file->seekable = true;
		file->at = (uint64_t)at;
		file->size = (uint64_t)st.st_size;
	}
	*out = &file->base;
	return 0;
}

struct memory_stream {
	struct pl_stream base;
	const uint8_t *bytes;
	size_t left;
	size_t chunk;
};

static int memory_next(struct pl_stream *stream, const uint8_t **bytes_out, size_t *n_out, struct pl_reason *reason)
{
	struct memory_stream *memory = (struct memory_stream *)stream;
	size_t n = memory->left < memory->chunk ? memory->left : memory->chunk;

	(void)reason;
	*bytes_out = memory->bytes;
	*n_out = n;
	memory->bytes += n;
	memory->left -= n;
	return 0;
}

int pl_stream_memory(const void *bytes, size_t n, size_t chunk, struct pl_stream **out)
{
	static const struct pl_stream_ops ops = { .next = memory_next };
	struct memory_stream *memory = calloc(1, sizeof(*memory));

	if (!memory)
		return -ENOMEM;
	memory->base.ops = &ops;
	memory->bytes = bytes;
	memory->left = n;
	memory->chunk = chunk ? chunk : SIZE_MAX;
	*out = &memory->base;
	return 0;
}

struct verify_stream {
	struct pl_stream base;
	struct pl_hash *hash;
	struct pl_digest expected;
};

static int verify_next(struct pl_stream *stream, const uint8_t **bytes_out, size_t *n_out, struct pl_reason *reason)
{
	struct verify_stream *verify = (struct verify_stream *)stream;
	struct pl_digest_text expected, found;
	struct pl_digest digest;
	int r = pl_stream_next(stream->below, bytes_out, n_out, reason);

	if (r)
		return r;
	if (*n_out) {
		pl_hash_update(verify->hash, *bytes_out, *n_out);
		return 0;
	}
	pl_hash_finish(verify->hash, &digest);
	if (pl_digest_equal(&digest, &verify->expected))
		return 0;
	pl_reason_set(reason, "digest mismatch: should be %s, is %s", pl_digest_format(&verify->expected, &expected),
		      pl_digest_format(&digest, &found));
	return PL_BAD_DIGEST;
}

static void verify_free(struct pl_stream *stream)
{
	pl_hash_free(&((struct verify_stream *)stream)->hash);
}

int pl_stream_verify(struct pl_stream *below, const struct pl_digest *expected, struct pl_stream **out)
{
	static const struct pl_stream_ops ops = { .next = verify_next, .free = verify_free };
	struct verify_stream *verify = calloc(1, sizeof(*verify));
	int r;

	if (!verify)
		return -ENOMEM;
	verify->base.ops = &ops;
	verify->expected = *expected;
	r = pl_hash_new(expected->algorithm, &verify->hash);
	if (r) {
		free(verify);
		return r;
	}
	verify->base.below = below;
	*out = &verify->base;
	return 0;
}

/* Gives back the bytes that were looked at, then what follows them. */
struct sniffed_stream {
	struct pl_stream base;
	uint8_t magic[MAGIC_BYTES];
	size_t n_magic;
};

static int sniffed_next(struct pl_stream *stream, const uint8_t **bytes_out, size_t *n_out, struct pl_reason *reason)
{
	struct sniffed_stream *sniffed = (struct sniffed_stream *)stream;

	if (!sniffed->n_magic)
		return pl_stream_next(stream->below, bytes_out, n_out, reason);
	*bytes_out = sniffed->magic;
	*n_out = sniffed->n_magic;
	sniffed->n_magic = 0;
	return 0;
}

static int sniffed_seek(struct pl_stream *stream, uint64_t n, uint64_t *skipped_out, struct pl_reason *reason)
{
	*skipped_out = 0;
	if (((struct sniffed_stream *)stream)->n_magic)
		return 0;
	return pl_stream_skip(stream->below, n, skipped_out, reason);
}

/* Looks at the first bytes, which may come in several chunks. */
static int read_magic(struct pl_stream *below, struct sniffed_stream *sniffed, struct pl_reason *reason)
{
	while (sniffed->n_magic < MAGIC_BYTES) {
		const uint8_t *bytes = NULL;
		size_t n = 0, take;
		int r = pl_stream_next(below, &bytes, &n, reason);

		if (r || !n)
			return r;
		take = n < MAGIC_BYTES - sniffed->n_magic ? n : MAGIC_BYTES - sniffed->n_magic;
		memcpy(sniffed->magic + sniffed->n_magic, bytes, take);
		sniffed->n_magic += take;
		if (take < n) {
			below->rest = bytes + take;
			below->n_rest = n - take;
		}
	}
	return 0;
}

static int recognise(const struct sniffed_stream *sniffed, enum pl_compression *out, struct pl_reason *reason)
{
	const uint8_t *m = sniffed->magic;
	const size_t n = sniffed->n_magic;

	*out = PL_COMPRESSION_NONE;
	if (n >= 3 && m[0] == 0x1f && m[1] == 0x8b && m[2] == 8)
		*out = PL_COMPRESSION_GZIP;
	else if (n >= 4 && ((m[0] == 0x28 && m[1] == 0xb5) || ((m[0] & 0xf0) == 0x50 && m[1] == 0x2a)) &&
		 m[2] == (m[0] == 0x28 ? 0x2f : 0x4d) && m[3] == (m[0] == 0x28 ? 0xfd : 0x18))
		*out = PL_COMPRESSION_ZSTD;
	else if (n >= 3 && !memcmp(m, "BZh", 3))
		goto unsupported;
	else if (n >= 6 && !memcmp(m, "\xfd" "7zXZ", 6))
		goto unsupported;
	return 0;
unsupported:
	pl_reason_set(reason, "compressed with %s, which only docker reads, by a program of the host", m[0] == 'B' ? "bzip2" : "xz");
	return PL_BAD_UNSUPPORTED;
}

int pl_stream_decompress(struct pl_stream *below, struct pl_stream **out, enum pl_compression *found_out, struct pl_reason *reason)
{
	static const struct pl_stream_ops ops = { .next = sniffed_next, .seek = sniffed_seek };
	struct sniffed_stream *sniffed = calloc(1, sizeof(*sniffed));
	enum pl_compression found = PL_COMPRESSION_NONE;
	struct pl_stream *stream;
	int r;

	if (!sniffed)
		return -ENOMEM;
	sniffed->base.ops = &ops;
	stream = &sniffed->base;
	r = read_magic(below, sniffed, reason);
	if (!r)
		r = recognise(sniffed, &found, reason);
	if (!r && found == PL_COMPRESSION_GZIP)
		r = pl_stream_gunzip(&sniffed->base, &stream);
	if (!r && found == PL_COMPRESSION_ZSTD)
		r = pl_stream_unzstd(&sniffed->base, &stream);
	if (r) {
		free(sniffed);
		return r;
	}
	sniffed->base.below = below;
	if (found_out)
		*found_out = found;
	*out = stream;
	return 0;
}
