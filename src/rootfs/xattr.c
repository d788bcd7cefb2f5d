/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extended attributes of unpacked layers. One listing per file tells that nearly all have none; listxattrat(2) does it
 * relative to a directory, older kernels need the way through /proc.
 */
#include "rootfs_internal.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef SYS_listxattrat
#define SYS_listxattrat 465 /* the same number on every architecture, Linux 6.13 */
#endif
#ifndef AT_SYMLINK_NOFOLLOW
#define AT_SYMLINK_NOFOLLOW 0x100
#endif

/* "/proc/self/fd/", a number, "/", a name */
#define PROC_PATH_BYTES (32 + PL_MAX_NAME_BYTES + 1)

static void proc_path(char path[static PROC_PATH_BYTES], int dir, const char *name)
{
	snprintf(path, PROC_PATH_BYTES, "/proc/self/fd/%d/%s", dir, name);
}

static ssize_t list_names(int dir, const char *name, char *names, size_t n)
{
	static bool no_listxattrat;
	char path[PROC_PATH_BYTES];
	ssize_t r;

	if (!name)
		return flistxattr(dir, names, n);
	if (!no_listxattrat) {
		r = syscall(SYS_listxattrat, dir, name, AT_SYMLINK_NOFOLLOW, names, n);
		if (r >= 0 || errno != ENOSYS)
			return r;
		no_listxattrat = true;
	}
	proc_path(path, dir, name);
	return llistxattr(path, names, n);
}

static ssize_t get_value(int dir, const char *name, const char *attribute, void *value, size_t n)
{
	char path[PROC_PATH_BYTES];

	if (!name)
		return fgetxattr(dir, attribute, value, n);
	proc_path(path, dir, name);
	return lgetxattr(path, attribute, value, n);
}

/* What follows "trusted.overlay." or, where the engine mounts with userxattr, "user.overlay."; else "". */
static const char *overlay_attribute(const char *attribute, bool rootless)
{
	static const char trusted[] = "trusted.overlay.", user[] = "user.overlay.";

	if (!strncmp(attribute, trusted, sizeof(trusted) - 1))
		return attribute + sizeof(trusted) - 1;
	if (rootless && !strncmp(attribute, user, sizeof(user) - 1))
		return attribute + sizeof(user) - 1;
	return "";
}

static int read_attribute(int dir, const char *name, bool rootless, const char *attribute, struct layer_xattrs *out)
{
	const char *overlay = overlay_attribute(attribute, rootless);
	uint8_t value[64];
	ssize_t n;

	if (!strcmp(overlay, "redirect") || !strcmp(overlay, "metacopy")) {
		out->redirected = true;
		return 0;
	}
	if (!strcmp(attribute, "user.containers.override_stat")) {
		out->overridden = true;
		return 0;
	}
	if (!strcmp(attribute, "security.capability")) {
		n = get_value(dir, name, attribute, value, sizeof(value));
		if (n < 0)
			return errno == ENODATA ? 0 : -errno;
		out->has_capability = !pl_file_capability_parse(value, (size_t)n, &out->capability);
		return 0;
	}
	if (!strcmp(overlay, "opaque")) {
		n = get_value(dir, name, attribute, value, sizeof(value));
		if (n < 0)
			return errno == ENODATA ? 0 : -errno;
		/* "x" marks directories that hold whiteouts as attributes; they are not opaque */
		out->opaque |= n == 1 && value[0] == 'y';
	}
	return 0;
}

int pl_layer_xattrs(int dir, const char *name, bool rootless, struct xattr_names *names, struct layer_xattrs *out)
{
	ssize_t n = list_names(dir, name, names->text, sizeof(names->text));

	*out = (struct layer_xattrs){ 0 };
	if (n < 0)
		return errno == ENOTSUP ? 0 : -errno;
	for (const char *at = names->text; at < names->text + n; at += strlen(at) + 1) {
		int r = read_attribute(dir, name, rootless, at, out);

		if (r < 0)
			return r;
	}
	return 0;
}

bool pl_sees_trusted_xattrs(void)
{
	/* PROC_USER_INIT_INO, include/linux/proc_ns.h: the initial user namespace has this number on every machine */
	const ino_t initial = 0xEFFFFFFDu;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	struct stat st;

	if (stat("/proc/self/ns/user", &st) < 0 || st.st_ino != initial)
		return false;
	if (syscall(SYS_capget, &header, data) < 0)
		return false;
	return data[CAP_SYS_ADMIN / 32].effective & 1u << CAP_SYS_ADMIN % 32;
}
