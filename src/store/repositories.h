/* SPDX-License-Identifier: Apache-2.0 */
/* Docker's repositories.json: which names lead to which image (moby/moby:daemon/internal/refstore/store.go). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "plimsoll/arena.h"
#include "plimsoll/digest.h"
#include "plimsoll/reason.h"

struct pl_repository_name {
	const char *name;    /* as written: "app:1", "app@sha256:…" */
	const char *target;  /* as written */
	struct pl_digest id; /* PL_DIGEST_NONE when `target` is no digest */
	size_t repository;   /* for the parser: which object it stood in */
};

/*
 * Reads it as Docker does: keys of known members in any case, a repository that is given twice counts as the last one
 * says, what follows the document is not looked at, any value of a wrong type refuses the whole.
 * Return: 0; -ENOMEM; PL_BAD_SYNTAX, PL_BAD_TRUNCATED, PL_BAD_LIMIT with "offset N: ...".
 */
int pl_repositories_parse(const void *json, size_t n, struct pl_arena *arena, struct pl_repository_name **names_out,
			  size_t *n_out, struct pl_reason *reason) __attribute__((warn_unused_result));
