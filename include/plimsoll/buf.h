/* SPDX-License-Identifier: Apache-2.0 */
/* A byte buffer that grows up to a maximum given when it is made. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct pl_buf {
	uint8_t *data;
	size_t len;
	size_t cap;
	size_t max;
};

/* An empty buffer; allocates nothing yet. */
void pl_buf_init(struct pl_buf *buf, size_t max);
void pl_buf_deinit(struct pl_buf *buf);
/* Empties it and keeps the memory. */
void pl_buf_clear(struct pl_buf *buf);

/* Room for `n` more bytes. 0, -ENOMEM, or -EFBIG when the maximum does not allow it. */
int pl_buf_reserve(struct pl_buf *buf, size_t n) __attribute__((warn_unused_result));
/* Appends, keeping one zero byte (not counted) after the last one, so that `data` is also a C string. */
int pl_buf_append(struct pl_buf *buf, const void *bytes, size_t n) __attribute__((warn_unused_result));
int pl_buf_puts(struct pl_buf *buf, const char *text) __attribute__((warn_unused_result));
int pl_buf_printf(struct pl_buf *buf, const char *format, ...)
	__attribute__((warn_unused_result, format(printf, 2, 3)));

#define PL_CLEANUP_BUF __attribute__((cleanup(pl_buf_deinit)))
