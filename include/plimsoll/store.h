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
struct pl_seen;

/* An image as the store's list has it. */
struct pl_image_ref {
	struct pl_digest id;       /* the config's digest; PL_DIGEST_NONE when not even that could be found out */
	struct pl_digest manifest; /* of the image, in an OCI layout; PL_DIGEST_NONE in stores that keep no manifests */
	const char **names; /* sorted bytewise; full ("docker.io/library/app:1") where the store's are references */
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
	const char *note;     /* what else a reader should know, or null */
	struct pl_seen *seen; /* the store's own, for pl_store_recheck */
	size_t n_seen;
};

/*
 * Opens a store. The path is the caller's own; below it no link is followed.
 *   docker: a data root, a user namespace's root in it (<root>/<uid>.<gid>), or one driver's images (<root>/image/<driver>)
 *           where a root has those of several; the root itself stands for the driver that Docker prefers.
 *   oci:    an image layout directory.
 * Return: 0; -errno; PL_BAD_MISSING when there is no such store; PL_BAD_SYNTAX; PL_BAD_UNSUPPORTED for other drivers.
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
 * Lists the images, sorted by id and then by first name. What one image record lacks is that record's `problem`; what is
 * wrong with the list as a whole but leaves the rest readable is a record with neither id nor name.
 * docker: what `docker images` shows, so not the steps of a build that only another image names as its parent.
 * oci: of a multi-platform index the image for this machine, or all that are there when none is; no artifacts.
 * Return: 0; -errno; a verdict when the list itself cannot be read.
 */
int pl_store_list(struct pl_store *store, struct pl_arena *arena, struct pl_image_ref **refs_out, size_t *n_out,
		  struct pl_reason *reason) __attribute__((warn_unused_result));

/*
 * Reads one image: config (digest verified, decoded) and layers (located, not read).
 * Return: 0; -errno; a verdict with a sentence that names what was found where. PL_BAD_UNSUPPORTED means that it is no image
 * at all (an attestation, an artifact); an image of a kind that cannot be read has another verdict.
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

/*
 * Whether a name that a person typed means this image: an id or its start (at least 4 digits), a full or a familiar
 * reference (no tag: "latest"), and in an OCI layout also the name as it is annotated there, or its tag alone.
 */
bool pl_image_ref_matches(const struct pl_image_ref *ref, const char *name);

/* Called for each store found: 0 goes on, anything else ends the search and is returned. */
typedef int pl_store_found(void *context, const char *driver, const char *path);

/*
 * Looks for stores below another root ("/" or a mounted disk): the engines' default places, those that their configuration
 * files name, and when it is "/" those that running daemons were told to use. A place that exists and cannot be looked into
 * is given as well, so that opening it says why. OCI layouts are never looked for.
 * Return: 0; -errno; what `found` returned.
 */
int pl_stores_find(const char *root, pl_store_found *found, void *context) __attribute__((warn_unused_result));

/*
 * The stores at one place: for "docker" a data root, and in it the images of other drivers and those of user namespaces.
 * When there is none, the place itself is given, so that opening it says why.
 * Return: as pl_stores_find.
 */
int pl_stores_at(const char *driver, const char *path, pl_store_found *found, void *context)
	__attribute__((warn_unused_result));

/* A target of the command line, taken apart (skopeo's transport names; DESIGN section 3). */
struct pl_target {
	const char *driver; /* null: a bare name, to be looked up in every store found */
	const char *path;   /* null: the driver's default places */
	const char *name;   /* tag, reference or id; null: every image */
};
/*
 * Forms: NAME, oci:PATH[:NAME] (the first colon ends the path, as in skopeo), docker:, docker:/ROOT, docker:NAME,
 * docker:[ROOT]NAME.
 * Return: 0; -ENOMEM; PL_BAD_SYNTAX with a sentence that says how a target is written; PL_BAD_UNSUPPORTED for the
 * transports that this version cannot read.
 */
int pl_target_parse(const char *text, struct pl_arena *arena, struct pl_target *out, struct pl_reason *reason)
	__attribute__((warn_unused_result));
