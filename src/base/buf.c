/* SPDX-License-Identifier: Apache-2.0 */
#include "plimsoll/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void pl_buf_init(struct pl_buf *buf, size_t max)
{
	*buf = (struct pl_buf){ .max = max };
}

void pl_buf_deinit(struct pl_buf *buf)
{
	free(buf->data);
	buf->data = NULL;
	buf->len = buf->cap = 0;
}

void pl_buf_clear(struct pl_buf *buf)
{
	buf->len = 0;
	if (buf->data)
		buf->data[0] = 0;
}

int pl_buf_reserve(struct pl_buf *buf, size_t n)
{
	size_t need, cap;
	uint8_t *data;

	if (n > buf->max - buf->len)
		return -EFBIG;
	need = buf->len + n + 1;
	if (need <= buf->cap)
		return 0;
	/* twice as much as before, so that many small pieces are not copied each time */
	cap = buf->cap < 128 ? 256 : buf->cap > SIZE_MAX / 2 ? need : buf->cap * 2;
	if (cap - 1 > buf->max)
		cap = buf->max + 1;
	if (cap < need)
		cap = need;
	data = realloc(buf->data, cap);
	if (!data)
		return -ENOMEM;
	buf->data = data;
	buf->cap = cap;
	return 0;
}

int pl_buf_append(struct pl_buf *buf, const void *bytes, size_t n)
{
	int r = pl_buf_reserve(buf, n);

	if (r < 0)
		return r;
	if (n)
		memcpy(buf->data + buf->len, bytes, n);
	buf->len += n;
	buf->data[buf->len] = 0;
	return 0;
}

int pl_buf_puts(struct pl_buf *buf, const char *text)
{
	return pl_buf_append(buf, text, strlen(text));
}

int pl_buf_printf(struct pl_buf *buf, const char *format, ...)
{
	va_list args, again;
	int n, r = -EINVAL;

	va_start(args, format);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, args);
	if (n >= 0)
		r = pl_buf_reserve(buf, (size_t)n);
	if (!r) {
		vsnprintf((char *)buf->data + buf->len, (size_t)n + 1, format, again);
		buf->len += (size_t)n;
	}
	va_end(again);
	va_end(args);
	return r;
}
