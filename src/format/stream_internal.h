/* SPDX-License-Identifier: Apache-2.0 */
/* What a stream is inside: the part that all share, and the few functions that differ. */
#pragma once

#include <stdbool.h>

#include "plimsoll/stream.h"

/* The longest of the first bytes that tell how a blob is compressed (xz). */
#define PL_STREAM_PEEK_BYTES 6

/* Bytes that a stream lends. */
struct pl_chunk {
	const uint8_t *bytes;
	size_t n;
};

struct pl_stream_ops {
	/* As pl_stream_next; never called again after the end or a failure. */
	int (*next)(struct pl_stream *stream, struct pl_chunk *out, struct pl_reason *reason);
	/* Passes over at most `n` bytes if that is cheaper than reading them, else none; may be null. */
	int (*skip)(struct pl_stream *stream, uint64_t n, uint64_t *skipped_out, struct pl_reason *reason);
	/* Frees what the stream owns, itself included, but not what lies below. */
	void (*free)(struct pl_stream *stream);
};

struct pl_stream {
	const struct pl_stream_ops *ops;
	struct pl_stream *below; /* owned; null for a source */
	struct pl_chunk pending; /* read but not given yet, and what comes after it */
	struct pl_chunk after;
	uint8_t peeked[PL_STREAM_PEEK_BYTES];
	uint64_t offset;    /* bytes that ops gave or skipped */
	uint64_t max_bytes; /* of them; 0: no matter how many */
	bool expands;       /* PL_MAX_EXPANSION holds for `offset` against the one below */
	bool ended;
	int failed;
};

/* How far into the stream its reader is. */
static inline uint64_t pl_stream_position(const struct pl_stream *stream)
{
	return stream->offset - stream->pending.n - stream->after.n;
}

/*
 * The first PL_STREAM_PEEK_BYTES, or fewer when that is all, without taking them.
 * Return: as pl_stream_next.
 */
int pl_stream_peek(struct pl_stream *stream, struct pl_chunk *out, struct pl_reason *reason)
	__attribute__((warn_unused_result));

/* The decompressors. They own `below` once they returned 0. Return: 0, -ENOMEM. */
int pl_stream_gunzip(struct pl_stream *below, struct pl_stream **out) __attribute__((warn_unused_result));
int pl_stream_unzstd(struct pl_stream *below, struct pl_stream **out) __attribute__((warn_unused_result));
