/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OCI image layouts (opencontainers/image-spec: image-layout.md): index.json names manifests, maybe through further
 * indexes, and each leads to a config and to layers, all of them blobs named by their digests. All of it is foreign. A
 * chain of digests cannot bite its own tail, so loops end at a digest that does not fit; what is shared a thousand times is
 * bounded by limits.
 */
#include "store_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plimsoll/json.h"
#include "plimsoll/limits.h"
#include "plimsoll/text.h"
#include "plimsoll/verdict.h"

/* The decoded form of a manifest, an index or a config that is only needed for a moment. */
#define SCRATCH_BYTES (PL_MAX_JSON_ARENA + ((size_t)1 << 20))
/* The same for all the indexes that one name leads to. */
#define NAME_BYTES (4 * SCRATCH_BYTES)

#define BLOB_PATH_BYTES (sizeof("blobs/") + PL_DIGEST_TEXT_BYTES)

/* The platform that an engine of this build would choose from an index. */
static const struct pl_platform host = {
	.os = "linux",
#if defined(__aarch64__)
	.architecture = "arm64",
	.variant = "",
#elif defined(__arm__)
	.architecture = "arm",
	.variant = __ARM_ARCH >= 8   ? "v8"
		   : __ARM_ARCH == 7 ? "v7"
				     : "v6",
#elif defined(__x86_64__)
	.architecture = "amd64",
	.variant = "",
#elif defined(__i386__)
	.architecture = "386",
	.variant = "",
#elif defined(__riscv) && __riscv_xlen == 64
	.architecture = "riscv64",
	.variant = "",
#else
	.architecture = "unknown",
	.variant = "",
#endif
};

static const char *blob_path(const struct pl_digest *digest, char out[static BLOB_PATH_BYTES])
{
	struct pl_digest_text text;

	snprintf(out, BLOB_PATH_BYTES, "blobs/%s", pl_digest_path(digest, &text));
	return out;
}

/* ---- documents ---- */

/* A manifest or index, verified. Never PL_BAD_UNSUPPORTED. */
static int read_document(struct pl_store *store, const struct pl_descriptor *descriptor, struct pl_arena *arena,
			 struct pl_manifest *out, struct pl_reason *reason)
{
	PL_CLEANUP_BUF struct pl_buf buf = { 0 };
	char path[BLOB_PATH_BYTES];
	int r = pl_store_read_verified(store->dir, blob_path(&descriptor->digest, path), &descriptor->digest,
				       descriptor->size, PL_MAX_MANIFEST_BYTES, "manifest-bytes", &buf, reason);

	if (r) {
		pl_reason_prefix(reason, "manifest");
		return r;
	}
	store->listing_bytes += buf.len;
	r = pl_manifest_parse(buf.data, buf.len, arena, out, reason);
	if (r > 0)
		pl_reason_prefix(reason, "manifest: %s", path);
	return r == PL_BAD_UNSUPPORTED ? PL_BAD_SYNTAX : r;
}

static int read_config_of(struct pl_store *store, const struct pl_descriptor *descriptor, struct pl_arena *arena,
			  struct pl_image *out, struct pl_reason *reason)
{
	char path[BLOB_PATH_BYTES];

	return pl_store_read_config(store->dir, blob_path(&descriptor->digest, path), &descriptor->digest,
				    descriptor->size, arena, out, reason);
}

static bool is_there(struct pl_store *store, const struct pl_digest *digest)
{
	char path[BLOB_PATH_BYTES];
	struct pl_seen seen;

	return !pl_seen_take(store, blob_path(digest, path), &seen);
}

enum media { MEDIA_NONE, MEDIA_IMAGE, MEDIA_INDEX, MEDIA_OTHER };

/* What a descriptor says that it leads to. */
static enum media media_of(const struct pl_descriptor *descriptor)
{
	static const struct {
		const char *type;
		enum media media;
	} types[] = {
		{ "", MEDIA_NONE },
		{ "application/vnd.oci.image.manifest.v1+json", MEDIA_IMAGE },
		{ "application/vnd.docker.distribution.manifest.v2+json", MEDIA_IMAGE },
		/* schema 1: an image, but of a kind that no engine of today runs */
		{ "application/vnd.docker.distribution.manifest.v1+json", MEDIA_IMAGE },
		{ "application/vnd.docker.distribution.manifest.v1+prettyjws", MEDIA_IMAGE },
		{ "application/vnd.oci.image.index.v1+json", MEDIA_INDEX },
		{ "application/vnd.docker.distribution.manifest.list.v2+json", MEDIA_INDEX },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(descriptor->media_type, types[i].type))
			return types[i].media;
	return MEDIA_OTHER;
}

/* Readers that trust the descriptor and readers that look into the document must see the same. */
static int check_media(const struct pl_descriptor *descriptor, const struct pl_manifest *document,
		       struct pl_reason *reason)
{
	enum media said = media_of(descriptor), is = document->kind == PL_MANIFEST_INDEX ? MEDIA_INDEX : MEDIA_IMAGE;
	char path[BLOB_PATH_BYTES];

	if (said == MEDIA_NONE || said == is)
		return 0;
	pl_reason_set(reason, "%s is %s, but what leads to it says otherwise", blob_path(&descriptor->digest, path),
		      is == MEDIA_INDEX ? "an index" : "a manifest");
	return PL_BAD_SYNTAX;
}

/* ---- from a name to images ---- */

/* What one entry of index.json leads to: descriptors in the order in which they were found. */
struct search {
	struct pl_store *store;
	struct pl_arena arena;
	struct pl_buf queue; /* of struct step */
	struct pl_reason *reason;
	size_t n_indexes;
	bool skipped; /* something was passed over because it is no image */
};

struct step {
	const struct pl_descriptor *descriptor;
	unsigned int depth;
	bool image; /* a manifest, or taken for one until it is read */
};

static int push(struct search *s, const struct pl_descriptor *descriptor, unsigned int depth, bool image)
{
	const struct step step = { descriptor, depth, image };
	int r = pl_buf_append(&s->queue, &step, sizeof(step));

	if (r != -EFBIG)
		return r;
	pl_reason_limit(s->reason, "store-images", PL_MAX_STORE_IMAGES);
	return PL_BAD_LIMIT;
}

static bool was_read(const struct search *s, size_t i)
{
	const struct step *steps = (const void *)s->queue.data;

	for (size_t j = 0; j < i; j++)
		if (!steps[j].image && pl_digest_equal(&steps[j].descriptor->digest, &steps[i].descriptor->digest))
			return true;
	return false;
}

static int push_children(struct search *s, const struct pl_manifest *index, unsigned int depth)
{
	if (++s->n_indexes > PL_MAX_INDEXES) {
		pl_reason_limit(s->reason, "indexes", PL_MAX_INDEXES);
		return PL_BAD_LIMIT;
	}
	if (depth >= PL_MAX_INDEX_DEPTH) {
		pl_reason_limit(s->reason, "index-depth", PL_MAX_INDEX_DEPTH);
		return PL_BAD_LIMIT;
	}
	for (size_t i = 0; i < index->n_manifests; i++) {
		const struct pl_descriptor *child = &index->manifests[i];
		enum media media = media_of(child);
		int r;

		if (media == MEDIA_OTHER || pl_descriptor_is_attestation(child)) {
			s->skipped = true;
			continue;
		}
		r = push(s, child, depth + 1, media == MEDIA_IMAGE);
		if (r)
			return r;
	}
	return 0;
}

/* Reads what may be an index, and puts its members at the end of the queue. */
static int visit(struct search *s, size_t i)
{
	struct step *step = (struct step *)(void *)s->queue.data + i;
	struct pl_manifest document;
	int r;

	if (s->store->listing_bytes > PL_MAX_LISTING_BYTES) {
		pl_reason_limit(s->reason, "listing-bytes", PL_MAX_LISTING_BYTES);
		return PL_BAD_LIMIT;
	}
	r = read_document(s->store, step->descriptor, &s->arena, &document, s->reason);
	if (!r)
		r = check_media(step->descriptor, &document, s->reason);
	if (r)
		return r;
	if (document.kind == PL_MANIFEST_INDEX)
		return push_children(s, &document, step->depth);
	step->image = true;
	return 0;
}

static int follow(struct search *s, const struct pl_descriptor *entry)
{
	int r = push(s, entry, 0, media_of(entry) == MEDIA_IMAGE);

	for (size_t i = 0; !r && i < s->queue.len / sizeof(struct step); i++) {
		const struct step *step = (const struct step *)(const void *)s->queue.data + i;

		if (!step->image && !was_read(s, i))
			r = visit(s, i);
	}
	return r;
}

/* From the config when the index does not say (containerd:core/images/image.go). False: it cannot be found out. */
static int platform_rank(struct search *s, const struct pl_descriptor *descriptor)
{
	PL_CLEANUP_ARENA struct pl_arena scratch = { .blocks = NULL };
	struct pl_manifest manifest;
	struct pl_image image = { 0 };
	struct pl_platform platform = descriptor->platform;

	if (*platform.os || *platform.architecture)
		return pl_platform_match(&host, &platform);
	pl_arena_init(&scratch, 2 * SCRATCH_BYTES);
	if (read_document(s->store, descriptor, &scratch, &manifest, NULL) || manifest.kind != PL_MANIFEST_IMAGE ||
	    read_config_of(s->store, &manifest.config, &scratch, &image, NULL))
		return 0;
	platform = (struct pl_platform){ image.config.os, image.config.architecture, image.config.variant };
	return pl_platform_match(&host, &platform);
}

/* Lists the image that a manifest describes under this name, or why it cannot be. What is no image is passed over. */
static int add_image(struct search *s, const struct pl_descriptor *descriptor, const char *name,
		     struct pl_listing *listing)
{
	PL_CLEANUP_ARENA struct pl_arena scratch = { .blocks = NULL };
	struct pl_listed item = { .manifest = descriptor->digest, .name = name };
	struct pl_manifest manifest;
	int r;

	pl_arena_init(&scratch, SCRATCH_BYTES);
	if (s->store->listing_bytes > PL_MAX_LISTING_BYTES) {
		pl_reason_limit(listing->reason, "listing-bytes", PL_MAX_LISTING_BYTES);
		r = PL_BAD_LIMIT;
	} else {
		r = read_document(s->store, descriptor, &scratch, &manifest, listing->reason);
		if (!r)
			r = check_media(descriptor, &manifest, listing->reason);
	}
	if (r == -ENOMEM)
		return r;
	if (!r && manifest.kind != PL_MANIFEST_IMAGE)
		return 0;
	if (r) {
		item.problem = pl_arena_strdup(listing->arena, listing->reason->text);
		if (!item.problem)
			return -ENOMEM;
	} else {
		item.id = manifest.config.digest;
	}
	return pl_listing_add(listing, &item);
}

/* None is for this machine: all that are there can be looked at. */
static int add_others(struct search *s, const char *name, struct pl_listing *listing)
{
	const struct step *steps = (const void *)s->queue.data;
	size_t n_images = 0, n_there = 0;
	int r = 0;

	for (size_t i = 0; i < s->queue.len / sizeof(*steps) && !r; i++) {
		n_images += steps[i].image;
		if (!steps[i].image || !is_there(s->store, &steps[i].descriptor->digest))
			continue;
		n_there++;
		r = add_image(s, steps[i].descriptor, name, listing);
	}
	if (r || n_there || (!n_images && s->skipped))
		return r;
	pl_reason_set(listing->reason, "its index has no image for %s/%s, and none of its %zu others is here", host.os,
		      host.architecture, n_images);
	return pl_listing_problem(listing, NULL, name, listing->reason);
}

static int add_best(struct search *s, const char *name, struct pl_listing *listing)
{
	const struct step *steps = (const void *)s->queue.data;
	const struct pl_descriptor *best = NULL;
	int best_rank = 0;

	/* what stands in index.json itself is an image in its own right, whatever its platform */
	if (steps[0].image)
		return add_image(s, steps[0].descriptor, name, listing);
	for (size_t i = 0; i < s->queue.len / sizeof(*steps); i++) {
		int rank = steps[i].image ? platform_rank(s, steps[i].descriptor) : 0;

		if (rank > best_rank) {
			best = steps[i].descriptor;
			best_rank = rank;
		}
	}
	return best ? add_image(s, best, name, listing) : add_others(s, name, listing);
}

static int add_named(struct pl_store *store, const struct pl_descriptor *entry, const char *name,
		     struct pl_listing *listing)
{
	struct search s = { .store = store, .reason = listing->reason };
	int r;

	pl_arena_init(&s.arena, NAME_BYTES);
	pl_buf_init(&s.queue, PL_MAX_STORE_IMAGES * sizeof(struct step));
	r = follow(&s, entry);
	if (!r)
		r = add_best(&s, name, listing);
	else if (r != -ENOMEM)
		r = pl_listing_problem(listing, NULL, name, listing->reason);
	pl_buf_deinit(&s.queue);
	pl_arena_deinit(&s.arena);
	return r;
}

/* ---- the layout ---- */

/* The name to show: containerd writes the full one beside the tag. */
static const char *name_of(const struct pl_descriptor *entry)
{
	const char *full = pl_pair_get(entry->annotations, entry->n_annotations, "io.containerd.image.name");
	const char *name = pl_pair_get(entry->annotations, entry->n_annotations, "org.opencontainers.image.ref.name");

	if (full && *full)
		return full;
	return name && *name ? name : NULL;
}

/* A name that is neither the full one nor its tag. */
static const char *other_name_of(const struct pl_descriptor *entry)
{
	const char *full = name_of(entry);
	const char *name = pl_pair_get(entry->annotations, entry->n_annotations, "org.opencontainers.image.ref.name");
	const char *tag = full ? strrchr(full, ':') : NULL;

	if (!name || !*name || !strcmp(full, name) || (tag && !strcmp(tag + 1, name)))
		return NULL;
	return name;
}

static int add_entry(struct pl_store *store, const struct pl_descriptor *entry, struct pl_listing *listing)
{
	const char *name = name_of(entry), *other = other_name_of(entry);
	int r;

	/* tools that go by the name do not look at annotations, so only the manifest can tell that this is no image */
	if (media_of(entry) == MEDIA_OTHER)
		return 0;
	if (name) {
		name = pl_arena_strdup(listing->arena, name);
		if (!name)
			return -ENOMEM;
	}
	r = add_named(store, entry, name, listing);
	if (r || !other)
		return r;
	other = pl_arena_strdup(listing->arena, other);
	return other ? add_named(store, entry, other, listing) : -ENOMEM;
}

static int oci_list(struct pl_store *store, struct pl_listing *listing)
{
	static const char path[] = "index.json";
	PL_CLEANUP_BUF struct pl_buf buf = { 0 };
	PL_CLEANUP_ARENA struct pl_arena arena = { .blocks = NULL };
	struct pl_manifest index;
	int r;

	pl_arena_init(&arena, SCRATCH_BYTES);
	store->listing_bytes = 0;
	r = pl_store_read(store->dir, path, PL_MAX_MANIFEST_BYTES, "manifest-bytes", &buf, listing->reason);
	if (r)
		return r;
	r = pl_manifest_parse(buf.data, buf.len, &arena, &index, listing->reason);
	if (r > 0)
		pl_reason_prefix(listing->reason, "%s", path);
	if (!r && index.kind != PL_MANIFEST_INDEX) {
		pl_reason_set(listing->reason, "%s is no index", path);
		r = PL_BAD_SYNTAX;
	}
	if (!r && index.n_manifests > PL_MAX_STORE_IMAGES) {
		pl_reason_limit(listing->reason, "store-images", PL_MAX_STORE_IMAGES);
		r = PL_BAD_LIMIT;
	}
	pl_buf_deinit(&buf);
	for (size_t i = 0; !r && i < index.n_manifests; i++)
		r = add_entry(store, &index.manifests[i], listing);
	return r;
}

static int oci_open(struct pl_store *store, const char *place, struct pl_reason *reason)
{
	static const char path[] = "oci-layout";
	struct layout {
		const char *version;
	} layout = { 0 };
	static const struct pl_json_field fields[] = {
		{ .name = "imageLayoutVersion", .kind = PL_JSON_TEXT, .at = offsetof(struct layout, version) },
	};
	static const struct pl_json_table table = PL_JSON_TABLE("ImageLayout", struct layout, fields);
	PL_CLEANUP_BUF struct pl_buf buf = { 0 };
	PL_CLEANUP_ARENA struct pl_arena arena = { .blocks = NULL };
	struct pl_escaped shown;
	int r;

	pl_arena_init(&arena, SCRATCH_BYTES);
	r = pl_store_read(store->dir, path, PL_MAX_MANIFEST_BYTES, "manifest-bytes", &buf, reason);
	if (!r)
		r = pl_json_decode(buf.data, buf.len, PL_JSON_ONLY, &table, &arena, &layout, reason);
	if (!r && !strncmp(layout.version, "1.", 2))
		return 0;
	if (!r) {
		pl_reason_set(reason, "%s: version \"%s\" is not 1.x", path, pl_escape_str(&shown, layout.version));
		r = PL_BAD_SYNTAX;
	}
	pl_reason_prefix(reason, "%s is no OCI layout", pl_escape_str(&shown, place));
	return r == PL_BAD_UNSUPPORTED ? PL_BAD_SYNTAX : r;
}

/* ---- one image ---- */

static const char *const media_problems[] = {
	[PL_LAYER_ENCRYPTED] = "it is encrypted",
	[PL_LAYER_EROFS] = "EROFS layers cannot be read by this version",
	[PL_LAYER_IN_TOTO] = "it holds statements about an image and no files",
	[PL_LAYER_UNKNOWN] = "its media type is none of an image's",
};

/* Whether the layer's blob is there to be read; if not, the reason says why. */
static bool find_blob(struct pl_store *store, const struct pl_descriptor *descriptor, const char *path,
		      struct pl_image *out, struct pl_reason *reason)
{
	enum pl_layer_media media = pl_layer_media(descriptor->media_type);
	struct pl_escaped shown;
	struct pl_seen seen;
	int r;

	if (media != PL_LAYER_TAR && media != PL_LAYER_FOREIGN) {
		pl_reason_set(reason, "%s (%s)", media_problems[media], pl_escape_str(&shown, descriptor->media_type));
		return false;
	}
	r = pl_seen_take(store, path, &seen);
	if (r) {
		(void)!pl_store_refused(r, path, reason);
		if (media == PL_LAYER_FOREIGN)
			pl_reason_prefix(reason, "a foreign layer, which is distributed by others");
		return false;
	}
	if (!S_ISREG(seen.mode)) {
		pl_reason_set(reason, "%s is no regular file", path);
		return false;
	}
	if (descriptor->size >= 0 && descriptor->size != seen.size) {
		pl_reason_set(reason, "%s has %lld bytes instead of %lld", path, (long long)seen.size,
			      (long long)descriptor->size);
		return false;
	}
	pl_image_saw(out, &seen);
	return true;
}

static int add_layer(struct pl_store *store, const struct pl_descriptor *descriptor, const struct pl_digest *diff_id,
		     struct pl_arena *arena, struct pl_image *out)
{
	struct pl_layer *layer = &out->layers[out->n_layers++];
	struct pl_reason reason = { "" };
	char path[BLOB_PATH_BYTES];

	*layer = (struct pl_layer){
		.dir = store->dir,
		.path = pl_arena_strdup(arena, blob_path(&descriptor->digest, path)),
		.digest = descriptor->digest,
		.diff_id = *diff_id,
	};
	if (!layer->path)
		return -ENOMEM;
	layer->kind = find_blob(store, descriptor, layer->path, out, &reason) ? PL_LAYER_BLOB : PL_LAYER_ABSENT;
	if (layer->kind == PL_LAYER_BLOB)
		return 0;
	layer->problem = pl_arena_strdup(arena, reason.text);
	return layer->problem ? 0 : -ENOMEM;
}

static int oci_image(struct pl_store *store, const struct pl_image_ref *ref, struct pl_arena *arena,
		     struct pl_image *out, struct pl_reason *reason)
{
	const struct pl_descriptor descriptor = { .media_type = "", .digest = ref->manifest, .size = -1 };
	PL_CLEANUP_ARENA struct pl_arena scratch = { .blocks = NULL };
	struct pl_manifest manifest;
	int r;

	pl_arena_init(&scratch, SCRATCH_BYTES);
	r = read_document(store, &descriptor, &scratch, &manifest, reason);
	if (r)
		return r;
	if (manifest.kind != PL_MANIFEST_IMAGE) {
		pl_reason_set(reason, "not an image");
		return PL_BAD_UNSUPPORTED;
	}
	r = read_config_of(store, &manifest.config, arena, out, reason);
	if (r)
		return r;
	if (manifest.n_layers != out->config.n_diff_ids) {
		pl_reason_set(reason, "its manifest has %zu layers, its config %zu", manifest.n_layers,
			      out->config.n_diff_ids);
		return PL_BAD_SYNTAX;
	}
	out->layers = pl_arena_calloc(arena, manifest.n_layers, sizeof(*out->layers));
	out->seen = pl_arena_calloc(arena, manifest.n_layers, sizeof(*out->seen));
	if (!out->layers || !out->seen)
		return -ENOMEM;
	for (size_t i = 0; i < manifest.n_layers && !r; i++)
		r = add_layer(store, &manifest.layers[i], &out->config.diff_ids[i], arena, out);
	return r;
}

const struct pl_store_driver pl_store_oci = {
	.name = "oci",
	.user_rule = PL_USER_RULE_DOCKER,
	.open = oci_open,
	.list = oci_list,
	.image = oci_image,
};
