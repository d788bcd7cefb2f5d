/* SPDX-License-Identifier: Apache-2.0 */
#include "plimsoll/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#define READ_FLAGS (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

void pl_fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

void pl_file_close(FILE **file)
{
	if (*file)
		fclose(*file);
	*file = NULL;
}

int pl_fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static int open_how(int dir, const char *path, int flags, __u64 resolve)
{
	struct open_how how = { .resolve = resolve };
	long fd;

	/* O_PATH takes no other flag but these */
	if (flags & O_PATH)
		flags = O_PATH | O_CLOEXEC | O_NOFOLLOW | (flags & O_DIRECTORY);
	else
		flags |= READ_FLAGS | O_NOFOLLOW | O_NOATIME;
	how.flags = (__u64)(unsigned int)flags;
	fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
	if (fd < 0 && errno == EPERM && how.flags & O_NOATIME) {
		/* only the owner and root may leave the access time alone */
		how.flags &= ~(__u64)O_NOATIME;
		fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
	}
	return fd < 0 ? -errno : (int)fd;
}

int pl_openat(int dir, const char *path, enum pl_resolve how, int flags)
{
	__u64 resolve = RESOLVE_NO_MAGICLINKS;

	resolve |= how == PL_RESOLVE_IN_ROOT ? RESOLVE_IN_ROOT : RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
	return open_how(dir, path, flags, resolve);
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
