/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps of sparse files, in the four forms there are: old GNU in header blocks; PAX 0.0 and 0.1 in records; PAX 1.0 in front
 * of the content (GNU tar manual, "Storing Sparse Files"). A map that Go's archive/tar refuses is refused.
 */
#include "format/tar_internal.h"

#include <errno.h>
#include <string.h>

#include "plimsoll/limits.h"
#include "plimsoll/verdict.h"

/* Old GNU: fragments of two numbers of 12 bytes, then a byte that says whether another block of them follows. */
#define NUMBER_BYTES 12
#define FRAGMENT_BYTES (2 * NUMBER_BYTES)
#define HEADER_MAP_AT 386
#define HEADER_FRAGMENTS 4
#define HEADER_SIZE_AT 483
#define BLOCK_FRAGMENTS 21

static int bad_map(const struct pl_tar *tar, struct pl_reason *reason)
{
	return pl_tar_refuse(tar, PL_BAD_SYNTAX, reason, "the map of a sparse file makes no sense");
}

static int too_long(const struct pl_tar *tar, struct pl_reason *reason)
{
	pl_reason_limit(reason, "tar-meta-bytes", PL_MAX_TAR_META_BYTES);
	pl_reason_prefix(reason, "tar, offset %llu", (unsigned long long)tar->header_offset);
	return PL_BAD_LIMIT;
}

static int begin_map(struct pl_tar *tar, int64_t size, struct pl_reason *reason)
{
	if (size < 0)
		return bad_map(tar, reason);
	tar->sparse = true;
	tar->size = (uint64_t)size;
	tar->mapped = 0;
	return 0;
}

/* Fragments come in order, do not overlap, and lie within the file. */
static int add_fragment(struct pl_tar *tar, int64_t offset, int64_t n, struct pl_reason *reason)
{
	struct pl_fragment fragment, before = { 0 };
	int r;

	if (tar->map.len)
		memcpy(&before, tar->map.data + tar->map.len - sizeof(before), sizeof(before));
	if (offset < 0 || n < 0 || (uint64_t)offset < before.offset + before.n || (uint64_t)offset > tar->size ||
	    (uint64_t)n > tar->size - (uint64_t)offset)
		return bad_map(tar, reason);
	fragment = (struct pl_fragment){ (uint64_t)offset, (uint64_t)n };
	tar->mapped += fragment.n;
	r = pl_buf_append(&tar->map, &fragment, sizeof(fragment));
	return r == -EFBIG ? too_long(tar, reason) : r;
}

/* The content must hold what the map says, neither more nor less. */
static int end_map(const struct pl_tar *tar, struct pl_reason *reason)
{
	if (tar->mapped != tar->content_left)
		return pl_tar_refuse(tar, PL_BAD_SYNTAX, reason,
				     "a sparse file holds more or less data than its map says");
	return 0;
}

static int add_gnu_fragments(struct pl_tar *tar, const uint8_t *map, size_t n, struct pl_reason *reason)
{
	for (size_t i = 0; i < n && map[i * FRAGMENT_BYTES]; i++) {
		const uint8_t *at = map + i * FRAGMENT_BYTES;
		int64_t offset, length;
		int r;

		if (!pl_tar_number(at, NUMBER_BYTES, &offset) ||
		    !pl_tar_number(at + NUMBER_BYTES, NUMBER_BYTES, &length))
			return bad_map(tar, reason);
		r = add_fragment(tar, offset, length, reason);
		if (r)
			return r;
	}
	return 0;
}

int pl_tar_sparse_gnu(struct pl_tar *tar, const uint8_t block[static PL_TAR_BLOCK_BYTES], struct pl_reason *reason)
{
	bool more = block[HEADER_MAP_AT + HEADER_FRAGMENTS * FRAGMENT_BYTES];
	size_t n = 0, total = 0;
	int64_t size;
	int r;

	if (!tar->header.gnu || !pl_tar_number(block + HEADER_SIZE_AT, NUMBER_BYTES, &size))
		return bad_map(tar, reason);
	r = begin_map(tar, size, reason);
	if (!r)
		r = add_gnu_fragments(tar, block + HEADER_MAP_AT, HEADER_FRAGMENTS, reason);
	while (!r && more) {
		if ((total += PL_TAR_BLOCK_BYTES) > PL_MAX_TAR_META_BYTES)
			return too_long(tar, reason);
		r = pl_tar_take_block(tar, &block, &n, reason);
		if (!r && n < PL_TAR_BLOCK_BYTES)
			return pl_tar_refuse_end(tar, reason, "the map of a sparse file");
		if (!r) {
			more = block[BLOCK_FRAGMENTS * FRAGMENT_BYTES];
			r = add_gnu_fragments(tar, block, BLOCK_FRAGMENTS, reason);
		}
	}
	return r ? r : end_map(tar, reason);
}

/* One after another: the numbers of a map as they come. */
struct pairs {
	struct pl_tar *tar;
	struct pl_reason *reason;
	int64_t offset;
	uint64_t n;
};

static int add_number(struct pairs *pairs, int64_t number)
{
	if (pairs->n++ % 2)
		return add_fragment(pairs->tar, pairs->offset, number, pairs->reason);
	pairs->offset = number;
	return 0;
}

static int add_text(struct pairs *pairs, const struct pl_tar_text *text)
{
	int64_t number;

	if (!pl_pax_number(text, &number))
		return bad_map(pairs->tar, pairs->reason);
	return add_number(pairs, number);
}

/* 0.0: each number is a record of its own. */
static int add_records(struct pairs *pairs)
{
	const struct pl_pax *pax = &pairs->tar->pax;
	uint8_t *at = pax->body;
	size_t left = pax->n;

	while (left) {
		struct pl_pax_record record;
		enum pl_pax_key key;
		int r;

		if (pl_pax_record(&at, &left, &record))
			break;
		key = pl_pax_key(&record.key);
		if (key != PL_PAX_SPARSE_OFFSET && key != PL_PAX_SPARSE_BYTES)
			continue;
		r = add_text(pairs, &record.value);
		if (r)
			return r;
	}
	return 0;
}

/* 0.1: one record, its numbers between commas. */
static int add_list(struct pairs *pairs)
{
	struct pl_tar_text rest = pairs->tar->pax.values[PL_PAX_SPARSE_MAP];

	while (rest.n) {
		const char *comma = memchr(rest.at, ',', rest.n);
		struct pl_tar_text text = { rest.at, comma ? (size_t)(comma - rest.at) : rest.n };
		int r = add_text(pairs, &text);

		if (r)
			return r;
		rest.at += text.n;
		rest.n -= text.n;
		if (comma && rest.n == 1)
			return bad_map(pairs->tar, pairs->reason);
		if (comma) {
			rest.at++;
			rest.n--;
		}
	}
	return 0;
}

static int read_map_0(struct pl_tar *tar, struct pl_reason *reason)
{
	struct pairs pairs = { .tar = tar, .reason = reason };
	int64_t blocks;
	int r;

	if (!pl_pax_number(&tar->pax.values[PL_PAX_SPARSE_BLOCKS], &blocks) || blocks < 0)
		return bad_map(tar, reason);
	r = tar->pax.n_sparse ? add_records(&pairs) : add_list(&pairs);
	if (r)
		return r;
	return pairs.n % 2 || pairs.n / 2 != (uint64_t)blocks ? bad_map(tar, reason) : 0;
}

/* 1.0: how many fragments, then their numbers, a line each, in as many blocks of the content as that takes. */
static int read_map_1(struct pl_tar *tar, struct pl_reason *reason)
{
	struct pairs pairs = { .tar = tar, .reason = reason };
	struct pl_tar_decimal decimal = { 0 };
	int64_t number, blocks = -1;
	size_t total = 0;

	while (blocks < 0 || pairs.n / 2 < (uint64_t)blocks) {
		const uint8_t *block;
		size_t n;
		int r;

		if ((total += PL_TAR_BLOCK_BYTES) > PL_MAX_TAR_META_BYTES)
			return too_long(tar, reason);
		if (tar->content_left < PL_TAR_BLOCK_BYTES)
			return bad_map(tar, reason);
		r = pl_tar_take_block(tar, &block, &n, reason);
		if (r)
			return r;
		if (n < PL_TAR_BLOCK_BYTES)
			return pl_tar_refuse_end(tar, reason, "the map of a sparse file");
		tar->content_left -= n;
		for (size_t i = 0; i < n && (blocks < 0 || pairs.n / 2 < (uint64_t)blocks); i++) {
			if (block[i] != '\n') {
				pl_tar_decimal_add(&decimal, block[i]);
				continue;
			}
			if (!pl_tar_decimal_end(&decimal, &number) || (blocks < 0 && number < 0))
				return bad_map(tar, reason);
			decimal = (struct pl_tar_decimal){ 0 };
			if (blocks < 0)
				blocks = number;
			else
				r = add_number(&pairs, number);
			if (r)
				return r;
		}
	}
	return 0;
}

int pl_tar_sparse_pax(struct pl_tar *tar, struct pl_tar_text *name, struct pl_reason *reason)
{
	const struct pl_pax *pax = &tar->pax;
	const struct pl_tar_text *values = pax->values, *real;
	bool major = values[PL_PAX_SPARSE_MAJOR].n, minor = values[PL_PAX_SPARSE_MINOR].n;
	bool in_content = pl_pax_is(pax, PL_PAX_SPARSE_MAJOR, "1") && pl_pax_is(pax, PL_PAX_SPARSE_MINOR, "0");
	bool in_records = pl_pax_is(pax, PL_PAX_SPARSE_MAJOR, "0") &&
			  (pl_pax_is(pax, PL_PAX_SPARSE_MINOR, "0") || pl_pax_is(pax, PL_PAX_SPARSE_MINOR, "1"));
	int64_t size = tar->header.size;
	int r;

	/* without a version, a map tells; of a version that nobody knows, the records mean nothing */
	if (!major && !minor)
		in_records = pax->n_sparse || values[PL_PAX_SPARSE_MAP].n;
	if (!in_content && !in_records)
		return 0;
	if (values[PL_PAX_SPARSE_NAME].n)
		*name = values[PL_PAX_SPARSE_NAME];
	real = values[PL_PAX_SPARSE_SIZE].n ? &values[PL_PAX_SPARSE_SIZE] : &values[PL_PAX_SPARSE_REALSIZE];
	if (real->n && !pl_pax_number(real, &size))
		return bad_map(tar, reason);
	r = begin_map(tar, size, reason);
	if (!r)
		r = in_content ? read_map_1(tar, reason) : read_map_0(tar, reason);
	return r ? r : end_map(tar, reason);
}
