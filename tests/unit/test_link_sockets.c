/* SPDX-License-Identifier: Apache-2.0 */
/* The private socket between libmosquitto and the pump, and the way to a TCP connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "link/deadline.h"
#include "link/dial.h"
#include "link/private_socket.h"
#include "plimsoll/fd.h"
#include "plimsoll/link.h"

static int connect_to(const struct pl_private_socket *private)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&private->address, sizeof(private->address)), 0);
	return fd;
}

static void private_to_this_process(void **state)
{
	PL_CLEANUP_PRIVATE_SOCKET struct pl_private_socket private = PL_PRIVATE_SOCKET_INIT;
	PL_CLEANUP_FD int ours = -1;
	PL_CLEANUP_FD int theirs = -1;
	struct pl_reason reason;
	char directory[sizeof(private.directory)];
	struct stat st;
	char byte = 0;

	(void)state;
	umask(0);
	assert_int_equal(pl_private_socket_listen(&private, &reason), 0);
	strncpy(directory, private.directory, sizeof(directory));
	assert_int_equal(stat(directory, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	theirs = connect_to(&private);
	assert_int_equal(pl_private_socket_accept(&private, &ours, &reason), 0);
	/* no name is left, and nobody can come after */
	assert_int_equal(stat(directory, &st), -1);
	assert_int_equal(private.fd, -1);
	assert_int_equal(write(theirs, "x", 1), 1);
	assert_int_equal(read(ours, &byte, 1), 1);
	assert_int_equal(byte, 'x');
	assert_int_equal(read(ours, &byte, 1), -1);
	assert_int_equal(errno, EAGAIN);
}

static void another_process_is_refused(void **state)
{
	PL_CLEANUP_PRIVATE_SOCKET struct pl_private_socket private = PL_PRIVATE_SOCKET_INIT;
	PL_CLEANUP_FD int ours = -1;
	struct pl_reason reason;
	pid_t child;

	(void)state;
	assert_int_equal(pl_private_socket_listen(&private, &reason), 0);
	child = fork();
	if (!child) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		_exit(connect(fd, (const struct sockaddr *)&private.address, sizeof(private.address)) ? 1 : 0);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(pl_private_socket_accept(&private, &ours, &reason), -EPERM);
	assert_int_equal(ours, -1);
	assert_non_null(strstr(reason.text, "another process"));
}

static void nobody_connects(void **state)
{
	PL_CLEANUP_PRIVATE_SOCKET struct pl_private_socket private = PL_PRIVATE_SOCKET_INIT;
	struct pl_reason reason;
	int fd = -1;

	(void)state;
	assert_int_equal(pl_private_socket_listen(&private, &reason), 0);
	assert_int_equal(pl_private_socket_accept(&private, &fd, &reason), -EAGAIN);
	assert_int_equal(fd, -1);
}

static void unusable_runtime_directories_are_passed_over(void **state)
{
	PL_CLEANUP_PRIVATE_SOCKET struct pl_private_socket private = PL_PRIVATE_SOCKET_INIT;
	struct pl_reason reason;
	char path[200];

	(void)state;
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = 0;
	setenv("RUNTIME_DIRECTORY", path, 1);
	setenv("XDG_RUNTIME_DIR", "relative", 1);
	assert_int_equal(pl_private_socket_listen(&private, &reason), 0);
	setenv("RUNTIME_DIRECTORY", "/nowhere", 1);
	pl_private_socket_deinit(&private);
	assert_int_equal(pl_private_socket_listen(&private, &reason), 0);
	unsetenv("RUNTIME_DIRECTORY");
	unsetenv("XDG_RUNTIME_DIR");
}

/* A socket bound to a free port of 127.0.0.1. */
static int bound(uint16_t *port_out)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*port_out = ntohs(address.sin_port);
	return fd;
}

static void dials(void **state)
{
	PL_CLEANUP_FD int fd = -1;
	struct pl_reason reason = { 0 };
	uint16_t port;
	PL_CLEANUP_FD int listener = bound(&port);

	(void)state;
	/* bound and not listening: refused */
	assert_int_equal(pl_dial("127.0.0.1", port, pl_now_ms() + 2000, &fd, &reason), PL_LINK_E_CONNECT);
	assert_non_null(strstr(reason.text, "nothing listens"));
	assert_int_equal(listen(listener, 8), 0);
	assert_int_equal(pl_dial("127.0.0.1", port, pl_now_ms() + 2000, &fd, &reason), 0);
	pl_fd_close(&fd);
	/* by name, which may have an IPv6 address where nothing listens */
	assert_int_equal(pl_dial("localhost", port, pl_now_ms() + 2000, &fd, &reason), 0);
}

static void names_that_are_none(void **state)
{
	static const char *const names[] = { "no-such-host.invalid", "a..b", "127.0.0.1.1", "with space", "::g" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct pl_reason reason = { 0 };
		int64_t begin = pl_now_ms();
		int fd = -1;

		assert_int_equal(pl_dial(names[i], 8883, begin + 1000, &fd, &reason), PL_LINK_E_NAME);
		assert_true(reason.text[0]);
		assert_int_equal(fd, -1);
		assert_true(pl_now_ms() - begin < 2000);
	}
}

/* A full backlog leaves connection requests without an answer, as a firewall does. */
static void silence_ends_in_time(void **state)
{
	struct pl_reason reason = { 0 };
	int fds[16];
	int64_t begin;
	uint16_t port;
	PL_CLEANUP_FD int listener = bound(&port);
	int r = 0;
	size_t n = 0;

	(void)state;
	assert_int_equal(listen(listener, 0), 0);
	begin = pl_now_ms();
	while (!r && n < sizeof(fds) / sizeof(*fds)) {
		fds[n] = -1;
		begin = pl_now_ms();
		r = pl_dial("127.0.0.1", port, begin + 300, &fds[n], &reason);
		n++;
	}
	assert_int_equal(r, PL_LINK_E_CONNECT);
	assert_non_null(strstr(reason.text, "in time"));
	assert_true(pl_now_ms() - begin < 1500);
	while (n)
		pl_fd_close(&fds[--n]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(private_to_this_process),
		cmocka_unit_test(another_process_is_refused),
		cmocka_unit_test(nobody_connects),
		cmocka_unit_test(unusable_runtime_directories_are_passed_over),
		cmocka_unit_test(dials),
		cmocka_unit_test(names_that_are_none),
		cmocka_unit_test(silence_ends_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
