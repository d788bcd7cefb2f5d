/* SPDX-License-Identifier: Apache-2.0 */
/* The shared part of all streams, the two sources (a file, memory), the verifier, and the choice of a decompressor. */
#include "format/stream_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plimsoll/limits.h"
#include "plimsoll/verdict.h"

/* Read from a file at a time: large enough that the calls do not count, small enough to stay in the second-level cache. */
#define FILE_CHUNK_BYTES 65536
/* The most that a memory stream gives at once: decompressors count in 32 bits. */
#define MEMORY_CHUNK_BYTES ((size_t)1 << 30)

static int check_limits(const struct pl_stream *stream, struct pl_reason *reason)
{
	if (stream->max_bytes && stream->offset > stream->max_bytes) {
		pl_reason_limit(reason, "layer-bytes", stream->max_bytes);
		return PL_BAD_LIMIT;
	}
	if (stream->expands && stream->offset > PL_RATIO_FREE_BYTES &&
	    stream->offset / PL_MAX_EXPANSION > stream->below->offset) {
		pl_reason_limit(reason, "expansion", PL_MAX_EXPANSION);
		return PL_BAD_LIMIT;
	}
	return 0;
}

static int advance(struct pl_stream *stream, struct pl_chunk *out, struct pl_reason *reason)
{
	*out = (struct pl_chunk){ 0 };
	if (stream->failed || stream->ended)
		return stream->failed;
	stream->failed = stream->ops->next(stream, out, reason);
	if (stream->failed)
		return stream->failed;
	stream->ended = !out->n;
	stream->offset += out->n;
	stream->failed = check_limits(stream, reason);
	return stream->failed;
}

int pl_stream_next(struct pl_stream *stream, const uint8_t **bytes_out, size_t *n_out, struct pl_reason *reason)
{
	struct pl_chunk chunk = stream->pending;
	int r = 0;

	stream->pending = stream->after;
	stream->after = (struct pl_chunk){ 0 };
	if (!chunk.n)
		r = advance(stream, &chunk, reason);
	*bytes_out = chunk.bytes;
	*n_out = r ? 0 : chunk.n;
	return r;
}

/* Lets the operations pass over bytes in their own way. */
static int skip_cheaply(struct pl_stream *stream, uint64_t n, uint64_t *skipped_out, struct pl_reason *reason)
{
	*skipped_out = 0;
	if (!stream->ops->skip || stream->pending.n || stream->ended || stream->failed)
		return 0;
	stream->failed = stream->ops->skip(stream, n, skipped_out, reason);
	stream->offset += *skipped_out;
	if (!stream->failed)
		stream->failed = check_limits(stream, reason);
	return stream->failed;
}

int pl_stream_skip(struct pl_stream *stream, uint64_t n, uint64_t *skipped_out, struct pl_reason *reason)
{
	*skipped_out = 0;
	while (*skipped_out < n) {
		struct pl_chunk chunk;
		uint64_t skipped;
		int r = skip_cheaply(stream, n - *skipped_out, &skipped, reason);

		*skipped_out += skipped;
		if (r || *skipped_out == n)
			return r;
		r = pl_stream_next(stream, &chunk.bytes, &chunk.n, reason);
		if (r || !chunk.n)
			return r;
		if (chunk.n > n - *skipped_out) {
			size_t taken = (size_t)(n - *skipped_out);

			stream->after = stream->pending;
			stream->pending = (struct pl_chunk){ chunk.bytes + taken, chunk.n - taken };
			chunk.n = taken;
		}
		*skipped_out += chunk.n;
	}
	return 0;
}

int pl_stream_peek(struct pl_stream *stream, struct pl_chunk *out, struct pl_reason *reason)
{
	struct pl_chunk chunk;
	size_t have = 0;
	int r = pl_stream_next(stream, &chunk.bytes, &chunk.n, reason);

	while (!r && chunk.n && have + chunk.n < PL_STREAM_PEEK_BYTES) {
		memcpy(stream->peeked + have, chunk.bytes, chunk.n);
		have += chunk.n;
		r = pl_stream_next(stream, &chunk.bytes, &chunk.n, reason);
	}
	if (r)
		return r;
	if (!have) {
		stream->pending = chunk;
	} else {
		/* the first bytes came in pieces: they are put together, and the rest of the last piece follows them */
		size_t more = chunk.n < sizeof(stream->peeked) - have ? chunk.n : sizeof(stream->peeked) - have;

		if (more)
			memcpy(stream->peeked + have, chunk.bytes, more);
		stream->pending = (struct pl_chunk){ stream->peeked, have + more };
		stream->after = (struct pl_chunk){ chunk.bytes + more, chunk.n - more };
	}
	*out = stream->pending;
	return 0;
}

void pl_stream_free(struct pl_stream **stream)
{
	struct pl_stream *next = *stream;

	*stream = NULL;
	while (next) {
		struct pl_stream *below = next->below;

		next->ops->free(next);
		next = below;
	}
}

struct file_stream {
	struct pl_stream base;
	int fd;
	uint8_t chunk[FILE_CHUNK_BYTES];
};

static int file_next(struct pl_stream *stream, struct pl_chunk *out, struct pl_reason *reason)
{
	struct file_stream *file = (struct file_stream *)stream;
	ssize_t n;

	do
		n = read(file->fd, file->chunk, sizeof(file->chunk));
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		n = -errno;
		pl_reason_set(reason, "reading at offset %llu: %s", (unsigned long long)stream->offset,
			      strerror((int)-n));
		return (int)n;
	}
	*out = (struct pl_chunk){ file->chunk, (size_t)n };
	return 0;
}

static int file_skip(struct pl_stream *stream, uint64_t n, uint64_t *skipped_out, struct pl_reason *reason)
{
	struct file_stream *file = (struct file_stream *)stream;
	struct stat st;
	off_t at, left;

	(void)reason;
	if (n < FILE_CHUNK_BYTES || fstat(file->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	at = lseek(file->fd, 0, SEEK_CUR);
	left = st.st_size - at; /* seeking past the end would succeed */
	if (at < 0 || left <= 0)
		return 0;
	if ((uint64_t)left > n)
		left = (off_t)n;
	if (lseek(file->fd, left, SEEK_CUR) >= 0)
		*skipped_out = (uint64_t)left;
	return 0;
}

static void free_plain(struct pl_stream *stream)
{
	free(stream);
}

int pl_stream_file(int fd, struct pl_stream **out)
{
	static const struct pl_stream_ops ops = { file_next, file_skip, free_plain };
	struct file_stream *file = malloc(sizeof(*file));

	if (!file)
		return -ENOMEM;
	file->base = (struct pl_stream){ .ops = &ops };
	file->fd = fd;
	*out = &file->base;
	return 0;
}

struct memory_stream {
	struct pl_stream base;
	struct pl_chunk left;
	size_t chunk;
};

static int memory_next(struct pl_stream *stream, struct pl_chunk *out, struct pl_reason *reason)
{
	struct memory_stream *memory = (struct memory_stream *)stream;
	size_t n = memory->left.n < memory->chunk ? memory->left.n : memory->chunk;

	(void)reason;
	*out = (struct pl_chunk){ memory->left.bytes, n };
	if (n)
		memory->left.bytes += n;
	memory->left.n -= n;
	return 0;
}

int pl_stream_memory(const void *bytes, size_t n, size_t chunk, struct pl_stream **out)
{
	static const struct pl_stream_ops ops = { memory_next, NULL, free_plain };
	struct memory_stream *memory = calloc(1, sizeof(*memory));

	if (!memory)
		return -ENOMEM;
	memory->base.ops = &ops;
	memory->left = (struct pl_chunk){ bytes, n };
	memory->chunk = chunk ? chunk : MEMORY_CHUNK_BYTES;
	*out = &memory->base;
	return 0;
}

struct verify_stream {
	struct pl_stream base;
	struct pl_hash *hash;
	struct pl_digest expected;
};

static int verify_next(struct pl_stream *stream, struct pl_chunk *out, struct pl_reason *reason)
{
	struct verify_stream *verify = (struct verify_stream *)stream;
	struct pl_digest_text expected, found;
	struct pl_digest digest;
	int r = pl_stream_next(stream->below, &out->bytes, &out->n, reason);

	if (r)
		return r;
	if (out->n) {
		pl_hash_update(verify->hash, out->bytes, out->n);
		return 0;
	}
	pl_hash_finish(verify->hash, &digest);
	if (pl_digest_equal(&digest, &verify->expected))
		return 0;
	pl_reason_set(reason, "its %llu bytes have the digest %s, not %s", (unsigned long long)stream->offset,
		      pl_digest_format(&digest, &found), pl_digest_format(&verify->expected, &expected));
	return PL_BAD_DIGEST;
}

static void verify_free(struct pl_stream *stream)
{
	struct verify_stream *verify = (struct verify_stream *)stream;

	pl_hash_free(&verify->hash);
	free(verify);
}

int pl_stream_verify(struct pl_stream *below, const struct pl_digest *expected, struct pl_stream **out)
{
	static const struct pl_stream_ops ops = { verify_next, NULL, verify_free };
	struct verify_stream *verify = calloc(1, sizeof(*verify));
	int r;

	if (!verify)
		return -ENOMEM;
	r = pl_hash_new(expected->algorithm, &verify->hash);
	if (r) {
		free(verify);
		return r;
	}
	verify->expected = *expected;
	verify->base.ops = &ops;
	verify->base.below = below;
	*out = &verify->base;
	return 0;
}

static bool begins(const struct pl_chunk *head, const char *magic, size_t n)
{
	return head->n >= n && !memcmp(head->bytes, magic, n);
}

/* moby/go-archive:compression/compression_detect.go, containerd/containerd:pkg/archive/compression/compression.go */
static enum pl_compression sniff(const struct pl_chunk *head, const char **unsupported_out)
{
	*unsupported_out = NULL;
	if (begins(head, "\x1f\x8b\x08", 3))
		return PL_COMPRESSION_GZIP;
	/* a zstd frame, or one to be skipped, whose first byte is 50 to 5f */
	if (begins(head, "\x28\xb5\x2f\xfd", 4))
		return PL_COMPRESSION_ZSTD;
	if (head->n >= 4 && (head->bytes[0] & 0xf0) == 0x50 && !memcmp(head->bytes + 1, "\x2a\x4d\x18", 3))
		return PL_COMPRESSION_ZSTD;
	if (begins(head, "BZh", 3))
		*unsupported_out = "bzip2";
	else if (begins(head, "\xfd\x37\x7a\x58\x5a\x00", 6))
		*unsupported_out = "xz";
	return PL_COMPRESSION_NONE;
}

int pl_stream_decompress(struct pl_stream *below, struct pl_stream **out, enum pl_compression *found_out,
			 struct pl_reason *reason)
{
	struct pl_stream *stream = below;
	enum pl_compression found;
	const char *unsupported;
	struct pl_chunk head;
	int r = pl_stream_peek(below, &head, reason);

	if (r)
		return r;
	found = sniff(&head, &unsupported);
	if (unsupported) {
		pl_reason_set(reason, "compressed with %s, which docker and podman read and containerd does not",
			      unsupported);
		return PL_BAD_UNSUPPORTED;
	}
	if (found == PL_COMPRESSION_GZIP)
		r = pl_stream_gunzip(below, &stream);
	else if (found == PL_COMPRESSION_ZSTD)
		r = pl_stream_unzstd(below, &stream);
	if (r)
		return r;
	stream->expands = found != PL_COMPRESSION_NONE;
	stream->max_bytes = PL_MAX_LAYER_BYTES;
	if (found_out)
		*found_out = found;
	*out = stream;
	return 0;
}
