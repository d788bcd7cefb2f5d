/* SPDX-License-Identifier: Apache-2.0 */
/* gzip (RFC 1952) by ISA-L: all members as one stream, header, CRC and length checked. */
#include "stream_internal.h"

#include <errno.h>
#include <stdlib.h>

#include <isa-l/igzip_lib.h>

/* The decoder carries its window, 32 KiB, from one output buffer to the next: it must be small beside the buffer. */
#define OUT_BYTES ((size_t)256 << 10)

enum where { IN_HEADER, IN_MEMBER, AFTER_MEMBER, IN_PADDING };

struct gunzip {
	struct pl_stream base;
	enum where where;
	uint64_t in;  /* bytes taken from below */
	uint64_t out;
	struct isal_gzip_header header;
	struct inflate_state state;
	uint8_t bytes[OUT_BYTES];
};

static int corrupt(struct gunzip *g, const char *what, struct pl_reason *reason)
{
	pl_reason_set(reason, "gzip, offset %llu: %s", (unsigned long long)(g->in - g->state.avail_in), what);
	return PL_BAD_SYNTAX;
}

static void begin_member(struct gunzip *g)
{
	uint8_t *next_in = g->state.next_in;
	uint32_t avail_in = g->state.avail_in;

	isal_inflate_reset(&g->state);
	isal_gzip_header_init(&g->header);
	g->state.crc_flag = ISAL_GZIP_NO_HDR_VER;
	g->state.next_in = next_in;
	g->state.avail_in = avail_in;
	g->where = IN_HEADER;
}

/* Makes sure that there is input. *end_out: there is no more. */
static int fill(struct gunzip *g, bool *end_out, struct pl_reason *reason)
{
	const uint8_t *bytes = NULL;
	size_t n = 0;
	int r;

	*end_out = false;
	if (g->state.avail_in)
		return 0;
	r = pl_stream_next(g->base.below, &bytes, &n, reason);
	if (r)
		return r;
	*end_out = !n;
	/* chunks are far below 4 GiB, but a memory stream may give all at once */
	if (n > UINT32_MAX) {
		g->base.below->rest = bytes + UINT32_MAX;
		g->base.below->n_rest = n - UINT32_MAX;
		n = UINT32_MAX;
	}
	g->state.next_in = (uint8_t *)(uintptr_t)bytes;
	g->state.avail_in = (uint32_t)n;
	g->in += n;
	return 0;
}

static int read_header(struct gunzip *g, struct pl_reason *reason)
{
	int r = isal_read_gzip_header(&g->state, &g->header);

	if (r == ISAL_DECOMP_OK)
		g->where = IN_MEMBER;
	else if (r != ISAL_END_INPUT)
		return corrupt(g, "not a gzip header", reason);
	return 0;
}

/* Return: the bytes that came out are in *n_out; none of them at the end of a member. */
static int inflate_some(struct gunzip *g, size_t *n_out, struct pl_reason *reason)
{
	int r;

	g->state.next_out = g->bytes;
	g->state.avail_out = OUT_BYTES;
	r = isal_inflate(&g->state);
	*n_out = OUT_BYTES - g->state.avail_out;
	g->out += *n_out;
	if (r == ISAL_INCORRECT_CHECKSUM)
		return corrupt(g, "checksum or length do not match the data", reason);
	if (r < 0)
		return corrupt(g, "not valid deflate data", reason);
	if (g->state.block_state == ISAL_BLOCK_FINISH)
		g->where = AFTER_MEMBER;
	return pl_stream_check_expansion(g->in, g->out, reason);
}

/* Another member, or zeros up to the end as tools that write to tapes leave them. */
static int look_behind(struct gunzip *g, struct pl_reason *reason)
{
	if (g->where == AFTER_MEMBER && *g->state.next_in == 0x1f) {
		begin_member(g);
		return 0;
	}
	g->where = IN_PADDING;
	while (g->state.avail_in) {
		if (*g->state.next_in)
			return corrupt(g, "bytes after the end that are neither a gzip member nor padding", reason);
		g->state.next_in++;
		g->state.avail_in--;
	}
	return 0;
}

static int gunzip_next(struct pl_stream *stream, const uint8_t **bytes_out, size_t *n_out, struct pl_reason *reason)
{
	struct gunzip *g = (struct gunzip *)stream;

	for (;;) {
		/* output may be waiting in the decoder when the input is used up */
		bool end = false;
		int r = fill(g, &end, reason);

		if (r)
			return r;
		if (end && g->where >= AFTER_MEMBER)
			return 0;
		if (end && g->where == IN_HEADER) {
			pl_reason_set(reason, "gzip, offset %llu: ends within a header", (unsigned long long)g->in);
			return PL_BAD_TRUNCATED;
		}
		switch (g->where) {
		case IN_HEADER:
			r = read_header(g, reason);
			break;
		case IN_MEMBER:
			r = inflate_some(g, n_out, reason);
			if (!r && !*n_out && end && g->where == IN_MEMBER) {
				pl_reason_set(reason, "gzip, offset %llu: ends within the data", (unsigned long long)g->in);
				return PL_BAD_TRUNCATED;
			}
			break;
		case AFTER_MEMBER:
		case IN_PADDING:
			r = look_behind(g, reason);
			break;
		}
		if (r)
			return r;
		if (*n_out) {
			*bytes_out = g->bytes;
			return 0;
		}
	}
}

int pl_stream_gunzip(struct pl_stream *below, struct pl_stream **out)
{
	static const struct pl_stream_ops ops = { .next = gunzip_next };
	struct gunzip *g = calloc(1, sizeof(*g));

	if (!g)
		return -ENOMEM;
	g->base.ops = &ops;
	g->base.below = below;
	isal_inflate_init(&g->state);
	begin_member(g);
	*out = &g->base;
	return 0;
}
