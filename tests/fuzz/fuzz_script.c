/* SPDX-License-Identifier: Apache-2.0 */
/* Entry point scripts: any bytes, with a variable that is known and all others not. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "scan/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *variable(void *context, const char *name, size_t n)
{
	(void)context;
	return n && name[0] == 'A' ? "app" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PL_CLEANUP_ARENA struct pl_arena arena = { .blocks = NULL };
	struct pl_drop_call call;

	pl_arena_init(&arena, (size_t)1 << 16);
	(void)pl_drop_in_script((const char *)data, size, variable, NULL, &arena, &call);
	return 0;
}
