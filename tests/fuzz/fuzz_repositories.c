/* SPDX-License-Identifier: Apache-2.0 */
/* Docker's list of names, and every name in it as a reference. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "plimsoll/store.h"
#include "store/reference.h"
#include "store/repositories.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PL_CLEANUP_ARENA struct pl_arena arena = { .blocks = NULL };
	struct pl_repository_name *names;
	size_t n;

	pl_arena_init(&arena, (size_t)1 << 20);
	if (pl_repositories_parse(data, size, &arena, &names, &n, NULL))
		return 0;
	for (size_t i = 0; i < n; i++) {
		const char *name = names[i].name;
		const struct pl_image_ref ref = { .id = names[i].id, .names = &name, .n_names = 1 };
		struct pl_reference reference;

		if (!pl_image_ref_matches(&ref, name))
			__builtin_trap();
		if (!pl_reference_parse(name, &reference))
			continue;
		/* a full name means the same image, unless it had both a tag and a digest */
		name = pl_reference_format(&reference, &arena);
		if (name && !pl_image_ref_matches(&ref, name))
			__builtin_trap();
	}
	return 0;
}
