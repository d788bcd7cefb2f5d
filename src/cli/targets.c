/* SPDX-License-Identifier: Apache-2.0 */
/* From the arguments to images: which stores to open, and which of their images are meant. */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plimsoll/limits.h"
#include "plimsoll/log.h"
#include "plimsoll/text.h"

/* Targets and the paths of stores found: a few hundred bytes each. */
#define PLACES_BYTES ((size_t)1 << 20)
/* The list of one store: its names, and a record for each image. */
#define LIST_BYTES (2 * PL_MAX_STORE_LIST_BYTES)

/* A store to be opened, and the image in it that is meant. */
struct place {
	struct place *next;
	const char *driver, *path;
	const char *name;     /* null: all */
	const char *argument; /* what a person typed; null when the store was found */
};

struct walk {
	const struct pl_options *options;
	pl_visit *visit;
	void *context;
	struct pl_arena arena;
	struct place *found; /* by discovery, sorted; made when first asked for */
	bool searched;
};

static int out_of_memory(void)
{
	pl_log(PL_LOG_ERROR, "%s", strerror(ENOMEM));
	return PL_EXIT_FAULT;
}

static int compare_places(const struct place *a, const struct place *b)
{
	int order = strcmp(a->driver, b->driver);

	return order ? order : strcmp(a->path, b->path);
}

/* pl_store_found: keeps each store once, in order. */
static int keep_found(void *context, const char *driver, const char *path)
{
	struct walk *walk = context;
	struct place *place = pl_arena_alloc(&walk->arena, sizeof(*place));
	struct place **at = &walk->found;

	if (!place)
		return -ENOMEM;
	*place = (struct place){ .driver = pl_arena_strdup(&walk->arena, driver),
				 .path = pl_arena_strdup(&walk->arena, path) };
	if (!place->driver || !place->path)
		return -ENOMEM;
	while (*at && compare_places(*at, place) < 0)
		at = &(*at)->next;
	if (*at && !compare_places(*at, place))
		return 0;
	place->next = *at;
	*at = place;
	return 0;
}

static int search(struct walk *walk)
{
	int r;

	if (walk->searched)
		return 0;
	walk->searched = true;
	r = pl_stores_find(walk->options->root, keep_found, walk);
	if (!r)
		return 0;
	pl_log(PL_LOG_ERROR, "looking for stores below %s: %s",
	       pl_escape_str(&(struct pl_escaped){ 0 }, walk->options->root), strerror(r < 0 ? -r : EIO));
	return PL_EXIT_FAULT;
}

static int visit_problem(const struct walk *walk, const char *label, const char *problem)
{
	const struct pl_found found = { .label = label, .problem = problem, .n = 1 };

	return walk->visit(walk->context, &found);
}

static int visit_refs(const struct walk *walk, const struct place *place, struct pl_store *store,
		      const struct pl_image_ref *refs, size_t n_refs, size_t *n_matched)
{
	struct pl_found found = { .store = store, .label = pl_store_label(store) };
	int r = 0;

	for (size_t i = 0; i < n_refs; i++)
		found.n += !place->name || pl_image_ref_matches(&refs[i], place->name);
	for (size_t i = 0; i < n_refs && !r; i++) {
		if (place->name && !pl_image_ref_matches(&refs[i], place->name))
			continue;
		found.ref = &refs[i];
		r = walk->visit(walk->context, &found);
		found.i++;
	}
	*n_matched += found.n;
	return r;
}

/* One store: opened, listed, its images visited. */
static int visit_place(const struct walk *walk, const struct place *place, size_t *n_matched)
{
	struct pl_arena list PL_CLEANUP_ARENA;
	PL_CLEANUP_STORE struct pl_store *store = NULL;
	struct pl_reason reason = { 0 };
	struct pl_image_ref *refs = NULL;
	char label[PL_MAX_PATH_BYTES + 32];
	size_t n_refs = 0;
	int r;

	pl_arena_init(&list, LIST_BYTES);
	snprintf(label, sizeof(label), "%s:%s", place->driver, place->path);
	r = pl_store_open(place->driver, place->path, &store, &reason);
	if (!r)
		r = pl_store_list(store, &list, &refs, &n_refs, &reason);
	if (r) {
		++*n_matched;
		if (!*reason.text)
			pl_reason_set(&reason, "%s", strerror(r < 0 ? -r : EIO));
		return visit_problem(walk, place->argument ? place->argument : label, reason.text);
	}
	pl_log(PL_LOG_INFO, "%s: %zu images", pl_escape_str(&(struct pl_escaped){ 0 }, label), n_refs);
	return visit_refs(walk, place, store, refs, n_refs, n_matched);
}

/* A target without a path: in every store found, or in those of its driver. */
static int visit_found(struct walk *walk, const struct pl_target *target, size_t *n_matched)
{
	int r = search(walk);

	for (const struct place *found = walk->found; found && !r; found = found->next) {
		struct place place = *found;

		if (target->driver && strcmp(target->driver, found->driver) != 0)
			continue;
		place.name = target->name;
		r = visit_place(walk, &place, n_matched);
	}
	return r;
}

static int visit_target(struct walk *walk, const char *argument, const struct pl_target *target)
{
	const struct place place = {
		.driver = target->driver, .path = target->path, .name = target->name, .argument = argument
	};
	struct pl_reason reason = { 0 };
	size_t n_matched = 0;
	int r;

	r = target->path ? visit_place(walk, &place, &n_matched) : visit_found(walk, target, &n_matched);
	/* a store without images is judged: there is nothing in it */
	if (r || n_matched || (!target->name && target->path))
		return r;
	if (target->name)
		pl_reason_set(&reason, "there is no image %s in %s",
			      pl_escape_str(&(struct pl_escaped){ 0 }, target->name),
			      target->path ? "it" : "the stores found");
	else
		pl_reason_set(&reason, "no %s store was found", target->driver);
	return visit_problem(walk, argument, reason.text);
}

static int walk_arguments(struct walk *walk)
{
	const struct pl_options *options = walk->options;
	struct pl_target *targets = pl_arena_calloc(&walk->arena, options->n_arguments, sizeof(*targets));
	struct pl_reason reason = { 0 };
	int r = 0;

	if (!targets)
		return out_of_memory();
	/* all of them before any is judged, so that a slip of the pen costs no scan */
	for (size_t i = 0; i < options->n_arguments; i++) {
		r = pl_target_parse(options->arguments[i], &walk->arena, &targets[i], &reason);
		if (r < 0)
			return out_of_memory();
		if (r) {
			pl_log(PL_LOG_ERROR, "%s", reason.text);
			return PL_EXIT_USAGE;
		}
	}
	for (size_t i = 0; i < options->n_arguments && !r; i++)
		r = visit_target(walk, options->arguments[i], &targets[i]);
	return r;
}

int pl_targets_walk(const struct pl_options *options, pl_visit *visit, void *context)
{
	struct walk walk = { .options = options, .visit = visit, .context = context };
	const struct pl_target everything = { 0 };
	size_t n = 0;
	int r;

	pl_arena_init(&walk.arena, PLACES_BYTES);
	if (options->n_arguments) {
		r = walk_arguments(&walk);
	} else {
		r = visit_found(&walk, &everything, &n);
		if (!r && !walk.found)
			r = visit_problem(&walk, options->root, "no image store was found");
	}
	pl_arena_deinit(&walk.arena);
	return r;
}
