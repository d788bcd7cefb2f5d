/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that come chunk by chunk, never all at once: a file, the digest of what passes, a decompressor, each reading
 * from the one before. A chunk is borrowed: it is good until the next call on the same stream.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "plimsoll/digest.h"
#include "plimsoll/reason.h"

struct pl_stream;

/*
 * The next chunk; *n_out == 0 is the end and stays the end.
 * Return: 0; -errno; PL_BAD_TRUNCATED, PL_BAD_SYNTAX, PL_BAD_LIMIT, PL_BAD_UNSUPPORTED or PL_BAD_DIGEST with a reason
 * that names the offset in the stream's own input.
 */
int pl_stream_next(struct pl_stream *stream, const uint8_t **bytes_out, size_t *n_out, struct pl_reason *reason)
	__attribute__((warn_unused_result));

/*
 * Passes over up to `n` bytes without giving them; a file below seeks when nothing else needs the bytes.
 * *skipped_out is short only at the end. Returns as pl_stream_next.
 */
int pl_stream_skip(struct pl_stream *stream, uint64_t n, uint64_t *skipped_out, struct pl_reason *reason)
	__attribute__((warn_unused_result));

/* Frees a stream and all it reads from (not the file descriptor); null is fine. */
void pl_stream_free(struct pl_stream **stream);
#define PL_CLEANUP_STREAM __attribute__((cleanup(pl_stream_free)))

/* A file from its current offset; `fd` stays the caller's. */
int pl_stream_file(int fd, struct pl_stream **out) __attribute__((warn_unused_result));
/* Bytes in memory (borrowed), given in chunks of at most `chunk` bytes (0: all at once); for tests and fuzzers. */
int pl_stream_memory(const void *bytes, size_t n, size_t chunk, struct pl_stream **out)
	__attribute__((warn_unused_result));

/* All that passes is hashed; at the end it must be `expected`, else PL_BAD_DIGEST. Owns `below` once it returned 0. */
int pl_stream_verify(struct pl_stream *below, const struct pl_digest *expected, struct pl_stream **out)
	__attribute__((warn_unused_result));

enum pl_compression { PL_COMPRESSION_NONE, PL_COMPRESSION_GZIP, PL_COMPRESSION_ZSTD };

/*
 * What the first bytes say: gzip (RFC 1952), zstd (RFC 8878, a leading skippable frame included), else plain, as every
 * engine finds it out (media types lie). bzip2 and xz are PL_BAD_UNSUPPORTED: containerd does not read them.
 * Wraps `below`, which it owns once it returned 0; *found_out may be null.
 *
 * gzip: all members are one stream. Bytes after the last member that are no gzip header: zeros are padding; others end
 * in PL_BAD_SYNTAX (Go's decoder, containerd and podman without an external gzip, refuses them).
 * zstd: frames and skippable frames in any order; windows up to PL_MAX_ZSTD_WINDOW_LOG.
 * Both: a truncated end is PL_BAD_TRUNCATED, checksums are verified, PL_MAX_LAYER_BYTES and PL_MAX_EXPANSION hold.
 */
int pl_stream_decompress(struct pl_stream *below, struct pl_stream **out, enum pl_compression *found_out,
			 struct pl_reason *reason) __attribute__((warn_unused_result));
