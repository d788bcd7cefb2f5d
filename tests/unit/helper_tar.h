/* SPDX-License-Identifier: Apache-2.0 */
/* Tars made by hand, header by header, and read back as text. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plimsoll/buf.h"
#include "plimsoll/reason.h"
#include "plimsoll/stream.h"
#include "plimsoll/tar.h"

#define BLOCK 512

enum magic { V7, USTAR, GNU, STAR };

/* The tar being made; each test begins with none. */
extern struct pl_buf made;
int begin(void **state);
int end(void **state);

void put_raw(const void *bytes, size_t n);
/* Fills up with zeros to the end of a block. */
void fill_block(void);
void zero_blocks(size_t n);

/* A header block to be changed and then put: mode 644, uid 1000, gid 100. */
uint8_t *begin_header(char type, const char *name, size_t size, enum magic magic);
void put_check_sum(uint8_t *block);
void end_header(uint8_t *block);

void header(char type, const char *name, size_t size);
void link_header(char type, const char *name, const char *link);
void file(const char *name, const char *content);
/* A header with any content, an extended one above all. */
void body(char type, const void *bytes, size_t n);
#define RECORDS(type, text) body(type, text, sizeof(text) - 1)
/* A PAX record with its length. */
void record(struct pl_buf *to, const char *key, const void *value, size_t n);
/* An 'x' (or 'g') header of pairs, up to a null. */
void pax(int type, ...);

/* The first `n` bytes of what was made, to be read in pieces. */
struct reading {
	struct pl_stream *stream;
	struct pl_tar *tar;
	struct pl_reason reason;
	struct pl_tar_entry entry;
	uint8_t *bytes;
};
void open_tar(struct reading *reading, size_t n, size_t chunk);
void close_tar(struct reading *reading);

/*
 * All of it as text, a line for each entry: type, name, link, mode and owner unless they are those above, device numbers,
 * its content behind "=" (zeros as "_"). *out is made anew. Return: what ended it.
 */
int list(size_t n, size_t chunk, bool content, struct pl_buf *out, struct pl_reason *reason_out);
/* What was made gives these lines, whatever pieces it comes in and whether its content is read or passed over. */
void expect(const char *lines);
/* What was made is refused, with a reason that says so. */
void expect_refusal(int verdict, const char *says);
