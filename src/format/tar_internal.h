/* SPDX-License-Identifier: Apache-2.0 */
/* The tar reader's parts: headers (tar_header.c), PAX records (tar_pax.c), sparse maps (tar_sparse.c), the rest (tar.c). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plimsoll/buf.h"
#include "plimsoll/tar.h"

#define PL_TAR_BLOCK_BYTES 512

/* Bytes with a zero behind them that is not counted; null and empty are the same. */
struct pl_tar_text {
	const char *at;
	size_t n;
};

/* One header block, its fields decoded but not judged. */
struct pl_tar_header {
	char type;
	bool gnu; /* has the fields of old GNU sparse files */
	int64_t size, mode, uid, gid, major, minor;
	size_t name_len, link_len;
	char name[155 + 1 + 100 + 1]; /* prefix, slash, name, zero */
	char link[100 + 1];
};

/* Return: null, or what is wrong with it. */
const char *pl_tar_header_parse(const uint8_t block[static PL_TAR_BLOCK_BYTES], struct pl_tar_header *out);
/* A number field: octal with blanks about it, or base 256. Return: whether it is one and fits. */
bool pl_tar_number(const uint8_t *field, size_t n, int64_t *out);

/* A decimal number as strconv.ParseInt takes it, digit by digit. Starts as {0}. */
struct pl_tar_decimal {
	bool negative, any, bad;
	uint64_t value;
	uint64_t n;
};
void pl_tar_decimal_add(struct pl_tar_decimal *decimal, uint8_t c);
/* Return: whether all that was added is a number of 64 bits. */
bool pl_tar_decimal_end(const struct pl_tar_decimal *decimal, int64_t *out);

/* The records that mean something here, by enum; of two with one key the last counts. */
enum pl_pax_key {
	PL_PAX_PATH,
	PL_PAX_LINKPATH,
	PL_PAX_UNAME,
	PL_PAX_GNAME, /* the four above must not hold a zero byte */
	PL_PAX_UID,
	PL_PAX_GID,
	PL_PAX_SIZE,
	PL_PAX_ATIME,
	PL_PAX_MTIME,
	PL_PAX_CTIME,
	PL_PAX_SPARSE_MAJOR,
	PL_PAX_SPARSE_MINOR,
	PL_PAX_SPARSE_MAP,
	PL_PAX_SPARSE_BLOCKS,
	PL_PAX_SPARSE_NAME,
	PL_PAX_SPARSE_SIZE,
	PL_PAX_SPARSE_REALSIZE,
	PL_PAX_SPARSE_OFFSET, /* the last two stand for a map, fragment by fragment (format 0.0) */
	PL_PAX_SPARSE_BYTES,
	PL_PAX_KEYS
};

struct pl_pax {
	struct pl_tar_text values[PL_PAX_KEYS];
	uint8_t *body; /* borrowed; zeros stand in it where the records ended in a line feed */
	size_t n;
	size_t n_sparse; /* records of the last two keys */
	bool xattrs;
};

/* Takes a body apart, and puts zeros behind its values. Return: null, or what is wrong with it. */
const char *pl_pax_parse(uint8_t *body, size_t n, struct pl_pax *out);
/* Lets the records take the place of header fields, strings apart. Return: null, or what is wrong. */
const char *pl_pax_merge(const struct pl_pax *pax, struct pl_tar_header *header);
bool pl_pax_number(const struct pl_tar_text *text, int64_t *out);
bool pl_pax_is(const struct pl_pax *pax, enum pl_pax_key key, const char *value);

struct pl_pax_record {
	struct pl_tar_text key, value; /* the key has no zero behind it */
	uint8_t *end;                  /* what must be a line feed */
};
/* The next record of a body; *at moves on. Return: null, or what is wrong. */
const char *pl_pax_record(uint8_t **at, size_t *left, struct pl_pax_record *out);
/* Which of the known ones, or PL_PAX_KEYS. */
enum pl_pax_key pl_pax_key(const struct pl_tar_text *key);

/* Where data lies in a sparse file. What lies between is zeros. */
struct pl_fragment {
	uint64_t offset, n;
};

struct pl_tar {
	struct pl_stream *stream;
	const uint8_t *in; /* lent by the stream, not taken yet */
	size_t n_in;
	uint64_t offset; /* of `in` in the stream */
	uint64_t header_offset;
	bool ended;

	uint64_t content_left; /* as stored */
	uint64_t pad;          /* bytes up to the next header */

	bool sparse;
	struct pl_buf map; /* struct pl_fragment, in order */
	size_t map_at;
	uint64_t at;   /* how much of the content was given */
	uint64_t size; /* of it, holes included */
	uint64_t mapped;

	struct pl_tar_header header;
	struct pl_pax pax;
	struct pl_buf pax_body, long_name, long_link;
	uint8_t block[PL_TAR_BLOCK_BYTES]; /* one that came in pieces */
};

int pl_tar_refuse(const struct pl_tar *tar, int verdict, struct pl_reason *reason, const char *what);
int pl_tar_refuse_end(const struct pl_tar *tar, struct pl_reason *reason, const char *what);
/*
 * The next block, or what is left of the stream if that is less; good until the next call that reads.
 * Return: as pl_stream_next.
 */
int pl_tar_take_block(struct pl_tar *tar, const uint8_t **block_out, size_t *n_out, struct pl_reason *reason)
	__attribute__((warn_unused_result));

/* Read the map of a sparse file; the second finds out whether it is one, and *name changes when the map names it. */
int pl_tar_sparse_gnu(struct pl_tar *tar, const uint8_t block[static PL_TAR_BLOCK_BYTES], struct pl_reason *reason)
	__attribute__((warn_unused_result));
int pl_tar_sparse_pax(struct pl_tar *tar, struct pl_tar_text *name, struct pl_reason *reason)
	__attribute__((warn_unused_result));
