/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that belongs to one subject and goes with it: allocated piece by piece, freed at once, bounded. */
#pragma once

#include <stddef.h>

struct pl_arena_block;

struct pl_arena {
	struct pl_arena_block *blocks;
	size_t used_bytes; /* what was asked of the system */
	size_t max_bytes;
};

/* An arena that will never hold more than `max_bytes`, its own book-keeping included. Allocates nothing yet. */
void pl_arena_init(struct pl_arena *arena, size_t max_bytes);
void pl_arena_deinit(struct pl_arena *arena);

/* `size` zeroed bytes, aligned for any type; null when the arena is full or the system has no more. */
void *pl_arena_alloc(struct pl_arena *arena, size_t size) __attribute__((malloc, alloc_size(2), warn_unused_result));
/* The same for `n` elements; null on overflow too. */
void *pl_arena_calloc(struct pl_arena *arena, size_t n, size_t size)
	__attribute__((malloc, alloc_size(2, 3), warn_unused_result));
/* A terminated copy of `n` bytes. */
char *pl_arena_strndup(struct pl_arena *arena, const char *text, size_t n) __attribute__((malloc, warn_unused_result));
char *pl_arena_strdup(struct pl_arena *arena, const char *text) __attribute__((malloc, warn_unused_result));
char *pl_arena_printf(struct pl_arena *arena, const char *format, ...)
	__attribute__((malloc, warn_unused_result, format(printf, 2, 3)));

#define PL_CLEANUP_ARENA __attribute__((cleanup(pl_arena_deinit)))
