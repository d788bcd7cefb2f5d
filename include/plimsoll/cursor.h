/* SPDX-License-Identifier: Apache-2.0 */
/* The one way to read untrusted bytes: what is left, and typed reads that refuse to go past it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct pl_cursor {
	const uint8_t *at;
	size_t left;
};

static inline struct pl_cursor pl_cursor_of(const void *bytes, size_t n)
{
	return (struct pl_cursor){ .at = bytes, .left = n };
}

/* The next `n` bytes, or null (and nothing moves) when fewer are left. */
static inline const uint8_t *pl_cursor_take(struct pl_cursor *cursor, size_t n)
{
	const uint8_t *at = cursor->at;

	if (n > cursor->left)
		return NULL;
	cursor->at += n;
	cursor->left -= n;
	return at;
}

/* Little-endian, whatever the machine and the alignment. */
static inline bool pl_cursor_le32(struct pl_cursor *cursor, uint32_t *out)
{
	const uint8_t *at = pl_cursor_take(cursor, 4);

	if (at)
		*out = (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
	return at;
}
