/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests and indexes (opencontainers/image-spec: manifest.md, image-index.md; Docker's schema 2 alike). */
#include "plimsoll/image.h"

#include <stddef.h>
#include <string.h>

#include "plimsoll/json.h"
#include "plimsoll/limits.h"
#include "plimsoll/verdict.h"

#define OCI "application/vnd.oci.image."
#define DOCKER "application/vnd.docker."

static const struct pl_json_field platform_fields[] = {
	{ .name = "architecture", .kind = PL_JSON_TEXT, .at = offsetof(struct pl_platform, architecture) },
	{ .name = "os", .kind = PL_JSON_TEXT, .at = offsetof(struct pl_platform, os) },
	{ .name = "os.version", .kind = PL_JSON_TEXT, .at = PL_JSON_NOWHERE },
	{ .name = "os.features", .kind = PL_JSON_TEXTS, .at = PL_JSON_NOWHERE },
	{ .name = "variant", .kind = PL_JSON_TEXT, .at = offsetof(struct pl_platform, variant) },
};

static const struct pl_json_table platform_table = PL_JSON_TABLE("Platform", struct pl_platform, platform_fields);

#define AT(member) offsetof(struct pl_descriptor, member)

static const struct pl_json_field descriptor_fields[] = {
	{ .name = "mediaType", .kind = PL_JSON_TEXT, .at = AT(media_type) },
	{ .name = "digest", .kind = PL_JSON_DIGEST, .at = AT(digest) },
	{ .name = "size", .kind = PL_JSON_INT64, .at = AT(size) },
	{ .name = "urls", .kind = PL_JSON_TEXTS, .at = PL_JSON_NOWHERE },
	{ .name = "annotations", .kind = PL_JSON_PAIRS, .at = AT(annotations), .n_at = AT(n_annotations) },
	{ .name = "data", .kind = PL_JSON_TEXT, .at = PL_JSON_NOWHERE },
	{ .name = "platform", .kind = PL_JSON_STRUCT, .pointer = true, .at = AT(platform), .table = &platform_table },
	{ .name = "artifactType", .kind = PL_JSON_TEXT, .at = AT(artifact_type) },
};

static const struct pl_json_table descriptor_table =
	PL_JSON_TABLE("Descriptor", struct pl_descriptor, descriptor_fields);

/* A document of either kind, with what tells them apart. */
struct document {
	struct pl_manifest manifest;
	const char *artifact_type;
	bool has_config, has_layers, has_manifests, has_fs_layers;
};

#undef AT
#define AT(member) offsetof(struct document, member)

static const struct pl_json_field document_fields[] = {
	{ .name = "schemaVersion", .kind = PL_JSON_INT64, .at = PL_JSON_NOWHERE },
	{ .name = "mediaType", .kind = PL_JSON_TEXT, .at = AT(manifest.media_type) },
	{ .name = "artifactType", .kind = PL_JSON_TEXT, .at = AT(artifact_type) },
	{ .name = "config",
	  .kind = PL_JSON_STRUCT,
	  .at = AT(manifest.config),
	  .flag_at = AT(has_config),
	  .table = &descriptor_table },
	{ .name = "layers",
	  .kind = PL_JSON_STRUCTS,
	  .at = AT(manifest.layers),
	  .n_at = AT(manifest.n_layers),
	  .flag_at = AT(has_layers),
	  .table = &descriptor_table },
	{ .name = "manifests",
	  .kind = PL_JSON_STRUCTS,
	  .at = AT(manifest.manifests),
	  .n_at = AT(manifest.n_manifests),
	  .flag_at = AT(has_manifests),
	  .table = &descriptor_table },
	{ .name = "subject", .kind = PL_JSON_STRUCT, .at = PL_JSON_NOWHERE, .table = &descriptor_table },
	{ .name = "annotations",
	  .kind = PL_JSON_PAIRS,
	  .at = AT(manifest.annotations),
	  .n_at = AT(manifest.n_annotations) },
	{ .name = "fsLayers", .kind = PL_JSON_ANY, .at = PL_JSON_NOWHERE, .flag_at = AT(has_fs_layers) },
};

static const struct pl_json_table document_table = PL_JSON_TABLE("Manifest", struct document, document_fields);

static bool is_one_of(const char *text, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(text, list[i]))
			return true;
	return false;
}

#define IS_ONE_OF(text, list) is_one_of(text, list, sizeof(list) / sizeof((list)[0]))

static const char *const image_types[] = { OCI "manifest.v1+json", DOCKER "distribution.manifest.v2+json" };
static const char *const index_types[] = { OCI "index.v1+json", DOCKER "distribution.manifest.list.v2+json" };
static const char *const config_types[] = { OCI "config.v1+json", DOCKER "container.image.v1+json" };
static const char in_toto_type[] = "application/vnd.in-toto+json";

static int check_descriptors(const struct pl_descriptor *list, size_t n, const char *what, struct pl_reason *reason)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i].digest.algorithm == PL_DIGEST_NONE) {
			pl_reason_set(reason, "%s %zu has no digest", what, i);
			return PL_BAD_SYNTAX;
		}
	}
	return 0;
}

/*
 * An artifactType alone makes no artifact: engines run whatever has an image's config, so a manifest that carries both
 * is judged as the image it can be run as.
 */
static enum pl_manifest_kind classify(const struct document *document)
{
	const struct pl_manifest *manifest = &document->manifest;
	const char *config_type = manifest->config.media_type;
	size_t n_statements = 0;

	for (size_t i = 0; i < manifest->n_layers; i++)
		n_statements += !strcmp(manifest->layers[i].media_type, in_toto_type);
	if (n_statements && n_statements == manifest->n_layers)
		return PL_MANIFEST_ATTESTATION;
	if (*config_type ? !IS_ONE_OF(config_type, config_types) : *document->artifact_type != 0)
		return PL_MANIFEST_ARTIFACT;
	return PL_MANIFEST_IMAGE;
}

static int check_kind(const struct document *document, bool *index_out, struct pl_reason *reason)
{
	const char *type = document->manifest.media_type;
	bool image = document->has_config || document->has_layers || IS_ONE_OF(type, image_types);
	bool index = document->has_manifests || IS_ONE_OF(type, index_types);

	*index_out = index;
	if (document->has_fs_layers) {
		pl_reason_set(reason, "a manifest of schema 1, which engines no longer run");
		return PL_BAD_UNSUPPORTED;
	}
	if (image == index) {
		pl_reason_set(reason, index ? "both an image's manifest and an index: readers disagree which"
					    : "neither an image's manifest nor an index");
		return index ? PL_BAD_SYNTAX : PL_BAD_UNSUPPORTED;
	}
	return 0;
}

int pl_manifest_parse(const uint8_t *json, size_t n, struct pl_arena *arena, struct pl_manifest *out,
		      struct pl_reason *reason)
{
	struct document document;
	bool index;
	int r;

	*out = (struct pl_manifest){ 0 };
	if (n > PL_MAX_MANIFEST_BYTES) {
		pl_reason_limit(reason, "manifest-bytes", PL_MAX_MANIFEST_BYTES);
		return PL_BAD_LIMIT;
	}
	r = pl_json_decode(json, n, PL_JSON_ONLY, &document_table, arena, &document, reason);
	if (!r)
		r = check_kind(&document, &index, reason);
	if (r)
		return r;
	if (document.manifest.n_layers > PL_MAX_LAYERS) {
		pl_reason_limit(reason, "layers", PL_MAX_LAYERS);
		return PL_BAD_LIMIT;
	}
	if (index)
		r = check_descriptors(document.manifest.manifests, document.manifest.n_manifests, "manifest", reason);
	else
		r = check_descriptors(&document.manifest.config, 1, "config", reason);
	if (!r)
		r = check_descriptors(document.manifest.layers, document.manifest.n_layers, "layer", reason);
	if (r)
		return r;
	*out = document.manifest;
	out->kind = index ? PL_MANIFEST_INDEX : classify(&document);
	return 0;
}

bool pl_descriptor_is_attestation(const struct pl_descriptor *descriptor)
{
	const char *type = pl_pair_get(descriptor->annotations, descriptor->n_annotations, "vnd.docker.reference.type");

	return type && !strcmp(type, "attestation-manifest") && !strcmp(descriptor->platform.os, "unknown") &&
	       !strcmp(descriptor->platform.architecture, "unknown");
}

/* containerd/containerd:core/images/mediatypes.go; stores say what they hold, but only the first bytes decide. */
enum pl_layer_media pl_layer_media(const char *media_type)
{
	static const char encrypted[] = "+encrypted";
	static const char *const plain[] = {
		OCI "layer.v1.tar",
		OCI "layer.v1.tar+gzip",
		OCI "layer.v1.tar+zstd",
		DOCKER "image.rootfs.diff.tar",
		DOCKER "image.rootfs.diff.tar.gzip",
		DOCKER "image.rootfs.diff.tar.zstd",
	};
	static const char *const foreign[] = {
		OCI "layer.nondistributable.v1.tar",         OCI "layer.nondistributable.v1.tar+gzip",
		OCI "layer.nondistributable.v1.tar+zstd",    DOCKER "image.rootfs.foreign.diff.tar",
		DOCKER "image.rootfs.foreign.diff.tar.gzip",
	};
	size_t n = strlen(media_type);

	if (n >= sizeof(encrypted) - 1 && !strcmp(media_type + n - (sizeof(encrypted) - 1), encrypted))
		return PL_LAYER_ENCRYPTED;
	if (IS_ONE_OF(media_type, plain))
		return PL_LAYER_TAR;
	if (IS_ONE_OF(media_type, foreign))
		return PL_LAYER_FOREIGN;
	if (!strcmp(media_type, in_toto_type))
		return PL_LAYER_IN_TOTO;
	return strcmp(media_type, "application/vnd.erofs.layer.v1") ? PL_LAYER_UNKNOWN : PL_LAYER_EROFS;
}
