/* SPDX-License-Identifier: Apache-2.0 */
#include "plimsoll/reason.h"

#include <stdio.h>
#include <string.h>

static void mark_cut(char *text, size_t size, int wanted)
{
	if (wanted >= 0 && (size_t)wanted >= size)
		memcpy(text + size - 4, "...", 4);
}

void pl_reason_vset(struct pl_reason *reason, const char *format, va_list args)
{
	int n;

	if (!reason)
		return;
	n = vsnprintf(reason->text, sizeof(reason->text), format, args);
	mark_cut(reason->text, sizeof(reason->text), n);
}

void pl_reason_set(struct pl_reason *reason, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	pl_reason_vset(reason, format, args);
	va_end(args);
}

void pl_reason_prefix(struct pl_reason *reason, const char *format, ...)
{
	struct pl_reason old;
	va_list args;
	size_t at;
	int n;

	if (!reason)
		return;
	old = *reason;
	va_start(args, format);
	pl_reason_vset(reason, format, args);
	va_end(args);
	at = strlen(reason->text);
	n = snprintf(reason->text + at, sizeof(reason->text) - at, ": %s", old.text);
	mark_cut(reason->text, sizeof(reason->text), n < 0 ? n : (int)at + n);
}

void pl_reason_limit(struct pl_reason *reason, const char *limit, unsigned long long value)
{
	pl_reason_set(reason, "over plimsoll's limit %s (%llu)", limit, value);
}
