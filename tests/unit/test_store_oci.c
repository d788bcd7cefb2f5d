/* SPDX-License-Identifier: Apache-2.0 */
/* OCI layouts: those of real tools, platforms, names, and everything that can be wrong with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "helper_store.h"
#include "plimsoll/buf.h"
#include "plimsoll/limits.h"
#include "plimsoll/verdict.h"

#if defined(__aarch64__)
#define HERE "arm64"
#define ELSEWHERE "s390x"
#else
#define HERE "amd64"
#define ELSEWHERE "s390x"
#endif
#define PLATFORM(architecture) ",\"platform\":{\"os\":\"linux\",\"architecture\":\"" architecture "\"}"
/* buildah's list has an image of 3 layers for amd64 and one of 2 for arm64. */
#define LIST_LAYERS (strcmp(HERE, "amd64") ? 2 : 3)
#define UNKNOWN_PLATFORM ",\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"}"
#define FOREIGN_TAR "application/vnd.oci.image.layer.nondistributable.v1.tar"

/* ---- real layouts ---- */

static cJSON *read_facts(void)
{
	static char text[1 << 16];
	FILE *file = fopen(PL_TEST_DATA "/stores/mkoci-facts.json", "r");
	cJSON *json;

	assert_non_null(file);
	json = cJSON_ParseWithLength(text, fread(text, 1, sizeof(text), file));
	fclose(file);
	assert_non_null(json);
	return json;
}

static const char *member(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItem(object, name)->valuestring;
}

static void compare_image(struct opened *opened, const cJSON *said)
{
	const struct pl_image_ref *ref = find_ref(opened, said->string);
	const cJSON *layers = cJSON_GetObjectItem(said, "layers"), *diff_ids = cJSON_GetObjectItem(said, "diff_ids");
	const struct pl_image *image = &opened->image;

	assert_int_equal(ref->n_names, 1);
	assert_string_equal(ref->names[0], said->string);
	if (read_image(opened, ref))
		fail_msg("%s: %s", said->string, opened->reason.text);
	assert_string_equal(text_of(&ref->id), member(said, "id"));
	assert_string_equal(text_of(&image->id), member(said, "id"));
	assert_string_equal(text_of(&image->manifest), member(said, "manifest"));
	assert_string_equal(image->config.user, member(said, "user") ? member(said, "user") : "");
	assert_string_equal(image->platform, in("linux", "%s", member(said, "arch")));
	assert_int_equal(image->n_layers, cJSON_GetArraySize(layers));
	for (size_t i = 0; i < image->n_layers; i++) {
		assert_int_equal(image->layers[i].kind, PL_LAYER_BLOB);
		assert_string_equal(text_of(&image->layers[i].digest), cJSON_GetArrayItem(layers, (int)i)->valuestring);
		assert_string_equal(text_of(&image->layers[i].diff_id),
				    cJSON_GetArrayItem(diff_ids, (int)i)->valuestring);
		assert_int_equal(access(in(strchr(pl_store_label(opened->store), ':') + 1, "%s", image->layers[i].path),
					R_OK),
				 0);
	}
	assert_int_equal(pl_store_recheck(opened->store, image, &opened->reason), 0);
}

static void real_layout(void **state)
{
	CLEANUP_TMP char *dir = tmp_new();
	CLEANUP_OPENED struct opened opened = { 0 };
	const cJSON *said;
	cJSON *all;

	(void)state;
	if (!unpack("mkoci-oci", dir)) {
		skip();
		return;
	}
	all = read_facts();
	open_store(&opened, "oci", dir);
	assert_int_equal(opened.n, cJSON_GetArraySize(all));
	assert_int_equal(pl_store_user_rule(opened.store), PL_USER_RULE_DOCKER);
	/* the index's image for this machine is the one of the facts only where they were made */
	cJSON_ArrayForEach(said, all)
		if (!cJSON_GetObjectItem(said, "index") || !strcmp(HERE, "amd64"))
			compare_image(&opened, said);
	for (size_t i = 0; i + 1 < opened.n; i++)
		assert_true(strcmp(text_of(&opened.refs[i].id), text_of(&opened.refs[i + 1].id)) <= 0);
	cJSON_Delete(all);
}

static void real_tools(void **state)
{
	const struct {
		const char *layout;
		size_t n;
		const char *name;
		size_t n_names, n_layers;
	} rows[] = {
		{ "umoci", 2, "t", 2, 3 },
		{ "umoci", 2, "t2", 1, 4 },
		{ "skopeo-oci", 4, "app-zstd", 2, 3 },
		{ "skopeo-oci", 4, "raw-zstdchunked", 1, 2 },
		{ "skopeo-oci", 4, "multi", 1, 2 },
		{ "buildah", 3, "img", 1, 1 },
		{ "buildah", 3, "zstd", 1, 1 },
		{ "buildah", 3, "list", 1, LIST_LAYERS },
	};
	CLEANUP_TMP char *dir = tmp_new();

	(void)state;
	if (!unpack("oci-tools-bookworm", dir)) {
		skip();
		return;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP_OPENED struct opened opened = { 0 };

		open_store(&opened, "oci", in(dir, "%s", rows[i].layout));
		assert_int_equal(opened.n, rows[i].n);
		assert_int_equal(find_ref(&opened, rows[i].name)->n_names, rows[i].n_names);
		assert_int_equal(read_image(&opened, find_ref(&opened, rows[i].name)), 0);
		assert_int_equal(opened.image.n_layers, rows[i].n_layers);
	}
}

/* ---- names ---- */

static void names(void **state)
{
	CLEANUP_TMP char *dir = tmp_new();
	CLEANUP_OPENED struct opened opened = { 0 };
	const char *both = put_image(dir, HERE, "1", "");
	char first[1024], second[1024];

	(void)state;
	layout_new(dir);
	/* the same manifest: with a tag and the full name that it belongs to, and with one that is another */
	snprintf(first, sizeof(first),
		 "%.*s,\"annotations\":{\"org.opencontainers.image.ref.name\":\"v1\",\"io.containerd.image.name\":"
		 "\"docker.io/fix/app:v1\"}}",
		 (int)strlen(both) - 1, both);
	snprintf(second, sizeof(second),
		 "%.*s,\"annotations\":{\"org.opencontainers.image.ref.name\":\"other\",\"io.containerd.image.name\":"
		 "\"h.example/app:v2\"}}",
		 (int)strlen(both) - 1, both);
	put_index(dir, first, second);
	open_store(&opened, "oci", dir);
	assert_int_equal(opened.n, 1);
	assert_int_equal(opened.refs[0].n_names, 3);
	assert_string_equal(opened.refs[0].names[0], "docker.io/fix/app:v1");
	assert_string_equal(opened.refs[0].names[1], "h.example/app:v2");
	assert_string_equal(opened.refs[0].names[2], "other");
	assert_ptr_equal(find_ref(&opened, "v1"), &opened.refs[0]);
}

static void no_name(void **state)
{
	CLEANUP_TMP char *dir = tmp_new();
	CLEANUP_OPENED struct opened opened = { 0 };

	(void)state;
	layout_new(dir);
	put_index(dir, put_image(dir, HERE, "1", ""), put_image(dir, ELSEWHERE, "2", ""));
	open_store(&opened, "oci", dir);
	/* what stands in index.json itself is listed whatever its platform */
	assert_int_equal(opened.n, 2);
	assert_int_equal(opened.refs[0].n_names | opened.refs[1].n_names, 0);
}

/* ---- platforms ---- */

/* An index of up to two manifests under the name "multi". */
static void put_multi(const char *dir, const char *first, const char *second)
{
	char text[2048];

	snprintf(text, sizeof(text), "{\"schemaVersion\":2,\"manifests\":[%s%s%s]}", first, second ? "," : "",
		 second ? second : "");
	put_index(dir, put_blob(dir, OCI_INDEX, text, NAMED("multi")), NULL);
}

static const char *user_of(struct opened *opened, const struct pl_image_ref *ref)
{
	if (read_image(opened, ref))
		fail_msg("%s", opened->reason.text);
	return opened->image.config.user;
}

static void this_machines_platform(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		CLEANUP_TMP char *dir = tmp_new();
		CLEANUP_OPENED struct opened opened = { 0 };
		const char *here = put_image(dir, HERE, "here", i < 2 ? PLATFORM(HERE) : "");
		const char *there = put_image(dir, ELSEWHERE, "there", i < 2 ? PLATFORM(ELSEWHERE) : "");

		layout_new(dir);
		/* without a platform in the index the config says it; the order does not matter */
		put_multi(dir, i % 2 ? here : there, i % 2 ? there : here);
		open_store(&opened, "oci", dir);
		assert_int_equal(opened.n, 1);
		assert_string_equal(opened.refs[0].names[0], "multi");
		assert_string_equal(user_of(&opened, &opened.refs[0]), "here");
		assert_string_equal(opened.image.platform, "linux/" HERE);
	}
}

static void absent_siblings(void **state)
{
	CLEANUP_TMP char *dir = tmp_new();
	CLEANUP_OPENED struct opened opened = { 0 };
	const struct pl_digest nobody = digest_of("nobody");
	const char *here = put_image(dir, HERE, "here", PLATFORM(HERE));

	(void)state;
	layout_new(dir);
	put_multi(dir, descriptor(OCI_IMAGE, &nobody, 400, PLATFORM(ELSEWHERE)), here);
	open_store(&opened, "oci", dir);
	assert_int_equal(opened.n, 1);
	assert_string_equal(user_of(&opened, &opened.refs[0]), "here");
}

static void absent_image(void **state)
{
	CLEANUP_TMP char *dir = tmp_new();
	CLEANUP_OPENED struct opened opened = { 0 };
	const struct pl_digest nobody = digest_of("nobody");
	const char *there = put_image(dir, ELSEWHERE, "there", PLATFORM(ELSEWHERE));

	(void)state;
	layout_new(dir);
	put_multi(dir, there, descriptor(OCI_IMAGE, &nobody, 400, PLATFORM(HERE)));
	open_store(&opened, "oci", dir);
	assert_int_equal(opened.n, 1);
	assert_string_equal(opened.refs[0].names[0], "multi");
	assert_non_null(strstr(opened.refs[0].problem, "is missing"));
}

static void other_platforms_only(void **state)
{
	CLEANUP_TMP char *dir = tmp_new();
	CLEANUP_OPENED struct opened present = { 0 }, absent = { 0 };
	const struct pl_digest nobody = digest_of("nobody");
	const char *first = put_image(dir, "s390x", "1", PLATFORM("s390x")),
		   *second = put_image(dir, "ppc64le", "2", PLATFORM("ppc64le"));

	(void)state;
	layout_new(dir);
	put_multi(dir, first, second);
	open_store(&present, "oci", dir);
	assert_int_equal(present.n, 2);
	assert_string_equal(present.refs[0].names[0], "multi");
	assert_string_equal(present.refs[1].names[0], "multi");
	for (size_t i = 0; i < 2; i++)
		assert_true(strchr("12", user_of(&present, &present.refs[i])[0]));
	put_multi(dir, descriptor(OCI_IMAGE, &nobody, 400, PLATFORM("s390x")), NULL);
	open_store(&absent, "oci", dir);
	assert_int_equal(absent.n, 1);
	assert_non_null(strstr(absent.refs[0].problem, "no image for linux/" HERE));
}

/* ---- what is no image ---- */

static void attestations_and_artifacts(void **state)
{
	CLEANUP_TMP char *dir = tmp_new();
	CLEANUP_OPENED struct opened opened = { 0 };
	const char *here = put_image(dir, HERE, "here", PLATFORM(HERE));
	const char *config = put_blob(dir, OCI_CONFIG, "{}", "");
	const char *layer = put_blob(dir, "application/vnd.in-toto+json", "{ }", "");
	const char *attestation, *chart;
	char text[1024];

	(void)state;
	layout_new(dir);
	snprintf(text, sizeof(text), "{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}", config, layer);
	attestation =
		put_blob(dir, OCI_IMAGE, text,
			 UNKNOWN_PLATFORM ",\"annotations\":{\"vnd.docker.reference.type\":\"attestation-manifest\"}");
	put_multi(dir, here, attestation);
	open_store(&opened, "oci", dir);
	assert_int_equal(opened.n, 1);
	close_store(&opened);
	/* alone, or found out only when it is read, it is no image either */
	put_multi(dir, attestation, NULL);
	open_store(&opened, "oci", dir);
	assert_int_equal(opened.n, 0);
	close_store(&opened);
	put_index(dir, attestation, NULL);
	open_store(&opened, "oci", dir);
	assert_int_equal(opened.n, 0);
	close_store(&opened);
	/* called one, but an image */
	put_index(dir,
		  put_image(dir, HERE, "here",
			    UNKNOWN_PLATFORM
			    ",\"annotations\":{\"vnd.docker.reference.type\":\"attestation-manifest\"}"),
		  NULL);
	open_store(&opened, "oci", dir);
	assert_int_equal(opened.n, 1);
	close_store(&opened);
	config = put_blob(dir, "application/vnd.cncf.helm.config.v1+json", "{  }", "");
	snprintf(text, sizeof(text), "{\"schemaVersion\":2,\"config\":%s,\"layers\":[]}", config);
	chart = put_blob(dir, OCI_IMAGE, text, NAMED("chart"));
	put_index(dir, chart, put_blob(dir, "application/vnd.example.unheard-of", "?", NAMED("thing")));
	open_store(&opened, "oci", dir);
	assert_int_equal(opened.n, 0);
}

static void empty_layout(void **state)
{
	CLEANUP_TMP char *dir = tmp_new();
	CLEANUP_OPENED struct opened opened = { 0 };

	(void)state;
	layout_new(dir);
	put_index(dir, NULL, NULL);
	open_store(&opened, "oci", dir);
	assert_int_equal(opened.n, 0);
}

/* ---- indexes that lead on ---- */

/* `n` indexes one in the other around an image. */
static void put_nested(const char *dir, unsigned int n, bool twice)
{
	char text[4096], inner[1024];

	snprintf(inner, sizeof(inner), "%s", put_image(dir, HERE, "deep", PLATFORM(HERE)));
	while (n--) {
		snprintf(text, sizeof(text), "{\"schemaVersion\":2,\"manifests\":[%s%s%s]}", inner, twice ? "," : "",
			 twice ? inner : "");
		snprintf(inner, sizeof(inner), "%s", put_blob(dir, OCI_INDEX, text, n ? "" : NAMED("deep")));
	}
	put_index(dir, inner, NULL);
}

static void nested_indexes(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		CLEANUP_TMP char *dir = tmp_new();
		CLEANUP_OPENED struct opened opened = { 0 };
		bool deepest = i % 2;

		layout_new(dir);
		/* each index in the other twice: 2^8 ways and 8 documents */
		put_nested(dir, deepest ? PL_MAX_INDEX_DEPTH : PL_MAX_INDEX_DEPTH + 1, i > 1);
		open_store(&opened, "oci", dir);
		assert_int_equal(opened.n, 1);
		assert_string_equal(opened.refs[0].names[0], "deep");
		if (deepest)
			assert_string_equal(user_of(&opened, &opened.refs[0]), "deep");
		else
			assert_non_null(strstr(opened.refs[0].problem, "index-depth"));
	}
}

static void wide_indexes(void **state)
{
	CLEANUP_TMP char *dir = tmp_new();
	CLEANUP_OPENED struct opened opened = { 0 };
	struct pl_buf buf;
	char text[64];
	int r;

	(void)state;
	layout_new(dir);
	pl_buf_init(&buf, 1 << 20);
	r = pl_buf_puts(&buf, "{\"manifests\":[");
	for (unsigned int i = 0; i <= PL_MAX_INDEXES && !r; i++) {
		snprintf(text, sizeof(text), "{\"manifests\":[],\"x\":%u}", i);
		r = pl_buf_printf(&buf, "%s%s", i ? "," : "", put_blob(dir, OCI_INDEX, text, ""));
	}
	assert_int_equal(r, 0);
	assert_int_equal(pl_buf_puts(&buf, "]}"), 0);
	put_index(dir, put_blob(dir, OCI_INDEX, (const char *)buf.data, NAMED("wide")), NULL);
	pl_buf_deinit(&buf);
	open_store(&opened, "oci", dir);
	assert_int_equal(opened.n, 1);
	assert_non_null(strstr(opened.refs[0].problem, "indexes"));
}

/* No digest can be its own, so a loop is a document that is damaged. */
static void index_that_names_itself(void **state)
{
	CLEANUP_TMP char *dir = tmp_new();
	CLEANUP_OPENED struct opened opened = { 0 };
	const struct pl_digest self = digest_of("itself");
	char text[1024];

	(void)state;
	layout_new(dir);
	snprintf(text, sizeof(text), "{\"manifests\":[%s]}", descriptor(OCI_INDEX, &self, 0, ""));
	put_text(in(dir, "blobs/sha256/%s", hex(&self)), "%s", text);
	put_index(dir, descriptor(OCI_INDEX, &self, strlen(text), NAMED("loop")), NULL);
	open_store(&opened, "oci", dir);
	assert_int_equal(opened.n, 1);
	assert_non_null(strstr(opened.refs[0].problem, "is damaged"));
}

/* ---- damage ---- */

/* The image "app" of one layer, and where its parts lie. */
struct made {
	char *dir;
	char manifest[512], config[512], layer[512];
};

static void keep_path(char out[static 512], const char *dir, const char *text)
{
	const struct pl_digest digest = digest_of(text);

	snprintf(out, 512, "%s", in(dir, "blobs/sha256/%s", hex(&digest)));
}

/* `layer` is the layer's descriptor; null: the usual one. `more` goes into the manifest's descriptor. */
static void make(struct made *made, const char *layer, const char *more)
{
	const struct pl_digest diff_id = digest_of("layer");
	char config[512], manifest[1024];

	layout_new(made->dir);
	snprintf(config, sizeof(config),
		 "{\"architecture\":\"" HERE "\",\"os\":\"linux\",\"rootfs\":{\"diff_ids\":[\"%s\"]}}",
		 text_of(&diff_id));
	snprintf(manifest, sizeof(manifest), "{\"config\":%s,\"layers\":[%s]}",
		 put_blob(made->dir, OCI_CONFIG, config, ""),
		 layer ? layer : put_blob(made->dir, OCI_TAR, "layer", ""));
	keep_path(made->layer, made->dir, "layer");
	keep_path(made->config, made->dir, config);
	keep_path(made->manifest, made->dir, manifest);
	put_index(made->dir, put_blob(made->dir, OCI_IMAGE, manifest, more), NULL);
}

static void flip_manifest(const struct made *made)
{
	flip(made->manifest);
}

static void cut_manifest(const struct made *made)
{
	assert_int_equal(truncate(made->manifest, 10), 0);
}

static void no_manifest(const struct made *made)
{
	assert_int_equal(unlink(made->manifest), 0);
}

static void huge_manifest(const struct made *made)
{
	assert_int_equal(truncate(made->manifest, PL_MAX_MANIFEST_BYTES + 1), 0);
}

static void linked_manifest(const struct made *made)
{
	assert_int_equal(rename(made->manifest, in(made->dir, "elsewhere")), 0);
	assert_int_equal(symlink("../../elsewhere", made->manifest), 0);
}

static void fifo_manifest(const struct made *made)
{
	no_manifest(made);
	assert_int_equal(mkfifo(made->manifest, 0600), 0);
}

static void flip_config(const struct made *made)
{
	flip(made->config);
}

static void no_config(const struct made *made)
{
	assert_int_equal(unlink(made->config), 0);
}

static void no_layer(const struct made *made)
{
	assert_int_equal(unlink(made->layer), 0);
}

static void cut_layer(const struct made *made)
{
	assert_int_equal(truncate(made->layer, 1), 0);
}

static void linked_layer(const struct made *made)
{
	no_layer(made);
	assert_int_equal(symlink("/etc/passwd", made->layer), 0);
}

static void fifo_layer(const struct made *made)
{
	no_layer(made);
	assert_int_equal(mkfifo(made->layer, 0600), 0);
}

enum where { IN_LIST, IN_IMAGE, IN_LAYER };

static const struct damage {
	void (*inflict)(const struct made *made);
	enum where where;
	int verdict;
	const char *says;
} damages[] = {
	{ flip_manifest, IN_LIST, 0, "is damaged: its digest is sha256:" },
	{ cut_manifest, IN_LIST, 0, "has 10 bytes instead of" },
	{ no_manifest, IN_LIST, 0, "is missing" },
	{ huge_manifest, IN_LIST, 0, "manifest-bytes" },
	{ linked_manifest, IN_LIST, 0, "symbolic link" },
	{ fifo_manifest, IN_LIST, 0, "no regular file" },
	{ flip_config, IN_IMAGE, PL_BAD_DIGEST, "is damaged: its digest is sha256:" },
	{ no_config, IN_IMAGE, PL_BAD_MISSING, "is missing" },
	{ no_layer, IN_LAYER, 0, "is missing" },
	{ cut_layer, IN_LAYER, 0, "has 1 bytes instead of 5" },
	{ linked_layer, IN_LAYER, 0, "symbolic link" },
	{ fifo_layer, IN_LAYER, 0, "no regular file" },
};

/* Reads the image "app" of the layout and checks who refuses it, and how. */
static void refused(const char *dir, const struct damage *damage)
{
	CLEANUP_OPENED struct opened opened = { 0 };
	const char *said;
	int r;

	open_store(&opened, "oci", dir);
	assert_int_equal(opened.n, 1);
	assert_string_equal(opened.refs[0].names[0], "app");
	said = opened.refs[0].problem;
	if (damage->where != IN_LIST) {
		assert_null(said);
		r = read_image(&opened, &opened.refs[0]);
		if (r != damage->verdict)
			fail_msg("%d: %s", r, opened.reason.text);
		said = opened.reason.text;
	}
	if (damage->where == IN_LAYER) {
		assert_int_equal(opened.image.layers[0].kind, PL_LAYER_ABSENT);
		said = opened.image.layers[0].problem;
	}
	if (!said || !strstr(said, damage->says))
		fail_msg("\"%s\" instead of \"%s\"", said ? said : "", damage->says);
}

static void damaged_layouts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		CLEANUP_TMP char *dir = tmp_new();
		struct made made = { .dir = dir };

		make(&made, NULL, NAMED("app"));
		damages[i].inflict(&made);
		refused(dir, &damages[i]);
	}
}

static void layers_that_are_none(void **state)
{
	static const struct {
		const char *type, *says;
	} rows[] = {
		{ OCI_TAR "+encrypted", "is encrypted" },
		{ "application/vnd.erofs.layer.v1", "EROFS" },
		{ "application/x-unheard-of", "(application/x-unheard-of)" },
		{ "", "media type" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP_TMP char *dir = tmp_new();
		struct made made = { .dir = dir };

		make(&made, put_blob(dir, rows[i].type, "layer", ""), NAMED("app"));
		refused(dir, &(struct damage){ .where = IN_LAYER, .says = rows[i].says });
	}
}

static void foreign_layers(void **state)
{
	CLEANUP_TMP char *dir = tmp_new();
	CLEANUP_OPENED struct opened opened = { 0 };
	struct made made = { .dir = dir };

	(void)state;
	make(&made, put_blob(dir, FOREIGN_TAR, "layer", ""), NAMED("app"));
	open_store(&opened, "oci", dir);
	assert_int_equal(read_image(&opened, &opened.refs[0]), 0);
	assert_int_equal(opened.image.layers[0].kind, PL_LAYER_BLOB);
	no_layer(&made);
	refused(dir, &(struct damage){ .where = IN_LAYER, .says = "a foreign layer" });
}

static void documents_that_do_not_fit(void **state)
{
	CLEANUP_TMP char *dir = tmp_new();
	struct made made = { .dir = dir };
	const char *layer = put_blob(dir, OCI_TAR, "layer", "");
	char two[1024];

	(void)state;
	snprintf(two, sizeof(two), "%s,%s", layer, layer);
	make(&made, two, NAMED("app"));
	refused(dir, &(struct damage){ .where = IN_IMAGE, .verdict = PL_BAD_SYNTAX, .says = "2 layers, its config 1" });
	/* an index that is called a manifest, and the other way round */
	put_index(dir, put_blob(dir, OCI_IMAGE, "{\"manifests\":[]}", NAMED("app")), NULL);
	refused(dir, &(struct damage){ .where = IN_LIST, .says = "is an index, but" });
	put_index(dir, put_blob(dir, OCI_INDEX, "{\"config\":{},\"layers\":[]}", NAMED("app")), NULL);
	refused(dir, &(struct damage){ .where = IN_LIST, .says = "has no digest" });
	put_index(dir, put_blob(dir, OCI_IMAGE, "{\"fsLayers\":[]}", NAMED("app")), NULL);
	refused(dir, &(struct damage){ .where = IN_LIST, .says = "schema 1" });
	put_index(dir, put_blob(dir, OCI_IMAGE, "nonsense", NAMED("app")), NULL);
	refused(dir, &(struct damage){ .where = IN_LIST, .says = "offset 1" });
}

static void no_layout(void **state)
{
	static const char *const layouts[] = { "",
					       "{}",
					       "[]",
					       "{\"imageLayoutVersion\":\"2.0.0\"}",
					       "{\"imageLayoutVersion\":1}",
					       "{\"imageLayoutVersion\":\"1.0.0\\u0000\"}" };
	static const char *const indexes[] = {
		"", "{", "[]", "{}", "{\"config\":{},\"layers\":[]}", "{\"manifests\":1}", "{\"manifests\":[{}]}"
	};
	CLEANUP_TMP char *dir = tmp_new();
	CLEANUP_OPENED struct opened opened = { 0 };
	struct pl_store *store = NULL;
	struct pl_reason reason;

	(void)state;
	assert_int_equal(pl_store_open("oci", in(dir, "none"), &store, &reason), PL_BAD_MISSING);
	assert_int_equal(pl_store_open("oci", dir, &store, &reason), PL_BAD_MISSING);
	assert_non_null(strstr(reason.text, "no OCI layout: oci-layout is missing"));
	for (size_t i = 0; i < sizeof(layouts) / sizeof(*layouts); i++) {
		int r;

		put_text(in(dir, "oci-layout"), "%s", layouts[i]);
		r = pl_store_open("oci", dir, &store, &reason);
		if (r != PL_BAD_SYNTAX && r != PL_BAD_TRUNCATED)
			fail_msg("%s: %d", layouts[i], r);
		assert_null(store);
	}
	layout_new(dir);
	assert_int_equal(pl_store_open("oci", dir, &opened.store, &reason), 0);
	pl_arena_init(&opened.arena, 1 << 24);
	assert_int_equal(pl_store_list(opened.store, &opened.arena, &opened.refs, &opened.n, &reason), PL_BAD_MISSING);
	for (size_t i = 0; i < sizeof(indexes) / sizeof(*indexes); i++) {
		put_text(in(dir, "index.json"), "%s", indexes[i]);
		if (pl_store_list(opened.store, &opened.arena, &opened.refs, &opened.n, &reason) <= 0)
			fail_msg("%s", indexes[i]);
		assert_non_null(strstr(reason.text, "index.json"));
	}
}

static void layer_replaced_while_it_was_read(void **state)
{
	CLEANUP_TMP char *dir = tmp_new();
	CLEANUP_OPENED struct opened opened = { 0 };
	struct made made = { .dir = dir };

	(void)state;
	make(&made, NULL, NAMED("app"));
	open_store(&opened, "oci", dir);
	assert_int_equal(read_image(&opened, &opened.refs[0]), 0);
	/* another image that comes is no change of this one */
	put_index(dir, put_image(dir, HERE, "1", ""), NULL);
	assert_int_equal(pl_store_recheck(opened.store, &opened.image, &opened.reason), 0);
	cut_layer(&made);
	assert_int_equal(pl_store_recheck(opened.store, &opened.image, &opened.reason), PL_BAD_CHANGED);
	no_layer(&made);
	assert_int_equal(pl_store_recheck(opened.store, &opened.image, &opened.reason), PL_BAD_CHANGED);
	assert_non_null(strstr(opened.reason.text, "was removed"));
}

static void little_memory(void **state)
{
	CLEANUP_TMP char *dir = tmp_new();
	struct made made = { .dir = dir };

	(void)state;
	make(&made, NULL, NAMED("app"));
	read_in_little_memory("oci", dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_layout),
		cmocka_unit_test(real_tools),
		cmocka_unit_test(names),
		cmocka_unit_test(no_name),
		cmocka_unit_test(this_machines_platform),
		cmocka_unit_test(absent_siblings),
		cmocka_unit_test(absent_image),
		cmocka_unit_test(other_platforms_only),
		cmocka_unit_test(attestations_and_artifacts),
		cmocka_unit_test(empty_layout),
		cmocka_unit_test(nested_indexes),
		cmocka_unit_test(wide_indexes),
		cmocka_unit_test(index_that_names_itself),
		cmocka_unit_test(damaged_layouts),
		cmocka_unit_test(layers_that_are_none),
		cmocka_unit_test(foreign_layers),
		cmocka_unit_test(documents_that_do_not_fit),
		cmocka_unit_test(no_layout),
		cmocka_unit_test(layer_replaced_while_it_was_read),
		cmocka_unit_test(little_memory),
	};

	return cmocka_run_group_tests_name("store, oci", tests, NULL, NULL);
}
