/* SPDX-License-Identifier: Apache-2.0 */
/* What the drivers share. A driver is one table of functions; what it keeps between calls is in struct pl_store. */
#pragma once

#include <dirent.h>
#include <stdint.h>
#include <sys/stat.h>

#include "plimsoll/buf.h"
#include "plimsoll/store.h"

struct pl_graph_driver;

struct pl_listing;

struct pl_store_driver {
	const char *name;
	enum pl_user_rule user_rule;
	/* store->dir is the place that was named; the driver may put another in its stead. */
	int (*open)(struct pl_store *store, const char *path, struct pl_reason *reason);
	int (*list)(struct pl_store *store, struct pl_listing *listing);
	int (*image)(struct pl_store *store, const struct pl_image_ref *ref, struct pl_arena *arena,
		     struct pl_image *out, struct pl_reason *reason);
};

extern const struct pl_store_driver pl_store_docker;
extern const struct pl_store_driver pl_store_oci;

struct pl_store {
	const struct pl_store_driver *driver;
	char *label;
	int dir; /* everything is opened beneath it: Docker's data root, the layout's directory */

	/* docker */
	int images; /* image/<driver> */
	const struct pl_graph_driver *graph;
	char graph_name[32];
	uint32_t uid_base, gid_base, uid_root, gid_root; /* as in struct pl_layer */
	const char *ids_problem; /* why it cannot be told who owns the files of layers; null: it can */

	/* oci */
	uint64_t listing_bytes; /* of documents read for the list */
};

/* A list in the making: one item for each name of an image, or one without a name. */
struct pl_listed {
	struct pl_digest id, manifest;
	const char *name;
	const char *problem;
};

struct pl_listing {
	struct pl_arena *arena; /* strings of items live here */
	struct pl_buf items;    /* of struct pl_listed */
	struct pl_reason *reason;
};

/* Return: 0, -ENOMEM, PL_BAD_LIMIT. */
int pl_listing_add(struct pl_listing *listing, const struct pl_listed *item) __attribute__((warn_unused_result));
/* The same for a problem with nothing but its sentence; `id` may be null. */
int pl_listing_problem(struct pl_listing *listing, const struct pl_digest *id, const char *name,
		       const struct pl_reason *reason) __attribute__((warn_unused_result));

/* A file or directory that an image depends on, as it was when the image was read. */
struct pl_seen {
	const char *path;
	dev_t dev;
	ino_t ino;
	mode_t mode;
	off_t size; /* these two of regular files only: directories of live stores change without harm */
	struct timespec mtime;
};

/* Looks at what lies at `path` below the store. Return: 0 or -errno. */
int pl_seen_take(const struct pl_store *store, const char *path, struct pl_seen *out)
	__attribute__((warn_unused_result));
/* Adds it to the image, whose `seen` has room for it. */
void pl_image_saw(struct pl_image *image, const struct pl_seen *seen);

/*
 * Puts into words why `path` could not be read; `r` is a -errno.
 * Return: the verdict that it is about the store, or `r` itself.
 */
int pl_store_refused(int r, const char *path, struct pl_reason *reason) __attribute__((warn_unused_result));

/* Reads a whole file, at most `max` bytes (of the limit that `limit` names) into the empty `buf`. */
int pl_store_read(int dir, const char *path, size_t max, const char *limit, struct pl_buf *buf,
		  struct pl_reason *reason) __attribute__((warn_unused_result));
/* The same, and its bytes must have this digest, and this size unless it is negative. */
int pl_store_read_verified(int dir, const char *path, const struct pl_digest *digest, int64_t size, size_t max,
			   const char *limit, struct pl_buf *buf, struct pl_reason *reason)
	__attribute__((warn_unused_result));
/* Reads a config, verified and decoded, into out->config, id and platform. Never PL_BAD_UNSUPPORTED. */
int pl_store_read_config(int dir, const char *path, const struct pl_digest *digest, int64_t size,
			 struct pl_arena *arena, struct pl_image *out, struct pl_reason *reason)
	__attribute__((warn_unused_result));

/* "sha256/<hex>", as stores name folders and files after a digest; never longer than PL_DIGEST_TEXT_BYTES. */
const char *pl_digest_path(const struct pl_digest *digest, struct pl_digest_text *out);

/* Lists a directory below `dir`. Return: 0 or -errno. */
int pl_opendir_at(int dir, const char *path, DIR **out) __attribute__((warn_unused_result));
void pl_dir_close(DIR **dir);
#define PL_CLEANUP_DIR __attribute__((cleanup(pl_dir_close)))

/* "231072.231072": the data root of a remapped daemon in its own data root (moby/moby:daemon/daemon_unix.go). */
bool pl_parse_remap(const char *name, uint32_t *uid_out, uint32_t *gid_out);
/*
 * Finds out which ids the files of a docker store's layers have on disk, and sets the store's members; store->dir is the
 * data root and its path the first `end` bytes of the label.
 */
void pl_store_find_ids(struct pl_store *store, size_t end);

/*
 * The docker stores in the data root `path`: see pl_stores_at. *n_out counts them.
 * Return: 0; -errno; what `found` returned.
 */
int pl_docker_stores(const char *path, pl_store_found *found, void *context, size_t *n_out)
	__attribute__((warn_unused_result));
