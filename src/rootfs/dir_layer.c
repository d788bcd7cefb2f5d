/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer that an engine unpacked: a walk in which nothing is followed, no more is asked of a file than a check needs, and
 * directories deeper than there are descriptors for are found again by their path.
 */
#include "rootfs_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "plimsoll/fd.h"
#include "plimsoll/text.h"

/* Directories held open at once; the usual descriptor limit is 1024. */
#define MAX_OPEN_LEVELS 128
#define DENTS_BYTES 32768

struct level {
	int fd; /* -1: closed to save descriptors */
	dev_t dev;
	ino_t ino;
	size_t path_len;
	size_t names_at; /* where the names of its directories begin in walk.names */
};

struct walk {
	struct pl_rootfs *fs;
	const struct pl_layer *layer;
	int root; /* borrowed */
	struct level *levels;
	size_t n_levels;
	size_t levels_cap;
	struct pl_buf names; /* directories still to be walked, terminated names */
	char path[PL_MAX_PATH_BYTES];
	size_t path_len;
	uint64_t entries;
	bool blind; /* trusted.* attributes are hidden from us */
	struct pl_reason *reason;
	struct xattr_names xattr_names;
	char dents[DENTS_BYTES];
};

static void walk_free(struct walk **walk)
{
	struct walk *w = *walk;

	if (!w)
		return;
	for (size_t i = 0; i < w->n_levels; i++)
		pl_fd_close(&w->levels[i].fd);
	free(w->levels);
	pl_buf_deinit(&w->names);
	free(w);
}

static const char *shown(struct walk *w, struct pl_escaped *out)
{
	return pl_escape(out, w->path, w->path_len);
}

static int failed(struct walk *w, const char *what, int error)
{
	struct pl_escaped name;

	/* listed a moment ago and gone now: an engine is removing the layer */
	if (error == ENOENT || error == ESTALE || error == ENOTDIR || error == ELOOP) {
		pl_reason_set(w->reason, "/%s: changed while it was read", shown(w, &name));
		return PL_BAD_CHANGED;
	}
	pl_reason_set(w->reason, "/%s: cannot %s: %s", shown(w, &name), what, strerror(error));
	return -error;
}

static int push_component(struct walk *w, const char *name)
{
	size_t n = strlen(name);
	size_t slash = w->path_len ? 1 : 0;

	if (w->path_len + slash + n >= sizeof(w->path)) {
		pl_reason_limit(w->reason, "path-bytes", PL_MAX_PATH_BYTES);
		return PL_BAD_LIMIT;
	}
	if (slash)
		w->path[w->path_len] = '/';
	memcpy(w->path + w->path_len + slash, name, n + 1);
	w->path_len += slash + n;
	return 0;
}

static void pop_component(struct walk *w, size_t path_len)
{
	w->path_len = path_len;
	w->path[path_len] = 0;
}

/* Ids on disk below a remapped root are shifted; what the daemon itself made there is not. */
static uint32_t unshift(uint32_t id, uint32_t base, uint32_t root)
{
	if (id == root)
		return 0;
	return id >= base ? id - base : id;
}

static void fill_entry(const struct walk *w, const struct stat *st, enum pl_file_type type, struct entry *e)
{
	*e = (struct entry){ .path = w->path,
			     .path_len = w->path_len,
			     .type = type,
			     .mode = st->st_mode & 07777,
			     .uid = unshift(st->st_uid, w->layer->uid_base, w->layer->uid_root),
			     .gid = unshift(st->st_gid, w->layer->gid_base, w->layer->gid_root),
			     .major = major(st->st_rdev),
			     .minor = minor(st->st_rdev),
			     .size = (uint64_t)st->st_size };
}

static int read_content(struct walk *w, int dir, const char *name, struct node *node)
{
	size_t want = node->want_bytes;
	PL_CLEANUP_FD int fd = -1;
	ssize_t n;
	int r;

	if (want > node->pub.size)
		want = (size_t)node->pub.size;
	if (!want)
		return 0;
	fd = pl_openat(dir, name, PL_RESOLVE_NO_LINKS, 0);
	if (fd < 0)
		return failed(w, "open it", -fd);
	r = pl_node_reserve(w->fs, node, want);
	if (r)
		return r;
	n = pl_read_full(fd, node->content, want);
	if (n < 0)
		return failed(w, "read it", (int)-n);
	if ((size_t)n < want)
		return failed(w, "read it", ESTALE);
	node->pub.content = node->content;
	node->pub.n_content = want;
	return 0;
}

static int check_faithful(struct walk *w, const struct layer_xattrs *xattrs)
{
	struct pl_escaped name;

	if (!xattrs->redirected && !xattrs->overridden)
		return 0;
	pl_reason_set(w->reason, "/%s: its real content, mode or owner is kept elsewhere (%s), which is not read yet",
		      shown(w, &name),
		      xattrs->redirected ? "overlay redirect or metacopy" : "user.containers.override_stat");
	return PL_BAD_UNSUPPORTED;
}

static int visit_file(struct walk *w, int dir, const char *name, const struct stat *st)
{
	struct layer_xattrs xattrs = { 0 };
	struct node *node;
	struct entry e;
	int r;

	fill_entry(w, st, PL_FILE_REGULAR, &e);
	r = pl_layer_xattrs(dir, name, w->layer->uid_root, &w->xattr_names, &xattrs);
	if (r < 0)
		return failed(w, "list its attributes", -r);
	r = check_faithful(w, &xattrs);
	if (r)
		return r;
	if (xattrs.has_capability)
		e.capability = &xattrs.capability;
	r = pl_merge_entry(w->fs, &e, &node);
	return r || !node ? r : read_content(w, dir, name, node);
}

/* Links are looked at only when a node says that somebody cares. */
static int visit_link(struct walk *w, int dir, const char *name, const struct stat *st)
{
	char target[PL_MAX_PATH_BYTES];
	struct node *node;
	struct entry e;
	ssize_t n;

	n = readlinkat(dir, name, target, sizeof(target) - 1);
	if (n < 0)
		return failed(w, "read the link", errno);
	target[n] = 0;
	fill_entry(w, st, PL_FILE_SYMLINK, &e);
	e.link = target;
	return pl_merge_entry(w->fs, &e, &node);
}

static int visit_special(struct walk *w, const struct stat *st, enum pl_file_type type)
{
	struct node *node;
	struct entry e;

	if (type == PL_FILE_CHAR && !st->st_rdev && w->layer->whiteouts != PL_WHITEOUTS_NONE) {
		pl_merge_whiteout(w->fs, w->path, w->path_len);
		return 0;
	}
	fill_entry(w, st, type, &e);
	return pl_merge_entry(w->fs, &e, &node);
}

/* ".wh.NAME" of fuse-overlayfs and aufs. Return: 1 when it was one, 0 when not. */
static int whiteout_file(struct walk *w, const char *name, size_t parent_len)
{
	const char *hidden = name + 4;
	size_t n;

	if (w->layer->whiteouts != PL_WHITEOUTS_FILES || strncmp(name, ".wh.", 4))
		return 0;
	if (!strcmp(name, ".wh..wh..opq")) {
		pl_merge_opaque(w->fs, w->path, parent_len);
		return 1;
	}
	if (!strncmp(hidden, ".wh.", 4))
		return 1; /* aufs' own records */
	n = w->path_len - strlen(name);
	memmove(w->path + n, w->path + n + 4, strlen(hidden) + 1);
	pl_merge_whiteout(w->fs, w->path, w->path_len - 4);
	return 1;
}

static bool is_of_interest(struct walk *w, const struct node *dir_node, const char *name)
{
	return dir_node && pl_tree_child(w->fs, dir_node, name, strlen(name));
}

static int queue_directory(struct walk *w, const char *name)
{
	int r = pl_buf_append(&w->names, name, strlen(name) + 1);

	if (r != -EFBIG)
		return r;
	pl_reason_limit(w->reason, "walk-bytes", PL_MAX_WALK_BYTES);
	return PL_BAD_LIMIT;
}

static int visit(struct walk *w, int dir, const struct node *dir_node, const char *name, unsigned char type)
{
	struct stat st;

	/* the walk's cost is here: a link that nobody asked for needs no call at all */
	if ((type == DT_LNK || type == DT_FIFO || type == DT_SOCK) && !is_of_interest(w, dir_node, name))
		return 0;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(w, "look at it", errno);
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return visit_file(w, dir, name, &st);
	case S_IFLNK:
		return visit_link(w, dir, name, &st);
	case S_IFCHR:
		return visit_special(w, &st, PL_FILE_CHAR);
	case S_IFBLK:
		return visit_special(w, &st, PL_FILE_BLOCK);
	case S_IFIFO:
		return visit_special(w, &st, PL_FILE_FIFO);
	case S_IFSOCK:
		return visit_special(w, &st, PL_FILE_SOCKET);
	case S_IFDIR:
		return queue_directory(w, name);
	default:
		return failed(w, "say what kind of file it is", EINVAL);
	}
}

static int visit_named(struct walk *w, int dir, const struct node *dir_node, const char *name, unsigned char type)
{
	size_t parent_len = w->path_len;
	int r;

	if (++w->entries > PL_MAX_LAYER_ENTRIES) {
		pl_reason_limit(w->reason, "layer-entries", PL_MAX_LAYER_ENTRIES);
		return PL_BAD_LIMIT;
	}
	if (type == DT_DIR)
		return queue_directory(w, name);
	r = push_component(w, name);
	if (r)
		return r;
	if (!whiteout_file(w, name, parent_len))
		r = visit(w, dir, dir_node, name, type);
	pop_component(w, parent_len);
	return r;
}

/* The kernel's own record; getdents64(2). */
struct dent {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

/* All of a directory: files at once, directories onto the stack of names. */
static int scan(struct walk *w, const struct level *level)
{
	const struct node *dir_node = pl_tree_find(w->fs, w->path, w->path_len);
	int fd = level->fd;

	for (;;) {
		long n = syscall(SYS_getdents64, fd, w->dents, sizeof(w->dents));

		if (n < 0)
			return failed(w, "list it", errno);
		if (!n)
			return 0;
		for (long at = 0; at < n;) {
			const struct dent *dent = (const void *)(w->dents + at);
			const char *name = dent->name;
			int r = 0;

			at += dent->reclen;
			if (strcmp(name, ".") && strcmp(name, ".."))
				r = visit_named(w, fd, dir_node, name, dent->type);
			if (r)
				return r;
		}
	}
}

/* Moves *fd into the walk. */
static int add_level(struct walk *w, int *fd, const struct stat *st)
{
	if (w->n_levels == w->levels_cap) {
		size_t cap = w->levels_cap ? w->levels_cap * 2 : 32;
		struct level *levels = realloc(w->levels, cap * sizeof(*levels));

		if (!levels)
			return -ENOMEM;
		w->levels = levels;
		w->levels_cap = cap;
	}
	w->levels[w->n_levels++] = (struct level){ .fd = pl_fd_take(fd),
						   .dev = st->st_dev,
						   .ino = st->st_ino,
						   .path_len = w->path_len,
						   .names_at = w->names.len };
	if (w->n_levels > MAX_OPEN_LEVELS)
		pl_fd_close(&w->levels[w->n_levels - 1 - MAX_OPEN_LEVELS].fd);
	return 0;
}

/* Whether deletions below this directory are invisible to us and would have mattered. */
static void note_blindness(struct walk *w)
{
	const struct node *node;
	struct pl_reason text;
	struct pl_escaped name;

	if (!w->blind || w->layer->whiteouts == PL_WHITEOUTS_NONE)
		return;
	node = pl_tree_find(w->fs, w->path, w->path_len);
	if (!node || !node->present_below)
		return;
	pl_reason_set(&text,
		      "layer %u of %zu: /%s: whether it hides lower layers cannot be seen without CAP_SYS_ADMIN; they "
		      "are counted as visible",
		      w->fs->layer + 1u, w->fs->n_layers, shown(w, &name));
	pl_note_problem(w->fs, &text);
	w->blind = false; /* once is enough */
}

/* Takes over `fd`, a directory at w->path. */
static int enter(struct walk *w, int owned)
{
	PL_CLEANUP_FD int fd = owned;
	struct layer_xattrs xattrs;
	struct node *node;
	struct entry e;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return failed(w, "look at it", errno);
	fill_entry(w, &st, PL_FILE_DIRECTORY, &e);
	r = pl_merge_entry(w->fs, &e, &node);
	if (r)
		return r;
	r = pl_layer_xattrs(fd, NULL, w->layer->uid_root, &w->xattr_names, &xattrs);
	if (r < 0)
		return failed(w, "list its attributes", -r);
	r = check_faithful(w, &xattrs);
	if (r)
		return r;
	/* the kernel does not heed it at a layer's root */
	if (xattrs.opaque && w->path_len && w->layer->whiteouts != PL_WHITEOUTS_NONE)
		pl_merge_opaque(w->fs, w->path, w->path_len);
	else
		note_blindness(w);
	r = add_level(w, &fd, &st);
	return r ? r : scan(w, &w->levels[w->n_levels - 1]);
}

static int reopen(struct walk *w, struct level *level)
{
	struct stat st;

	if (level->fd >= 0)
		return 0;
	level->fd = pl_openat(w->root, w->path_len ? w->path : ".", PL_RESOLVE_NO_LINKS, O_DIRECTORY);
	if (level->fd < 0)
		return failed(w, "open it again", -level->fd);
	if (fstat(level->fd, &st) < 0)
		return failed(w, "look at it", errno);
	return st.st_dev == level->dev && st.st_ino == level->ino ? 0 : failed(w, "open it again", ESTALE);
}

static int descend(struct walk *w, struct level *level)
{
	const char *end = (const char *)w->names.data + w->names.len - 1;
	const char *name =
		memrchr((const char *)w->names.data + level->names_at, 0, w->names.len - 1 - level->names_at);
	size_t names_len;
	int fd, r;

	name = name ? name + 1 : (const char *)w->names.data + level->names_at;
	names_len = w->names.len - (size_t)(end - name) - 1;
	r = reopen(w, level);
	if (!r)
		r = push_component(w, name);
	if (r)
		return r;
	fd = pl_openat(level->fd, name, PL_RESOLVE_NO_LINKS, O_DIRECTORY);
	w->names.len = names_len;
	return fd < 0 ? failed(w, "open it", -fd) : enter(w, fd);
}

static struct walk *walk_new(struct pl_rootfs *fs, struct pl_reason *reason)
{
	struct walk *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->fs = fs;
	w->reason = reason;
	pl_buf_init(&w->names, PL_MAX_WALK_BYTES);
	return w;
}

int pl_read_dir_layer(struct pl_rootfs *fs, const struct pl_layer *layer, struct pl_reason *reason)
{
	__attribute__((cleanup(walk_free))) struct walk *w = walk_new(fs, reason);
	PL_CLEANUP_FD int root = -1;
	struct stat st;
	int fd, r;

	if (!w)
		return -ENOMEM;
	w->layer = layer;
	w->blind = fs->layer > 0 && !pl_sees_trusted_xattrs();
	root = pl_openat(layer->dir, layer->path, PL_RESOLVE_NO_LINKS, O_DIRECTORY);
	if (root < 0)
		return failed(w, "open the layer", -root);
	w->root = root;
	fd = pl_openat(root, ".", PL_RESOLVE_NO_LINKS, O_DIRECTORY);
	if (fd < 0)
		return failed(w, "open the layer", -fd);
	r = enter(w, fd);
	while (!r && w->n_levels) {
		struct level *level = &w->levels[w->n_levels - 1];

		pop_component(w, level->path_len);
		if (w->names.len > level->names_at) {
			r = descend(w, level);
			continue;
		}
		pl_fd_close(&level->fd);
		w->n_levels--;
	}
	/* removing an unpacked layer ends with its own directory */
	if (!r && (fstat(root, &st) < 0 || !st.st_nlink)) {
		pl_reason_set(reason, "was removed while it was read");
		return PL_BAD_CHANGED;
	}
	return r;
}

/* What one layer says of a path. */
enum said { SAID_NOTHING, SAID_HERE, SAID_HIDDEN };

static bool exists(int dir, const char *prefix, const char *name, size_t n)
{
	char path[sizeof(".wh.") + PL_MAX_NAME_BYTES];
	struct stat st;

	if (n > PL_MAX_NAME_BYTES)
		return false;
	snprintf(path, sizeof(path), "%s%.*s", prefix, (int)n, name);
	return !fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW);
}

/* The path itself, which the layer has. */
static int probe_here(struct walk *w, int dir, const char *name, const struct stat *st)
{
	struct node *node;
	struct entry e;

	if (!S_ISDIR(st->st_mode))
		return visit(w, dir, NULL, name, DT_UNKNOWN);
	fill_entry(w, st, PL_FILE_DIRECTORY, &e);
	return pl_merge_entry(w->fs, &e, &node);
}

/* Looks for w->path in one layer: from its root on, nothing followed. */
static int probe_layer(struct walk *w, enum said *said_out)
{
	const bool files = w->layer->whiteouts == PL_WHITEOUTS_FILES;
	PL_CLEANUP_FD int dir = pl_openat(w->layer->dir, w->layer->path, PL_RESOLVE_NO_LINKS, O_DIRECTORY);
	bool opaque = false;
	size_t at = 0;

	if (dir < 0)
		return failed(w, "open the layer", -dir);
	for (;;) {
		char name[PL_MAX_NAME_BYTES + 1];
		size_t len = strcspn(w->path + at, "/");
		struct layer_xattrs xattrs;
		struct stat st;
		int next, r;

		*said_out = opaque ? SAID_HIDDEN : SAID_NOTHING;
		if (len > PL_MAX_NAME_BYTES)
			return 0;
		memcpy(name, w->path + at, len);
		name[len] = 0;
		if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			if (errno != ENOENT)
				return failed(w, "look at it", errno);
			if (files && exists(dir, ".wh.", name, len))
				*said_out = SAID_HIDDEN;
			return 0;
		}
		at += len;
		if (!w->path[at]) {
			*said_out = SAID_HERE;
			return probe_here(w, dir, name, &st);
		}
		at++;
		*said_out = SAID_HIDDEN;
		if (!S_ISDIR(st.st_mode))
			return 0;
		next = pl_openat(dir, name, PL_RESOLVE_NO_LINKS, O_DIRECTORY);
		if (next < 0)
			return failed(w, "open it", -next);
		pl_fd_close(&dir);
		dir = next;
		r = pl_layer_xattrs(dir, NULL, w->layer->uid_root, &w->xattr_names, &xattrs);
		if (r < 0)
			return failed(w, "list its attributes", -r);
		opaque |= xattrs.opaque || (files && exists(dir, ".wh.", ".wh..opq", 8));
	}
}

int pl_probe(struct pl_rootfs *fs, struct node *node)
{
	struct pl_reason reason = { "" };
	__attribute__((cleanup(walk_free))) struct walk *w = walk_new(fs, &reason);
	enum said said = SAID_NOTHING;

	if (!w)
		return -ENOMEM;
	if (!pl_path_join(node, "", w->path, &w->path_len))
		return PL_BAD_LIMIT;
	for (size_t i = fs->n_layers; i-- && said == SAID_NOTHING;) {
		int r;

		fs->layer = (uint16_t)i;
		w->layer = &fs->layers[i];
		r = probe_layer(w, &said);
		if (r)
			return r;
	}
	node->probed = true;
	node->pub.certain = (int)node->pub.layer > fs->last_bad;
	return 0;
}
