/* SPDX-License-Identifier: Apache-2.0 */
/* Linux capabilities: names and numbers, and the file attribute that carries them (capabilities(7)). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bits 0 (CAP_CHOWN) to 40 (CAP_CHECKPOINT_RESTORE), include/uapi/linux/capability.h of Linux 6.12. */
#define PL_CAPABILITIES 41

/* What the attribute security.capability says. */
struct pl_file_capability {
	uint8_t revision; /* 1, 2 or 3 */
	bool effective;   /* raised at execve, not only permitted */
	uint64_t permitted;
	uint64_t inheritable;
	uint32_t root_id; /* revision 3: counts only in user namespaces whose root is this host uid */
};

/*
 * Reads the attribute's bytes (struct vfs_cap_data and vfs_ns_cap_data; 12, 20 or 24 bytes by revision).
 * Return: 0, or PL_BAD_SYNTAX when the kernel would refuse them.
 */
int pl_file_capability_parse(const void *bytes, size_t n, struct pl_file_capability *out)
	__attribute__((warn_unused_result));

/* "CAP_NET_RAW", or null for a bit that has no name here. */
const char *pl_capability_name(unsigned int bit);
/* The bit of a name, with or without "CAP_", any case; -1 when there is none. */
int pl_capability_bit(const char *name);
