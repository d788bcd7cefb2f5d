/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip (RFC 1952) by ISA-L: headers, deflate, CRC and length are checked by it; members, and what may follow the last one,
 * are our business. All input is from outside.
 */
#include "format/stream_internal.h"

#include <errno.h>
#include <stdlib.h>

#include <isa-l/igzip_lib.h>

#include "plimsoll/verdict.h"

/* Every call copies about 64 KiB of history about, whatever it decodes: much less than this would show in the speed. */
#define CHUNK_BYTES ((uint32_t)256 << 10)

enum gzip_phase { GZIP_HEADER, GZIP_DATA, GZIP_BETWEEN, GZIP_PADDING };

struct gzip_stream {
	struct pl_stream base;
	enum gzip_phase phase;
	uint64_t members;
	uint64_t piece;                 /* where the input begins that is being decoded */
	struct isal_gzip_header header; /* kept, for a header may come in pieces */
	struct inflate_state state;
	uint8_t chunk[CHUNK_BYTES];
};

static int refuse(const struct gzip_stream *gzip, int verdict, struct pl_reason *reason, const char *what)
{
	/* what was taken into the bit buffer ahead of its use, which differs between processors */
	const uint64_t ahead = gzip->state.read_in_length > 0 ? (uint64_t)gzip->state.read_in_length / 8 : 0;

	pl_reason_set(reason, "gzip, offset %llu: %s",
		      (unsigned long long)(pl_stream_position(gzip->base.below) - gzip->state.avail_in - ahead), what);
	return verdict;
}

/*
 * Bad deflate data. How far ISA-L has read ahead when it notices differs between processors, and a report must not: what is
 * told is the piece of input.
 */
static int refuse_data(const struct gzip_stream *gzip, struct pl_reason *reason, const char *what)
{
	pl_reason_set(reason, "gzip, offset %llu to %llu: %s", (unsigned long long)gzip->piece,
		      (unsigned long long)pl_stream_position(gzip->base.below), what);
	return PL_BAD_SYNTAX;
}

static int refuse_code(const struct gzip_stream *gzip, int code, struct pl_reason *reason)
{
	switch (code) {
	case ISAL_INVALID_WRAPPER:
		return refuse(gzip, PL_BAD_SYNTAX, reason,
			      gzip->members ? "what follows the last member is no gzip header" : "no gzip header");
	case ISAL_UNSUPPORTED_METHOD:
		return refuse(gzip, PL_BAD_SYNTAX, reason, "not compressed with deflate");
	case ISAL_INCORRECT_CHECKSUM:
		return refuse(gzip, PL_BAD_SYNTAX, reason, "the check sum or the length is wrong");
	case ISAL_INVALID_LOOKBACK:
		return refuse_data(gzip, reason, "a copy from before the beginning");
	case ISAL_INVALID_SYMBOL:
		return refuse_data(gzip, reason, "an invalid symbol");
	default:
		return refuse_data(gzip, reason, "an invalid block");
	}
}

/* Gets input if there is none. *end_out: there is none any more. */
static int fill(struct gzip_stream *gzip, bool *end_out, struct pl_reason *reason)
{
	struct inflate_state *state = &gzip->state;
	struct pl_chunk in;
	int r;

	*end_out = false;
	if (state->avail_in)
		return 0;
	gzip->piece = pl_stream_position(gzip->base.below);
	r = pl_stream_next(gzip->base.below, &in.bytes, &in.n, reason);
	if (r)
		return r;
	/* ISA-L reads through a pointer that is not const, and counts in 32 bits */
	if (in.n > UINT32_MAX)
		return -EOVERFLOW;
	state->next_in = (uint8_t *)(uintptr_t)in.bytes;
	state->avail_in = (uint32_t)in.n;
	*end_out = !in.n;
	return 0;
}

static int read_header(struct gzip_stream *gzip, struct pl_reason *reason)
{
	int r = isal_read_gzip_header(&gzip->state, &gzip->header);

	if (r < 0)
		return refuse_code(gzip, r, reason);
	if (r == ISAL_DECOMP_OK)
		gzip->phase = GZIP_DATA;
	return 0;
}

static int read_data(struct gzip_stream *gzip, bool end, struct pl_reason *reason)
{
	struct inflate_state *state = &gzip->state;
	uint32_t room = state->avail_out;
	int r = isal_inflate(state);

	if (r < 0)
		return refuse_code(gzip, r, reason);
	if (state->block_state == ISAL_BLOCK_FINISH) {
		gzip->phase = GZIP_BETWEEN;
		gzip->members++;
	} else if (end && state->avail_out == room) {
		return refuse(gzip, PL_BAD_TRUNCATED, reason, "ends within compressed data");
	}
	return 0;
}

/* After a member: the next one, or zeros up to the end, as tape writers and dd leave them. */
static int look_between(struct gzip_stream *gzip, struct pl_reason *reason)
{
	struct inflate_state *state = &gzip->state;

	if (!*state->next_in) {
		gzip->phase = GZIP_PADDING;
		return 0;
	}
	/* told now: ISA-L would wait for a whole header, and call less than that cut short */
	if (*state->next_in != 0x1f)
		return refuse_code(gzip, ISAL_INVALID_WRAPPER, reason);
	isal_inflate_reset(state);
	isal_gzip_header_init(&gzip->header);
	gzip->phase = GZIP_HEADER;
	return 0;
}

static int pass_padding(struct gzip_stream *gzip, struct pl_reason *reason)
{
	struct inflate_state *state = &gzip->state;

	for (; state->avail_in; state->avail_in--)
		if (*state->next_in++)
			return refuse(gzip, PL_BAD_SYNTAX, reason, "data after the zeros that follow the last member");
	return 0;
}

static int gzip_step(struct gzip_stream *gzip, bool end, struct pl_reason *reason)
{
	switch (gzip->phase) {
	case GZIP_HEADER:
		return end ? refuse(gzip, PL_BAD_TRUNCATED, reason, "ends within a header") : read_header(gzip, reason);
	case GZIP_DATA:
		return read_data(gzip, end, reason);
	case GZIP_BETWEEN:
		return look_between(gzip, reason);
	case GZIP_PADDING:
		return pass_padding(gzip, reason);
	}
	return -EINVAL;
}

static int gzip_next(struct pl_stream *stream, struct pl_chunk *out, struct pl_reason *reason)
{
	struct gzip_stream *gzip = (struct gzip_stream *)stream;
	struct inflate_state *state = &gzip->state;

	state->next_out = gzip->chunk;
	state->avail_out = CHUNK_BYTES;
	while (state->avail_out) {
		bool end;
		int r;

		/* a whole member is given before what follows it can spoil it */
		if (gzip->phase == GZIP_BETWEEN && state->avail_out < CHUNK_BYTES)
			break;
		r = fill(gzip, &end, reason);
		if (!r && end && gzip->phase >= GZIP_BETWEEN)
			break;
		if (!r)
			r = gzip_step(gzip, end, reason);
		if (r)
			return r;
	}
	*out = (struct pl_chunk){ gzip->chunk, CHUNK_BYTES - state->avail_out };
	return 0;
}

static void gzip_free(struct pl_stream *stream)
{
	free(stream);
}

int pl_stream_gunzip(struct pl_stream *below, struct pl_stream **out)
{
	static const struct pl_stream_ops ops = { gzip_next, NULL, gzip_free };
	struct gzip_stream *gzip = malloc(sizeof(*gzip));

	if (!gzip)
		return -ENOMEM;
	gzip->base = (struct pl_stream){ .ops = &ops, .below = below };
	gzip->phase = GZIP_HEADER;
	gzip->members = 0;
	isal_gzip_header_init(&gzip->header);
	isal_inflate_init(&gzip->state);
	gzip->state.avail_in = 0;
	gzip->state.crc_flag = ISAL_GZIP_NO_HDR_VER;
	*out = &gzip->base;
	return 0;
}
