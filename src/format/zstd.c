/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zstd (RFC 8878) by its own library: frames and skippable frames one after another, up to the end of the input. All input
 * is from outside; the window, which the input chooses, is capped.
 */
#include "format/stream_internal.h"

#include <errno.h>
#include <stdlib.h>

#include <zstd.h>
#include <zstd_errors.h>

#include "plimsoll/limits.h"
#include "plimsoll/verdict.h"

/* The largest block of the format, so that the library never waits for room (ZSTD_DStreamOutSize). */
#define CHUNK_BYTES ((size_t)128 << 10)

struct zstd_stream {
	struct pl_stream base;
	ZSTD_DStream *decoder;
	ZSTD_inBuffer in;
	bool in_frame;
	uint8_t chunk[CHUNK_BYTES];
};

static int refuse(const struct zstd_stream *zstd, int verdict, struct pl_reason *reason, const char *what)
{
	pl_reason_set(reason, "zstd, offset %llu: %s",
		      (unsigned long long)(pl_stream_position(zstd->base.below) - (zstd->in.size - zstd->in.pos)),
		      what);
	return verdict;
}

static int refuse_code(const struct zstd_stream *zstd, size_t code, struct pl_reason *reason)
{
	ZSTD_ErrorCode error = ZSTD_getErrorCode(code);

	if (error == ZSTD_error_memory_allocation)
		return -ENOMEM;
	if (error == ZSTD_error_frameParameter_windowTooLarge) {
		pl_reason_limit(reason, "zstd-window-log", PL_MAX_ZSTD_WINDOW_LOG);
		return PL_BAD_LIMIT;
	}
	if (error == ZSTD_error_dictionary_wrong)
		return refuse(zstd, PL_BAD_UNSUPPORTED, reason, "needs a dictionary, and engines have none");
	return refuse(zstd, PL_BAD_SYNTAX, reason, ZSTD_getErrorName(code));
}

static int zstd_next(struct pl_stream *stream, struct pl_chunk *out, struct pl_reason *reason)
{
	struct zstd_stream *zstd = (struct zstd_stream *)stream;
	ZSTD_outBuffer to = { zstd->chunk, sizeof(zstd->chunk), 0 };

	while (to.pos < to.size) {
		bool end = false;
		size_t before = to.pos, more;

		/* a whole frame is given before what follows it can spoil it */
		if (!zstd->in_frame && to.pos)
			break;
		if (zstd->in.pos == zstd->in.size) {
			struct pl_chunk in;
			int r = pl_stream_next(stream->below, &in.bytes, &in.n, reason);

			if (r)
				return r;
			zstd->in = (ZSTD_inBuffer){ in.bytes, in.n, 0 };
			end = !in.n;
		}
		if (end && !zstd->in_frame)
			break;
		/* without input it still gives what it holds back */
		more = ZSTD_decompressStream(zstd->decoder, &to, &zstd->in);
		if (ZSTD_isError(more))
			return refuse_code(zstd, more, reason);
		zstd->in_frame = more > 0;
		if (end && zstd->in_frame && to.pos == before)
			return refuse(zstd, PL_BAD_TRUNCATED, reason, "ends within a frame");
	}
	*out = (struct pl_chunk){ zstd->chunk, to.pos };
	return 0;
}

static void zstd_free(struct pl_stream *stream)
{
	struct zstd_stream *zstd = (struct zstd_stream *)stream;

	ZSTD_freeDStream(zstd->decoder);
	free(zstd);
}

int pl_stream_unzstd(struct pl_stream *below, struct pl_stream **out)
{
	static const struct pl_stream_ops ops = { zstd_next, NULL, zstd_free };
	struct zstd_stream *zstd = malloc(sizeof(*zstd));

	if (!zstd)
		return -ENOMEM;
	zstd->base = (struct pl_stream){ .ops = &ops, .below = below };
	zstd->in = (ZSTD_inBuffer){ 0 };
	zstd->in_frame = false;
	zstd->decoder = ZSTD_createDStream();
	if (!zstd->decoder ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(zstd->decoder, ZSTD_d_windowLogMax, PL_MAX_ZSTD_WINDOW_LOG))) {
		zstd_free(&zstd->base);
		return -ENOMEM;
	}
	*out = &zstd->base;
	return 0;
}
