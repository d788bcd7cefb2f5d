/* SPDX-License-Identifier: Apache-2.0 */
/* Text for people and for JSON, made of bytes that nobody vouches for. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plimsoll/limits.h"

/* Room for pl_escape's longest output of a name worth printing. */
#define PL_ESCAPED_BYTES 512

struct pl_escaped {
	char text[PL_ESCAPED_BYTES];
};

/*
 * `bytes` fit for a terminal and for UTF-8 text: control characters (C0, DEL, C1), line and paragraph separators,
 * bidirectional controls, and bytes that are not UTF-8 become \xNN (each byte), a backslash becomes two. What does not
 * fit ends in "...". Used as: pl_escape(&(struct pl_escaped){ 0 }, name, strlen(name)).
 * Return: out->text.
 */
const char *pl_escape(struct pl_escaped *out, const char *bytes, size_t n);
/* The same for a terminated string; a null pointer gives "". */
const char *pl_escape_str(struct pl_escaped *out, const char *text);

/*
 * One code point of UTF-8 at `bytes` (n > 0) and its length in bytes.
 * Return: the length 1..4, or 0 when the bytes are not UTF-8.
 */
size_t pl_utf8_decode(const char *bytes, size_t n, uint32_t *code_out);
/* Encodes a valid code point. Return: the bytes written, 1..4. */
size_t pl_utf8_encode(uint32_t code, char out[static 4]);
