/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Docker's and balena-engine's data roots with a graph driver: image/<driver>/ says which images there are and what their
 * layers are called, <driver>/ holds the layers, unpacked. Engines write all of it, but names of images and the layers'
 * contents are foreign, and a disk may lose parts: every record is held against the image's config.
 */
#include "store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plimsoll/fd.h"
#include "plimsoll/limits.h"
#include "plimsoll/text.h"
#include "plimsoll/verdict.h"
#include "reference.h"
#include "repositories.h"

/* The longest of the layer database's little files is a digest; more than this is none of them. */
#define RECORD_BYTES 256

/* Where a driver keeps a layer, and how; moby/moby:daemon/graphdriver/<driver>. */
struct pl_graph_driver {
	const char *name;
	const char *before, *after;  /* of the layer's id in its path; null: not readable as files */
	enum pl_whiteouts whiteouts; /* PL_WHITEOUTS_NONE: each layer is the complete tree so far */
};

/* In the order in which Docker prefers what it finds (moby: priority; balena-engine's has aufs too). */
static const struct pl_graph_driver graph_drivers[] = {
	{ "overlay2", "overlay2/", "/diff", PL_WHITEOUTS_OVERLAY },
	{ "fuse-overlayfs", "fuse-overlayfs/", "/diff", PL_WHITEOUTS_FILES },
	{ "btrfs", "btrfs/subvolumes/", "", PL_WHITEOUTS_NONE },
	{ "zfs", NULL, NULL, PL_WHITEOUTS_NONE },
	{ "aufs", "aufs/diff/", "", PL_WHITEOUTS_FILES },
	{ "overlay", NULL, NULL, PL_WHITEOUTS_NONE },
	{ "devicemapper", NULL, NULL, PL_WHITEOUTS_NONE },
	{ "vfs", "vfs/dir/", "", PL_WHITEOUTS_NONE },
};

#define N_GRAPH_DRIVERS (sizeof(graph_drivers) / sizeof(*graph_drivers))

/* ---- which images ---- */

struct image_id {
	struct pl_digest id;
	bool named;
	bool parent; /* of another image */
};

static int compare_ids(const void *a, const void *b)
{
	const struct image_id *x = a, *y = b;

	return memcmp(x->id.bytes, y->id.bytes, sizeof(x->id.bytes));
}

static struct image_id *find_id(const struct pl_buf *ids, const struct pl_digest *id)
{
	const struct image_id key = { .id = *id };
	size_t n = ids->len / sizeof(key);

	return n ? bsearch(&key, ids->data, n, sizeof(key), compare_ids) : NULL;
}

/* Ids of images, sorted. Other names in there are of files being written, or nobody's. */
static int read_ids(struct pl_store *store, struct pl_buf *ids, struct pl_listing *listing)
{
	static const char path[] = "imagedb/content/sha256";
	PL_CLEANUP_DIR DIR *dir = NULL;
	const struct dirent *entry;
	struct image_id id = { 0 };
	int r = pl_opendir_at(store->images, path, &dir);

	if (r == -ENOENT)
		return 0;
	if (r)
		return pl_store_refused(r, path, listing->reason);
	while (errno = 0, (entry = readdir(dir))) {
		if (!pl_digest_parse_hex(PL_DIGEST_SHA256, entry->d_name, strlen(entry->d_name), &id.id))
			continue;
		r = pl_buf_append(ids, &id, sizeof(id));
		if (r == -EFBIG) {
			pl_reason_limit(listing->reason, "store-images", PL_MAX_STORE_IMAGES);
			r = pl_listing_problem(listing, NULL, NULL, listing->reason);
			break;
		}
		if (r)
			return r;
	}
	if (errno && !r)
		return pl_store_refused(-errno, path, listing->reason);
	if (ids->len)
		qsort(ids->data, ids->len / sizeof(id), sizeof(id), compare_ids);
	return r;
}

static int path_of_config(const struct pl_store *store, const struct pl_digest *id, char *out, size_t size)
{
	struct pl_digest_text text;
	int n = snprintf(out, size, "image/%s/imagedb/content/%s", store->graph_name, pl_digest_path(id, &text));

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

#define CONFIG_PATH_BYTES 192

static bool has_config(const struct pl_store *store, const struct pl_digest *id)
{
	char path[CONFIG_PATH_BYTES];
	struct pl_seen seen;

	return !path_of_config(store, id, path, sizeof(path)) && pl_seen_take(store, path, &seen) != -ENOENT;
}

static const char *full_name(const char *name, struct pl_arena *arena)
{
	struct pl_reference reference;

	return pl_reference_parse(name, &reference) ? pl_reference_format(&reference, arena) : name;
}

static int add_name(struct pl_store *store, const struct pl_repository_name *name, const struct pl_buf *ids,
		    struct pl_listing *listing)
{
	struct pl_listed item = { .id = name->id, .name = full_name(name->name, listing->arena) };
	struct image_id *image = name->id.algorithm == PL_DIGEST_SHA256 ? find_id(ids, &name->id) : NULL;
	struct pl_escaped shown;

	if (!item.name)
		return -ENOMEM;
	if (image)
		image->named = true;
	/* it may have come after the directory was listed */
	if (image || (name->id.algorithm == PL_DIGEST_SHA256 && has_config(store, &name->id)))
		return pl_listing_add(listing, &item);
	pl_reason_set(listing->reason, "repositories.json: %s leads to %s, which is no image of this store",
		      pl_escape_str(&shown, name->name),
		      name->id.algorithm != PL_DIGEST_NONE ? pl_digest_format(&name->id, &(struct pl_digest_text){ "" })
							   : "what is no digest");
	return pl_listing_problem(listing, &name->id, item.name, listing->reason);
}

/* Images are judged without their names when those cannot be read; that they could not be is a record of its own. */
static int add_names(struct pl_store *store, const struct pl_buf *ids, struct pl_listing *listing)
{
	static const char path[] = "repositories.json";
	PL_CLEANUP_BUF struct pl_buf buf = { 0 };
	struct pl_repository_name *names = NULL;
	size_t n = 0;
	int r = pl_store_read(store->images, path, PL_MAX_STORE_LIST_BYTES, "store-list-bytes", &buf, listing->reason);

	if (r == PL_BAD_MISSING)
		return 0;
	if (!r) {
		r = pl_repositories_parse(buf.data, buf.len, listing->arena, &names, &n, listing->reason);
		if (r > 0)
			pl_reason_prefix(listing->reason, "%s", path);
	}
	if (r && r != -ENOMEM)
		return pl_listing_problem(listing, NULL, NULL, listing->reason);
	for (size_t i = 0; i < n && !r; i++)
		r = add_name(store, &names[i], ids, listing);
	return r;
}

/* One of the engine's little files, blanks around it cut off as the engine does. Return: its length or -errno. */
static ssize_t read_record(int dir, const char *path, char text[static RECORD_BYTES])
{
	PL_CLEANUP_FD int fd = pl_openat(dir, path, PL_RESOLVE_NO_LINKS, 0);
	struct stat st;
	ssize_t n, at = 0;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	n = pl_read_full(fd, text, RECORD_BYTES);
	if (n < 0)
		return n;
	if (n == RECORD_BYTES)
		return -EFBIG;
	while (n && strchr(" \t\r\n\v\f", text[n - 1]))
		n--;
	while (at < n && strchr(" \t\r\n\v\f", text[at]))
		at++;
	memmove(text, text + at, (size_t)(n - at));
	text[n - at] = 0;
	return n - at;
}

static void mark_parents(struct pl_store *store, const struct pl_buf *ids)
{
	const struct image_id *list = (const void *)ids->data;

	for (size_t i = 0; i < ids->len / sizeof(*list); i++) {
		char path[CONFIG_PATH_BYTES], text[RECORD_BYTES];
		struct pl_digest_text hex;
		struct pl_digest parent;
		struct image_id *image;
		ssize_t n;

		snprintf(path, sizeof(path), "imagedb/metadata/%s/parent", pl_digest_path(&list[i].id, &hex));
		n = read_record(store->images, path, text);
		if (n <= 0 || !pl_digest_parse(text, (size_t)n, &parent))
			continue;
		image = find_id(ids, &parent);
		if (image)
			image->parent = true;
	}
}

/* What has no name is an image all the same, unless it is only a step of another one's build. */
static int add_nameless(struct pl_store *store, const struct pl_buf *ids, struct pl_listing *listing)
{
	const struct image_id *list = (const void *)ids->data;
	size_t n = ids->len / sizeof(*list), n_named = 0;
	int r = 0;

	for (size_t i = 0; i < n; i++)
		n_named += list[i].named;
	if (n_named == n)
		return 0;
	mark_parents(store, ids);
	for (size_t i = 0; i < n && !r; i++)
		/* it may have gone, name first, while the list was read */
		if (!list[i].named && !list[i].parent && has_config(store, &list[i].id))
			r = pl_listing_add(listing, &(struct pl_listed){ .id = list[i].id });
	return r;
}

static int docker_list(struct pl_store *store, struct pl_listing *listing)
{
	PL_CLEANUP_BUF struct pl_buf ids = { 0 };
	int r;

	pl_buf_init(&ids, PL_MAX_STORE_IMAGES * sizeof(struct image_id));
	r = read_ids(store, &ids, listing);
	if (!r)
		r = add_names(store, &ids, listing);
	return r ? r : add_nameless(store, &ids, listing);
}

/* ---- one image ---- */

struct location {
	struct pl_store *store;
	struct pl_image *image;
	struct pl_arena *arena;
	struct pl_reason reason;
	char record[CONFIG_PATH_BYTES]; /* of the layer, in the layer database */
};

static const char *short_record(const struct location *at)
{
	const char *name = strstr(at->record, "layerdb/");

	return name ? name : at->record;
}

/* Reads record/name. Return: its length; -ENOENT; or, with a reason, another -errno or a verdict made negative. */
static ssize_t layer_record(struct location *at, const char *name, char text[static RECORD_BYTES])
{
	char path[CONFIG_PATH_BYTES + 16];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%s", at->record, name);
	n = read_record(at->store->dir, path, text);
	if (n < 0)
		pl_reason_set(&at->reason, "%s/%s: %s", short_record(at), name, strerror((int)-n));
	return n;
}

/* Whether the record's `name` holds this digest, or with PL_DIGEST_NONE is not there. */
static bool record_is(struct location *at, const char *name, const struct pl_digest *wanted, const char *whose)
{
	struct pl_digest_text digest;
	char text[RECORD_BYTES];
	ssize_t n = layer_record(at, name, text);

	if (wanted->algorithm == PL_DIGEST_NONE) {
		if (n >= 0)
			pl_reason_set(&at->reason, "%s has a %s, and the %s has none", short_record(at), name, whose);
		return n == -ENOENT;
	}
	if (n < 0)
		return false;
	if (!strcmp(text, pl_digest_format(wanted, &digest)))
		return true;
	pl_reason_set(&at->reason, "%s/%s is \"%s\", the %s says %s", short_record(at), name,
		      pl_escape(&(struct pl_escaped){ 0 }, text, (size_t)n), whose, digest.text);
	return false;
}

/* The engine cannot load a layer whose size is no number: a sign of a file that lost its contents. */
static bool size_is_number(struct location *at)
{
	char text[RECORD_BYTES];
	ssize_t n = layer_record(at, "size", text);

	if (n < 0)
		return false;
	if (n && strspn(text, "0123456789") == (size_t)n)
		return true;
	pl_reason_set(&at->reason, "%s/size is no number", short_record(at));
	return false;
}

/* The path of the layer's directory, from the id that the engine gave it. */
static const char *layer_path(struct location *at)
{
	const struct pl_graph_driver *graph = at->store->graph;
	struct pl_digest id;
	char text[RECORD_BYTES];
	ssize_t n;

	if (!graph || !graph->before) {
		pl_reason_set(&at->reason, "layers of Docker's %s driver cannot be read", at->store->graph_name);
		return NULL;
	}
	n = layer_record(at, "cache-id", text);
	if (n < 0)
		return NULL;
	if (!pl_digest_parse_hex(PL_DIGEST_SHA256, text, (size_t)n, &id)) {
		pl_reason_set(&at->reason, "%s/cache-id is \"%s\", which is no id of a layer", short_record(at),
			      pl_escape(&(struct pl_escaped){ 0 }, text, (size_t)n));
		return NULL;
	}
	return pl_arena_printf(at->arena, "%s%s%s", graph->before, text, graph->after);
}

static bool see_directory(struct location *at, const char *path)
{
	struct pl_seen seen;
	int r = pl_seen_take(at->store, path, &seen);

	if (!r && !S_ISDIR(seen.mode)) {
		pl_reason_set(&at->reason, "%s is no directory", path);
		return false;
	}
	if (r) {
		(void)!pl_store_refused(r, path, &at->reason);
		return false;
	}
	pl_image_saw(at->image, &seen);
	return true;
}

/* One layer: its record is what the config says, and its directory is there. Return: 0 also when not; -ENOMEM. */
static int locate_layer(struct location *at, const struct pl_digest *chain, const struct pl_digest *below,
			struct pl_layer *layer)
{
	struct pl_digest_text text;
	const char *record;

	snprintf(at->record, sizeof(at->record), "image/%s/layerdb/%s", at->store->graph_name,
		 pl_digest_path(chain, &text));
	record = pl_arena_strdup(at->arena, at->record);
	if (!record)
		return -ENOMEM;
	pl_reason_set(&at->reason, "%s", at->store->ids_problem ? at->store->ids_problem : "");
	layer->kind = PL_LAYER_ABSENT;
	if (!at->store->ids_problem && see_directory(at, record) && record_is(at, "diff", &layer->diff_id, "config") &&
	    record_is(at, "parent", below, "chain") && size_is_number(at)) {
		layer->path = layer_path(at);
		if (!layer->path && !at->reason.text[0])
			return -ENOMEM;
		if (layer->path && see_directory(at, layer->path))
			layer->kind = PL_LAYER_DIRECTORY;
	}
	if (layer->kind == PL_LAYER_DIRECTORY)
		return 0;
	layer->problem = pl_arena_strdup(at->arena, at->reason.text);
	return layer->problem ? 0 : -ENOMEM;
}

static int locate_layers(struct location *at)
{
	const struct pl_image_config *config = &at->image->config;
	const struct pl_store *store = at->store;
	struct pl_digest below = { 0 }, chain;

	for (size_t i = 0; i < config->n_diff_ids; i++) {
		struct pl_layer *layer = &at->image->layers[at->image->n_layers];
		int r = pl_digest_chain(&below, &config->diff_ids[i], &chain);

		if (r)
			return r;
		*layer = (struct pl_layer){
			.dir = store->dir,
			.diff_id = config->diff_ids[i],
			.whiteouts = store->graph ? store->graph->whiteouts : PL_WHITEOUTS_NONE,
			.uid_base = store->uid_base,
			.gid_base = store->gid_base,
			.uid_root = store->uid_root,
			.gid_root = store->gid_root,
		};
		r = locate_layer(at, &chain, &below, layer);
		if (r)
			return r;
		/* where the top layer is the complete tree, those below it only have to be in order */
		if (layer->whiteouts != PL_WHITEOUTS_NONE || layer->kind == PL_LAYER_ABSENT ||
		    i + 1 == config->n_diff_ids)
			at->image->n_layers++;
		below = chain;
	}
	return 0;
}

static int docker_image(struct pl_store *store, const struct pl_image_ref *ref, struct pl_arena *arena,
			struct pl_image *out, struct pl_reason *reason)
{
	struct location at = { .store = store, .image = out, .arena = arena };
	char path[CONFIG_PATH_BYTES];
	struct pl_seen seen;
	size_t n;
	int r = path_of_config(store, &ref->id, path, sizeof(path));

	if (!r)
		r = pl_store_read_config(store->dir, path, &ref->id, -1, arena, out, reason);
	if (r)
		return r;
	n = out->config.n_diff_ids;
	out->layers = pl_arena_calloc(arena, n, sizeof(*out->layers));
	out->seen = pl_arena_calloc(arena, 2 * n + 1, sizeof(*out->seen));
	if (!out->layers || !out->seen)
		return -ENOMEM;
	r = pl_seen_take(store, path, &seen);
	if (r)
		return pl_store_refused(r, path, reason);
	seen.path = pl_arena_strdup(arena, path);
	if (!seen.path)
		return -ENOMEM;
	pl_image_saw(out, &seen);
	return locate_layers(&at);
}

/* ---- which store ---- */

static bool is_there(int dir, const char *path)
{
	PL_CLEANUP_FD int fd = pl_openat(dir, path, PL_RESOLVE_NO_LINKS, O_PATH);

	return fd >= 0;
}

static bool holds_images(int images)
{
	PL_CLEANUP_DIR DIR *dir = NULL;
	const struct dirent *entry;
	struct pl_digest id;

	if (pl_opendir_at(images, "imagedb/content/sha256", &dir))
		return false;
	while ((entry = readdir(dir)))
		if (pl_digest_parse_hex(PL_DIGEST_SHA256, entry->d_name, strlen(entry->d_name), &id))
			return true;
	return false;
}

/* image/<driver> of a data root. Return: a descriptor, or -1 when it is none. */
static int open_images(int root, const char *driver)
{
	char path[64];
	PL_CLEANUP_FD int fd = -1;
	int n = snprintf(path, sizeof(path), "image/%s", driver);

	if (n < 0 || (size_t)n >= sizeof(path))
		return -1;
	fd = pl_openat(root, path, PL_RESOLVE_NO_LINKS, O_DIRECTORY);
	if (fd < 0 || (!is_there(fd, "imagedb") && !is_there(fd, "repositories.json")))
		return -1;
	return pl_fd_take(&fd);
}

static const struct pl_graph_driver *find_graph_driver(const char *name)
{
	for (size_t i = 0; i < N_GRAPH_DRIVERS; i++)
		if (!strcmp(graph_drivers[i].name, name))
			return &graph_drivers[i];
	return NULL;
}

/* The driver that a data root stands for: the first that Docker would take, those without images last. */
static const struct pl_graph_driver *choose_graph(int root, int *images_out)
{
	const struct pl_graph_driver *empty = NULL;

	*images_out = -1;
	for (size_t i = 0; i < N_GRAPH_DRIVERS; i++) {
		PL_CLEANUP_FD int fd = open_images(root, graph_drivers[i].name);

		if (fd < 0)
			continue;
		if (holds_images(fd)) {
			pl_fd_close(images_out);
			*images_out = pl_fd_take(&fd);
			return &graph_drivers[i];
		}
		if (!empty) {
			empty = &graph_drivers[i];
			*images_out = pl_fd_take(&fd);
		}
	}
	return empty;
}

/* When the place named is image/<driver> itself, its data root takes its stead. Return: whether it is. */
static bool open_one_graph(struct pl_store *store)
{
	const char *slash = strrchr(store->label, '/');
	PL_CLEANUP_FD int root = -1, images = -1;
	struct stat named, found;
	size_t n = slash ? strlen(slash + 1) : 0;

	if (!n || n >= sizeof(store->graph_name))
		return false;
	root = openat(store->dir, "../..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root >= 0)
		images = open_images(root, slash + 1);
	if (images < 0 || fstat(store->dir, &named) < 0 || fstat(images, &found) < 0)
		return false;
	if (named.st_dev != found.st_dev || named.st_ino != found.st_ino)
		return false;
	memcpy(store->graph_name, slash + 1, n + 1);
	store->graph = find_graph_driver(store->graph_name);
	pl_fd_close(&store->dir);
	store->dir = pl_fd_take(&root);
	store->images = pl_fd_take(&images);
	n = (size_t)(slash - store->label);
	pl_store_find_ids(store, n > strlen("/image") ? n - strlen("/image") : 0);
	return true;
}

static int docker_open(struct pl_store *store, const char *path, struct pl_reason *reason)
{
	struct pl_escaped shown;

	store->graph = choose_graph(store->dir, &store->images);
	if (store->graph) {
		snprintf(store->graph_name, sizeof(store->graph_name), "%s", store->graph->name);
		pl_store_find_ids(store, strlen(store->label));
		return 0;
	}
	if (open_one_graph(store))
		return 0;
	pl_reason_set(reason, "%s is no data root of Docker: it has no image/<driver> with images",
		      pl_escape_str(&shown, path));
	return PL_BAD_MISSING;
}

const struct pl_store_driver pl_store_docker = {
	.name = "docker",
	.user_rule = PL_USER_RULE_DOCKER,
	.open = docker_open,
	.list = docker_list,
	.image = docker_image,
};

static int give(const char *path, const char *middle, const char *name, pl_store_found *found, void *context,
		size_t *n_out)
{
	char full[PL_MAX_PATH_BYTES];
	int n = snprintf(full, sizeof(full), "%s%s%s%s", path, *name && path[strlen(path) - 1] != '/' ? "/" : "",
			 middle, name);

	if (n < 0 || (size_t)n >= sizeof(full))
		return 0;
	++*n_out;
	return found(context, pl_store_docker.name, full);
}

/* User namespaces' roots. */
static int give_remapped(int root, const char *path, pl_store_found *found, void *context, size_t *n_out)
{
	PL_CLEANUP_DIR DIR *dir = NULL;
	const struct dirent *entry;
	int r = pl_opendir_at(root, ".", &dir);

	if (r)
		return 0;
	while (!r && (entry = readdir(dir))) {
		PL_CLEANUP_FD int sub = -1, images = -1;
		uint32_t uid, gid;

		if (!pl_parse_remap(entry->d_name, &uid, &gid))
			continue;
		sub = pl_openat(root, entry->d_name, PL_RESOLVE_NO_LINKS, O_DIRECTORY);
		if (sub >= 0 && choose_graph(sub, &images))
			r = give(path, "", entry->d_name, found, context, n_out);
	}
	return r;
}

int pl_docker_stores(const char *path, pl_store_found *found, void *context, size_t *n_out)
{
	PL_CLEANUP_FD int root = pl_open(path, O_DIRECTORY), images = -1;
	const struct pl_graph_driver *chosen;
	int r = 0;

	*n_out = 0;
	if (root < 0)
		return 0;
	chosen = choose_graph(root, &images);
	if (chosen)
		r = give(path, "", "", found, context, n_out);
	for (size_t i = 0; i < N_GRAPH_DRIVERS && !r; i++) {
		PL_CLEANUP_FD int other = &graph_drivers[i] != chosen ? open_images(root, graph_drivers[i].name) : -1;

		if (other >= 0 && holds_images(other))
			r = give(path, "image/", graph_drivers[i].name, found, context, n_out);
	}
	return r ? r : give_remapped(root, path, found, context, n_out);
}
