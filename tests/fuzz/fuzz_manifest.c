/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests and indexes: any bytes; platforms and media types as they come out of them. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plimsoll/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct pl_descriptor *list, size_t n, struct pl_arena *arena)
{
	static const struct pl_platform host = { .os = "linux", .architecture = "arm64", .variant = "v9.2" };

	for (size_t i = 0; i < n; i++) {
		if (list[i].digest.algorithm == PL_DIGEST_NONE || strlen(list[i].artifact_type) > 1 << 20)
			abort();
		(void)pl_layer_media(list[i].media_type);
		(void)pl_platform_format(&list[i].platform, arena);
		(void)pl_descriptor_is_attestation(&list[i]);
		if (pl_platform_match(&host, &list[i].platform) &&
		    pl_platform_match(&list[i].platform, &list[i].platform) < 0)
			abort();
		for (size_t k = 0; k < list[i].n_annotations; k++)
			if (strcmp(pl_pair_get(list[i].annotations, list[i].n_annotations, list[i].annotations[k].key),
				   list[i].annotations[k].value))
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PL_CLEANUP_ARENA struct pl_arena arena = { .blocks = NULL };
	struct pl_manifest manifest;
	struct pl_reason reason = { 0 };
	int r;

	pl_arena_init(&arena, (size_t)1 << 20);
	r = pl_manifest_parse(data, size, &arena, &manifest, &reason);
	if (!r != !reason.text[0])
		abort();
	if (r)
		return 0;
	if (manifest.kind != PL_MANIFEST_INDEX)
		check(&manifest.config, 1, &arena);
	else if (manifest.n_layers)
		abort();
	check(manifest.layers, manifest.n_layers, &arena);
	check(manifest.manifests, manifest.n_manifests, &arena);
	return 0;
}
