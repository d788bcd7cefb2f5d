/* SPDX-License-Identifier: Apache-2.0 */
#include "plimsoll/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "openat_walk.h"

#define READ_FLAGS (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

void pl_fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

int pl_fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static int open_resolved(int dir, const char *path, enum pl_resolve how, int flags)
{
	struct open_how request = { .flags = (__u64)(unsigned int)flags, .resolve = RESOLVE_NO_MAGICLINKS };
	char last[PL_MAX_NAME_BYTES + 1];
	PL_CLEANUP_FD int holder = -1;
	long fd;

	/* the walk of a layer opens one name at a time, for which the older call does as much in less time */
	if (how == PL_RESOLVE_NO_LINKS && !strchr(path, '/') && strcmp(path, "..") != 0)
		return openat(dir, path, flags | O_NOFOLLOW);
	if (how == PL_RESOLVE_NO_LINKS)
		request.flags |= O_NOFOLLOW;
	request.resolve |= how == PL_RESOLVE_IN_ROOT ? RESOLVE_IN_ROOT : RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
	fd = syscall(SYS_openat2, dir, path, &request, sizeof(request));
	if (fd >= 0 || errno != ENOSYS)
		return (int)fd;
	holder = pl_openat_walk(dir, path, how, last);
	if (holder < 0) {
		errno = -holder;
		return -1;
	}
	return openat(holder, last, flags | O_NOFOLLOW);
}

int pl_openat(int dir, const char *path, enum pl_resolve how, int flags)
{
	int fd;

	/* O_PATH takes no other flag but these */
	if (flags & O_PATH)
		flags = O_PATH | O_CLOEXEC | (flags & O_DIRECTORY);
	else
		flags |= READ_FLAGS | O_NOATIME;
	fd = open_resolved(dir, path, how, flags);
	/* only the owner and root may leave the access time alone */
	if (fd < 0 && errno == EPERM && flags & O_NOATIME)
		fd = open_resolved(dir, path, how, flags & ~O_NOATIME);
	return fd < 0 ? -errno : fd;
}

int pl_open(const char *path, int flags)
{
	int fd = open(path, READ_FLAGS | flags);

	return fd < 0 ? -errno : fd;
}

ssize_t pl_read_full(int fd, void *bytes, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t r = read(fd, (char *)bytes + done, n - done);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (!r)
			break;
		done += (size_t)r;
	}
	return (ssize_t)done;
}

int pl_write_full(int fd, const void *bytes, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t r = write(fd, (const char *)bytes + done, n - done);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		done += (size_t)r;
	}
	return 0;
}

int pl_read_fd(int fd, struct pl_buf *buf)
{
	struct stat st;
	size_t want;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if ((uintmax_t)st.st_size > buf->max)
		return -EFBIG;
	want = (size_t)st.st_size;
	for (;;) {
		/* one byte more than the size says, so that a file that grew is noticed */
		size_t room = want > buf->len ? want - buf->len + 1 : 4096;
		ssize_t r;
		int e;

		if (room > buf->max - buf->len)
			room = buf->max - buf->len;
		if (!room) {
			uint8_t more;

			r = pl_read_full(fd, &more, 1);
			return r < 0 ? (int)r : r ? -EFBIG : pl_buf_append(buf, "", 0);
		}
		e = pl_buf_reserve(buf, room);
		if (e < 0)
			return e;
		r = pl_read_full(fd, buf->data + buf->len, room);
		if (r < 0)
			return (int)r;
		buf->len += (size_t)r;
		buf->data[buf->len] = 0;
		if ((size_t)r < room)
			return 0;
	}
}

int pl_read_at(int dir, const char *path, enum pl_resolve how, struct pl_buf *buf)
{
	PL_CLEANUP_FD int fd = pl_openat(dir, path, how, 0);

	return fd < 0 ? fd : pl_read_fd(fd, buf);
}
