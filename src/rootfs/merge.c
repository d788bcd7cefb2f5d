/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applying the entries of one layer to what the layers below left. Where the order within a tar or the engine matters, the
 * overlay engines' behaviour decides (measured with docker, containerd and podman), and the ambiguity is noted:
 *  - whiteouts and opaque markers count for lower layers only, wherever in the tar they stand;
 *  - a directory beside its own whiteout stays, and what lower layers have in it shows through;
 *  - of a path given twice the last counts;
 *  - a directory named only in passing replaces a link or file of a lower layer;
 *  - mode, owner and attributes in a hard link's header are given to the file, and so to all its names.
 */
#include "rootfs_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void pl_merge_begin_layer(struct pl_rootfs *fs, uint16_t layer)
{
	fs->layer = layer;
	fs->whiteouts = NULL;
	fs->n_links = 0;
	fs->generation++; /* the directory of the entry before was another layer's */
	if (fs->links)
		memset(fs->links, 0, fs->links_cap * sizeof(*fs->links));
}

static bool is_kept_always(const struct entry *e)
{
	switch (e->type) {
	case PL_FILE_REGULAR:
		return (e->mode & (S_ISUID | S_ISGID)) || e->capability;
	case PL_FILE_CHAR:
	case PL_FILE_BLOCK:
		return true;
	case PL_FILE_DIRECTORY:
	case PL_FILE_SYMLINK:
	case PL_FILE_FIFO:
	case PL_FILE_SOCKET:
		break;
	}
	return false;
}

static bool is_writable_by_others(const struct entry *e)
{
	return e->type == PL_FILE_REGULAR && (e->uid || e->mode & (S_IWGRP | S_IWOTH));
}

/* An ancestor that the layer treats as a directory, whatever it was below. */
static void imply_directory(struct pl_rootfs *fs, struct node *node, const char *path, size_t n)
{
	if (!node->pub.present)
		pl_tree_set_present(node, true);
	else if (node->pub.layer == fs->layer)
		pl_note_ambiguity(fs, path, n, "has entries below it but is no directory: engines refuse the layer");
	else if (node->pub.type == PL_FILE_SYMLINK)
		pl_note_ambiguity(fs, path, n,
				  "a link of a lower layer becomes a directory here in overlay stores; vfs and btrfs "
				  "stores follow it");
	node->pub = (struct pl_node){ .name = node->pub.name,
				      .parent = node->pub.parent,
				      .type = PL_FILE_DIRECTORY,
				      .mode = 0755,
				      .layer = fs->layer,
				      .present = true };
	node->implied = true;
	node->link_open = false;
	fs->generation++;
}

/* Whether the tree does not know yet that a way leads through here. */
static bool is_unknown_directory(const struct node *node)
{
	if (node->pub.present)
		return node->pub.type != PL_FILE_DIRECTORY;
	return node->pub.parent && node->want_pass != PL_NOT_WANTED;
}

/* The node of the directory that holds an entry, null when nothing is kept there and nobody asked. */
static struct node *find_dir(struct pl_rootfs *fs, const char *path, size_t n)
{
	struct node *node = fs->root;
	size_t at = 0;

	if (n == fs->memo_len && fs->memo_generation == fs->generation && !memcmp(path, fs->memo_dir, n))
		return fs->memo_node;
	while (at < n && node) {
		const char *slash = memchr(path + at, '/', n - at);
		size_t len = slash ? (size_t)(slash - path) - at : n - at;

		node = pl_tree_child(fs, node, path + at, len);
		at += len;
		if (node && is_unknown_directory(node))
			imply_directory(fs, node, path, at);
		at += slash ? 1 : 0;
	}
	memcpy(fs->memo_dir, path, n);
	fs->memo_len = n;
	fs->memo_node = node;
	fs->memo_generation = fs->generation;
	return node;
}

static size_t dir_length(const char *path, size_t n)
{
	const char *slash = memrchr(path, '/', n);

	return slash ? (size_t)(slash - path) : 0;
}

static struct node *find_entry(struct pl_rootfs *fs, const char *path, size_t n, struct node **dir_out)
{
	size_t dir_len = dir_length(path, n);
	size_t base = dir_len ? dir_len + 1 : 0;
	struct node *dir = find_dir(fs, path, dir_len);

	*dir_out = dir;
	return dir ? pl_tree_child(fs, dir, path + base, n - base) : NULL;
}

static int set_string(struct pl_rootfs *fs, const char **field, const char *text)
{
	if (*field && !strcmp(*field, text))
		return 0;
	*field = pl_arena_strdup(&fs->arena, text);
	return *field ? 0 : PL_BAD_LIMIT;
}

static int set_attributes(struct pl_rootfs *fs, struct node *node, const struct entry *e)
{
	struct pl_node *pub = &node->pub;

	pub->type = e->type;
	pub->mode = e->mode & 07777;
	pub->uid = e->uid;
	pub->gid = e->gid;
	pub->major = e->major;
	pub->minor = e->minor;
	pub->size = e->size;
	pub->layer = fs->layer;
	pub->content = NULL;
	pub->n_content = 0;
	pub->capability = NULL;
	node->implied = false;
	node->link_open = false;
	if (e->capability) {
		node->capability = *e->capability;
		pub->capability = &node->capability;
	}
	return e->type == PL_FILE_SYMLINK ? set_string(fs, &pub->link, e->link) : 0;
}

int pl_node_reserve(struct pl_rootfs *fs, struct node *node, size_t n)
{
	uint8_t *bytes;

	if (n <= node->content_cap && node->content)
		return 0;
	if (n - node->content_cap > PL_MAX_KEPT_CONTENT - fs->content_bytes) {
		fs->content_full = true;
		return PL_BAD_LIMIT;
	}
	bytes = realloc(node->content, n ? n : 1);
	if (!bytes)
		return -ENOMEM;
	fs->content_bytes += n - node->content_cap;
	node->content = bytes;
	node->content_cap = n;
	return 0;
}

static void leave_names(struct node *node)
{
	struct node *before = node->previous_name, *after = node->next_name;

	if (!after)
		return;
	before->next_name = before == after ? NULL : after;
	after->previous_name = before == after ? NULL : before;
	node->next_name = node->previous_name = NULL;
}

/* Names that nobody cared for were passed by; in another pass all are kept. */
static void want_every_name(struct node *file)
{
	file->link_open |= !file->every_name;
	file->every_name = true;
}

static void join_names(struct node *node, struct node *other)
{
	node->next_name = other->next_name ? other->next_name : other;
	node->previous_name = other;
	node->next_name->previous_name = node;
	other->next_name = node;
	if (node->every_name)
		want_every_name(other);
}

static bool same_capability(const struct pl_file_capability *a, const struct pl_file_capability *b)
{
	if (!a || !b)
		return a == b;
	return a->revision == b->revision && a->effective == b->effective && a->permitted == b->permitted &&
	       a->inheritable == b->inheritable && a->root_id == b->root_id;
}

static bool has_attributes(const struct node *node, const struct entry *e)
{
	const struct pl_node *pub = &node->pub;

	return pub->mode == (e->mode & 07777) && pub->uid == e->uid && pub->gid == e->gid &&
	       same_capability(pub->capability, e->capability);
}

/* Engines apply the header of a hard link to what it leads to (chown, attributes, chmod; the chown clears capabilities). */
static void apply_link(struct node *file, const struct entry *e, bool gives)
{
	struct node *name = file;

	if (has_attributes(file, e))
		return;
	if (gives)
		want_every_name(file);
	do {
		name->pub.mode = e->mode & 07777;
		name->pub.uid = e->uid;
		name->pub.gid = e->gid;
		name->pub.capability = NULL;
		if (e->capability) {
			name->capability = *e->capability;
			name->pub.capability = &name->capability;
		}
		name = name->next_name;
	} while (name && name != file);
}

/* The file that a hard link names, when it is kept; *e becomes what the link is then. */
static struct node *find_target(struct pl_rootfs *fs, struct entry *e)
{
	struct node *target = pl_tree_find(fs, e->link, strlen(e->link));
	const struct pl_node *pub;

	if (!target || !target->pub.present || target->pub.type == PL_FILE_DIRECTORY) {
		e->type = PL_FILE_REGULAR;
		return NULL;
	}
	pub = &target->pub;
	if (pub->layer != fs->layer)
		pl_note_ambiguity(
			fs, e->path, e->path_len,
			"a hard link to a file of a lower layer: overlay stores refuse it, vfs stores take it");
	e->type = pub->type;
	e->major = pub->major;
	e->minor = pub->minor;
	e->size = pub->size;
	e->link = pub->link;
	return target;
}

/* Whether a file would have been kept had non-root users been able to write it. */
static bool is_watched(struct pl_rootfs *fs, const char *path)
{
	struct node *dir = pl_tree_find(fs, path, dir_length(path, strlen(path)));

	return dir && dir->want_writable;
}

static int copy_content(struct pl_rootfs *fs, struct node *node, const struct node *from)
{
	size_t n = from->pub.n_content < node->want_bytes ? from->pub.n_content : node->want_bytes;
	int r;

	if (!from->pub.content || !n)
		return 0;
	r = pl_node_reserve(fs, node, n);
	if (r)
		return r;
	memcpy(node->content, from->pub.content, n);
	node->pub.content = node->content;
	node->pub.n_content = n;
	return 0;
}

static void note_repeated(struct pl_rootfs *fs, const struct node *node, const struct entry *e)
{
	if (!e->tar || !node->pub.present || node->pub.layer != fs->layer || node->implied)
		return;
	pl_note_ambiguity(fs, e->path, e->path_len,
			  "stands twice in the layer: containerd takes the last, docker and podman refuse it");
}

/* What a wanted link names is wanted at once: it often comes later in the same layer, which saves another pass. */
static int want_target(struct pl_rootfs *fs, const struct node *link)
{
	const struct node *dir = link->pub.link[0] == '/' ? NULL : (const struct node *)link->pub.parent;
	char path[PL_MAX_PATH_BYTES];
	size_t n;

	return pl_path_join(dir, link->pub.link, path, &n) ? pl_tree_want(fs, path, n, link->want_bytes) : 0;
}

/* Whether a hard link gives its file something that makes it kept under each of its names. */
static bool gives_something(struct pl_rootfs *fs, const struct entry *link)
{
	return is_kept_always(link) || (is_watched(fs, link->link) && is_writable_by_others(link));
}

/* The target was passed by, as nobody cared for it then: it is wanted, and so is every name that it has. */
static int want_linked_file(struct pl_rootfs *fs, const struct entry *link, bool every_name)
{
	int r = pl_tree_want(fs, link->link, strlen(link->link), every_name ? 0 : PL_MAX_SCRIPT_BYTES);

	if (!r && every_name)
		pl_tree_find(fs, link->link, strlen(link->link))->every_name = true;
	return r;
}

int pl_merge_entry(struct pl_rootfs *fs, const struct entry *entry, struct node **kept_out)
{
	struct node *dir, *node, *target = NULL;
	struct entry e = *entry;
	bool wanted, watched, keep, same_file = false;
	int r = 0;

	*kept_out = NULL;
	if (!e.path_len)
		return 0; /* engines ignore the root's own entry */
	node = find_entry(fs, e.path, e.path_len, &dir);
	wanted = node && node->want_pass != PL_NOT_WANTED;
	watched = dir && dir->want_writable && is_writable_by_others(&e);
	if (e.hard_link) {
		bool gives = gives_something(fs, entry);

		target = find_target(fs, &e);
		same_file = target && target != node && target->pub.layer == fs->layer && e.type != PL_FILE_SYMLINK;
		if (same_file)
			apply_link(target, &e, gives);
		else if (!target && (wanted || watched || gives))
			r = want_linked_file(fs, entry, gives);
		if (r)
			return r;
	}
	watched &= e.type == PL_FILE_REGULAR;
	keep = wanted || watched || is_kept_always(&e) || (same_file && target->every_name);
	if (!node && !keep)
		return 0;
	if (!node)
		node = pl_tree_make(fs, e.path, e.path_len);
	if (!node)
		return PL_BAD_LIMIT;
	note_repeated(fs, node, entry);
	leave_names(node);
	if (e.type != PL_FILE_DIRECTORY)
		pl_tree_drop_below(node, UINT16_MAX);
	pl_tree_set_present(node, keep);
	r = set_attributes(fs, node, &e);
	if (r)
		pl_tree_set_present(node, false); /* a link without its text */
	if (r || !keep)
		return r;
	if (!entry->hard_link) {
		*kept_out = node;
		return wanted && e.type == PL_FILE_SYMLINK ? want_target(fs, node) : 0;
	}
	node->link_open = !target;
	if (same_file)
		join_names(node, target);
	if (target)
		r = copy_content(fs, node, target);
	/* the file was kept for another reason, and not read */
	if (!r && pl_node_lacks_content(node, node->want_bytes))
		r = pl_tree_want(fs, entry->link, strlen(entry->link), node->want_bytes);
	return r;
}

void pl_merge_tar_whiteout(struct pl_rootfs *fs, const char *path, size_t n)
{
	struct node *dir;
	struct node *node = find_entry(fs, path, n, &dir);

	if (!node || node->whiteout)
		return;
	if (node->pub.present && node->pub.layer == fs->layer && !node->implied) {
		pl_note_ambiguity(
			fs, path, n,
			"stands beside its own whiteout in one layer: overlay stores refuse it, vfs stores delete it");
		return;
	}
	node->whiteout = true;
	node->next_whiteout = fs->whiteouts;
	fs->whiteouts = node;
}

void pl_merge_whiteout(struct pl_rootfs *fs, const char *path, size_t n)
{
	struct node *dir;
	struct node *node = find_entry(fs, path, n, &dir);

	if (!node)
		return;
	pl_tree_drop_below(node, fs->layer);
	if (node->pub.layer < fs->layer)
		pl_tree_set_present(node, false);
}

void pl_merge_opaque(struct pl_rootfs *fs, const char *path, size_t n)
{
	struct node *node = find_dir(fs, path, n);

	if (!n && fs->layer)
		pl_note_ambiguity(
			fs, "", 0,
			"an opaque root: the kernel's overlay shows lower layers all the same, vfs stores do not");
	if (!n || !node || node->cleared == fs->layer + 1)
		return;
	/* once is enough: what the layer adds from now on stays */
	node->cleared = (uint16_t)(fs->layer + 1);
	pl_tree_drop_below(node, fs->layer);
}

/* Whether the layer being read has something in the directory that it also deletes. */
static bool came_back_as_directory(const struct pl_rootfs *fs, const struct node *node)
{
	return node->pub.layer == fs->layer && node->pub.type == PL_FILE_DIRECTORY;
}

void pl_merge_end_layer(struct pl_rootfs *fs)
{
	struct node *node = fs->whiteouts;

	while (node) {
		struct node *next = node->next_whiteout;

		node->whiteout = false;
		node->next_whiteout = NULL;
		if (came_back_as_directory(fs, node)) {
			pl_note_ambiguity(fs, node->pub.name, strlen(node->pub.name),
					  "a directory beside its own whiteout: in overlay stores lower layers show "
					  "through, in vfs stores they do not");
		} else {
			pl_tree_drop_below(node, fs->layer);
			if (node->pub.present && node->pub.layer < fs->layer)
				pl_tree_set_present(node, false);
			if (node->present_below)
				pl_note_ambiguity(fs, node->pub.name, strlen(node->pub.name),
						  "is deleted, and yet the same layer has files below it: overlay "
						  "stores refuse it");
		}
		node = next;
	}
	fs->whiteouts = NULL;
}
