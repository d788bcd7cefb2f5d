/* SPDX-License-Identifier: Apache-2.0 */
/* What does not depend on the kind of store: opening, putting lists in order, looking again. */
#include "store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plimsoll/fd.h"
#include "plimsoll/limits.h"
#include "plimsoll/text.h"
#include "plimsoll/verdict.h"

static const struct pl_store_driver *const drivers[] = { &pl_store_docker, &pl_store_oci, NULL };

static const struct pl_store_driver *find_driver(const char *name)
{
	for (size_t i = 0; drivers[i]; i++)
		if (!strcmp(drivers[i]->name, name))
			return drivers[i];
	return NULL;
}

static struct pl_store *store_new(const struct pl_store_driver *driver, const char *path)
{
	struct pl_store *store = calloc(1, sizeof(*store));
	size_t n = strlen(driver->name) + strlen(path) + 2;

	if (!store)
		return NULL;
	*store = (struct pl_store){ .driver = driver, .dir = -1, .images = -1, .label = malloc(n) };
	if (!store->label) {
		pl_store_free(&store);
		return NULL;
	}
	snprintf(store->label, n, "%s:%s", driver->name, path);
	/* "docker:/var/lib/docker/" is the same place */
	for (n -= 2; n > strlen(driver->name) + 1 && store->label[n] == '/'; n--)
		store->label[n] = 0;
	return store;
}

static int open_place(struct pl_store *store, const char *path, struct pl_reason *reason)
{
	store->dir = pl_open(path, O_DIRECTORY);
	if (store->dir >= 0)
		return store->driver->open(store, path, reason);
	pl_reason_set(reason, "%s: %s", pl_escape_str(&(struct pl_escaped){ 0 }, path), strerror(-store->dir));
	return store->dir == -ENOENT || store->dir == -ENOTDIR ? PL_BAD_MISSING : store->dir;
}

int pl_store_open(const char *driver_name, const char *path, struct pl_store **out, struct pl_reason *reason)
{
	const struct pl_store_driver *driver = find_driver(driver_name);
	int r;

	*out = NULL;
	if (!driver) {
		pl_reason_set(reason, "%s stores cannot be read by this version yet, so nothing in them is judged",
			      pl_escape_str(&(struct pl_escaped){ 0 }, driver_name));
		return PL_BAD_UNSUPPORTED;
	}
	*out = store_new(driver, path);
	if (!*out)
		return -ENOMEM;
	r = open_place(*out, path, reason);
	if (r)
		pl_store_free(out);
	return r;
}

void pl_store_free(struct pl_store **store)
{
	if (!*store)
		return;
	pl_fd_close(&(*store)->images);
	pl_fd_close(&(*store)->dir);
	free((*store)->label);
	free(*store);
	*store = NULL;
}

const char *pl_store_label(const struct pl_store *store)
{
	return store->label;
}

enum pl_user_rule pl_store_user_rule(const struct pl_store *store)
{
	return store->driver->user_rule;
}

int pl_listing_add(struct pl_listing *listing, const struct pl_listed *item)
{
	int r = pl_buf_append(&listing->items, item, sizeof(*item));

	if (r != -EFBIG)
		return r;
	pl_reason_limit(listing->reason, "store-names", PL_MAX_STORE_NAMES);
	return PL_BAD_LIMIT;
}

int pl_listing_problem(struct pl_listing *listing, const struct pl_digest *id, const char *name,
		       const struct pl_reason *reason)
{
	struct pl_listed item = { .name = name, .problem = pl_arena_strdup(listing->arena, reason->text) };

	if (!item.problem)
		return -ENOMEM;
	if (id)
		item.id = *id;
	return pl_listing_add(listing, &item);
}

static int compare_digests(const struct pl_digest *a, const struct pl_digest *b)
{
	if (a->algorithm != b->algorithm)
		return a->algorithm < b->algorithm ? -1 : 1;
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static int compare_texts(const char *a, const char *b)
{
	return !a || !b ? (a ? 1 : 0) - (b ? 1 : 0) : strcmp(a, b);
}

/* Whether two items are about the same image. */
static int compare_subjects(const struct pl_listed *a, const struct pl_listed *b)
{
	int r = compare_digests(&a->id, &b->id);

	if (!r)
		r = compare_digests(&a->manifest, &b->manifest);
	return r ? r : compare_texts(a->problem, b->problem);
}

static int compare_items(const void *a, const void *b)
{
	const struct pl_listed *x = a, *y = b;
	int r = compare_subjects(x, y);

	return r ? r : compare_texts(x->name, y->name);
}

static int compare_refs(const void *a, const void *b)
{
	const struct pl_image_ref *x = a, *y = b;
	int r = compare_digests(&x->id, &y->id);

	if (!r)
		r = compare_texts(x->n_names ? x->names[0] : NULL, y->n_names ? y->names[0] : NULL);
	return r ? r : compare_digests(&x->manifest, &y->manifest);
}

/* Makes sorted items into images: those of one image stand side by side. */
static int group(const struct pl_listed *items, size_t n_items, struct pl_arena *arena, struct pl_image_ref **refs_out,
		 size_t *n_out)
{
	struct pl_image_ref *refs, *ref = NULL;
	const char **names = pl_arena_calloc(arena, n_items, sizeof(*names));
	size_t n = 0;

	for (size_t i = 0; i < n_items; i++)
		n += !i || compare_subjects(&items[i - 1], &items[i]) != 0;
	refs = pl_arena_calloc(arena, n, sizeof(*refs));
	if (!refs || !names)
		return -ENOMEM;
	*refs_out = refs;
	*n_out = n;
	for (size_t i = 0; i < n_items; i++) {
		if (!i || compare_subjects(&items[i - 1], &items[i]) != 0) {
			ref = refs++;
			*ref = (struct pl_image_ref){ .id = items[i].id,
						      .manifest = items[i].manifest,
						      .names = names,
						      .problem = items[i].problem };
		}
		if (!ref || !items[i].name || (ref->n_names && !strcmp(ref->names[ref->n_names - 1], items[i].name)))
			continue;
		ref->names[ref->n_names++] = items[i].name;
		names++;
	}
	return 0;
}

int pl_store_list(struct pl_store *store, struct pl_arena *arena, struct pl_image_ref **refs_out, size_t *n_out,
		  struct pl_reason *reason)
{
	struct pl_reason unheard = { "" };
	struct pl_listing listing = { .arena = arena, .reason = reason ? reason : &unheard };
	size_t n_items;
	int r;

	*refs_out = NULL;
	*n_out = 0;
	pl_buf_init(&listing.items, (size_t)PL_MAX_STORE_NAMES * sizeof(struct pl_listed));
	r = store->driver->list(store, &listing);
	n_items = listing.items.len / sizeof(struct pl_listed);
	if (!r && n_items) {
		qsort(listing.items.data, n_items, sizeof(struct pl_listed), compare_items);
		r = group((const void *)listing.items.data, n_items, arena, refs_out, n_out);
	}
	pl_buf_deinit(&listing.items);
	if (!r && *n_out)
		qsort(*refs_out, *n_out, sizeof(**refs_out), compare_refs);
	return r;
}

int pl_store_image(struct pl_store *store, const struct pl_image_ref *ref, struct pl_arena *arena, struct pl_image *out,
		   struct pl_reason *reason)
{
	*out = (struct pl_image){ .id = ref->id, .manifest = ref->manifest, .platform = "" };
	if (ref->problem) {
		pl_reason_set(reason, "%s", ref->problem);
		return PL_BAD_MISSING;
	}
	return store->driver->image(store, ref, arena, out, reason);
}

int pl_seen_take(const struct pl_store *store, const char *path, struct pl_seen *out)
{
	PL_CLEANUP_FD int fd = pl_openat(store->dir, path, PL_RESOLVE_NO_LINKS, O_PATH);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	*out = (struct pl_seen){ .path = path, .dev = st.st_dev, .ino = st.st_ino, .mode = st.st_mode };
	if (S_ISREG(st.st_mode)) {
		out->size = st.st_size;
		out->mtime = st.st_mtim;
	}
	/* O_PATH opens a link itself */
	return S_ISLNK(st.st_mode) ? -ELOOP : 0;
}

void pl_image_saw(struct pl_image *image, const struct pl_seen *seen)
{
	image->seen[image->n_seen++] = *seen;
}

int pl_store_recheck(struct pl_store *store, const struct pl_image *image, struct pl_reason *reason)
{
	for (size_t i = 0; i < image->n_seen; i++) {
		const struct pl_seen *before = &image->seen[i];
		struct pl_seen now = { .path = NULL };
		int r = pl_seen_take(store, before->path, &now);

		if (r == -ENOMEM || r == -ENFILE || r == -EMFILE)
			return r;
		if (!r && now.dev == before->dev && now.ino == before->ino && now.mode == before->mode &&
		    now.size == before->size && now.mtime.tv_sec == before->mtime.tv_sec &&
		    now.mtime.tv_nsec == before->mtime.tv_nsec)
			continue;
		pl_reason_set(reason, "%s %s while the image was read", before->path, r ? "was removed" : "changed");
		return PL_BAD_CHANGED;
	}
	return 0;
}

int pl_stores_at(const char *driver, const char *path, pl_store_found *found, void *context)
{
	size_t n = 0;
	int r = 0;

	if (!strcmp(driver, pl_store_docker.name))
		r = pl_docker_stores(path, found, context, &n);
	return r || n ? r : found(context, driver, path);
}
