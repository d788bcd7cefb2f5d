/* SPDX-License-Identifier: Apache-2.0 */
/* zstd (RFC 8878) by its own library: frames and skippable frames in any order are one stream. */
#include "stream_internal.h"

#include <errno.h>
#include <stdlib.h>

#include <zstd.h>
#include <zstd_errors.h>

#define OUT_BYTES ((size_t)128 << 10)

struct unzstd {
	struct pl_stream base;
	ZSTD_DStream *decoder;
	ZSTD_inBuffer input;
	uint64_t in;
	uint64_t out;
	bool in_frame; /* what came so far ends within a frame */
	bool flushed;  /* the decoder holds no finished output */
	uint8_t bytes[OUT_BYTES];
};

static int failed(struct unzstd *z, size_t code, struct pl_reason *reason)
{
	unsigned long long offset = z->in - (z->input.size - z->input.pos);

	switch ((int)ZSTD_getErrorCode(code)) { /* of some dozens, those that mean something here */
	case ZSTD_error_memory_allocation:
		return -ENOMEM;
	case ZSTD_error_frameParameter_windowTooLarge:
		pl_reason_limit(reason, "zstd-window-log", PL_MAX_ZSTD_WINDOW_LOG);
		return PL_BAD_LIMIT;
	case ZSTD_error_dictionary_wrong:
		pl_reason_set(reason, "zstd, offset %llu: needs a dictionary", offset);
		return PL_BAD_UNSUPPORTED;
	case ZSTD_error_prefix_unknown:
		pl_reason_set(reason, "zstd, offset %llu: bytes after the end that are no frame", offset);
		return PL_BAD_SYNTAX;
	case ZSTD_error_checksum_wrong:
		pl_reason_set(reason, "zstd, offset %llu: the checksum does not match the data", offset);
		return PL_BAD_SYNTAX;
	default:
		pl_reason_set(reason, "zstd, offset %llu: %s", offset, ZSTD_getErrorName(code));
		return PL_BAD_SYNTAX;
	}
}

static int unzstd_next(struct pl_stream *stream, const uint8_t **bytes_out, size_t *n_out, struct pl_reason *reason)
{
	struct unzstd *z = (struct unzstd *)stream;

	for (;;) {
		ZSTD_outBuffer output = { z->bytes, OUT_BYTES, 0 };
		size_t left;
		int r;

		if (z->flushed && z->input.pos == z->input.size) {
			const uint8_t *bytes = NULL;
			size_t n = 0;

			r = pl_stream_next(stream->below, &bytes, &n, reason);
			if (r)
				return r;
			if (!n && z->in_frame) {
				pl_reason_set(reason, "zstd, offset %llu: ends within a frame", (unsigned long long)z->in);
				return PL_BAD_TRUNCATED;
			}
			if (!n)
				return 0;
			z->input = (ZSTD_inBuffer){ bytes, n, 0 };
			z->in += n;
		}
		left = ZSTD_decompressStream(z->decoder, &output, &z->input);
		if (ZSTD_isError(left))
			return failed(z, left, reason);
		z->in_frame = left != 0;
		z->flushed = output.pos < output.size;
		z->out += output.pos;
		r = pl_stream_check_expansion(z->in, z->out, reason);
		if (r)
			return r;
		if (output.pos) {
			*bytes_out = z->bytes;
			*n_out = output.pos;
			return 0;
		}
	}
}

static void unzstd_free(struct pl_stream *stream)
{
	ZSTD_freeDStream(((struct unzstd *)stream)->decoder);
}

int pl_stream_unzstd(struct pl_stream *below, struct pl_stream **out)
{
	static const struct pl_stream_ops ops = { .next = unzstd_next, .free = unzstd_free };
	struct unzstd *z = calloc(1, sizeof(*z));

	if (!z)
		return -ENOMEM;
	z->base.ops = &ops;
	z->flushed = true;
	z->decoder = ZSTD_createDStream();
	if (!z->decoder || ZSTD_isError(ZSTD_DCtx_setParameter(z->decoder, ZSTD_d_windowLogMax, PL_MAX_ZSTD_WINDOW_LOG))) {
		ZSTD_freeDStream(z->decoder);
		free(z);
		return -ENOMEM;
	}
	z->base.below = below;
	*out = &z->base;
	return 0;
}
