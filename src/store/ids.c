/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose files a docker store's are. A remapped daemon (userns-remap) adds a base to every id. A rootless one runs in a
 * user namespace where its own user is 0 and the ids from 1 on are those of /etc/subuid.
 */
#include "store_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plimsoll/fd.h"
#include "plimsoll/limits.h"

/* How far up the root of the store's own system is looked for: a home directory's data root lies five levels below it. */
#define MAX_ANCESTORS 16

static bool read_id(const char **at, uint32_t *out)
{
	size_t n = strspn(*at, "0123456789");
	unsigned long long value;

	if (!n || n > 10)
		return false;
	value = strtoull(*at, NULL, 10);
	*at += n;
	*out = (uint32_t)value;
	return value && value < UINT32_MAX;
}

bool pl_parse_remap(const char *name, uint32_t *uid_out, uint32_t *gid_out)
{
	return read_id(&name, uid_out) && *name++ == '.' && read_id(&name, gid_out) && !*name;
}

/* The name alone proves nothing: the daemon gives such a directory to that group, or in older versions to that user. */
static bool is_remapped(struct pl_store *store, size_t end, const struct stat *st)
{
	char name[sizeof("4294967295.4294967295")];
	const char *slash = memrchr(store->label, '/', end);
	size_t n = slash ? (size_t)(store->label + end - slash) - 1 : 0;
	uint32_t uid, gid;

	if (!n || n >= sizeof(name))
		return false;
	memcpy(name, slash + 1, n);
	name[n] = 0;
	if (!pl_parse_remap(name, &uid, &gid) || (st->st_uid != uid && st->st_gid != gid))
		return false;
	store->uid_base = uid;
	store->gid_base = gid;
	return true;
}

/* The root directory of the system that the store belongs to: the nearest one above it that has subordinate ids. */
static int open_system(int dir)
{
	PL_CLEANUP_FD int at = dup(dir);

	for (unsigned int i = 0; i < MAX_ANCESTORS && at >= 0; i++) {
		PL_CLEANUP_FD int subuid = pl_openat(at, "etc/subuid", PL_RESOLVE_IN_ROOT, O_PATH);
		int up;

		if (subuid >= 0)
			return pl_fd_take(&at);
		up = openat(at, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		pl_fd_close(&at);
		at = up;
	}
	return -1;
}

static int read_lines(int system, const char *path, struct pl_buf *buf)
{
	pl_buf_init(buf, PL_MAX_ACCOUNT_BYTES);
	return pl_read_at(system, path, PL_RESOLVE_IN_ROOT, buf);
}

/* The n-th field (from 1) of a line with ':' between them, or null. */
static const char *field(const char *line, unsigned int n)
{
	while (line && --n) {
		line = strchr(line, ':');
		line = line ? line + 1 : NULL;
	}
	return line;
}

/* The name of a uid in etc/passwd. */
static bool find_name(int system, uint32_t uid, char *out, size_t size)
{
	PL_CLEANUP_BUF struct pl_buf passwd = { 0 };
	char *line, *rest;

	if (read_lines(system, "etc/passwd", &passwd) || !passwd.len)
		return false;
	rest = (char *)passwd.data;
	while ((line = strsep(&rest, "\n"))) {
		const char *at = field(line, 3);
		uint32_t id;

		if (!at || !read_id(&at, &id) || *at != ':' || id != uid)
			continue;
		line[strcspn(line, ":")] = 0;
		return snprintf(out, size, "%s", line) < (int)size;
	}
	return false;
}

/* The first id of the range that etc/subuid or etc/subgid gives to a user, by name or by number (subuid(5)). */
static bool find_range(int system, const char *path, const char *name, const char *number, uint32_t *out)
{
	PL_CLEANUP_BUF struct pl_buf ranges = { 0 };
	char *line, *rest;

	if (read_lines(system, path, &ranges) || !ranges.len)
		return false;
	rest = (char *)ranges.data;
	while ((line = strsep(&rest, "\n"))) {
		const char *at = field(line, 2);
		size_t n = strcspn(line, ":");

		if (!at || (strncmp(line, name, n) || name[n]) + (strncmp(line, number, n) || number[n]) == 2)
			continue;
		if (read_id(&at, out))
			return true;
	}
	return false;
}

static bool is_rootless(struct pl_store *store, const struct stat *st)
{
	PL_CLEANUP_FD int system = open_system(store->dir);
	char name[256] = "", number[16];
	uint32_t uid_start, gid_start;

	if (system < 0)
		return false;
	snprintf(number, sizeof(number), "%u", st->st_uid);
	if (!find_name(system, st->st_uid, name, sizeof(name)))
		snprintf(name, sizeof(name), "%s", number);
	if (!find_range(system, "etc/subuid", name, number, &uid_start) ||
	    !find_range(system, "etc/subgid", name, number, &gid_start))
		return false;
	/* the first id of the range is 1 inside */
	store->uid_base = uid_start - 1;
	store->gid_base = gid_start - 1;
	store->uid_root = st->st_uid;
	store->gid_root = st->st_gid;
	return true;
}

void pl_store_find_ids(struct pl_store *store, size_t end)
{
	struct stat st;

	if (fstat(store->dir, &st) < 0) {
		store->ids_problem = "the owner of the data root cannot be told";
		return;
	}
	if (is_remapped(store, end, &st) || !st.st_uid || is_rootless(store, &st))
		return;
	store->ids_problem =
		"the data root belongs to a user of whom /etc/subuid and /etc/subgid say no range, so it cannot be "
		"told who owns the files of its images";
}
