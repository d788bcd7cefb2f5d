/* SPDX-License-Identifier: Apache-2.0 */
/* Opening without being led astray: by openat2, and by the walk that stands in for it, which must answer alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/openat_walk.h"
#include "plimsoll/fd.h"

static char base[] = "/tmp/plimsoll-fd.XXXXXX";
static int dir = -1;

static int setup(void **state)
{
	PL_CLEANUP_FD int fd = -1;

	(void)state;
	assert_non_null(mkdtemp(base));
	dir = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	assert_int_equal(mkdirat(dir, "a", 0755), 0);
	assert_int_equal(mkdirat(dir, "a/b", 0755), 0);
	fd = openat(dir, "a/b/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(pl_write_full(fd, "text", 4), 0);
	assert_int_equal(symlinkat("b/file", dir, "a/link"), 0);
	assert_int_equal(symlinkat("/a/b", dir, "root"), 0);
	assert_int_equal(symlinkat("../../../../a/b/file", dir, "up"), 0);
	assert_int_equal(symlinkat("loop", dir, "loop"), 0);
	assert_int_equal(symlinkat("nowhere", dir, "dangling"), 0);
	assert_int_equal(symlinkat("/etc/passwd", dir, "outside"), 0);
	assert_int_equal(mkfifoat(dir, "fifo", 0644), 0);
	return 0;
}

static int teardown(void **state)
{
	static const char *const paths[] = {
		"a/b/file", "a/link", "root", "up", "loop", "dangling", "outside", "fifo"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		unlinkat(dir, paths[i], 0);
	unlinkat(dir, "a/b", AT_REMOVEDIR);
	unlinkat(dir, "a", AT_REMOVEDIR);
	pl_fd_close(&dir);
	return rmdir(base);
}

static int by_hand(const char *path, enum pl_resolve how)
{
	char last[PL_MAX_NAME_BYTES + 1];
	PL_CLEANUP_FD int holder = pl_openat_walk(dir, path, how, last);
	int fd;

	if (holder < 0)
		return holder;
	fd = openat(holder, last, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Which file it is, or the error. */
static long identity(int fd)
{
	struct stat st;
	int r = fd;

	if (fd < 0)
		return fd;
	assert_int_equal(fstat(fd, &st), 0);
	pl_fd_close(&r);
	return (long)st.st_ino;
}

static void both_ways_answer_alike(void **state)
{
	static const char *const paths[] = { "a",        "a/b/file",  "a//b/./file", "a/../a/b/file", "a/link",
					     "root",     "root/file", "up",          "loop",          "loop/x",
					     "dangling", "outside",   "nothing",     "a/nothing/x",   "a/b/file/x",
					     ".",        "./a",       "a/b/",        "a/..",          "fifo" };

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		assert_int_equal(identity(pl_openat(dir, paths[i], PL_RESOLVE_IN_ROOT, 0)),
				 identity(by_hand(paths[i], PL_RESOLVE_IN_ROOT)));
		assert_int_equal(identity(pl_openat(dir, paths[i], PL_RESOLVE_NO_LINKS, 0)),
				 identity(by_hand(paths[i], PL_RESOLVE_NO_LINKS)));
	}
	assert_true(identity(pl_openat(dir, "root/file", PL_RESOLVE_IN_ROOT, 0)) > 0);
	assert_true(identity(pl_openat(dir, "up", PL_RESOLVE_IN_ROOT, 0)) > 0);
	assert_int_equal(identity(pl_openat(dir, "outside", PL_RESOLVE_IN_ROOT, 0)), -ENOENT);
	assert_int_equal(identity(pl_openat(dir, "root/file", PL_RESOLVE_NO_LINKS, 0)), -ELOOP);
	assert_int_equal(identity(pl_openat(dir, "a/link", PL_RESOLVE_NO_LINKS, 0)), -ELOOP);
}

static void nothing_leads_out(void **state)
{
	(void)state;
	assert_int_equal(pl_openat(dir, "..", PL_RESOLVE_NO_LINKS, 0), -EXDEV);
	assert_int_equal(by_hand("..", PL_RESOLVE_NO_LINKS), -EXDEV);
	assert_int_equal(pl_openat(dir, "../x", PL_RESOLVE_NO_LINKS, 0), -EXDEV);
	assert_int_equal(by_hand("a/../../x", PL_RESOLVE_NO_LINKS), -EXDEV);
	assert_int_equal(pl_openat(dir, "/etc/passwd", PL_RESOLVE_NO_LINKS, 0), -EXDEV);
	assert_int_equal(by_hand("/etc/passwd", PL_RESOLVE_NO_LINKS), -EXDEV);
	assert_int_equal(identity(by_hand("../../..", PL_RESOLVE_IN_ROOT)),
			 identity(pl_openat(dir, "../../..", PL_RESOLVE_IN_ROOT, 0)));
}

static void reads_have_a_bound(void **state)
{
	PL_CLEANUP_BUF struct pl_buf buf = { .max = 4 };
	PL_CLEANUP_BUF struct pl_buf small = { .max = 3 };

	(void)state;
	assert_int_equal(pl_read_at(dir, "a/b/file", PL_RESOLVE_NO_LINKS, &buf), 0);
	assert_int_equal(buf.len, 4);
	assert_string_equal((const char *)buf.data, "text");
	assert_int_equal(pl_read_at(dir, "a/b/file", PL_RESOLVE_NO_LINKS, &small), -EFBIG);
	assert_int_equal(pl_read_at(dir, "fifo", PL_RESOLVE_NO_LINKS, &small), -EINVAL);
	assert_int_equal(pl_read_at(dir, "a", PL_RESOLVE_NO_LINKS, &small), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways_answer_alike),
		cmocka_unit_test(nothing_leads_out),
		cmocka_unit_test(reads_have_a_bound),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
