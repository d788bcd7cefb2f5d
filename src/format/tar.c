/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pull reader: headers one after another, what extends them, and the content between. All bytes are from outside; what
 * a tar can make us hold is bounded by PL_MAX_TAR_META_BYTES, whatever sizes it claims.
 */
#include "format/tar_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plimsoll/limits.h"
#include "plimsoll/verdict.h"

/* Buffers that an unusual entry made larger than this are given back after it. */
#define KEEP_BYTES 16384
/* A hole is given in pieces of this size. */
#define HOLE_BYTES 4096
/* An id that chown(2) takes for "leave it as it is"; what engines extract belongs to root before. */
#define KEEP_ID UINT32_MAX

int pl_tar_refuse(const struct pl_tar *tar, int verdict, struct pl_reason *reason, const char *what)
{
	pl_reason_set(reason, "tar, offset %llu: %s", (unsigned long long)tar->header_offset, what);
	return verdict;
}

int pl_tar_refuse_end(const struct pl_tar *tar, struct pl_reason *reason, const char *what)
{
	pl_reason_set(reason, "tar, offset %llu: ends within %s", (unsigned long long)tar->offset, what);
	return PL_BAD_TRUNCATED;
}

int pl_tar_new(struct pl_stream *stream, struct pl_tar **out)
{
	struct pl_tar *tar = calloc(1, sizeof(*tar));

	if (!tar)
		return -ENOMEM;
	tar->stream = stream;
	pl_buf_init(&tar->pax_body, PL_MAX_TAR_META_BYTES);
	pl_buf_init(&tar->long_name, PL_MAX_TAR_META_BYTES);
	pl_buf_init(&tar->long_link, PL_MAX_TAR_META_BYTES);
	pl_buf_init(&tar->map, PL_MAX_TAR_META_BYTES);
	*out = tar;
	return 0;
}

void pl_tar_free(struct pl_tar **tar)
{
	if (!*tar)
		return;
	pl_buf_deinit(&(*tar)->pax_body);
	pl_buf_deinit(&(*tar)->long_name);
	pl_buf_deinit(&(*tar)->long_link);
	pl_buf_deinit(&(*tar)->map);
	free(*tar);
	*tar = NULL;
}

/* Gets a chunk if there is none; n_in stays 0 at the end. */
static int fill(struct pl_tar *tar, struct pl_reason *reason)
{
	return tar->n_in ? 0 : pl_stream_next(tar->stream, &tar->in, &tar->n_in, reason);
}

static const uint8_t *take(struct pl_tar *tar, size_t n)
{
	const uint8_t *at = tar->in;

	tar->in += n;
	tar->n_in -= n;
	tar->offset += n;
	return at;
}

int pl_tar_take_block(struct pl_tar *tar, const uint8_t **block_out, size_t *n_out, struct pl_reason *reason)
{
	size_t have = 0;
	int r = fill(tar, reason);

	if (!r && tar->n_in >= sizeof(tar->block)) {
		*block_out = take(tar, sizeof(tar->block));
		*n_out = sizeof(tar->block);
		return 0;
	}
	while (!r && tar->n_in && have < sizeof(tar->block)) {
		size_t n = tar->n_in < sizeof(tar->block) - have ? tar->n_in : sizeof(tar->block) - have;

		memcpy(tar->block + have, take(tar, n), n);
		have += n;
		if (have < sizeof(tar->block))
			r = fill(tar, reason);
	}
	*block_out = tar->block;
	*n_out = have;
	return r;
}

/* Passes over up to `n` bytes. *short_out: how many there were not. */
static int pass(struct pl_tar *tar, uint64_t n, uint64_t *short_out, struct pl_reason *reason)
{
	size_t at_hand = tar->n_in < n ? tar->n_in : (size_t)n;
	uint64_t skipped = 0;
	int r = 0;

	if (at_hand)
		take(tar, at_hand);
	n -= at_hand;
	if (n)
		r = pl_stream_skip(tar->stream, n, &skipped, reason);
	tar->offset += skipped;
	*short_out = n - skipped;
	return r;
}

/* Goes on to where the next header is. A stream may end in the blanks before it. */
static int pass_content(struct pl_tar *tar, struct pl_reason *reason)
{
	uint64_t missing;
	int r = pass(tar, tar->content_left, &missing, reason);

	if (r)
		return r;
	if (missing)
		return pl_tar_refuse_end(tar, reason, "the content of an entry");
	tar->content_left = 0;
	r = pass(tar, tar->pad, &missing, reason);
	tar->pad = 0;
	tar->ended = missing;
	return r;
}

/* Links, devices, directories and FIFOs have no content, whatever size they claim. */
static bool is_header_only(char type)
{
	return type >= '1' && type <= '6';
}

static int begin_content(struct pl_tar *tar, struct pl_reason *reason)
{
	int64_t size = is_header_only(tar->header.type) ? 0 : tar->header.size;

	if (size < 0)
		return pl_tar_refuse(tar, PL_BAD_SYNTAX, reason, "a negative size");
	tar->content_left = tar->size = (uint64_t)size;
	tar->pad = (0 - tar->content_left) % PL_TAR_BLOCK_BYTES;
	tar->at = 0;
	return 0;
}

static bool is_zero(const uint8_t block[static PL_TAR_BLOCK_BYTES])
{
	return !block[0] && !memcmp(block, block + 1, PL_TAR_BLOCK_BYTES - 1);
}

/* Reads one header block, or the end: two zero blocks, or the stream's own where a block would begin. */
static int read_header(struct pl_tar *tar, const uint8_t **block_out, struct pl_reason *reason)
{
	const char *why;
	size_t n;
	int r;

	tar->header_offset = tar->offset;
	for (int zeros = 0; zeros <= 1; zeros++) {
		r = pl_tar_take_block(tar, block_out, &n, reason);
		if (r)
			return r;
		if (n && n < PL_TAR_BLOCK_BYTES)
			return pl_tar_refuse_end(tar, reason, "a header");
		tar->ended = !n || (zeros && is_zero(*block_out));
		if (tar->ended)
			return 0;
		if (!is_zero(*block_out)) {
			if (zeros)
				return pl_tar_refuse(tar, PL_BAD_SYNTAX, reason, "one zero block, and then data");
			break;
		}
	}
	why = pl_tar_header_parse(*block_out, &tar->header);
	return why ? pl_tar_refuse(tar, PL_BAD_SYNTAX, reason, why) : begin_content(tar, reason);
}

/* Reads the body of a header that extends the next one. */
static int read_meta(struct pl_tar *tar, struct pl_buf *buf, struct pl_reason *reason)
{
	size_t used;
	int r = 0;

	pl_buf_clear(buf);
	used = tar->pax_body.len + tar->long_name.len + tar->long_link.len;
	if (tar->content_left > PL_MAX_TAR_META_BYTES - used) {
		pl_reason_limit(reason, "tar-meta-bytes", PL_MAX_TAR_META_BYTES);
		pl_reason_prefix(reason, "tar, offset %llu", (unsigned long long)tar->header_offset);
		return PL_BAD_LIMIT;
	}
	while (!r && tar->content_left) {
		size_t n;

		r = fill(tar, reason);
		if (r)
			return r;
		if (!tar->n_in)
			return pl_tar_refuse_end(tar, reason, "an extended header");
		n = tar->n_in < tar->content_left ? tar->n_in : (size_t)tar->content_left;
		r = pl_buf_append(buf, take(tar, n), n);
		tar->content_left -= n;
	}
	return r;
}

static int read_pax(struct pl_tar *tar, struct pl_reason *reason)
{
	int r = read_meta(tar, &tar->pax_body, reason);
	const char *why;

	if (r)
		return r;
	why = pl_pax_parse(tar->pax_body.data, tar->pax_body.len, &tar->pax);
	return why ? pl_tar_refuse(tar, PL_BAD_SYNTAX, reason, why) : 0;
}

static struct pl_tar_text text_of(const struct pl_buf *buf)
{
	const char *at = (const char *)buf->data;

	return (struct pl_tar_text){ at, at ? strlen(at) : 0 };
}

/* The last text that is not empty. */
static struct pl_tar_text choose(const char *from_header, size_t n, struct pl_tar_text pax, struct pl_tar_text gnu)
{
	if (gnu.n)
		return gnu;
	return pax.n ? pax : (struct pl_tar_text){ from_header, n };
}

static bool find_type(char type, const struct pl_tar_text *name, enum pl_tar_type *out)
{
	switch (type) {
	case '\0':
		*out = name->n && name->at[name->n - 1] == '/' ? PL_TAR_DIRECTORY : PL_TAR_REGULAR;
		return true;
	case '0':
	case 'S':
		*out = PL_TAR_REGULAR;
		return true;
	case '1':
		*out = PL_TAR_HARD_LINK;
		return true;
	case '2':
		*out = PL_TAR_SYMLINK;
		return true;
	case '3':
		*out = PL_TAR_CHAR;
		return true;
	case '4':
		*out = PL_TAR_BLOCK;
		return true;
	case '5':
		*out = PL_TAR_DIRECTORY;
		return true;
	case '6':
		*out = PL_TAR_FIFO;
		return true;
	default:
		return false;
	}
}

static int refuse_type(const struct pl_tar *tar, struct pl_reason *reason)
{
	pl_reason_set(reason, "tar, offset %llu: engines refuse this image: unhandled tar header type %d",
		      (unsigned long long)tar->header_offset, (uint8_t)tar->header.type);
	return PL_BAD_UNSUPPORTED;
}

static uint32_t owner(int64_t id)
{
	uint32_t cut = (uint32_t)(uint64_t)id;

	return cut == KEEP_ID ? 0 : cut;
}

static void give_entry(struct pl_tar *tar, enum pl_tar_type type, struct pl_tar_text name, struct pl_tar_text link,
		       struct pl_tar_entry *out)
{
	const struct pl_tar_header *header = &tar->header;
	bool links = type == PL_TAR_HARD_LINK || type == PL_TAR_SYMLINK;

	*out = (struct pl_tar_entry){ .type = type,
				      .name = name.n ? name.at : "",
				      .name_len = name.n,
				      .link = links && link.n ? link.at : "",
				      .link_len = links ? link.n : 0,
				      .mode = (uint32_t)header->mode & 07777,
				      .uid = owner(header->uid),
				      .gid = owner(header->gid) };
	if (type == PL_TAR_CHAR || type == PL_TAR_BLOCK) {
		out->major = (uint32_t)header->major & 0xfff;
		out->minor = (uint32_t)header->minor & 0xfffff;
	}
	if (type == PL_TAR_REGULAR)
		out->size = tar->size;
	if (header->type == 'S')
		out->refusal = "is a GNU sparse file (type 'S'): docker, containerd and podman refuse the image "
			       "(unhandled tar header type 83)";
}

/* A global header is an entry of its own; what came before it is forgotten, as by Go. */
static void give_global(struct pl_tar *tar, struct pl_tar_entry *out)
{
	struct pl_tar_header *header = &tar->header;
	struct pl_tar_text none = { 0 };

	tar->size = 0;
	tar->pax.xattrs = false;
	header->mode = header->uid = header->gid = 0;
	give_entry(tar, PL_TAR_GLOBAL, choose(header->name, header->name_len, tar->pax.values[PL_PAX_PATH], none), none,
		   out);
}

/* Puts together what the headers of an entry say, in the order in which Go lets them outdo each other. */
static int finish_entry(struct pl_tar *tar, const uint8_t *block, struct pl_tar_entry *out, struct pl_reason *reason)
{
	struct pl_tar_header *header = &tar->header;
	struct pl_tar_text name, link;
	enum pl_tar_type type;
	const char *why = pl_pax_merge(&tar->pax, header);
	int r;

	if (why)
		return pl_tar_refuse(tar, PL_BAD_SYNTAX, reason, why);
	name = choose(header->name, header->name_len, tar->pax.values[PL_PAX_PATH], text_of(&tar->long_name));
	link = choose(header->link, header->link_len, tar->pax.values[PL_PAX_LINKPATH], text_of(&tar->long_link));
	if (!find_type(header->type, &name, &type))
		return refuse_type(tar, reason);
	if (type == PL_TAR_DIRECTORY)
		header->type = '5';
	r = begin_content(tar, reason);
	if (!r && header->type == 'S')
		r = pl_tar_sparse_gnu(tar, block, reason);
	else if (!r)
		r = pl_tar_sparse_pax(tar, &name, reason);
	if (r)
		return r;
	if (tar->sparse && type != PL_TAR_REGULAR)
		return pl_tar_refuse(tar, PL_BAD_SYNTAX, reason, "a sparse map for what is no regular file");
	if (name.n && memchr(name.at, 0, name.n))
		return pl_tar_refuse(tar, PL_BAD_SYNTAX, reason, "a zero byte in a name");
	give_entry(tar, type, name, link, out);
	return 0;
}

static void forget(struct pl_buf *buf)
{
	if (buf->cap > KEEP_BYTES)
		pl_buf_deinit(buf);
	else
		pl_buf_clear(buf);
}

static void forget_entry(struct pl_tar *tar)
{
	forget(&tar->pax_body);
	forget(&tar->long_name);
	forget(&tar->long_link);
	forget(&tar->map);
	tar->pax = (struct pl_pax){ 0 };
	tar->sparse = false;
	tar->map_at = 0;
	tar->at = tar->size = 0;
}

int pl_tar_next(struct pl_tar *tar, struct pl_tar_entry *out, bool *end_out, struct pl_reason *reason)
{
	const uint8_t *block = NULL;
	int r = 0;

	*out = (struct pl_tar_entry){ .name = "", .link = "" };
	*end_out = false;
	forget_entry(tar);
	while (!r) {
		if (!tar->ended)
			r = pass_content(tar, reason);
		if (!r && !tar->ended)
			r = read_header(tar, &block, reason);
		if (r || tar->ended)
			break;
		switch (tar->header.type) {
		case 'x':
			r = read_pax(tar, reason);
			break;
		case 'g':
			r = read_pax(tar, reason);
			if (!r)
				give_global(tar, out);
			return r;
		case 'L':
			r = read_meta(tar, &tar->long_name, reason);
			break;
		case 'K':
			r = read_meta(tar, &tar->long_link, reason);
			break;
		default:
			return finish_entry(tar, block, out, reason);
		}
	}
	*end_out = !r;
	return r;
}

/* What is left of the fragment that `at` lies in, or of the hole before it. *data_out tells which. */
static uint64_t piece(struct pl_tar *tar, bool *data_out)
{
	struct pl_fragment fragment;

	for (*data_out = true; tar->sparse && tar->map_at < tar->map.len; tar->map_at += sizeof(fragment)) {
		memcpy(&fragment, tar->map.data + tar->map_at, sizeof(fragment));
		*data_out = tar->at >= fragment.offset;
		if (!*data_out)
			return fragment.offset - tar->at;
		if (tar->at - fragment.offset < fragment.n)
			return fragment.offset + fragment.n - tar->at;
	}
	*data_out = !tar->sparse;
	return tar->size - tar->at;
}

int pl_tar_read(struct pl_tar *tar, const uint8_t **bytes_out, size_t *n_out, struct pl_reason *reason)
{
	static const uint8_t hole[HOLE_BYTES];
	uint64_t left;
	bool data;
	int r;

	*bytes_out = hole;
	*n_out = 0;
	left = piece(tar, &data);
	if (!left)
		return 0;
	if (!data) {
		*n_out = left < sizeof(hole) ? (size_t)left : sizeof(hole);
		tar->at += *n_out;
		return 0;
	}
	r = fill(tar, reason);
	if (r)
		return r;
	if (!tar->n_in)
		return pl_tar_refuse_end(tar, reason, "the content of an entry");
	*n_out = tar->n_in < left ? tar->n_in : (size_t)left;
	*bytes_out = take(tar, *n_out);
	tar->at += *n_out;
	tar->content_left -= *n_out;
	return 0;
}

int pl_tar_drain(struct pl_tar *tar, struct pl_reason *reason)
{
	uint64_t missing;

	return pass(tar, UINT64_MAX, &missing, reason);
}

uint64_t pl_tar_offset(const struct pl_tar *tar)
{
	return tar->header_offset;
}
