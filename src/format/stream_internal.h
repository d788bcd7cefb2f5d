/* SPDX-License-Identifier: Apache-2.0 */
/* What a kind of stream gives to pl_stream_next and its kin. Each kind begins with a struct pl_stream. */
#pragma once

#include <stdbool.h>

#include "plimsoll/stream.h"
#include "plimsoll/verdict.h"

struct pl_stream_ops {
	/* The next chunk; never called again after it ended or failed. */
	int (*next)(struct pl_stream *stream, const uint8_t **bytes_out, size_t *n_out, struct pl_reason *reason);
	/* Passes over at most `n` bytes in one go without reading them; null when every byte must be seen. */
	int (*seek)(struct pl_stream *stream, uint64_t n, uint64_t *skipped_out, struct pl_reason *reason);
	void (*free)(struct pl_stream *stream); /* all but `below`; null: plain free() */
};

struct pl_stream {
	const struct pl_stream_ops *ops;
	struct pl_stream *below;
	const uint8_t *rest; /* of a chunk that was skipped in part */
	size_t n_rest;
	int result; /* of a failed next: said again each time */
	bool ended;
};

/* gzip.c, zstd.c. They own `below` once they returned 0. */
int pl_stream_gunzip(struct pl_stream *below, struct pl_stream **out) __attribute__((warn_unused_result));
int pl_stream_unzstd(struct pl_stream *below, struct pl_stream **out) __attribute__((warn_unused_result));

/* Bytes in and out of a decompressor so far, held against PL_MAX_LAYER_BYTES and PL_MAX_EXPANSION. */
int pl_stream_check_expansion(uint64_t in, uint64_t out, struct pl_reason *reason) __attribute__((warn_unused_result));
