/* SPDX-License-Identifier: Apache-2.0 */
/* Image references as Docker and containerd read them (distribution/reference:normalize.go). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "plimsoll/arena.h"

/* The parts of "[DOMAIN/]PATH[:TAG][@DIGEST]": borrowed from the text, n_x = 0 when absent. */
struct pl_reference {
	const char *domain, *path, *tag, *digest;
	size_t n_domain, n_path, n_tag, n_digest;
};

/*
 * Takes a reference apart. "docker.io", "index.docker.io" and "library/" mean the same as nothing, so they are left out of
 * the parts. Letters are not checked: it is for names that are there, and for comparing with them.
 * Return: false when there is no path in it.
 */
bool pl_reference_parse(const char *text, struct pl_reference *out);

/* The same with all that is left out, and without a tag beside a digest: "docker.io/library/app:1". Null: no memory. */
char *pl_reference_format(const struct pl_reference *reference, struct pl_arena *arena)
	__attribute__((warn_unused_result));
