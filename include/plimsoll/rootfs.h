/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container of an image would see: its layers merged bottom to top. The tree is never built; only the entries that
 * matter are kept, so memory grows with what is interesting and not with the image. Everything in it is an image author's
 * bytes.
 *
 * Kept always: set-id files, files with capabilities, device nodes. Kept by request: single paths with all directories on
 * the way, and what non-root users can write in a directory.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plimsoll/arena.h"
#include "plimsoll/capability.h"
#include "plimsoll/digest.h"
#include "plimsoll/reason.h"

enum pl_layer_kind {
	PL_LAYER_DIRECTORY, /* unpacked by an engine */
	PL_LAYER_BLOB,      /* a tar, plain or compressed */
	PL_LAYER_ABSENT,    /* not on this machine: `problem` says why */
};

/* How a directory layer says "deleted". */
enum pl_whiteouts {
	PL_WHITEOUTS_OVERLAY, /* character device 0:0, {trusted,user}.overlay.opaque */
	PL_WHITEOUTS_FILES,   /* .wh.NAME and .wh..wh..opq (fuse-overlayfs, aufs), beside those of overlay */
	PL_WHITEOUTS_NONE,    /* a complete tree (vfs) */
};

/* A layer and where it lies; made by a store, in the image's arena. */
struct pl_layer {
	enum pl_layer_kind kind;
	enum pl_whiteouts whiteouts;
	int dir;                  /* what `path` is relative to; the store's */
	const char *path;         /* opened with PL_RESOLVE_NO_LINKS */
	struct pl_digest digest;  /* a blob's own, checked while it is read */
	struct pl_digest diff_id; /* of the tar, checked while it is read; PL_DIGEST_NONE: not known */
	uint32_t uid_base;        /* ids on disk are shifted by so much (user namespace remapping) */
	uint32_t gid_base;
	uint32_t uid_root; /* this id on disk is 0 as well: the user of a rootless engine; 0: none */
	uint32_t gid_root;
	const char *problem;
};

enum pl_file_type {
	PL_FILE_REGULAR,
	PL_FILE_DIRECTORY,
	PL_FILE_SYMLINK,
	PL_FILE_CHAR,
	PL_FILE_BLOCK,
	PL_FILE_FIFO,
	PL_FILE_SOCKET,
};

/* One entry of the merged tree. Borrowed from the rootfs. */
struct pl_node {
	const char *name; /* the last component; "" for the root */
	struct pl_node *parent;
	enum pl_file_type type;
	uint32_t mode; /* 07777 */
	uint32_t uid, gid;
	uint32_t major, minor;
	uint64_t size;
	const char *link; /* of a symbolic link */
	const struct pl_file_capability *capability;
	const uint8_t *content; /* of a path wanted with content: its first bytes */
	size_t n_content;
	uint16_t layer; /* which layer it comes from, 0 is the lowest */
	bool present;   /* false: not in the tree (deleted, never there, or only on the way to something kept) */
	bool certain;   /* no layer that could not be read lies above it */
};

struct pl_rootfs;

int pl_rootfs_new(struct pl_rootfs **out) __attribute__((warn_unused_result));
void pl_rootfs_free(struct pl_rootfs **rootfs);
#define PL_CLEANUP_ROOTFS __attribute__((cleanup(pl_rootfs_free)))

/*
 * Asks for one path (normalised or not, "/" in front or not) and the directories on the way, and for the first
 * `content_bytes` of it when it is a regular file. To be said before pl_rootfs_build.
 * Return: 0, -ENOMEM, PL_BAD_LIMIT.
 */
int pl_rootfs_want(struct pl_rootfs *rootfs, const char *path, size_t content_bytes)
	__attribute__((warn_unused_result));
/* Asks for whatever lies directly in a directory and belongs to a non-root uid, or that its group or others can write. */
int pl_rootfs_want_writable(struct pl_rootfs *rootfs, const char *dir) __attribute__((warn_unused_result));

/*
 * The same of a directory that a look-up found. Return: whether it was not asked before; then what is in it is known after the
 * next pl_rootfs_build.
 */
bool pl_rootfs_watch(struct pl_rootfs *rootfs, const struct pl_node *dir) __attribute__((warn_unused_result));

struct pl_rootfs_options {
	bool no_verify; /* do not compute the digests of layer blobs */
};

/*
 * Reads the layers, lowest first. A layer that cannot be read does not end it: it is noted (pl_rootfs_problem) and makes
 * what lies below it uncertain. Compressed layers are read again, up to PL_MAX_PASSES times in all, when links lead to
 * paths that nobody asked for; directories are simply looked into.
 * Return: 0 or -errno.
 */
int pl_rootfs_build(struct pl_rootfs *rootfs, const struct pl_layer *layers, size_t n_layers,
		    const struct pl_rootfs_options *options) __attribute__((warn_unused_result));

/* What kept layers from being read: "layer 2 of 3 (sha256:…): tar, offset 512: …". Null after the last one. */
const char *pl_rootfs_problem(const struct pl_rootfs *rootfs, size_t i);
/* What engines disagree about (a name twice, a whiteout beside its own name, a path through a link …), likewise. */
const char *pl_rootfs_ambiguity(const struct pl_rootfs *rootfs, size_t i);

/* Where following a path ended. */
enum pl_lookup {
	PL_LOOKUP_FOUND,
	PL_LOOKUP_ABSENT,    /* it is certain that it is not there */
	PL_LOOKUP_LOOP,      /* more than PL_MAX_LINKS links */
	PL_LOOKUP_NOT_KEPT,  /* nobody asked for it, so nothing is known: see pl_rootfs_resolve */
	PL_LOOKUP_UNCERTAIN, /* a layer that could not be read might have changed it */
};

enum pl_last { PL_FOLLOW_LAST, PL_KEEP_LAST }; /* whether a link at the end of the path is followed */

/*
 * Follows `path` from the directory `cwd` (absolute, null: the root), links included, never out of the rootfs.
 * When the answer is PL_LOOKUP_NOT_KEPT the missing path is wanted from now on, and the next pl_rootfs_build finds it.
 * *node_out is set when found, and to the last node reached otherwise (it may be null).
 */
enum pl_lookup pl_rootfs_resolve(struct pl_rootfs *rootfs, const char *cwd, const char *path, enum pl_last last,
				 const struct pl_node **node_out);

/* The absolute path of a node, in `arena`; null when the arena is full. */
char *pl_node_path(const struct pl_node *node, struct pl_arena *arena);

/* All present nodes in the order of their paths (bytewise): start with null; null at the end. */
const struct pl_node *pl_rootfs_next(const struct pl_rootfs *rootfs, const struct pl_node *node);
