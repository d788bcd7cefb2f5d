/* SPDX-License-Identifier: Apache-2.0 */
#include "plimsoll/arena.h"

#include <stdarg.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Small subjects take one block; larger pieces get a block of their own. */
#define BLOCK_BYTES ((size_t)16 << 10)

struct pl_arena_block {
	struct pl_arena_block *next;
	size_t used;
	size_t size;
	alignas(max_align_t) unsigned char bytes[];
};

void pl_arena_init(struct pl_arena *arena, size_t max_bytes)
{
	*arena = (struct pl_arena){ .max_bytes = max_bytes };
}

void pl_arena_deinit(struct pl_arena *arena)
{
	struct pl_arena_block *block = arena->blocks;

	while (block) {
		struct pl_arena_block *next = block->next;

		free(block);
		block = next;
	}
	arena->blocks = NULL;
	arena->used_bytes = 0;
}

static struct pl_arena_block *add_block(struct pl_arena *arena, size_t size)
{
	size_t left = arena->max_bytes - arena->used_bytes;
	size_t want = size > BLOCK_BYTES ? size : BLOCK_BYTES;
	struct pl_arena_block *block;

	if (left < sizeof(*block) + size)
		return NULL;
	if (want > left - sizeof(*block))
		want = left - sizeof(*block);
	block = malloc(sizeof(*block) + want);
	if (!block)
		return NULL;
	*block = (struct pl_arena_block){ .size = want };
	arena->used_bytes += sizeof(*block) + want;
	if (arena->blocks && size > BLOCK_BYTES) {
		/* the block in use keeps its free space for the small pieces to come */
		block->next = arena->blocks->next;
		arena->blocks->next = block;
	} else {
		block->next = arena->blocks;
		arena->blocks = block;
	}
	return block;
}

void *pl_arena_alloc(struct pl_arena *arena, size_t size)
{
	struct pl_arena_block *block = arena->blocks;
	void *at;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (!block || block->size - block->used < size) {
		block = add_block(arena, size);
		if (!block)
			return NULL;
	}
	at = block->bytes + block->used;
	block->used += size;
	return memset(at, 0, size);
}

void *pl_arena_calloc(struct pl_arena *arena, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return pl_arena_alloc(arena, bytes);
}

char *pl_arena_strndup(struct pl_arena *arena, const char *text, size_t n)
{
	char *copy = n < SIZE_MAX ? pl_arena_alloc(arena, n + 1) : NULL;

	if (copy && n)
		memcpy(copy, text, n);
	return copy;
}

char *pl_arena_strdup(struct pl_arena *arena, const char *text)
{
	return pl_arena_strndup(arena, text, strlen(text));
}

char *pl_arena_printf(struct pl_arena *arena, const char *format, ...)
{
	va_list args, again;
	char *text = NULL;
	int n;

	va_start(args, format);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, args);
	if (n >= 0)
		text = pl_arena_alloc(arena, (size_t)n + 1);
	if (text)
		vsnprintf(text, (size_t)n + 1, format, again);
	va_end(again);
	va_end(args);
	return text;
}
