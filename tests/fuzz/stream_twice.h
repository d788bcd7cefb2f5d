/* SPDX-License-Identifier: Apache-2.0 */
/* Decompresses an input whole and in small pieces; how it comes must not matter. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "format/stream_internal.h"

/* More than this of a bomb teaches nothing. */
#define STREAM_TWICE_BYTES ((uint64_t)4 << 20)

struct stream_outcome {
	int verdict;
	bool enough; /* stopped before its end */
	uint64_t n;
	uint64_t hash;
};

typedef int open_stream(struct pl_stream *below, struct pl_stream **out);

static inline struct stream_outcome stream_once(open_stream *open, const uint8_t *data, size_t size, size_t chunk)
{
	struct stream_outcome outcome = { .hash = 0xcbf29ce484222325u };
	PL_CLEANUP_STREAM struct pl_stream *stream = NULL;
	struct pl_stream *above;
	struct pl_reason reason = { 0 };
	const uint8_t *bytes;
	size_t n = 1;

	if (pl_stream_memory(data, size, chunk, &stream) || open(stream, &above))
		abort();
	stream = above;
	while (!outcome.verdict && n && !outcome.enough) {
		outcome.verdict = pl_stream_next(stream, &bytes, &n, &reason);
		for (size_t i = 0; i < n; i++)
			outcome.hash = (outcome.hash ^ bytes[i]) * 0x100000001b3u;
		outcome.n += n;
		outcome.enough = outcome.n > STREAM_TWICE_BYTES;
	}
	/* nothing here fails on our side, and a verdict has its reason */
	if (outcome.verdict < 0 || (outcome.verdict && !reason.text[0]))
		abort();
	return outcome;
}

static inline void stream_twice(open_stream *open, const uint8_t *data, size_t size)
{
	struct stream_outcome whole = stream_once(open, data, size, 0);
	struct stream_outcome pieces = stream_once(open, data, size, size ? 1 + data[size - 1] % 61 : 1);

	if (whole.enough || pieces.enough)
		return;
	if (whole.verdict != pieces.verdict || (!whole.verdict && (whole.n != pieces.n || whole.hash != pieces.hash)))
		abort();
}
