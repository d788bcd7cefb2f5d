/* SPDX-License-Identifier: Apache-2.0 */
/* Files of stores: no link is followed, nothing but regular files is read, and what is refused is said in one wording. */
#include "store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "plimsoll/fd.h"
#include "plimsoll/limits.h"
#include "plimsoll/verdict.h"

int pl_store_refused(int r, const char *path, struct pl_reason *reason)
{
	switch (r) {
	case -ENOENT:
	case -ENOTDIR:
		pl_reason_set(reason, "%s is missing", path);
		return PL_BAD_MISSING;
	case -ELOOP:
	case -EXDEV:
		pl_reason_set(reason,
			      "%s is, or lies behind, a symbolic link; engines make none there, and none is followed",
			      path);
		return PL_BAD_SYNTAX;
	case -EINVAL:
	case -ENXIO:
		pl_reason_set(reason, "%s is no regular file", path);
		return PL_BAD_SYNTAX;
	default:
		pl_reason_set(reason, "%s: %s", path, strerror(-r));
		return r;
	}
}

int pl_store_read(int dir, const char *path, size_t max, const char *limit, struct pl_buf *buf,
		  struct pl_reason *reason)
{
	int r;

	pl_buf_init(buf, max);
	r = pl_read_at(dir, path, PL_RESOLVE_NO_LINKS, buf);
	if (!r)
		return 0;
	if (r != -EFBIG)
		return pl_store_refused(r, path, reason);
	pl_reason_limit(reason, limit, max);
	pl_reason_prefix(reason, "%s", path);
	return PL_BAD_LIMIT;
}

int pl_store_read_verified(int dir, const char *path, const struct pl_digest *digest, int64_t size, size_t max,
			   const char *limit, struct pl_buf *buf, struct pl_reason *reason)
{
	struct pl_digest actual;
	struct pl_digest_text text;
	int r = pl_store_read(dir, path, max, limit, buf, reason);

	if (r)
		return r;
	if (size >= 0 && (uint64_t)size != buf->len) {
		pl_reason_set(reason, "%s has %zu bytes instead of %lld", path, buf->len, (long long)size);
		return PL_BAD_DIGEST;
	}
	r = pl_digest_bytes(digest->algorithm, buf->data, buf->len, &actual);
	if (r)
		return r;
	if (pl_digest_equal(&actual, digest))
		return 0;
	pl_reason_set(reason, "%s is damaged: its digest is %s", path, pl_digest_format(&actual, &text));
	return PL_BAD_DIGEST;
}

int pl_store_read_config(int dir, const char *path, const struct pl_digest *digest, int64_t size,
			 struct pl_arena *arena, struct pl_image *out, struct pl_reason *reason)
{
	PL_CLEANUP_BUF struct pl_buf buf = { 0 };
	const struct pl_image_config *config = &out->config;
	int r = pl_store_read_verified(dir, path, digest, size, PL_MAX_CONFIG_BYTES, "config-bytes", &buf, reason);

	if (r) {
		pl_reason_prefix(reason, "config");
		return r;
	}
	r = pl_image_config_parse(buf.data, buf.len, arena, &out->config, reason);
	if (r > 0)
		pl_reason_prefix(reason, "config: %s", path);
	/* a string with a zero byte makes no artifact of an image */
	if (r)
		return r == PL_BAD_UNSUPPORTED ? PL_BAD_SYNTAX : r;
	out->id = *digest;
	out->platform =
		pl_platform_format(&(struct pl_platform){ config->os, config->architecture, config->variant }, arena);
	return out->platform ? 0 : -ENOMEM;
}

const char *pl_digest_path(const struct pl_digest *digest, struct pl_digest_text *out)
{
	char *colon;

	pl_digest_format(digest, out);
	colon = strchr(out->text, ':');
	if (colon)
		*colon = '/';
	return out->text;
}

int pl_opendir_at(int dir, const char *path, DIR **out)
{
	int fd = pl_openat(dir, path, PL_RESOLVE_NO_LINKS, O_DIRECTORY);
	int r = fd < 0 ? fd : 0;

	*out = r ? NULL : fdopendir(fd);
	if (*out)
		return 0;
	if (!r)
		r = -errno;
	pl_fd_close(&fd);
	return r;
}

void pl_dir_close(DIR **dir)
{
	if (*dir)
		closedir(*dir);
	*dir = NULL;
}
