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

/* A store to be opened. */
struct place {
	struct place *next;
	const char *driver, *path;
};

/* Stores found, each once, sorted. */
struct places {
	struct pl_arena *arena;
	struct place *first;
};

struct walk {
	const struct pl_options *options;
	pl_visit *visit;
	void *context;
	struct pl_arena arena;
	struct places everywhere; /* made when first asked for */
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

/* pl_store_found. */
static int keep_place(void *context, const char *driver, const char *path)
{
	struct places *places = context;
	struct place *place = pl_arena_alloc(places->arena, sizeof(*place));
	struct place **at = &places->first;

	if (!place)
		return -ENOMEM;
	*place = (struct place){ .driver = pl_arena_strdup(places->arena, driver),
				 .path = pl_arena_strdup(places->arena, path) };
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

static int search_failed(const char *where, int error)
{
	pl_log(PL_LOG_ERROR, "looking for stores in %s: %s", pl_escape_str(&(struct pl_escaped){ 0 }, where),
	       strerror(error < 0 ? -error : EIO));
	return PL_EXIT_FAULT;
}

static int visit_problem(const struct walk *walk, const char *label, const char *problem)
{
	const struct pl_found found = { .label = label, .problem = problem, .n = 1 };

	return walk->visit(walk->context, &found);
}

static int visit_refs(const struct walk *walk, struct pl_store *store, const char *name,
		      const struct pl_image_ref *refs, size_t n_refs, size_t *n_matched)
{
	struct pl_found found = { .store = store, .label = pl_store_label(store) };
	int r = 0;

	for (size_t i = 0; i < n_refs; i++)
		found.n += !name || pl_image_ref_matches(&refs[i], name);
	for (size_t i = 0; i < n_refs && !r; i++) {
		if (name && !pl_image_ref_matches(&refs[i], name))
			continue;
		found.ref = &refs[i];
		r = walk->visit(walk->context, &found);
		found.i++;
	}
	*n_matched += found.n;
	return r;
}

/* One store: opened, listed, its images visited; those of a name, when there is one. */
static int visit_place(const struct walk *walk, const struct place *place, const char *name, size_t *n_matched)
{
	struct pl_arena list PL_CLEANUP_ARENA = { .max_bytes = LIST_BYTES };
	PL_CLEANUP_STORE struct pl_store *store = NULL;
	struct pl_reason reason = { 0 };
	struct pl_image_ref *refs = NULL;
	char label[PL_MAX_PATH_BYTES + 32];
	size_t n_refs = 0;
	int r;

	snprintf(label, sizeof(label), "%s:%s", place->driver, place->path);
	r = pl_store_open(place->driver, place->path, &store, &reason);
	if (!r)
		r = pl_store_list(store, &list, &refs, &n_refs, &reason);
	if (r) {
		++*n_matched;
		if (!*reason.text)
			pl_reason_set(&reason, "%s", strerror(r < 0 ? -r : EIO));
		return visit_problem(walk, label, reason.text);
	}
	pl_log(PL_LOG_INFO, "%s: %zu images", pl_escape_str(&(struct pl_escaped){ 0 }, label), n_refs);
	return visit_refs(walk, store, name, refs, n_refs, n_matched);
}

/* The stores of a target: those at its path, or those found everywhere that have its driver. */
static int visit_places(struct walk *walk, const struct pl_target *target, size_t *n_places, size_t *n_matched)
{
	struct places here = { .arena = &walk->arena };
	const struct places *places = target->path ? &here : &walk->everywhere;
	int r = 0;

	if (target->path)
		r = pl_stores_at(target->driver, target->path, keep_place, &here);
	else if (!walk->searched)
		r = pl_stores_find(walk->options->root, keep_place, &walk->everywhere);
	walk->searched |= !target->path;
	if (r)
		return search_failed(target->path ? target->path : walk->options->root, r);
	for (const struct place *place = places->first; place && !r; place = place->next) {
		if (target->driver && strcmp(target->driver, place->driver) != 0)
			continue;
		++*n_places;
		r = visit_place(walk, place, target->name, n_matched);
	}
	return r;
}

static int visit_target(struct walk *walk, const char *argument, const struct pl_target *target)
{
	struct pl_reason reason = { 0 };
	size_t n_places = 0, n_matched = 0;
	int r = visit_places(walk, target, &n_places, &n_matched);

	if (r)
		return r;
	if (!n_places) {
		pl_reason_set(&reason, "no %s store was found below %s", target->driver ? target->driver : "image",
			      pl_escape_str(&(struct pl_escaped){ 0 }, walk->options->root));
		return visit_problem(walk, argument, reason.text);
	}
	/* a store without images is judged: there is nothing in it */
	if (n_matched || !target->name)
		return 0;
	pl_reason_set(&reason, "there is no image %s in %s", pl_escape_str(&(struct pl_escaped){ 0 }, target->name),
		      target->path ? "it" : "the stores found");
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
	int r;

	pl_arena_init(&walk.arena, PLACES_BYTES);
	walk.everywhere.arena = &walk.arena;
	if (options->n_arguments)
		r = walk_arguments(&walk);
	else
		r = visit_target(&walk, options->root, &everything);
	pl_arena_deinit(&walk.arena);
	return r;
}
