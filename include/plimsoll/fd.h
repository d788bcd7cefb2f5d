/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening and reading files of others without being led astray: no link is followed out of the tree that was meant, no
 * FIFO or device blocks, access times are left alone where the kernel allows it, and every read has a bound.
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "plimsoll/buf.h"

/* Closes *fd if it is open (>= 0) and sets it to -1; errno is kept. */
void pl_fd_close(int *fd);
/* Moves an owned descriptor out of its variable. */
int pl_fd_take(int *fd) __attribute__((warn_unused_result));

#define PL_CLEANUP_FD __attribute__((cleanup(pl_fd_close)))

enum pl_resolve {
	PL_RESOLVE_NO_LINKS, /* below `dir`, no symbolic link on the way or at the end: for stores and layers */
	PL_RESOLVE_IN_ROOT,  /* links are followed as if `dir` were "/": for another machine's configuration */
};

/*
 * Opens `path` below `dir` for reading (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, O_NOATIME where permitted; `flags`
 * adds O_DIRECTORY or O_PATH). Never follows a magic link. By openat2(2) where the kernel has it (Linux 5.6).
 * Return: a descriptor, or -errno (-ELOOP or -EXDEV: a link led where it must not).
 */
int pl_openat(int dir, const char *path, enum pl_resolve how, int flags) __attribute__((warn_unused_result));

/* The same for a path of the caller's own (a command line, a configuration), where links are the caller's business. */
int pl_open(const char *path, int flags) __attribute__((warn_unused_result));

/*
 * Reads a regular file of at most buf->max bytes into the empty `buf`.
 * Return: 0; -EFBIG when it is larger; -EINVAL when it is not a regular file; another -errno.
 */
int pl_read_fd(int fd, struct pl_buf *buf) __attribute__((warn_unused_result));
int pl_read_at(int dir, const char *path, enum pl_resolve how, struct pl_buf *buf) __attribute__((warn_unused_result));

/* Reads up to `n` bytes, repeating short reads. Return: the count (short only at the end of the file) or -errno. */
ssize_t pl_read_full(int fd, void *bytes, size_t n) __attribute__((warn_unused_result));
/* Writes all `n` bytes. Return: 0 or -errno. */
int pl_write_full(int fd, const void *bytes, size_t n) __attribute__((warn_unused_result));
