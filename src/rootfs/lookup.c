/* SPDX-License-Identifier: Apache-2.0 */
/* Following paths inside the merged rootfs, as a process of the container would, but never out of it. */
#include "rootfs_internal.h"

#include <errno.h>
#include <string.h>

/* A path being followed: where we are, and what is still to go, links put in as they are met. */
struct trail {
	struct pl_rootfs *fs;
	struct node *at;
	char rest[2 * PL_MAX_PATH_BYTES];
	unsigned int links;
	bool follow_last;
	size_t content_bytes; /* what was wanted of the links on the way is wanted of the file they lead to */
	bool uncertain;
};

static bool is_settled(const struct pl_rootfs *fs, const struct node *node)
{
	return node->probed || (node->want_pass != PL_NOT_WANTED && node->want_pass <= fs->pass);
}

/* Appends a component. Return: whether it fits. */
static bool append(char path[static PL_MAX_PATH_BYTES], size_t *n, const char *name, size_t len)
{
	if (*n + 1 + len >= PL_MAX_PATH_BYTES)
		return false;
	if (*n)
		path[(*n)++] = '/';
	memcpy(path + *n, name, len);
	*n += len;
	return true;
}

bool pl_path_join(const struct node *dir, const char *rest, char out[static PL_MAX_PATH_BYTES], size_t *n_out)
{
	const struct pl_node *up[PL_MAX_PATH_DEPTH];
	size_t depth = 0, n = 0;

	for (const struct pl_node *p = dir ? &dir->pub : NULL; p && p->parent; p = p->parent) {
		if (depth == PL_MAX_PATH_DEPTH)
			return false;
		up[depth++] = p;
	}
	while (depth--) {
		if (!append(out, &n, up[depth]->name, strlen(up[depth]->name)))
			return false;
	}
	while (*rest) {
		size_t len = strcspn(rest, "/");

		if (len == 2 && rest[0] == '.' && rest[1] == '.') {
			const char *slash = memrchr(out, '/', n);

			n = slash ? (size_t)(slash - out) : 0;
		} else if (len && !(len == 1 && rest[0] == '.')) {
			if (!append(out, &n, rest, len))
				return false;
		}
		rest += len + (rest[len] == '/');
	}
	out[n] = 0;
	*n_out = n;
	return true;
}

static bool has_dotdot(const char *path)
{
	for (; *path; path += strspn(path, "/")) {
		size_t len = strcspn(path, "/");

		if (len == 2 && path[0] == '.' && path[1] == '.')
			return true;
		path += len;
	}
	return false;
}

/* Wants what lies ahead. Where a ".." leads back from depends on what comes before it: then it is the next name alone. */
static bool want_ahead(struct trail *t, const char *ahead, char path[static PL_MAX_PATH_BYTES], size_t *n_out)
{
	char name[PL_MAX_NAME_BYTES + 1];
	size_t len = strcspn(ahead, "/");

	if (!has_dotdot(ahead))
		return pl_path_join(t->at, ahead, path, n_out) && !pl_tree_want(t->fs, path, *n_out, t->content_bytes);
	if (len > PL_MAX_NAME_BYTES)
		return false;
	memcpy(name, ahead, len);
	name[len] = 0;
	return pl_path_join(t->at, name, path, n_out) && !pl_tree_want(t->fs, path, *n_out, 0);
}

/* Asks for what lies ahead; in a store of directories it is looked up at once. */
static enum pl_lookup ask(struct trail *t, const char *ahead)
{
	char path[PL_MAX_PATH_BYTES];
	struct pl_rootfs *fs = t->fs;
	size_t n;

	if (!want_ahead(t, ahead, path, &n))
		return PL_LOOKUP_UNCERTAIN;
	if (!fs->built || !fs->all_directories)
		return PL_LOOKUP_NOT_KEPT;
	for (size_t len = 0; len <= n; len++) {
		struct node *node;

		if (len < n && path[len] != '/')
			continue;
		node = pl_tree_find(fs, path, len);
		if (node && (!is_settled(fs, node) || pl_node_lacks_content(node, node->want_bytes)) &&
		    pl_probe(fs, node))
			return PL_LOOKUP_UNCERTAIN;
	}
	return PL_LOOKUP_FOUND;
}

static bool follow_link(struct trail *t, const struct node *link, const char *after)
{
	char rest[sizeof(t->rest)];
	size_t n = strlen(link->pub.link), m = strlen(after);

	t->uncertain |= !link->pub.certain;
	if (++t->links > PL_MAX_LINKS || n + 1 + m >= sizeof(rest))
		return false;
	memcpy(rest, link->pub.link, n);
	rest[n] = '/';
	memcpy(rest + n + 1, after, m + 1);
	memcpy(t->rest, rest, n + m + 2);
	if (t->rest[0] == '/')
		t->at = t->fs->root;
	if (link->want_bytes > t->content_bytes)
		t->content_bytes = link->want_bytes;
	return true;
}

/* One component. Return: PL_LOOKUP_FOUND to go on. */
static enum pl_lookup step(struct trail *t)
{
	struct pl_rootfs *fs = t->fs;
	size_t len = strcspn(t->rest, "/");
	const char *after = t->rest + len + strspn(t->rest + len, "/");
	struct node *child;

	if (t->at->pub.present && t->at->pub.type != PL_FILE_DIRECTORY)
		return t->uncertain || !t->at->pub.certain ? PL_LOOKUP_UNCERTAIN : PL_LOOKUP_ABSENT;
	if (!len || (len == 1 && t->rest[0] == '.')) {
		memmove(t->rest, after, strlen(after) + 1);
		return PL_LOOKUP_FOUND;
	}
	if (len == 2 && t->rest[0] == '.' && t->rest[1] == '.') {
		if (t->at->pub.parent)
			t->at = (struct node *)t->at->pub.parent;
		memmove(t->rest, after, strlen(after) + 1);
		return PL_LOOKUP_FOUND;
	}
	child = pl_tree_child(fs, t->at, t->rest, len);
	if (!child || (!child->pub.present && !is_settled(fs, child) && !(child->present_below && *after))) {
		enum pl_lookup asked = ask(t, t->rest);

		if (asked != PL_LOOKUP_FOUND)
			return asked;
		child = pl_tree_child(fs, t->at, t->rest, len);
	}
	if (!child || (!child->pub.present && !child->present_below))
		return fs->last_bad >= 0 ? PL_LOOKUP_UNCERTAIN : PL_LOOKUP_ABSENT;
	if (child->link_open)
		return PL_LOOKUP_NOT_KEPT;
	if (child->pub.present && child->pub.type == PL_FILE_SYMLINK && (*after || t->follow_last))
		return follow_link(t, child, after) ? PL_LOOKUP_FOUND
		       : t->uncertain               ? PL_LOOKUP_UNCERTAIN
						    : PL_LOOKUP_LOOP;
	t->at = child;
	memmove(t->rest, after, strlen(after) + 1);
	return PL_LOOKUP_FOUND;
}

/* The end of the trail: the file must be known with all that was wanted of it. */
static enum pl_lookup arrive(struct trail *t)
{
	struct node *node = t->at;

	if (pl_node_lacks_content(node, t->content_bytes)) {
		enum pl_lookup asked = ask(t, "");

		if (asked != PL_LOOKUP_FOUND)
			return asked;
	}
	return t->uncertain || !node->pub.certain ? PL_LOOKUP_UNCERTAIN : PL_LOOKUP_FOUND;
}

static enum pl_lookup follow(struct trail *t, const char *path)
{
	enum pl_lookup found = PL_LOOKUP_FOUND;
	size_t n = strlen(path);

	if (n >= PL_MAX_PATH_BYTES)
		return PL_LOOKUP_ABSENT;
	memcpy(t->rest, path, n + 1);
	if (path[0] == '/')
		t->at = t->fs->root;
	while (found == PL_LOOKUP_FOUND && t->rest[0])
		found = step(t);
	return found;
}

/* How much of a path is wanted, wherever links on the way may lead. */
static size_t wanted_content(struct pl_rootfs *fs, const char *cwd, const char *path)
{
	char whole[PL_MAX_PATH_BYTES], dir[PL_MAX_PATH_BYTES];
	const struct node *node = fs->root;
	size_t n = 0;

	if (cwd && path[0] != '/') {
		if (!pl_path_join(NULL, cwd, dir, &n))
			return 0;
		node = pl_tree_find(fs, dir, n);
	}
	if (!node || !pl_path_join(node, path, whole, &n))
		return 0;
	node = pl_tree_find(fs, whole, n);
	return node ? node->want_bytes : 0;
}

enum pl_lookup pl_rootfs_resolve(struct pl_rootfs *fs, const char *cwd, const char *path, enum pl_last last,
				 const struct pl_node **node_out)
{
	struct trail t = {
		.fs = fs, .at = fs->root, .follow_last = true, .content_bytes = wanted_content(fs, cwd, path)
	};
	enum pl_lookup found = PL_LOOKUP_FOUND;

	if (cwd && path[0] != '/')
		found = follow(&t, cwd);
	t.follow_last = last == PL_FOLLOW_LAST;
	if (found == PL_LOOKUP_FOUND)
		found = follow(&t, path);
	if (found == PL_LOOKUP_FOUND)
		found = arrive(&t);
	*node_out = &t.at->pub;
	return found;
}

char *pl_node_path(const struct pl_node *node, struct pl_arena *arena)
{
	char path[PL_MAX_PATH_BYTES];
	size_t n;

	return pl_path_join((const struct node *)node, "", path, &n) ? pl_arena_printf(arena, "/%s", path) : NULL;
}

const struct pl_node *pl_rootfs_next(const struct pl_rootfs *fs, const struct pl_node *last)
{
	struct node *top = fs->root;
	const struct node *node = last ? (const struct node *)last : top;

	if (!last)
		for (struct node *parent = top; parent; parent = pl_tree_walk(fs, parent))
			pl_tree_sort_children(parent);
	while (node) {
		if (node->present_below) {
			node = node->first_child;
		} else {
			while (!node->next_sibling && node->pub.parent)
				node = (const struct node *)node->pub.parent;
			node = node->next_sibling;
		}
		if (node && node->pub.present)
			return &node->pub;
	}
	return NULL;
}
