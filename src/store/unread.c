/* SPDX-License-Identifier: Apache-2.0 */
#include "unread.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "plimsoll/fd.h"
#include "plimsoll/limits.h"
#include "store_internal.h"

/* "[]": an images.json without images. */
#define EMPTY_LIST_BYTES 2

static bool has_entries(int dir, const char *path)
{
	PL_CLEANUP_DIR DIR *list = NULL;
	const struct dirent *entry;

	if (pl_opendir_at(dir, path, &list))
		return false;
	while ((entry = readdir(list)))
		if (entry->d_name[0] != '.')
			return true;
	return false;
}

static bool has_long_file(int dir, const char *path)
{
	PL_CLEANUP_FD int fd = pl_openat(dir, path, PL_RESOLVE_NO_LINKS, O_PATH);
	struct stat st;

	return fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > EMPTY_LIST_BYTES;
}

/* Whether any name in `dir` that begins and ends so leads to something, by `test` of the path below it. */
static bool any(int dir, const char *begin, const char *end, const char *below, bool (*test)(int dir, const char *path))
{
	PL_CLEANUP_DIR DIR *list = NULL;
	const struct dirent *entry;

	if (pl_opendir_at(dir, ".", &list))
		return false;
	while ((entry = readdir(list))) {
		char path[PL_MAX_NAME_BYTES + 32];
		size_t n = strlen(entry->d_name);

		if (strncmp(entry->d_name, begin, strlen(begin)) != 0 || n < strlen(end) ||
		    strcmp(entry->d_name + n - strlen(end), end) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", entry->d_name, below);
		if (test(dir, path))
			return true;
	}
	return false;
}

bool pl_containerd_holds_images(int dir)
{
	return any(dir, "io.containerd.snapshotter.v1.", "", "snapshots", has_entries);
}

bool pl_storage_holds_images(int dir)
{
	return any(dir, "", "-images", "images.json", has_long_file);
}
