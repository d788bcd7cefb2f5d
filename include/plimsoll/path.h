/* SPDX-License-Identifier: Apache-2.0 */
/* Names of tar entries as engines take them: cleaned by their letters alone, below the root whatever they say. */
#pragma once

#include <stddef.h>

#include "plimsoll/limits.h"

/* What a name had that its normalised form does not show. */
enum pl_path_flag {
	PL_PATH_ABSOLUTE = 1 << 0,  /* began with "/" */
	PL_PATH_DIRECTORY = 1 << 1, /* ended in "/", "/." or "/..", or was "", "." or ".." */
	PL_PATH_DOTDOT = 1 << 2,    /* had a component ".." */
	PL_PATH_CLAMPED = 1 << 3,   /* climbed above the root: stays there, but newer docker refuses it */
};

/*
 * The path of a name: relative, without ".", "..", empty components and slashes at the ends; "" is the root itself. `name`
 * is `n` bytes without zero; *n_out is the length without the terminator. `flags_out` may be null.
 * Only what is left is measured, not what ".." took away.
 * Return: 0, or PL_BAD_LIMIT when the path does not fit (path-bytes) or a component of it is over PL_MAX_NAME_BYTES
 * (name-bytes): no file system an engine extracts to could hold it.
 */
int pl_path_normalise(const char *name, size_t n, char out[static PL_MAX_PATH_BYTES], size_t *n_out,
		      unsigned int *flags_out) __attribute__((warn_unused_result));
