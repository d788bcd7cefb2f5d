/* SPDX-License-Identifier: Apache-2.0 */
/* Tars that GNU tar, bsdtar and Python wrote (make_tars.py): their entries must be those that Python's own reader finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "plimsoll/buf.h"
#include "plimsoll/fd.h"
#include "plimsoll/stream.h"
#include "plimsoll/tar.h"

/* A line as make_tars.py writes it. */
static void describe_for_python(const struct pl_tar_entry *entry, struct pl_tar *tar, struct pl_buf *out)
{
	static const uint32_t nibbles[16] = { 0,          0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
					      0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
					      0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c };
	uint32_t crc = UINT32_MAX;
	const uint8_t *bytes;
	size_t n = entry->name_len;

	assert_int_equal(pl_buf_printf(out, "%c ", "-hlcbdpg"[entry->type]), 0);
	/* Python takes slashes off the end */
	while (n && entry->name[n - 1] == '/')
		n--;
	for (size_t i = 0; i < n; i++)
		assert_int_equal(pl_buf_printf(out, "%02x", (uint8_t)entry->name[i]), 0);
	assert_int_equal(pl_buf_puts(out, " "), 0);
	for (size_t i = 0; i < entry->link_len; i++)
		assert_int_equal(pl_buf_printf(out, "%02x", (uint8_t)entry->link[i]), 0);
	assert_int_equal(pl_buf_printf(out, " %o %u %u %u,%u %llu", entry->mode, entry->uid, entry->gid, entry->major,
				       entry->minor, (unsigned long long)entry->size),
			 0);
	for (;;) {
		assert_int_equal(pl_tar_read(tar, &bytes, &n, NULL), 0);
		if (!n)
			break;
		for (size_t i = 0; i < n; i++) {
			crc = crc >> 4 ^ nibbles[(crc ^ bytes[i]) & 15];
			crc = crc >> 4 ^ nibbles[(crc ^ bytes[i] >> 4) & 15];
		}
	}
	assert_int_equal(pl_buf_printf(out, " %08x", ~crc), 0);
	if (pl_tar_xattr(tar, "security.capability", &bytes, &n)) {
		assert_int_equal(pl_buf_puts(out, " "), 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(pl_buf_printf(out, "%02x", bytes[i]), 0);
	}
	assert_int_equal(pl_buf_puts(out, "\n"), 0);
}

static void compare_with_python(const char *folder, const char *name, size_t *n_entries)
{
	PL_CLEANUP_BUF struct pl_buf expected = { 0 }, found = { 0 };
	PL_CLEANUP_STREAM struct pl_stream *stream = NULL;
	PL_CLEANUP_TAR struct pl_tar *tar = NULL;
	PL_CLEANUP_FD int fd = -1, lines_fd = -1;
	struct pl_reason reason = { 0 };
	struct pl_tar_entry entry;
	char path[4096];
	bool ended;

	pl_buf_init(&expected, 64 << 20);
	pl_buf_init(&found, 64 << 20);
	snprintf(path, sizeof(path), "%s/%s.lines", folder, name);
	lines_fd = pl_open(path, 0);
	assert_true(lines_fd >= 0);
	assert_int_equal(pl_read_fd(lines_fd, &expected), 0);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = pl_open(path, 0);
	assert_true(fd >= 0);
	assert_int_equal(pl_stream_file(fd, &stream), 0);
	assert_int_equal(pl_tar_new(stream, &tar), 0);
	for (;;) {
		int r = pl_tar_next(tar, &entry, &ended, &reason);

		if (r)
			fail_msg("%s: %s", name, reason.text);
		if (ended)
			break;
		if (entry.type == PL_TAR_GLOBAL)
			continue;
		describe_for_python(&entry, tar, &found);
		++*n_entries;
	}
	if (found.len != expected.len || memcmp(found.data, expected.data, found.len) != 0)
		fail_msg("%s: not what Python finds", name);
}

/* Return: the lines that the maker printed, a name each; null when it cannot run. */
static FILE *run_maker(const char *folder)
{
	static const char script[] = PL_TEST_DATA "/../unit/make_tars.py";
	int fds[2], status;
	FILE *names = tmpfile();
	pid_t pid;

	assert_non_null(names);
	fds[1] = fileno(names);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		dup2(fds[1], STDOUT_FILENO);
		execlp("python3", "python3", script, folder, (char *)NULL);
		_exit(77);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		fclose(names);
		return NULL;
	}
	assert_int_equal(status, 0);
	rewind(names);
	return names;
}

static void tars_of_others(void **state)
{
	char folder[] = "/tmp/plimsoll-tars-XXXXXX", name[256], path[512];
	size_t n_tars = 0, n_entries = 0;
	FILE *names;

	(void)state;
	assert_non_null(mkdtemp(folder));
	names = run_maker(folder);
	if (!names) {
		rmdir(folder);
		print_message("no python3: tars of others are not compared\n");
		skip();
	}
	while (fgets(name, sizeof(name), names)) {
		name[strcspn(name, "\n")] = 0;
		compare_with_python(folder, name, &n_entries);
		snprintf(path, sizeof(path), "%s/%s", folder, name);
		unlink(path);
		snprintf(path, sizeof(path), "%s/%s.lines", folder, name);
		unlink(path);
		n_tars++;
	}
	fclose(names);
	rmdir(folder);
	assert_true(n_tars >= 8);
	print_message("%zu tars, %zu entries\n", n_tars, n_entries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tars_of_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
