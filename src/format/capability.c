/* SPDX-License-Identifier: Apache-2.0 */
#include "plimsoll/capability.h"

#include <string.h>
#include <strings.h>

#include "plimsoll/cursor.h"
#include "plimsoll/verdict.h"

/* include/uapi/linux/capability.h: VFS_CAP_REVISION_*, VFS_CAP_FLAGS_EFFECTIVE, XATTR_CAPS_SZ_* */
#define REVISION_MASK 0xff000000u
#define REVISION_SHIFT 24
#define FLAG_EFFECTIVE 0x000001u

static const char *const names[PL_CAPABILITIES] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};

int pl_file_capability_parse(const void *bytes, size_t n, struct pl_file_capability *out)
{
	struct pl_cursor cursor = pl_cursor_of(bytes, n);
	uint32_t magic, permitted[2] = { 0 }, inheritable[2] = { 0 }, root_id = 0;
	unsigned int revision, words;
	bool ok;

	*out = (struct pl_file_capability){ 0 };
	if (!pl_cursor_le32(&cursor, &magic))
		return PL_BAD_SYNTAX;
	revision = (magic & REVISION_MASK) >> REVISION_SHIFT;
	if (revision < 1 || revision > 3)
		return PL_BAD_SYNTAX;
	words = revision == 1 ? 1 : 2;
	ok = true;
	for (unsigned int i = 0; i < words; i++)
		ok = ok && pl_cursor_le32(&cursor, &permitted[i]) && pl_cursor_le32(&cursor, &inheritable[i]);
	if (revision == 3)
		ok = ok && pl_cursor_le32(&cursor, &root_id);
	if (!ok || cursor.left)
		return PL_BAD_SYNTAX;
	out->revision = (uint8_t)revision;
	out->effective = magic & FLAG_EFFECTIVE;
	out->permitted = (uint64_t)permitted[1] << 32 | permitted[0];
	out->inheritable = (uint64_t)inheritable[1] << 32 | inheritable[0];
	out->root_id = root_id;
	return 0;
}

const char *pl_capability_name(unsigned int bit)
{
	return bit < PL_CAPABILITIES ? names[bit] : NULL;
}

int pl_capability_bit(const char *name)
{
	if (!strncasecmp(name, "cap_", 4))
		name += 4;
	for (int bit = 0; bit < PL_CAPABILITIES; bit++)
		if (!strcasecmp(names[bit] + 4, name))
			return bit;
	return -1;
}
