/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmosquitto knows TLS only through OpenSSL, but connects to Unix sockets. A process of the same user that got in
 * between would own an authenticated session to the broker: hence a directory that nobody else may enter, one
 * connection, a look at who made it, and no name left behind.
 */
#include "private_socket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "plimsoll/fd.h"

static int make_directory(struct pl_private_socket *private)
{
	const char *const parents[] = { getenv("RUNTIME_DIRECTORY"), getenv("XDG_RUNTIME_DIR"), "/run", "/tmp" };
	int error = ENAMETOOLONG;

	for (size_t i = 0; i < sizeof(parents) / sizeof(*parents); i++) {
		int n;

		if (!parents[i] || parents[i][0] != '/')
			continue;
		/* room for "/s" */
		n = snprintf(private->directory, sizeof(private->directory) - 2, "%s/plimsoll.XXXXXX", parents[i]);
		if (n < 0 || (size_t)n >= sizeof(private->directory) - 2)
			continue;
		/* makes it with mode 0700, whatever the umask */
		if (mkdtemp(private->directory))
			return 0;
		error = errno;
	}
	private->directory[0] = 0;
	return -error;
}

int pl_private_socket_listen(struct pl_private_socket *private, struct pl_reason *reason)
{
	int r = make_directory(private);

	if (!r) {
		private->address.sun_family = AF_UNIX;
		memcpy(private->address.sun_path, private->directory, strlen(private->directory));
		memcpy(private->address.sun_path + strlen(private->directory), "/s", 3);
		private->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (private->fd < 0 ||
		    bind(private->fd, (const struct sockaddr *)&private->address, sizeof(private->address)) < 0 ||
		    listen(private->fd, 1) < 0)
			r = -errno;
	}
	if (r)
		pl_reason_set(reason, "no private socket can be made in a runtime directory, /run or /tmp: %s",
			      strerror(-r));
	return r;
}

int pl_private_socket_accept(struct pl_private_socket *private, int *fd_out, struct pl_reason *reason)
{
	PL_CLEANUP_FD int fd = accept4(private->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ucred peer = { 0 };
	socklen_t len = sizeof(peer);
	int r = 0;

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		r = -errno;
	else if (peer.pid != getpid())
		r = -EPERM;
	pl_private_socket_deinit(private);
	if (r == -EPERM)
		pl_reason_set(reason, "another process (%ld) connected to our private socket", (long)peer.pid);
	else if (r)
		pl_reason_set(reason, "nothing connected to our private socket: %s", strerror(-r));
	else
		*fd_out = pl_fd_take(&fd);
	return r;
}

void pl_private_socket_deinit(struct pl_private_socket *private)
{
	pl_fd_close(&private->fd);
	if (!private->directory[0])
		return;
	if (private->address.sun_path[0])
		unlink(private->address.sun_path);
	rmdir(private->directory);
	private->directory[0] = 0;
}
