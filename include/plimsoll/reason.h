/* SPDX-License-Identifier: Apache-2.0 */
/* One sentence that says why: written once, where the decision is made, in a buffer that the caller owns. */
#pragma once

#include <stdarg.h>

#include "plimsoll/limits.h"

struct pl_reason {
	char text[PL_MAX_REASON]; /* empty: nothing said */
};

/*
 * Writes the sentence. Bytes from outside go in through pl_escape (plimsoll/text.h) first.
 * A sentence that does not fit ends in "...". `reason` may be null: then nothing is kept.
 */
void pl_reason_set(struct pl_reason *reason, const char *format, ...) __attribute__((format(printf, 2, 3)));
void pl_reason_vset(struct pl_reason *reason, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/* Puts "CONTEXT: " before what is already said, so that each caller adds what only it knows. */
void pl_reason_prefix(struct pl_reason *reason, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Says that a limit of plimsoll/limits.h was crossed, in the one wording that all of plimsoll uses. */
void pl_reason_limit(struct pl_reason *reason, const char *limit, unsigned long long value);
