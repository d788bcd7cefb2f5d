/* SPDX-License-Identifier: Apache-2.0 */
/* What openat2(2) does for pl_openat, by hand: for Linux before 5.6, and for emulators that do not know the call. */
#pragma once

#include "plimsoll/fd.h"
#include "plimsoll/limits.h"

/*
 * Goes from `dir` to the directory that holds the last component of `path`, one component at a time, none of them followed
 * by the kernel. With PL_RESOLVE_IN_ROOT links are followed here, and neither they nor ".." lead above `dir`.
 * *last_out gets the last component (never a link then), "." when the path ends in a directory.
 * Return: a descriptor of that directory, or -errno.
 */
int pl_openat_walk(int dir, const char *path, enum pl_resolve how, char last_out[static PL_MAX_NAME_BYTES + 1])
	__attribute__((warn_unused_result));
