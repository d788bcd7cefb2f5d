/* SPDX-License-Identifier: Apache-2.0 */
/* One image, from the store that holds it to the facts that the checks judge. */
#pragma once

#include <stdbool.h>

#include "plimsoll/arena.h"
#include "plimsoll/facts.h"
#include "plimsoll/store.h"

/* What the facts of one subject, its decoded config included, may take in memory. */
#define PL_MAX_SUBJECT_ARENA ((size_t)16 << 20)

struct pl_scan_options {
	bool no_verify; /* do not compute the digests of layer blobs */
};

/*
 * Reads the image and fills *out, which lives in `arena` (PL_MAX_SUBJECT_ARENA is its size) and borrows `store`'s label.
 * Bad input is no failure: what could not be established says so in the facts, and `unreadable` is set when nothing could.
 * Return: 0; PL_BAD_UNSUPPORTED when the reference is no image at all (an attestation, an artifact) and there is nothing to
 * judge; -ENOMEM when this machine or the arena has no memory for it.
 */
int pl_scan_image(struct pl_store *store, const struct pl_image_ref *ref, const struct pl_scan_options *options,
		  struct pl_arena *arena, struct pl_image_facts *out) __attribute__((warn_unused_result));
