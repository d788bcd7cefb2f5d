/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of kept entries, shared by the two feeders (tar_layer.c, dir_layer.c), the merge and the lookups.
 *
 * A node stands for a path. It exists when somebody asked for the path or something below it is kept; it is `present` when
 * the merged rootfs has it. Nodes are never freed before the rootfs is: a path that comes back reuses its node.
 */
#pragma once

#include "plimsoll/rootfs.h"
#include "plimsoll/verdict.h"

#define PL_NODE_BUCKETS 4096

/* Which pass a path was first asked for in; paths asked for before the first pass have pass 1. */
#define PL_NOT_WANTED 0

struct node {
	struct pl_node pub; /* first: a struct pl_node of this module is a struct node */
	struct node *first_child;
	struct node *next_sibling;
	struct node *next_in_bucket;
	struct node *next_whiteout;
	struct node *next_name,
		*previous_name; /* ring of the kept names of one file in the tar being read, null when it has one name */
	struct pl_file_capability capability; /* what pub.capability points to */
	uint8_t *content;
	size_t content_cap;
	size_t want_bytes;
	unsigned int present_below; /* descendants that are present */
	uint8_t want_pass;
	bool want_writable; /* and what non-root users can write directly below */
	bool probed;        /* looked up in every layer directory, so absence is knowledge */
	bool implied;       /* a directory that no entry of its layer names */
	bool whiteout;      /* deleted by the layer being read, unless the layer also has it */
	bool link_open;     /* a hard link whose target is not known yet */
	uint16_t cleared;   /* 1 + the layer that made this directory opaque last; 0: none did */
	bool sorted;        /* the list of its children is in order */
	bool every_name; /* a hard link gave this file something, so all names of it are kept; stays for later passes */
};

struct pl_rootfs {
	struct pl_arena arena; /* nodes and their strings */
	struct pl_arena notes_arena;
	struct node *root;
	struct node *buckets[PL_NODE_BUCKETS];

	const struct pl_layer *layers;
	size_t n_layers;
	bool all_directories;
	bool built;

	uint8_t pass;
	uint16_t layer; /* being read */
	int last_bad;   /* the highest layer that could not be read, -1: none */
	bool postponed; /* an entry waits for the next pass, or something is to be watched that this pass did not watch */
	struct node *whiteouts;

	size_t content_bytes; /* of all nodes */
	bool content_full;

	struct note *problems;
	struct note *ambiguities;

	/* The directory of the entry before: most entries share it. */
	char memo_dir[PL_MAX_PATH_BYTES];
	size_t memo_len;
	struct node *memo_node;
	unsigned int memo_generation;
	unsigned int generation; /* nodes made and directories implied so far */

	/* Symbolic links of the tar layer being read, as hashes of their paths; open addressing, 0 is free. */
	uint64_t *links;
	size_t n_links;
	size_t links_cap;
};

struct note {
	struct note *next;
	const char *text;
};

/* An entry of a layer, as both feeders give it to the merge. */
struct entry {
	const char *path; /* normalised, relative, not terminated at path_len */
	size_t path_len;
	enum pl_file_type type;
	bool hard_link; /* `link` is the path of the file that this is another name of; its attributes are the file's from now on */
	bool tar; /* from a tar, where the order within the layer matters */
	uint32_t mode, uid, gid, major, minor;
	uint64_t size;
	const char *link; /* terminated */
	const struct pl_file_capability *capability;
};

/* tree.c */
struct node *pl_tree_child(struct pl_rootfs *fs, const struct node *parent, const char *name, size_t n);
/* The node of a normalised path, or null. Does not follow links. */
struct node *pl_tree_find(struct pl_rootfs *fs, const char *path, size_t n);
/* The same, made where it is missing, with all on the way. Null when the arena is full. */
struct node *pl_tree_make(struct pl_rootfs *fs, const char *path, size_t n);
void pl_tree_set_present(struct node *node, bool present);
/* Takes away what is present below `node` and comes from a layer under `below_layer`. */
void pl_tree_drop_below(struct node *node, unsigned int below_layer);
/* Puts the children of a node in the order of their names. */
void pl_tree_sort_children(struct node *node);
/* Whether a file is there with less of its content than `want` bytes. */
bool pl_node_lacks_content(const struct node *node, size_t want);
/* The next node in the order of a walk through all of them (parents first), null at the end. */
struct node *pl_tree_walk(const struct pl_rootfs *fs, struct node *node);
/*
 * The path of `dir` (null: the root) and `rest` behind it, normalised, relative, terminated; "" is the root itself.
 * Return: false when it does not fit.
 */
bool pl_path_join(const struct node *dir, const char *rest, char out[static PL_MAX_PATH_BYTES], size_t *n_out);
/* Asks for a normalised path from this pass on. Return: 0, PL_BAD_LIMIT. */
int pl_tree_want(struct pl_rootfs *fs, const char *path, size_t n, size_t content_bytes);
/* Notes. Both are kept once each; when the arena for them is full, the rest is one last "and more". */
void pl_note_problem(struct pl_rootfs *fs, const struct pl_reason *reason);
void pl_note_ambiguity(struct pl_rootfs *fs, const char *path, size_t n, const char *what);

/* merge.c */
void pl_merge_begin_layer(struct pl_rootfs *fs, uint16_t layer);
/*
 * Applies an entry. *kept_out is its node when it is kept, else null.
 * Return: 0, -ENOMEM, PL_BAD_LIMIT.
 */
int pl_merge_entry(struct pl_rootfs *fs, const struct entry *entry, struct node **kept_out)
	__attribute__((warn_unused_result));
/* "path is deleted", from a tar: counts for lower layers only, and only when the layer has no such entry itself. */
void pl_merge_tar_whiteout(struct pl_rootfs *fs, const char *path, size_t n);
/* The same from a directory layer, where path and whiteout cannot both be. */
void pl_merge_whiteout(struct pl_rootfs *fs, const char *path, size_t n);
void pl_merge_opaque(struct pl_rootfs *fs, const char *path, size_t n);
void pl_merge_end_layer(struct pl_rootfs *fs);
/* Room for `n` bytes of content of a kept file. Return: 0, -ENOMEM, PL_BAD_LIMIT (and fs->content_full). */
int pl_node_reserve(struct pl_rootfs *fs, struct node *node, size_t n) __attribute__((warn_unused_result));

/* tar_layer.c, dir_layer.c. Return: 0, -errno, a verdict with a reason. */
int pl_read_tar_layer(struct pl_rootfs *fs, const struct pl_layer *layer, bool verify, struct pl_reason *reason)
	__attribute__((warn_unused_result));
int pl_read_dir_layer(struct pl_rootfs *fs, const struct pl_layer *layer, struct pl_reason *reason)
	__attribute__((warn_unused_result));
/*
 * Settles one wanted path by looking into the layers, all of which must be directories.
 * Return: 0, -errno, a verdict.
 */
int pl_probe(struct pl_rootfs *fs, struct node *node) __attribute__((warn_unused_result));

/* xattr.c: what the attributes of a file or directory of an unpacked layer say. */
struct layer_xattrs {
	bool opaque;
	bool redirected; /* redirect or metacopy: its content lies under another path */
	bool overridden; /* user.containers.override_stat: mode and owner on disk are not the real ones */
	bool has_capability;
	struct pl_file_capability capability;
};
/* Room for the names of all attributes of one file: the kernel's own bound, XATTR_LIST_MAX. */
struct xattr_names {
	char text[65536];
};
/*
 * `name` null: `dir` itself. The kernel heeds user.overlay.* only in the mounts of a rootless engine; in others an image may
 * carry them without effect. Return: 0, -errno.
 */
int pl_layer_xattrs(int dir, const char *name, bool rootless, struct xattr_names *names, struct layer_xattrs *out)
	__attribute__((warn_unused_result));
/* Whether the kernel shows us trusted.* attributes: CAP_SYS_ADMIN in the initial user namespace. */
bool pl_sees_trusted_xattrs(void);
