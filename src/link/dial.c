/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Name and TCP. The answers of name servers come from the network, are parsed by the C library and may be late: both
 * are reasons to have that done by a process that can be thrown away.
 */
#include "dial.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deadline.h"
#include "plimsoll/fd.h"
#include "plimsoll/limits.h"
#include "plimsoll/link.h"

/* How long an address is waited for before the next one is tried beside it (RFC 8305 section 5). */
#define STAGGER_MS 250

/* What the child writes, in one piece: it fits a pipe's atomic write. */
struct answer {
	int status; /* of getaddrinfo() */
	uint32_t n;
	struct {
		uint32_t len;
		struct sockaddr_storage address;
	} found[PL_MAX_ADDRESSES];
};
_Static_assert(sizeof(struct answer) <= 4096, "more than PIPE_BUF");

static void resolve(const char *host, uint16_t port, int flags, struct answer *answer)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV };
	struct addrinfo *list = NULL;
	char service[8];

	snprintf(service, sizeof(service), "%u", port);
	answer->status = getaddrinfo(host, service, &hints, &list);
	if (answer->status)
		return;
	for (struct addrinfo *at = list; at && answer->n < PL_MAX_ADDRESSES; at = at->ai_next) {
		if (at->ai_addrlen > sizeof(answer->found[0].address))
			continue;
		memcpy(&answer->found[answer->n].address, at->ai_addr, at->ai_addrlen);
		answer->found[answer->n++].len = at->ai_addrlen;
	}
	freeaddrinfo(list);
}

static void reap(pid_t *child)
{
	if (*child <= 0)
		return;
	kill(*child, SIGKILL);
	while (waitpid(*child, NULL, 0) < 0 && errno == EINTR)
		;
	*child = -1;
}

/* Return: 0 with an answer; -ETIMEDOUT; another -errno. */
static int resolve_in_child(const char *host, uint16_t port, int64_t deadline_ms, struct answer *answer)
{
	__attribute__((cleanup(reap))) pid_t child = -1;
	PL_CLEANUP_FD int in = -1;
	PL_CLEANUP_FD int out = -1;
	struct pollfd wait;
	int ends[2], n;
	ssize_t got;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	in = ends[0];
	out = ends[1];
	child = fork();
	if (child < 0)
		return -errno;
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		resolve(host, port, 0, answer);
		_exit(pl_write_full(out, answer, sizeof(*answer)) ? 1 : 0);
	}
	pl_fd_close(&out);
	wait = (struct pollfd){ .fd = in, .events = POLLIN };
	do
		n = poll(&wait, 1, pl_left_ms(deadline_ms));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (!n)
		return -ETIMEDOUT;
	got = pl_read_full(in, answer, sizeof(*answer));
	if (got < 0)
		return (int)got;
	return got == sizeof(*answer) && answer->n <= PL_MAX_ADDRESSES ? 0 : -EIO;
}

static int find(const char *host, uint16_t port, int64_t deadline_ms, struct answer *answer, struct pl_reason *reason)
{
	int r;

	resolve(host, port, AI_NUMERICHOST, answer);
	if (answer->status == EAI_NONAME) {
		r = resolve_in_child(host, port, deadline_ms, answer);
		if (r == -ETIMEDOUT) {
			pl_reason_set(reason, "the name was not resolved in time: no name server answers");
			return PL_LINK_E_NAME;
		}
		if (r < 0) {
			pl_reason_set(reason, "the name could not be resolved: %s", strerror(-r));
			return r;
		}
	}
	if (answer->status || !answer->n) {
		pl_reason_set(reason, "the name does not resolve: %s",
			      answer->status ? gai_strerror(answer->status) : "it has no address");
		return PL_LINK_E_NAME;
	}
	return 0;
}

struct attempts {
	struct pollfd wait[PL_MAX_ADDRESSES];
	size_t n;
	size_t pending;
	int error; /* of the last one that failed */
};

static void attempts_deinit(struct attempts *attempts)
{
	for (size_t i = 0; i < attempts->n; i++)
		pl_fd_close(&attempts->wait[i].fd);
}

static void give_up(struct attempts *attempts, size_t i, int error)
{
	pl_fd_close(&attempts->wait[i].fd);
	attempts->pending--;
	attempts->error = error;
}

/* Begins with the next address. */
static void start(struct attempts *attempts, const struct answer *answer)
{
	size_t i = attempts->n++;
	const struct sockaddr *address = (const struct sockaddr *)&answer->found[i].address;
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	attempts->pending++;
	attempts->wait[i] = (struct pollfd){ .fd = fd, .events = POLLOUT };
	if (fd < 0 || (connect(fd, address, (socklen_t)answer->found[i].len) < 0 && errno != EINPROGRESS))
		give_up(attempts, i, errno);
}

/* The socket of an attempt that has come through, or -1. */
static int winner(struct attempts *attempts)
{
	for (size_t i = 0; i < attempts->n; i++) {
		struct pollfd *wait = &attempts->wait[i];
		socklen_t len = sizeof(int);
		int error = 0;

		if (wait->fd < 0 || !wait->revents)
			continue;
		if (getsockopt(wait->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
			error = errno;
		if (!error)
			return pl_fd_take(&wait->fd);
		give_up(attempts, i, error);
	}
	return -1;
}

/* Return: 0; -ETIMEDOUT; the -errno of the last address that failed. */
static int connect_any(const struct answer *answer, int64_t deadline_ms, int *fd_out)
{
	__attribute__((cleanup(attempts_deinit))) struct attempts attempts = { .error = ETIMEDOUT };
	int64_t next_ms = 0;

	for (;;) {
		int64_t until_ms = deadline_ms;
		int fd;

		if (attempts.n < answer->n && (!attempts.pending || pl_now_ms() >= next_ms)) {
			start(&attempts, answer);
			next_ms = pl_now_ms() + STAGGER_MS;
		}
		if (!attempts.pending && attempts.n == answer->n)
			return -attempts.error;
		if (!attempts.pending)
			continue;
		if (pl_now_ms() >= deadline_ms)
			return -ETIMEDOUT;
		if (attempts.n < answer->n && next_ms < until_ms)
			until_ms = next_ms;
		if (poll(attempts.wait, (nfds_t)attempts.n, pl_left_ms(until_ms)) < 0) {
			if (errno != EINTR)
				return -errno;
			continue;
		}
		fd = winner(&attempts);
		if (fd >= 0) {
			*fd_out = fd;
			return 0;
		}
	}
}

int pl_dial(const char *host, uint16_t port, int64_t deadline_ms, int *fd_out, struct pl_reason *reason)
{
	struct answer answer = { 0 };
	const int on = 1;
	int r;

	r = find(host, port, deadline_ms, &answer, reason);
	if (r)
		return r;
	r = connect_any(&answer, deadline_ms, fd_out);
	switch (r) {
	case 0:
		/* small packets, each of which the other side waits for; a refusal would only cost time */
		(void)setsockopt(*fd_out, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		return 0;
	case -ECONNREFUSED:
		pl_reason_set(reason, "nothing listens there (connection refused)");
		return PL_LINK_E_CONNECT;
	case -ETIMEDOUT:
		pl_reason_set(reason, "no answer in time: wrong address, or a firewall");
		return PL_LINK_E_CONNECT;
	default:
		pl_reason_set(reason, "no connection: %s", strerror(-r));
		return PL_LINK_E_CONNECT;
	}
}
