/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plimsoll/text.h"

/* Notes about one image: enough for every layer and a page of ambiguities. */
#define NOTES_BYTES ((size_t)256 << 10)
#define MAX_AMBIGUITIES 64

static size_t bucket_of(const struct node *parent, const char *name, size_t n)
{
	uint64_t hash = 0xcbf29ce484222325u ^ (uintptr_t)parent >> 4;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ (uint8_t)name[i]) * 0x100000001b3u;
	return (hash ^ hash >> 32) % PL_NODE_BUCKETS;
}

struct node *pl_tree_child(struct pl_rootfs *fs, const struct node *parent, const char *name, size_t n)
{
	struct node *node = fs->buckets[bucket_of(parent, name, n)];

	while (node) {
		if (node->pub.parent == &parent->pub && !strncmp(node->pub.name, name, n) && !node->pub.name[n])
			return node;
		node = node->next_in_bucket;
	}
	return NULL;
}

static struct node *add_child(struct pl_rootfs *fs, struct node *parent, const char *name, size_t n)
{
	struct node *node = pl_arena_alloc(&fs->arena, sizeof(*node));
	size_t bucket = bucket_of(parent, name, n);

	if (!node)
		return NULL;
	node->pub.name = pl_arena_strndup(&fs->arena, name, n);
	if (!node->pub.name)
		return NULL;
	node->pub.parent = &parent->pub;
	node->next_sibling = parent->first_child;
	parent->first_child = node;
	parent->sorted = false;
	node->next_in_bucket = fs->buckets[bucket];
	fs->buckets[bucket] = node;
	fs->generation++;
	return node;
}

static size_t component(const char *path, size_t n)
{
	const char *slash = memchr(path, '/', n);

	return slash ? (size_t)(slash - path) : n;
}

struct node *pl_tree_find(struct pl_rootfs *fs, const char *path, size_t n)
{
	struct node *node = fs->root;

	while (n && node) {
		size_t len = component(path, n);

		node = pl_tree_child(fs, node, path, len);
		path += len < n ? len + 1 : len;
		n -= len < n ? len + 1 : len;
	}
	return node;
}

struct node *pl_tree_make(struct pl_rootfs *fs, const char *path, size_t n)
{
	struct node *node = fs->root;

	while (n && node) {
		size_t len = component(path, n);
		struct node *child = pl_tree_child(fs, node, path, len);

		node = child ? child : add_child(fs, node, path, len);
		path += len < n ? len + 1 : len;
		n -= len < n ? len + 1 : len;
	}
	return node;
}

static struct node *parent_of(const struct node *node)
{
	return (struct node *)node->pub.parent;
}

void pl_tree_set_present(struct node *node, bool present)
{
	if (node->pub.present == present)
		return;
	node->pub.present = present;
	for (struct node *up = parent_of(node); up; up = parent_of(up))
		up->present_below += present ? 1u : -1u;
}

struct node *pl_tree_walk(const struct pl_rootfs *fs, struct node *node)
{
	if (!node)
		return fs->root;
	if (node->first_child)
		return node->first_child;
	while (node && !node->next_sibling)
		node = parent_of(node);
	return node ? node->next_sibling : NULL;
}

void pl_tree_drop_below(struct node *top, unsigned int below_layer)
{
	struct node *node = top->first_child;

	while (node && top->present_below) {
		if (node->pub.present && node->pub.layer < below_layer)
			pl_tree_set_present(node, false);
		if (node->present_below) {
			node = node->first_child;
			continue;
		}
		while (node != top && !node->next_sibling)
			node = parent_of(node);
		if (node == top)
			return;
		node = node->next_sibling;
	}
}

/* Merges two lists that are in order. */
static struct node *merge_sorted(struct node *a, struct node *b)
{
	struct node *first = NULL, **end = &first;

	while (a && b) {
		struct node **less = strcmp(a->pub.name, b->pub.name) < 0 ? &a : &b;

		*end = *less;
		end = &(*less)->next_sibling;
		*less = *end;
	}
	*end = a ? a : b;
	return first;
}

void pl_tree_sort_children(struct node *parent)
{
	struct node *runs[32] = { NULL }; /* runs[i] is empty or in order and 2^i long; the last is what is longer */
	struct node *all = NULL;
	size_t i;

	if (parent->sorted)
		return;
	while (parent->first_child) {
		struct node *run = parent->first_child;

		parent->first_child = run->next_sibling;
		run->next_sibling = NULL;
		for (i = 0; i < 31 && runs[i]; i++) {
			run = merge_sorted(runs[i], run);
			runs[i] = NULL;
		}
		runs[i] = merge_sorted(runs[i], run);
	}
	for (i = 0; i < 32; i++)
		all = merge_sorted(runs[i], all);
	parent->first_child = all;
	parent->sorted = true;
}

bool pl_node_lacks_content(const struct node *node, size_t want)
{
	const struct pl_node *pub = &node->pub;

	return pub->present && pub->type == PL_FILE_REGULAR && pub->n_content < want && pub->n_content < pub->size;
}

int pl_tree_want(struct pl_rootfs *fs, const char *path, size_t n, size_t content_bytes)
{
	struct node *node = pl_tree_make(fs, path, n);

	if (!node)
		return PL_BAD_LIMIT;
	if (content_bytes > node->want_bytes) {
		/* known, but not with so much content: to be read once more */
		if (node->pub.present && node->pub.type == PL_FILE_REGULAR && node->want_pass != PL_NOT_WANTED) {
			node->want_pass = PL_NOT_WANTED;
			node->probed = false;
		}
		node->want_bytes = content_bytes;
	}
	for (; node; node = parent_of(node)) {
		if (node->want_pass == PL_NOT_WANTED)
			node->want_pass = (uint8_t)(fs->pass + 1);
	}
	return 0;
}

static bool add_note(struct pl_rootfs *fs, struct note **list, const char *text, size_t max)
{
	size_t n = 0;
	struct note *note;

	for (; *list; list = &(*list)->next, n++)
		if (!strcmp((*list)->text, text))
			return true;
	if (n == max)
		return false;
	note = pl_arena_alloc(&fs->notes_arena, sizeof(*note));
	if (!note)
		return false;
	note->text = pl_arena_strdup(&fs->notes_arena, text);
	if (!note->text)
		return false;
	*list = note;
	return true;
}

void pl_note_problem(struct pl_rootfs *fs, const struct pl_reason *reason)
{
	static struct note more = { NULL, "there are more problems than can be told" };

	if (add_note(fs, &fs->problems, reason->text, PL_MAX_LAYERS + 1) || fs->problems)
		return;
	/* not even one could be noted: it must not look as if there were none */
	fs->problems = &more;
}

void pl_note_ambiguity(struct pl_rootfs *fs, const char *path, size_t n, const char *what)
{
	struct pl_reason text;
	struct pl_escaped name;

	pl_reason_set(&text, "layer %u of %zu: /%s: %s", fs->layer + 1u, fs->n_layers, pl_escape(&name, path, n), what);
	if (!add_note(fs, &fs->ambiguities, text.text, MAX_AMBIGUITIES))
		add_note(fs, &fs->ambiguities, "and more of the kind", MAX_AMBIGUITIES + 1);
}

int pl_rootfs_new(struct pl_rootfs **out)
{
	struct pl_rootfs *fs = calloc(1, sizeof(*fs));

	if (!fs)
		return -ENOMEM;
	pl_arena_init(&fs->arena, PL_MAX_KEPT_ARENA);
	pl_arena_init(&fs->notes_arena, NOTES_BYTES);
	fs->last_bad = -1;
	fs->root = pl_arena_alloc(&fs->arena, sizeof(*fs->root));
	if (!fs->root) {
		pl_rootfs_free(&fs);
		return -ENOMEM;
	}
	fs->root->pub = (struct pl_node){
		.name = "", .type = PL_FILE_DIRECTORY, .mode = 0755, .present = true, .certain = true
	};
	fs->root->want_pass = 1;
	*out = fs;
	return 0;
}

void pl_rootfs_free(struct pl_rootfs **rootfs)
{
	struct pl_rootfs *fs = *rootfs;

	if (!fs)
		return;
	for (struct node *node = fs->root; node; node = pl_tree_walk(fs, node))
		free(node->content);
	pl_arena_deinit(&fs->arena);
	pl_arena_deinit(&fs->notes_arena);
	free(fs->links);
	free(fs);
	*rootfs = NULL;
}
