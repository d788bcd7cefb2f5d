/* SPDX-License-Identifier: Apache-2.0 */
/* One image being looked at: what the parts of src/scan share. */
#pragma once

#include "plimsoll/facts.h"
#include "plimsoll/rootfs.h"
#include "plimsoll/store.h"

/* Directories of PATH, and arguments of the command line, that are looked at. */
#define PL_SCAN_PATH_DIRS 64
#define PL_SCAN_ARGUMENTS 32

struct scan {
	struct pl_arena *arena;
	const struct pl_image *image;
	struct pl_rootfs *rootfs;
	struct pl_image_facts *facts;
	const char *path_dirs[PL_SCAN_PATH_DIRS];
	size_t n_path_dirs;
	struct pl_account_file passwd, group;
	uint64_t env_steps; /* variables passed by while scripts were read */
	const char *cut;    /* a limit of this module that was crossed, as a sentence, or null */
	bool needs_pass;    /* a lookup met a path that the next pass will know */
	bool no_memory;
};

/* The value of a variable of the image's environment (the last one given), or null. */
const char *pl_scan_env(const struct scan *scan, const char *name, size_t n);
/* Says in the image's problems that a limit was crossed. */
void pl_scan_cut(struct scan *scan, const char *limit, size_t value);
/* Resolves and remembers that another pass is needed. */
enum pl_lookup pl_scan_resolve(struct scan *scan, const char *cwd, const char *path, enum pl_last last,
			       const struct pl_node **node_out);
/* A file of the rootfs as a fact; path is null when memory is out. */
struct pl_file_fact pl_scan_file_fact(struct scan *scan, const struct pl_node *node);

/* entry_point.c: asks for what may be the entry point; finds it in the merged rootfs. */
void pl_scan_want_entry_point(struct scan *scan);
void pl_scan_entry_point(struct scan *scan);
