/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a tar front to back as container engines do, which is as Go's archive/tar does (golang/go:src/archive/tar/reader.go
 * and its fork vbatts/tar-split:archive/tar): V7, ustar, PAX, GNU and star headers, long names, PAX records, sparse files.
 * Where another reading is possible, theirs decides; what they refuse is refused here with the byte offset.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plimsoll/reason.h"
#include "plimsoll/stream.h"

struct pl_tar;

enum pl_tar_type {
	PL_TAR_REGULAR,
	PL_TAR_HARD_LINK,
	PL_TAR_SYMLINK,
	PL_TAR_CHAR,
	PL_TAR_BLOCK,
	PL_TAR_DIRECTORY,
	PL_TAR_FIFO,
	PL_TAR_GLOBAL, /* a global PAX header: engines ignore it, unless its name is a whiteout's, which they obey */
};

/* One entry. Strings are good until the next pl_tar_next; they hold no zero byte but the one at their end. */
struct pl_tar_entry {
	enum pl_tar_type type;
	const char *name; /* as it stands in the tar: see plimsoll/path.h */
	size_t name_len;
	const char *link; /* of hard and symbolic links, else "" */
	size_t link_len;
	uint32_t mode;         /* 07777 */
	uint32_t uid, gid;     /* what the file gets: cut to 32 bits; 4294967295 is chown's "as it is", which is 0 */
	uint32_t major, minor; /* of devices: cut to 12 and 20 bits, as mknod(2) does */
	uint64_t size;         /* of regular files: what pl_tar_read gives, holes included */
	const char *refusal;   /* "is ...": why engines refuse an image that has this; or null */
};

/* `stream` is borrowed, and nobody else may read it before the tar is freed. Return: 0, -ENOMEM. */
int pl_tar_new(struct pl_stream *stream, struct pl_tar **out) __attribute__((warn_unused_result));
void pl_tar_free(struct pl_tar **tar);
#define PL_CLEANUP_TAR __attribute__((cleanup(pl_tar_free)))

/*
 * The next entry; what was not read of the one before is passed over. *end_out tells the end: two zero blocks, or the
 * stream's own end where a header would begin, or behind one zero block. What follows two zero blocks is not looked at.
 * Return: 0; what pl_stream_next returns; PL_BAD_SYNTAX, PL_BAD_TRUNCATED, PL_BAD_LIMIT (tar-meta-bytes);
 * PL_BAD_UNSUPPORTED for a type that engines do not know, which ends their reading of the image. After anything but 0 the
 * tar can only be freed.
 */
int pl_tar_next(struct pl_tar *tar, struct pl_tar_entry *out, bool *end_out, struct pl_reason *reason)
	__attribute__((warn_unused_result));

/*
 * The next piece of the current entry's content, holes as zeros; *n_out == 0 is its end. The piece is good until the next
 * call. Entries that are no regular files have none. Returns as pl_tar_next.
 */
int pl_tar_read(struct pl_tar *tar, const uint8_t **bytes_out, size_t *n_out, struct pl_reason *reason)
	__attribute__((warn_unused_result));

/* Reads the stream to its own end, so that a digest over all of it is checked. Returns as pl_stream_next. */
int pl_tar_drain(struct pl_tar *tar, struct pl_reason *reason) __attribute__((warn_unused_result));

/*
 * The value of the current entry's extended attribute (PAX record SCHILY.xattr.NAME; the last one counts). It may be
 * empty, and is good until the next pl_tar_next. Return: whether there is one.
 */
bool pl_tar_xattr(const struct pl_tar *tar, const char *name, const uint8_t **value_out, size_t *n_out);

/* Where the header of the current entry begins in the stream. Bytes; the headers that extend it lie before. */
uint64_t pl_tar_offset(const struct pl_tar *tar);
