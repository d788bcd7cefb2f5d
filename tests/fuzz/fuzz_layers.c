/* SPDX-License-Identifier: Apache-2.0 */
/* Two layers from a mutated tar: merged, looked into, walked. The first byte says where the second begins, in blocks. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plimsoll/rootfs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int folder = -1;
static char base[] = "/tmp/plimsoll-fuzz-layers.XXXXXX";
static const char *const names[] = { "0", "1" };

static void remove_folder(void)
{
	unlinkat(folder, names[0], 0);
	unlinkat(folder, names[1], 0);
	rmdir(base);
}

/* What mutations do to headers would only be refused for the check sum. */
static void mend_check_sum(uint8_t *block)
{
	unsigned int sum = 8 * ' ';

	for (size_t i = 0; i < 512; i++)
		sum += i < 148 || i >= 156 ? block[i] : 0;
	snprintf((char *)block + 148, 8, "%06o", sum);
	block[155] = ' ';
}

static void write_layer(const char *name, uint8_t *data, size_t n)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	for (size_t at = 0; n - at >= 512; at += 512)
		if (!memcmp(data + at + 257, "ustar", 5))
			mend_check_sum(data + at);
	if (fd < 0 || write(fd, data, n) != (ssize_t)n)
		abort();
	close(fd);
}

static void look_at(struct pl_rootfs *fs)
{
	static const char *const paths[] = { "/etc/passwd", "/bin/a/../b", "d/e", "/bin" };
	const struct pl_node *node = NULL;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (pl_rootfs_resolve(fs, "/d", paths[i], i & 1 ? PL_KEEP_LAST : PL_FOLLOW_LAST, &node) ==
			    PL_LOOKUP_FOUND &&
		    node->n_content > node->size)
			abort();
	}
	if (node && node->type == PL_FILE_DIRECTORY && pl_rootfs_watch(fs, node) && pl_rootfs_watch(fs, node))
		abort();
	for (node = NULL; (node = pl_rootfs_next(fs, node));)
		if (!node->present || (node->type == PL_FILE_SYMLINK && !node->link))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct pl_rootfs_options options = { .no_verify = true };
	PL_CLEANUP_ROOTFS struct pl_rootfs *fs = NULL;
	struct pl_layer layers[2];
	uint8_t *copy;
	size_t split;

	if (!n)
		return 0;
	if (folder < 0) {
		if (!mkdtemp(base))
			abort();
		folder = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		atexit(remove_folder);
	}
	split = (size_t)data[0] * 512 < n - 1 ? (size_t)data[0] * 512 : n - 1;
	copy = malloc(n);
	if (!copy)
		abort();
	memcpy(copy, data, n);
	write_layer(names[0], copy + 1, split);
	write_layer(names[1], copy + 1 + split, n - 1 - split);
	free(copy);
	for (size_t i = 0; i < 2; i++)
		layers[i] = (struct pl_layer){ .kind = PL_LAYER_BLOB, .dir = folder, .path = names[i] };
	if (pl_rootfs_new(&fs) || pl_rootfs_want(fs, "/etc/passwd", 1000) || pl_rootfs_want(fs, "/bin/b", 10) ||
	    pl_rootfs_want_writable(fs, "/bin"))
		abort();
	for (int i = 0; i < 3; i++) {
		if (pl_rootfs_build(fs, layers, 2, &options))
			abort();
		look_at(fs);
	}
	return 0;
}
