/* SPDX-License-Identifier: Apache-2.0 */
/* A Unix socket that only this process can have connected to: how libmosquitto gets at a TLS session of ours. */
#pragma once

#include <sys/un.h>

#include "plimsoll/reason.h"

struct pl_private_socket {
	int fd;
	struct sockaddr_un address; /* sun_path is what to connect to */
	char directory[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

#define PL_PRIVATE_SOCKET_INIT \
	{                      \
		.fd = -1       \
	}

/*
 * Listens in a directory of its own (0700, below RUNTIME_DIRECTORY, XDG_RUNTIME_DIR, /run or /tmp). Return: 0 or
 * -errno.
 */
int pl_private_socket_listen(struct pl_private_socket *private, struct pl_reason *reason)
	__attribute__((warn_unused_result));

/*
 * The one connection that is already waiting; refuses one that another process made. Listens no longer afterwards.
 * Return: 0 and a non-blocking descriptor; -EPERM; another -errno.
 */
int pl_private_socket_accept(struct pl_private_socket *private, int *fd_out, struct pl_reason *reason)
	__attribute__((warn_unused_result));

/* Stops listening and removes socket and directory. */
void pl_private_socket_deinit(struct pl_private_socket *private);

#define PL_CLEANUP_PRIVATE_SOCKET __attribute__((cleanup(pl_private_socket_deinit)))
