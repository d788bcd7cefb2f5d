/* SPDX-License-Identifier: Apache-2.0 */
/*
 * {"Repositories": {REPOSITORY: {NAME: "sha256:…"}}}. Docker alone writes it, but what a damaged disk or another writer
 * leaves there must not be read otherwise than Docker would.
 */
#include "repositories.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plimsoll/buf.h"
#include "plimsoll/json.h"
#include "plimsoll/limits.h"
#include "plimsoll/verdict.h"

struct repository {
	const char *key;
	size_t order;
	bool overridden; /* given again further on, or taken away by a null */
};

struct parser {
	struct pl_json json;
	struct pl_arena *arena;
	struct pl_reason *reason;
	struct pl_buf repositories; /* of struct repository */
	struct pl_buf names;        /* of struct pl_repository_name */
};

static int wrong_type(const struct parser *p, const char *what)
{
	pl_reason_set(p->reason, "offset %zu: %s is of a wrong type", p->json.offset, what);
	return PL_BAD_SYNTAX;
}

static int next(struct parser *p)
{
	return pl_json_next(&p->json, p->reason);
}

static int text(struct parser *p, const char **out, size_t *n_out)
{
	*out = pl_json_text(&p->json, p->arena, n_out);
	if (*out)
		return 0;
	pl_reason_limit(p->reason, "store-list-bytes", PL_MAX_STORE_LIST_BYTES);
	return PL_BAD_LIMIT;
}

static int append(struct parser *p, struct pl_buf *buf, const void *item, size_t size)
{
	int r = pl_buf_append(buf, item, size);

	if (r != -EFBIG)
		return r;
	pl_reason_limit(p->reason, "store-names", PL_MAX_STORE_NAMES);
	return PL_BAD_LIMIT;
}

static int parse_name(struct parser *p)
{
	struct pl_repository_name name = { .target = "",
					   .repository = p->repositories.len / sizeof(struct repository) - 1 };
	size_t n_name, n_target = 0;
	int r = text(p, &name.name, &n_name);

	if (!r)
		r = next(p);
	if (!r && p->json.token == PL_JSON_STRING)
		r = text(p, &name.target, &n_target);
	else if (!r && p->json.token != PL_JSON_NULL)
		r = wrong_type(p, "an image's id");
	/* no reference holds a zero byte, so Docker passes over such a name */
	if (r || strlen(name.name) != n_name)
		return r;
	(void)pl_digest_parse(name.target, n_target, &name.id);
	return append(p, &p->names, &name, sizeof(name));
}

static int parse_repository(struct parser *p)
{
	struct repository repository = { .order = p->repositories.len / sizeof(repository) };
	size_t n;
	int r = text(p, &repository.key, &n);

	if (!r)
		r = append(p, &p->repositories, &repository, sizeof(repository));
	if (!r)
		r = next(p);
	if (r || p->json.token == PL_JSON_NULL)
		return r;
	if (p->json.token != PL_JSON_OBJECT)
		return wrong_type(p, "a repository");
	while (!(r = next(p)) && p->json.token != PL_JSON_OBJECT_END) {
		r = parse_name(p);
		if (r)
			return r;
	}
	return r;
}

static void override_all(struct parser *p)
{
	struct repository *list = (void *)p->repositories.data;

	for (size_t i = 0; i < p->repositories.len / sizeof(*list); i++)
		list[i].overridden = true;
}

static int parse_repositories(struct parser *p)
{
	int r = next(p);

	if (!r && p->json.token == PL_JSON_NULL)
		override_all(p);
	if (r || p->json.token == PL_JSON_NULL)
		return r;
	if (p->json.token != PL_JSON_OBJECT)
		return wrong_type(p, "Repositories");
	while (!(r = next(p)) && p->json.token != PL_JSON_OBJECT_END) {
		r = parse_repository(p);
		if (r)
			return r;
	}
	return r;
}

static int parse_document(struct parser *p)
{
	int r = next(p);

	if (r || p->json.token == PL_JSON_NULL)
		return r;
	if (p->json.token != PL_JSON_OBJECT)
		return wrong_type(p, "the document");
	while (!(r = next(p)) && p->json.token != PL_JSON_OBJECT_END) {
		r = pl_json_key_is(&p->json, "Repositories") ? parse_repositories(p)
							     : pl_json_skip(&p->json, p->reason);
		if (r)
			return r;
	}
	return r;
}

static int compare_keys(const void *a, const void *b)
{
	const struct repository *x = a, *y = b;
	int r = strcmp(x->key, y->key);

	return r ? r : x->order < y->order ? -1 : 1;
}

static int compare_order(const void *a, const void *b)
{
	const struct repository *x = a, *y = b;

	return x->order < y->order ? -1 : 1;
}

static void find_overridden(struct parser *p)
{
	struct repository *list = (void *)p->repositories.data;
	size_t n = p->repositories.len / sizeof(*list);

	if (!n)
		return;
	qsort(list, n, sizeof(*list), compare_keys);
	for (size_t i = 0; i + 1 < n; i++)
		list[i].overridden |= !strcmp(list[i].key, list[i + 1].key);
	qsort(list, n, sizeof(*list), compare_order);
}

static int take_names(struct parser *p, struct pl_repository_name **names_out, size_t *n_out)
{
	const struct repository *repositories = (const void *)p->repositories.data;
	const struct pl_repository_name *names = (const void *)p->names.data;
	size_t n = p->names.len / sizeof(*names);
	struct pl_repository_name *out = pl_arena_calloc(p->arena, n, sizeof(*out));

	if (!out)
		return -ENOMEM;
	*names_out = out;
	for (size_t i = 0; i < n; i++)
		if (!repositories[names[i].repository].overridden)
			out[(*n_out)++] = names[i];
	return 0;
}

int pl_repositories_parse(const void *json, size_t n, struct pl_arena *arena, struct pl_repository_name **names_out,
			  size_t *n_out, struct pl_reason *reason)
{
	struct parser p = { .arena = arena, .reason = reason };
	int r;

	*names_out = NULL;
	*n_out = 0;
	pl_buf_init(&p.repositories, PL_MAX_STORE_NAMES * sizeof(struct repository));
	pl_buf_init(&p.names, PL_MAX_STORE_NAMES * sizeof(struct pl_repository_name));
	pl_json_init(&p.json, json, n, PL_JSON_FIRST);
	r = parse_document(&p);
	if (!r) {
		find_overridden(&p);
		r = take_names(&p, names_out, n_out);
	}
	pl_buf_deinit(&p.repositories);
	pl_buf_deinit(&p.names);
	return r;
}
