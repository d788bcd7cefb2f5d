/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer as a tar, plain or compressed, read once from front to back in bounded memory.
 *
 * Engines extract through symbolic links that the same layer made before (facts of docker, containerd and podman; links of
 * lower layers are not followed). Links are not kept, so their paths are remembered as hashes: an entry whose way leads over
 * one asks for that link and for another pass, in which the link is known.
 */
#include "rootfs_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "plimsoll/fd.h"
#include "plimsoll/path.h"
#include "plimsoll/stream.h"
#include "plimsoll/tar.h"

struct feed {
	struct pl_rootfs *fs;
	struct pl_tar *tar;
	struct pl_reason *reason;
	struct pl_tar_entry raw;
	char path[PL_MAX_PATH_BYTES];
	size_t path_len;
	char link[PL_MAX_PATH_BYTES];
	char rest[2 * PL_MAX_PATH_BYTES]; /* of a path that is led over links */
	uint64_t entries;
	uint64_t link_bytes;
};

/* The entry can only be placed in another pass, or not at all. Verdicts and errors are other numbers. */
#define WAITS 1000

#define HASH_START 0xcbf29ce484222325u /* FNV-1a */

static uint64_t hash_step(uint64_t hash, char c)
{
	return (hash ^ (uint8_t)c) * 0x100000001b3u;
}

/* Return: the slot of the hash, or the free one where it belongs. */
static uint64_t *link_slot(struct pl_rootfs *fs, uint64_t hash)
{
	size_t i = (size_t)(hash ^ hash >> 29) & (fs->links_cap - 1);

	while (fs->links[i] && fs->links[i] != hash)
		i = (i + 1) & (fs->links_cap - 1);
	return &fs->links[i];
}

static int grow_links(struct pl_rootfs *fs)
{
	size_t old_cap = fs->links_cap;
	uint64_t *old = fs->links;

	if (fs->n_links >= PL_MAX_LAYER_LINKS)
		return PL_BAD_LIMIT;
	fs->links_cap = old_cap ? old_cap * 2 : 1024;
	fs->links = calloc(fs->links_cap, sizeof(*fs->links));
	if (!fs->links) {
		fs->links = old;
		fs->links_cap = old_cap;
		return -ENOMEM;
	}
	for (size_t i = 0; i < old_cap; i++)
		if (old[i])
			*link_slot(fs, old[i]) = old[i];
	free(old);
	return 0;
}

static uint64_t hash_path(const char *path, size_t n)
{
	uint64_t hash = HASH_START;

	for (size_t i = 0; i < n; i++)
		hash = hash_step(hash, path[i]);
	return hash + !hash;
}

static int remember_link(struct feed *f)
{
	struct pl_rootfs *fs = f->fs;
	uint64_t hash = hash_path(f->path, f->path_len);
	uint64_t *slot;

	if (2 * (fs->n_links + 1) > fs->links_cap) {
		int r = grow_links(fs);

		if (r == PL_BAD_LIMIT)
			pl_reason_limit(f->reason, "layer-links", PL_MAX_LAYER_LINKS);
		if (r)
			return r;
	}
	slot = link_slot(fs, hash);
	fs->n_links += !*slot;
	*slot = hash;
	return 0;
}

/* Whether the way to the entry leads over a link of this layer. */
static bool has_link_prefix(struct pl_rootfs *fs, const char *path, size_t n)
{
	uint64_t hash = HASH_START;

	for (size_t i = 0; fs->n_links && i < n; i++) {
		if (i && path[i] == '/' && *link_slot(fs, hash + !hash))
			return true;
		hash = hash_step(hash, path[i]);
	}
	return false;
}

static int link_limit(struct feed *f, const char *name, uint64_t limit)
{
	pl_reason_limit(f->reason, name, limit);
	return PL_BAD_LIMIT;
}

/*
 * The link of this layer that path is, or null. Return: 0; WAITS when it is one that this pass passed by, as nobody cared for it
 * then; a verdict.
 */
static int find_link(struct feed *f, const char *path, size_t n, const struct node **link_out)
{
	struct pl_rootfs *fs = f->fs;
	const struct node *node;

	*link_out = NULL;
	f->link_bytes += n;
	if (!*link_slot(fs, hash_path(path, n)))
		return 0;
	node = pl_tree_find(fs, path, n);
	if (node && node->pub.present) {
		/* if not, the layer replaced the link, or it is another path with the same hash */
		if (node->pub.type == PL_FILE_SYMLINK && node->pub.layer == fs->layer)
			*link_out = node;
		return 0;
	}
	if (node && node->want_pass != PL_NOT_WANTED && node->want_pass <= fs->pass)
		return 0;
	fs->postponed = true;
	return pl_tree_want(fs, path, n, 0) ? PL_BAD_LIMIT : WAITS;
}

/* Puts the target of the link that `done` ends in before what is still to go. */
static int turn_off(struct feed *f, const struct node *link, char done[static PL_MAX_PATH_BYTES], size_t *n,
		    const char *after)
{
	const char *target = link->pub.link;
	const char *slash = memrchr(done, '/', *n);
	size_t target_n = strlen(target), after_n = strlen(after);

	f->link_bytes += target_n + after_n;
	if (f->link_bytes > PL_MAX_LINK_BYTES)
		return link_limit(f, "link-bytes", PL_MAX_LINK_BYTES);
	if (target_n + 1 + after_n >= sizeof(f->rest))
		return link_limit(f, "path-bytes", PL_MAX_PATH_BYTES);
	memmove(f->rest + target_n + 1, after, after_n + 1);
	memcpy(f->rest, target, target_n);
	f->rest[target_n] = '/';
	*n = slash && target[0] != '/' ? (size_t)(slash - done) : 0;
	return 0;
}

static bool add_component(char path[static PL_MAX_PATH_BYTES], size_t *n, const char *name, size_t len)
{
	if (*n + 1 + len >= PL_MAX_PATH_BYTES)
		return false;
	if (*n)
		path[(*n)++] = '/';
	memcpy(path + *n, name, len);
	*n += len;
	path[*n] = 0;
	return true;
}

/*
 * Leads the path over links of this layer to where engines put the entry, component by component: a ".." in a link leads back
 * from where the links before it led. The last component is not followed.
 * Return: 0; WAITS when a link on the way is not known in this pass, and the entry waits for the next; a verdict.
 */
static int lead_over_links(struct feed *f, char path[static PL_MAX_PATH_BYTES], size_t *n_inout)
{
	unsigned int links = 0;
	const char *rest = f->rest;
	size_t n = 0;

	if (!has_link_prefix(f->fs, path, *n_inout))
		return 0;
	memcpy(f->rest, path, *n_inout + 1);
	while (*rest) {
		size_t len = strcspn(rest, "/");
		const char *after = rest + len + strspn(rest + len, "/");
		const struct node *link = NULL;
		int r = 0;

		if (len == 2 && rest[0] == '.' && rest[1] == '.') {
			const char *slash = memrchr(path, '/', n);

			n = slash ? (size_t)(slash - path) : 0;
		} else if (len && !(len == 1 && rest[0] == '.')) {
			if (!add_component(path, &n, rest, len))
				return link_limit(f, "path-bytes", PL_MAX_PATH_BYTES);
			if (*after)
				r = find_link(f, path, n, &link);
		}
		if (!r && link && ++links > PL_MAX_LINKS) {
			pl_note_ambiguity(f->fs, path, n,
					  "leads through more links than the kernel follows: engines refuse the layer");
			return WAITS;
		}
		if (!r && link)
			r = turn_off(f, link, path, &n, after);
		if (r)
			return r;
		rest = link ? f->rest : after;
	}
	path[n] = 0;
	*n_inout = n;
	return 0;
}

static void note_path(struct feed *f, unsigned int flags)
{
	if (flags & PL_PATH_CLAMPED)
		pl_note_ambiguity(f->fs, f->raw.name, f->raw.name_len,
				  "climbs above the root: older docker, containerd and podman stay at the root, newer "
				  "docker refuses the layer");
}

static int normalise(struct feed *f, const char *raw, size_t n, char out[static PL_MAX_PATH_BYTES], size_t *n_out)
{
	unsigned int flags = 0;
	int r = pl_path_normalise(raw, n, out, n_out, &flags);

	if (r) {
		pl_reason_set(f->reason, "tar, offset %llu: a name is longer than a file system allows (limit %s)",
			      (unsigned long long)pl_tar_offset(f->tar),
			      n >= PL_MAX_PATH_BYTES ? "path-bytes" : "name-bytes");
		return PL_BAD_LIMIT;
	}
	note_path(f, flags);
	return lead_over_links(f, out, n_out);
}

static void check_attributes(struct feed *f, struct entry *e, struct pl_file_capability *capability)
{
	static const char *const forged[] = { "trusted.overlay.opaque", "trusted.overlay.redirect",
					      "trusted.overlay.metacopy" };
	const uint8_t *value;
	size_t n;

	if (f->raw.refusal)
		pl_note_ambiguity(f->fs, f->path, f->path_len, f->raw.refusal);
	if (pl_tar_xattr(f->tar, "security.capability", &value, &n)) {
		if (!pl_file_capability_parse(value, n, capability))
			e->capability = capability;
		else
			pl_note_ambiguity(f->fs, f->path, f->path_len,
					  "has a security.capability attribute that the kernel would refuse");
	}
	for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++)
		if (pl_tar_xattr(f->tar, forged[i], &value, &n))
			pl_note_ambiguity(
				f->fs, f->path, f->path_len,
				"carries overlayfs' own attributes: docker and podman apply them, containerd does not");
}

static int keep_content(struct feed *f, struct node *node)
{
	size_t want = node->want_bytes < f->raw.size ? node->want_bytes : (size_t)f->raw.size;
	size_t have = 0;
	int r;

	if (!want || node->pub.type != PL_FILE_REGULAR)
		return 0;
	r = pl_node_reserve(f->fs, node, want);
	while (!r && have < want) {
		const uint8_t *bytes;
		size_t n;

		r = pl_tar_read(f->tar, &bytes, &n, f->reason);
		if (r || !n)
			break;
		if (n > want - have)
			n = want - have;
		memcpy(node->content + have, bytes, n);
		have += n;
	}
	node->pub.content = have ? node->content : NULL;
	node->pub.n_content = have;
	return r;
}

/* ".wh.NAME" and its kin. Return: whether the entry was one. */
static bool whiteout(struct feed *f)
{
	const char *slash = memrchr(f->path, '/', f->path_len);
	size_t base = slash ? (size_t)(slash - f->path) + 1 : 0;
	const char *name = f->path + base;
	size_t n = f->path_len - base;

	if (n < 4 || memcmp(name, ".wh.", 4))
		return false;
	if (n == 12 && !memcmp(name, ".wh..wh..opq", 12)) {
		pl_merge_opaque(f->fs, f->path, base ? base - 1 : 0);
		return true;
	}
	if (n > 8 && !memcmp(name + 4, ".wh.", 4))
		return true; /* aufs' own records: engines leave something harmless behind */
	if (n == 4 || (n == 5 && name[4] == '.') || (n == 6 && name[4] == '.' && name[5] == '.')) {
		pl_note_ambiguity(f->fs, f->path, f->path_len, "is a whiteout of nothing: engines refuse the layer");
		return true;
	}
	memmove(f->path + base, name + 4, n - 4);
	pl_merge_tar_whiteout(f->fs, f->path, f->path_len - 4);
	return true;
}

static int fill_hard_link(struct feed *f, struct entry *e)
{
	size_t n = 0;
	int r = normalise(f, f->raw.link, f->raw.link_len, f->link, &n);

	e->hard_link = true;
	e->type = PL_FILE_REGULAR;
	e->link = f->link;
	/* another name of a link is a link */
	if (!r && f->fs->n_links && *link_slot(f->fs, hash_path(f->link, n)))
		r = remember_link(f);
	return r;
}

/* What kind of entry it is. Return: 0 to merge it; WAITS: there is nothing to merge, or not in this pass; a verdict. */
static int fill_entry(struct feed *f, struct entry *e, struct pl_file_capability *capability)
{
	const struct pl_tar_entry *raw = &f->raw;

	switch (raw->type) {
	case PL_TAR_REGULAR:
		e->type = PL_FILE_REGULAR;
		check_attributes(f, e, capability);
		return 0;
	case PL_TAR_DIRECTORY:
		e->type = PL_FILE_DIRECTORY;
		check_attributes(f, e, capability);
		e->capability = NULL;
		return 0;
	case PL_TAR_HARD_LINK:
		check_attributes(f, e, capability);
		return fill_hard_link(f, e);
	case PL_TAR_SYMLINK:
		e->type = PL_FILE_SYMLINK;
		e->link = raw->link;
		return remember_link(f);
	case PL_TAR_CHAR:
		e->type = PL_FILE_CHAR;
		if (raw->major || raw->minor)
			return 0;
		/* overlayfs takes such a device for a whiteout, whoever made it */
		pl_note_ambiguity(f->fs, f->path, f->path_len,
				  "a device 0:0: overlay stores take it for a whiteout, vfs stores do not");
		pl_merge_tar_whiteout(f->fs, f->path, f->path_len);
		return WAITS;
	case PL_TAR_BLOCK:
		e->type = PL_FILE_BLOCK;
		return 0;
	case PL_TAR_FIFO:
		e->type = PL_FILE_FIFO;
		return 0;
	case PL_TAR_GLOBAL:
		break;
	}
	return WAITS;
}

static int feed_entry(struct feed *f)
{
	const struct pl_tar_entry *raw = &f->raw;
	struct pl_file_capability capability;
	struct entry e = { .tar = true,
			   .mode = raw->mode,
			   .uid = raw->uid,
			   .gid = raw->gid,
			   .major = raw->major,
			   .minor = raw->minor,
			   .size = raw->size };
	struct node *node;
	int r = normalise(f, raw->name, raw->name_len, f->path, &f->path_len);

	if (!r)
		r = whiteout(f) ? WAITS : fill_entry(f, &e, &capability);
	if (r)
		return r == WAITS ? 0 : r;
	e.path = f->path;
	e.path_len = f->path_len;
	r = pl_merge_entry(f->fs, &e, &node);
	return r || !node ? r : keep_content(f, node);
}

static int feed_all(struct feed *f)
{
	for (;;) {
		bool end = false;
		int r = pl_tar_next(f->tar, &f->raw, &end, f->reason);

		if (r || end)
			return r;
		if (++f->entries > PL_MAX_LAYER_ENTRIES) {
			pl_reason_limit(f->reason, "layer-entries", PL_MAX_LAYER_ENTRIES);
			return PL_BAD_LIMIT;
		}
		r = feed_entry(f);
		if (r)
			return r;
	}
}

/* Puts `expected` between a stream and its readers, when there is one. */
static int verify_stream(struct pl_stream **stream, const struct pl_digest *expected)
{
	struct pl_stream *verifying;
	int r;

	if (expected->algorithm == PL_DIGEST_NONE)
		return 0;
	r = pl_stream_verify(*stream, expected, &verifying);
	if (!r)
		*stream = verifying;
	return r;
}

static int open_stream(const struct pl_layer *layer, int fd, bool verify, struct pl_stream **out,
		       struct pl_reason *reason)
{
	PL_CLEANUP_STREAM struct pl_stream *stream = NULL;
	enum pl_compression compression = PL_COMPRESSION_NONE;
	struct pl_stream *plain;
	int r = pl_stream_file(fd, &stream);

	if (!r && verify)
		r = verify_stream(&stream, &layer->digest);
	if (!r)
		r = pl_stream_decompress(stream, &plain, &compression, reason);
	if (r)
		return r;
	stream = plain;
	/* a plain tar's own digest is its diff id: once is enough */
	if (verify && !(compression == PL_COMPRESSION_NONE && pl_digest_equal(&layer->digest, &layer->diff_id)))
		r = verify_stream(&stream, &layer->diff_id);
	if (r)
		return r;
	*out = stream;
	stream = NULL;
	return 0;
}

static void feed_deinit(struct feed *feed)
{
	pl_tar_free(&feed->tar);
}

int pl_read_tar_layer(struct pl_rootfs *fs, const struct pl_layer *layer, bool verify, struct pl_reason *reason)
{
	PL_CLEANUP_STREAM struct pl_stream *stream = NULL;
	__attribute__((cleanup(feed_deinit))) struct feed f = { .fs = fs, .reason = reason };
	PL_CLEANUP_FD int fd = -1;
	struct stat st;
	int r;

	fd = pl_openat(layer->dir, layer->path, PL_RESOLVE_NO_LINKS, 0);
	if (fd < 0 || fstat(fd, &st) < 0) {
		r = fd < 0 ? fd : -errno;
		pl_reason_set(reason, "cannot open its blob: %s", strerror(-r));
		return r == -ENOENT ? PL_BAD_MISSING : r;
	}
	if (!S_ISREG(st.st_mode)) {
		pl_reason_set(reason, "its blob is not a regular file");
		return PL_BAD_SYNTAX;
	}
	r = open_stream(layer, fd, verify, &stream, reason);
	if (!r)
		r = pl_tar_new(stream, &f.tar);
	if (!r)
		r = feed_all(&f);
	/* to the end, so that digests cover all of it, and what is wrong behind the last entry is told with and without them */
	return r ? r : pl_tar_drain(f.tar, reason);
}
