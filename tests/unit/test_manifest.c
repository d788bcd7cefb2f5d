/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests and indexes: which kind a document is, and that nothing can be two kinds at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plimsoll/image.h"
#include "plimsoll/limits.h"
#include "plimsoll/verdict.h"

#define DIGEST "\"digest\":\"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\""
#define CONFIG "\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\"," DIGEST ",\"size\":7}"
#define LAYER "{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\"," DIGEST ",\"size\":70}"
#define SAYING "{\"mediaType\":\"application/vnd.in-toto+json\"," DIGEST "}"
#define OCI "\"mediaType\":\"application/vnd.oci.image."
#define DOCKER "\"mediaType\":\"application/vnd.docker.distribution.manifest."
#define CHILD \
	"{" OCI "manifest.v1+json\"," DIGEST ",\"size\":5,\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\"}}"

static struct pl_arena arena;

static int parse(const char *text, struct pl_manifest *manifest, struct pl_reason *reason)
{
	return pl_manifest_parse((const uint8_t *)text, strlen(text), &arena, manifest, reason);
}

static const char image[] =
	"{\"schemaVersion\":2," OCI "manifest.v1+json\"," CONFIG ",\"layers\":[" LAYER "," LAYER "],"
	"\"annotations\":{\"org.opencontainers.image.ref.name\":\"v1\"},\"subject\":{" DIGEST "},\"x\":[1]}";
static const char index_text[] =
	"{\"schemaVersion\":2," OCI "index.v1+json\",\"manifests\":[" CHILD ",{" DIGEST
	",\"platform\":{\"architecture\":\"unknown\",\"os\":\"unknown\"},\"annotations\":{\"vnd.docker.reference."
	"digest\":\"sha256:1\","
	"\"vnd.docker.reference.type\":\"attestation-manifest\"}},{" DIGEST ",\"artifactType\":\"application/x\"}]}";

static void an_image(void **state)
{
	struct pl_reason reason = { 0 };
	struct pl_manifest m;

	(void)state;
	assert_int_equal(parse(image, &m, &reason), 0);
	assert_int_equal(m.kind, PL_MANIFEST_IMAGE);
	assert_string_equal(m.media_type, "application/vnd.oci.image.manifest.v1+json");
	assert_string_equal(m.config.media_type, "application/vnd.oci.image.config.v1+json");
	assert_int_equal(m.config.size, 7);
	assert_int_equal(m.config.digest.bytes[31], 0xef);
	assert_int_equal(m.n_layers, 2);
	assert_int_equal(m.layers[1].size, 70);
	assert_string_equal(m.layers[1].platform.os, "");
	assert_string_equal(m.layers[1].artifact_type, "");
	assert_int_equal(m.n_manifests, 0);
	assert_string_equal(pl_pair_get(m.annotations, m.n_annotations, "org.opencontainers.image.ref.name"), "v1");
}

static void an_index(void **state)
{
	struct pl_reason reason = { 0 };
	struct pl_manifest m;

	(void)state;
	assert_int_equal(parse(index_text, &m, &reason), 0);
	assert_int_equal(m.kind, PL_MANIFEST_INDEX);
	assert_int_equal(m.n_manifests, 3);
	assert_string_equal(m.manifests[0].platform.architecture, "arm64");
	assert_int_equal(m.manifests[1].size, -1);
	assert_string_equal(m.manifests[2].artifact_type, "application/x");
	assert_false(pl_descriptor_is_attestation(&m.manifests[0]));
	assert_true(pl_descriptor_is_attestation(&m.manifests[1]));
	assert_false(pl_descriptor_is_attestation(&m.manifests[2]));
	/* an engine would run this one, whatever its annotation says */
	m.manifests[1].platform = m.manifests[0].platform;
	assert_false(pl_descriptor_is_attestation(&m.manifests[1]));
}

static const struct {
	const char *text;
	int verdict;
	enum pl_manifest_kind kind;
} kind_rows[] = {
	/* without a media type the members decide */
	{ "{" CONFIG ",\"layers\":[" LAYER "]}", 0, PL_MANIFEST_IMAGE },
	{ "{\"manifests\":[" CHILD "]}", 0, PL_MANIFEST_INDEX },
	{ "{\"MANIFESTS\":[]}", 0, PL_MANIFEST_INDEX },
	{ "{" DOCKER "list.v2+json\"}", 0, PL_MANIFEST_INDEX },
	{ "{" DOCKER "v2+json\",\"config\":{\"mediaType\":\"application/vnd.docker.container.image.v1+json\"," DIGEST
	  "}}",
	  0, PL_MANIFEST_IMAGE },
	{ "{\"mediaType\":\"text/plain\"," CONFIG "}", 0, PL_MANIFEST_IMAGE },
	{ "{\"config\":{" DIGEST "},\"layers\":null}", 0, PL_MANIFEST_IMAGE },
	/* what engines run is an image, whatever artifactType says */
	{ "{\"artifactType\":\"application/x\"," CONFIG ",\"layers\":[" LAYER "]}", 0, PL_MANIFEST_IMAGE },
	{ "{\"artifactType\":\"application/x\",\"config\":{" DIGEST "}}", 0, PL_MANIFEST_ARTIFACT },
	{ "{\"config\":{\"mediaType\":\"application/vnd.oci.empty.v1+json\"," DIGEST "},\"layers\":[" LAYER "]}", 0,
	  PL_MANIFEST_ARTIFACT },
	{ "{\"config\":{\"mediaType\":\"application/vnd.cncf.helm.config.v1+json\"," DIGEST "}}", 0,
	  PL_MANIFEST_ARTIFACT },
	{ "{" CONFIG ",\"layers\":[" SAYING "," SAYING "]}", 0, PL_MANIFEST_ATTESTATION },
	{ "{" CONFIG ",\"layers\":[" SAYING "," LAYER "]}", 0, PL_MANIFEST_IMAGE },
	{ "{\"config\":{\"mediaType\":\"application/vnd.oci.empty.v1+json\"," DIGEST "},\"layers\":[" SAYING "]}", 0,
	  PL_MANIFEST_ATTESTATION },
	/* two kinds at once */
	{ "{" CONFIG ",\"manifests\":[]}", PL_BAD_SYNTAX, 0 },
	{ "{\"layers\":[],\"manifests\":[" CHILD "]}", PL_BAD_SYNTAX, 0 },
	{ "{\"layers\":null,\"manifests\":[" CHILD "]}", PL_BAD_SYNTAX, 0 },
	{ "{" OCI "manifest.v1+json\",\"manifests\":[" CHILD "]}", PL_BAD_SYNTAX, 0 },
	{ "{" OCI "index.v1+json\"," CONFIG "}", PL_BAD_SYNTAX, 0 },
	{ "{\"fsLayers\":[],\"history\":[]}", PL_BAD_UNSUPPORTED, 0 },
	{ "{\"schemaVersion\":1,\"FSLAYERS\":[]," CONFIG "}", PL_BAD_UNSUPPORTED, 0 },
	{ "{}", PL_BAD_UNSUPPORTED, 0 },
	{ "null", PL_BAD_UNSUPPORTED, 0 },
	/* descriptors without a digest */
	{ "{" OCI "manifest.v1+json\"}", PL_BAD_SYNTAX, 0 },
	{ "{\"layers\":[" LAYER "]}", PL_BAD_SYNTAX, 0 },
	{ "{" CONFIG ",\"layers\":[{}]}", PL_BAD_SYNTAX, 0 },
	{ "{" CONFIG ",\"layers\":[null]}", PL_BAD_SYNTAX, 0 },
	{ "{\"manifests\":[" CHILD ",{\"size\":5}]}", PL_BAD_SYNTAX, 0 },
	{ "{\"manifests\":[{\"digest\":\"md5:00\"}]}", PL_BAD_SYNTAX, 0 },
	{ "{" CONFIG ",\"layers\":[{" DIGEST ",\"size\":\"7\"}]}", PL_BAD_SYNTAX, 0 },
	{ "{" CONFIG "} x", PL_BAD_SYNTAX, 0 },
};

static void kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kind_rows) / sizeof(kind_rows[0]); i++) {
		struct pl_reason reason = { 0 };
		struct pl_manifest m;
		int r = parse(kind_rows[i].text, &m, &reason);

		if (r != kind_rows[i].verdict || (!r && m.kind != kind_rows[i].kind))
			fail_msg("%s: %d %u %s", kind_rows[i].text, r, m.kind, reason.text);
		assert_int_equal(reason.text[0] != 0, r != 0);
	}
}

static void reasons(void **state)
{
	struct pl_reason reason = { 0 };
	struct pl_manifest m;

	(void)state;
	(void)!parse("{" CONFIG ",\"manifests\":[]}", &m, &reason);
	assert_string_equal(reason.text, "both an image's manifest and an index: readers disagree which");
	(void)!parse("{" CONFIG ",\"layers\":[" LAYER ",{}]}", &m, &reason);
	assert_string_equal(reason.text, "layer 1 has no digest");
	(void)!parse("{\"manifests\":[{\"digest\":\"sha256:XY\"}]}", &m, &reason);
	assert_string_equal(reason.text, "offset 24: \"sha256:XY\" is no digest");
}

static void limits(void **state)
{
	const size_t room = PL_MAX_LAYERS * sizeof(LAYER) + 1024;
	uint8_t *large = calloc(1, PL_MAX_MANIFEST_BYTES + 1);
	struct pl_reason reason = { 0 };
	char *text = malloc(room);
	struct pl_manifest m;

	(void)state;
	assert_true(large && text);
	for (size_t n = PL_MAX_LAYERS; n <= PL_MAX_LAYERS + 1; n++) {
		char *at = stpcpy(text, "{" CONFIG ",\"layers\":[" LAYER);

		for (size_t i = 1; i < n; i++)
			at = stpcpy(at, "," LAYER);
		stpcpy(at, "]}");
		assert_int_equal(parse(text, &m, &reason), n > PL_MAX_LAYERS ? PL_BAD_LIMIT : 0);
	}
	assert_string_equal(reason.text, "over plimsoll's limit layers (512)");
	assert_int_equal(pl_manifest_parse(large, PL_MAX_MANIFEST_BYTES + 1, &arena, &m, &reason), PL_BAD_LIMIT);
	assert_string_equal(reason.text, "over plimsoll's limit manifest-bytes (4194304)");
	free(large);
	free(text);
}

static void cut_anywhere_it_is_truncated(void **state)
{
	const char *const texts[] = { image, index_text };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		for (size_t n = 0; n < strlen(texts[i]); n++) {
			uint8_t *copy = malloc(n ? n : 1);
			struct pl_reason reason = { 0 };
			struct pl_manifest m;

			assert_non_null(copy);
			memcpy(copy, texts[i], n);
			assert_int_equal(pl_manifest_parse(copy, n, &arena, &m, &reason), PL_BAD_TRUNCATED);
			free(copy);
		}
	}
}

static void arenas_too_small_are_a_limit(void **state)
{
	int r = PL_BAD_LIMIT;

	(void)state;
	for (size_t size = 0; r; size += 16) {
		struct pl_reason reason = { 0 };
		struct pl_arena small;
		struct pl_manifest m;

		assert_true(size < 16384);
		pl_arena_init(&small, size);
		r = pl_manifest_parse((const uint8_t *)index_text, sizeof(index_text) - 1, &small, &m, &reason);
		assert_true(!r || r == PL_BAD_LIMIT);
		pl_arena_deinit(&small);
	}
}

static void layer_types(void **state)
{
	static const struct {
		const char *type;
		enum pl_layer_media media;
	} rows[] = {
		{ "application/vnd.oci.image.layer.v1.tar", PL_LAYER_TAR },
		{ "application/vnd.oci.image.layer.v1.tar+gzip", PL_LAYER_TAR },
		{ "application/vnd.oci.image.layer.v1.tar+zstd", PL_LAYER_TAR },
		{ "application/vnd.docker.image.rootfs.diff.tar", PL_LAYER_TAR },
		{ "application/vnd.docker.image.rootfs.diff.tar.gzip", PL_LAYER_TAR },
		{ "application/vnd.docker.image.rootfs.diff.tar.zstd", PL_LAYER_TAR },
		{ "application/vnd.oci.image.layer.nondistributable.v1.tar", PL_LAYER_FOREIGN },
		{ "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", PL_LAYER_FOREIGN },
		{ "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", PL_LAYER_FOREIGN },
		{ "application/vnd.docker.image.rootfs.foreign.diff.tar", PL_LAYER_FOREIGN },
		{ "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", PL_LAYER_FOREIGN },
		{ "application/vnd.oci.image.layer.v1.tar+gzip+encrypted", PL_LAYER_ENCRYPTED },
		{ "application/vnd.docker.image.rootfs.diff.tar.gzip+encrypted", PL_LAYER_ENCRYPTED },
		{ "+encrypted", PL_LAYER_ENCRYPTED },
		{ "application/vnd.erofs.layer.v1", PL_LAYER_EROFS },
		{ "application/vnd.in-toto+json", PL_LAYER_IN_TOTO },
		{ "application/vnd.oci.image.layer.v1.tar+xz", PL_LAYER_UNKNOWN },
		{ "APPLICATION/VND.OCI.IMAGE.LAYER.V1.TAR", PL_LAYER_UNKNOWN },
		{ "", PL_LAYER_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(pl_layer_media(rows[i].type), rows[i].media);
}

static int setup(void **state)
{
	(void)state;
	pl_arena_init(&arena, (size_t)32 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pl_arena_deinit(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image),
		cmocka_unit_test(an_index),
		cmocka_unit_test(kinds),
		cmocka_unit_test(reasons),
		cmocka_unit_test(limits),
		cmocka_unit_test(cut_anywhere_it_is_truncated),
		cmocka_unit_test(arenas_too_small_are_a_limit),
		cmocka_unit_test(layer_types),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
