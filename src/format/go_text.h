/* SPDX-License-Identifier: Apache-2.0 */
/* What Go's standard library makes of text, where the engines' answers hang on it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plimsoll/arena.h"

enum pl_go_int {
	PL_GO_INT,        /* a number */
	PL_GO_INT_SYNTAX, /* none; *out is 0 */
	PL_GO_INT_RANGE,  /* too large for 64 bits; *out is the nearest that fits */
};

/* strconv.Atoi and ParseInt(s, 10, 64) of a 64-bit Go: an optional sign and decimal digits, nothing else. */
enum pl_go_int pl_go_int(const char *text, size_t n, int64_t *out);

/*
 * What time.Time takes from JSON, between the quotes: RFC 3339, and for Go's lenience also one digit of hour, a comma
 * before the fraction, and an offset of up to 24:60 (time/format_rfc3339.go, and Parse in time/format.go).
 */
bool pl_go_is_time(const char *text, size_t n);

/* bytes.TrimSpace: takes Unicode white space off both ends. */
void pl_go_trim(const char **text, size_t *n);

/*
 * The verb %q, in `arena`. Exact for ASCII, for what is not UTF-8, for blanks and for letters; of the other code points
 * Go would escape those that cannot be printed. Return: null when the arena is full.
 */
char *pl_go_quote(const char *text, struct pl_arena *arena) __attribute__((warn_unused_result));
