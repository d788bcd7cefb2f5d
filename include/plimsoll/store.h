/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stores of images on disk, all behind one small interface: list the images; for one image give its config and, bottom to
 * top, its layers. Nothing is ever written, locked or repaired, and no daemon is asked.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "plimsoll/account.h"
#include "plimsoll/arena.h"
#include "plimsoll/digest.h"
#include "plimsoll/image.h"
#include "plimsoll/reason.h"
#include "plimsoll/rootfs.h"

struct pl_store;

/* An image as the store's list has it. */
struct pl_image_ref {
	struct pl_digest id;       /* the config's digest; PL_DIGEST_NONE while only the manifest is known */
	struct pl_digest manifest; /* what the name leads to in an OCI layout: a manifest or an index */
	const char **names;        /* sorted bytewise; may be none */
	size_t n_names;
	const char *problem; /* already known to be unreadable, and why; null if not */
};

/* One image, ready to be judged. Lives in the arena it was read into; layers borrow the store's descriptors. */
struct pl_image {
	struct pl_digest id;
	struct pl_digest manifest; /* PL_DIGEST_NONE where a store has none */
	const char *platform;      /* "linux/arm64", from the config */
	struct pl_image_config config;
	struct pl_layer *layers; /* bottom first */
	size_t n_layers;
	const char *note; /* what else a reader should know ("an attestation, not an image"), or null */
};

/*
 * Opens a store: `target` is a transport and a path, "docker:/var/lib/docker" or "oci:/srv/layout". The path is the
 * caller's own; below it no link is followed.
 * Return: 0; -errno; PL_BAD_MISSING when there is no such store; PL_BAD_SYNTAX, PL_BAD_UNSUPPORTED.
 */
int pl_store_open(const char *driver, const char *path, struct pl_store **out, struct pl_reason *reason)
	__attribute__((warn_unused_result));
void pl_store_free(struct pl_store **store);
#define PL_CLEANUP_STORE __attribute__((cleanup(pl_store_free)))

/* "docker:/var/lib/docker", as it stands in reports. */
const char *pl_store_label(const struct pl_store *store);
/* Whose rule decides about the user in this store (DESIGN section 5). */
enum pl_user_rule pl_store_user_rule(const struct pl_store *store);

/*
 * Lists the images, sorted by id and then by first name. What one image record lacks is that record's `problem`.
 * Return: 0; -errno; a verdict when the list itself cannot be read.
 */
int pl_store_list(struct pl_store *store, struct pl_arena *arena, struct pl_image_ref **refs_out, size_t *n_out,
		  struct pl_reason *reason) __attribute__((warn_unused_result));

/*
 * Reads one image: config (digest verified, decoded) and layers (located, not read).
 * Return: 0; -errno; a verdict with a sentence that names what was found where. PL_BAD_UNSUPPORTED: not an image
 * (attestation, artifact), or of a kind that cannot be judged.
 */
int pl_store_image(struct pl_store *store, const struct pl_image_ref *ref, struct pl_arena *arena, struct pl_image *out,
		   struct pl_reason *reason) __attribute__((warn_unused_result));

/*
 * Whether the image is still there, layers included, after it was read; an engine may have removed it meanwhile, and a
 * half-removed layer looks like a small one.
 * Return: 0; PL_BAD_CHANGED; -errno.
 */
int pl_store_recheck(struct pl_store *store, const struct pl_image *image, struct pl_reason *reason)
	__attribute__((warn_unused_result));

/* Whether a name that a person typed means this image: an id or its start (at least 4 digits), a full or a familiar reference. */
bool pl_image_ref_matches(const struct pl_image_ref *ref, const char *name);

/* Called for each store found: 0 goes on, anything else ends the search and is returned. */
typedef int pl_store_found(void *context, const char *driver, const char *path);

/*
 * Looks for stores below another root ("/" or a mounted disk): the engines' default places, those that their
 * configuration files name, and user-namespace sub-roots.
 */
int pl_stores_find(const char *root, pl_store_found *found, void *context) __attribute__((warn_unused_result));

/* A target of the command line, taken apart (skopeo's transport names; DESIGN section 3). */
struct pl_target {
	const char *driver; /* null: a bare name, to be looked up in every store found */
	const char *path;   /* null: the driver's default places */
	const char *name;   /* tag, reference or id; null: every image */
};
/* Return: 0, -ENOMEM, PL_BAD_SYNTAX with a sentence that says how a target is written. */
int pl_target_parse(const char *text, struct pl_arena *arena, struct pl_target *out, struct pl_reason *reason)
	__attribute__((warn_unused_result));
