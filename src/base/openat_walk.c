/* SPDX-License-Identifier: Apache-2.0 */
#include "openat_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "plimsoll/limits.h"

/* Directories of one path, for ".." to go back to. Stores and configuration files lie less than 20 deep. */
#define MAX_LEVELS 64

struct way {
	enum pl_resolve how;
	int levels[MAX_LEVELS]; /* [0] is the caller's */
	size_t n;
	unsigned int links;
	char rest[2 * PL_MAX_PATH_BYTES];
};

static void way_close(struct way *way)
{
	while (way->n > 1)
		pl_fd_close(&way->levels[--way->n]);
}

static int go_down(struct way *way, const char *name)
{
	int fd;

	if (way->n == MAX_LEVELS)
		return -ENAMETOOLONG;
	fd = openat(way->levels[way->n - 1], name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	way->levels[way->n++] = fd;
	return 0;
}

static int go_up(struct way *way)
{
	if (way->n > 1)
		pl_fd_close(&way->levels[--way->n]);
	else if (way->how == PL_RESOLVE_NO_LINKS)
		return -EXDEV;
	return 0;
}

/* Puts a link's target in front of what is left. Return: 0, or -errno; -EINVAL: it is no link. */
static int follow(struct way *way, const char *name, const char *after)
{
	char target[PL_MAX_PATH_BYTES];
	ssize_t n = readlinkat(way->levels[way->n - 1], name, target, sizeof(target));
	size_t left = strlen(after);

	if (n < 0)
		return -errno;
	if (way->how == PL_RESOLVE_NO_LINKS || ++way->links > PL_MAX_LINKS)
		return -ELOOP;
	if ((size_t)n + 1 + left >= sizeof(way->rest) || (size_t)n == sizeof(target))
		return -ENAMETOOLONG;
	if (target[0] == '/')
		way_close(way);
	memmove(way->rest + n + 1, after, left + 1);
	memcpy(way->rest, target, (size_t)n);
	way->rest[n] = '/';
	return 0;
}

/* One component that is not the last. */
static int step(struct way *way, const char *name, const char *after)
{
	int r;

	if (!strcmp(name, "."))
		r = 0;
	else if (!strcmp(name, ".."))
		r = go_up(way);
	else
		r = go_down(way, name);
	if (!r) {
		memmove(way->rest, after, strlen(after) + 1);
	} else if (r == -ENOTDIR || r == -ELOOP) {
		int followed = follow(way, name, after);

		r = followed == -EINVAL ? r : followed;
	}
	return r;
}

static int walk(struct way *way, char last_out[static PL_MAX_NAME_BYTES + 1])
{
	for (;;) {
		size_t slashes = strspn(way->rest, "/");
		size_t n = strcspn(way->rest + slashes, "/");
		const char *after;
		int r;

		if (n > PL_MAX_NAME_BYTES)
			return -ENAMETOOLONG;
		memcpy(last_out, way->rest + slashes, n);
		last_out[n] = 0;
		after = way->rest + slashes + n;
		after += strspn(after, "/");
		if (!n) {
			memcpy(last_out, ".", 2);
			return 0;
		}
		if (!*after && strcmp(last_out, "..") != 0) {
			r = way->how == PL_RESOLVE_IN_ROOT ? follow(way, last_out, "") : -EINVAL;
			if (r == -EINVAL || r == -ENOENT)
				return 0;
		} else {
			r = step(way, last_out, after);
		}
		if (r)
			return r;
	}
}

int pl_openat_walk(int dir, const char *path, enum pl_resolve how, char last_out[static PL_MAX_NAME_BYTES + 1])
{
	struct way way = { .how = how, .levels = { dir }, .n = 1 };
	int r, fd;

	if (strlen(path) >= PL_MAX_PATH_BYTES)
		return -ENAMETOOLONG;
	if (path[0] == '/' && how == PL_RESOLVE_NO_LINKS)
		return -EXDEV;
	memcpy(way.rest, path, strlen(path) + 1);
	r = walk(&way, last_out);
	fd = r ? r : fcntl(way.levels[way.n - 1], F_DUPFD_CLOEXEC, 0);
	if (!r && fd < 0)
		fd = -errno;
	way_close(&way);
	return fd;
}
