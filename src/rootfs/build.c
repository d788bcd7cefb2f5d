/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the layers of an image, lowest first, as often as their own links make it necessary. */
#include <errno.h>
#include <string.h>

#include "rootfs_internal.h"

static struct node *next_node(struct pl_rootfs *fs, struct node *node)
{
	return pl_tree_walk(fs, node);
}

static void forget_entries(struct pl_rootfs *fs)
{
	for (struct node *node = next_node(fs, fs->root); node; node = next_node(fs, node)) {
		const struct pl_node *pub = &node->pub;

		pl_tree_set_present(node, false);
		node->pub = (struct pl_node){ .name = pub->name, .parent = pub->parent, .link = pub->link };
		node->implied = node->link_open = node->whiteout = false;
		node->next_name = node->previous_name = NULL;
		node->cleared = 0;
	}
	pl_arena_deinit(&fs->notes_arena);
	fs->problems = fs->ambiguities = NULL;
	fs->last_bad = -1;
	fs->postponed = false;
	fs->generation++;
}

static void prefix_layer(struct pl_rootfs *fs, const struct pl_layer *layer, struct pl_reason *reason)
{
	const struct pl_digest *digest = layer->digest.algorithm != PL_DIGEST_NONE ? &layer->digest : &layer->diff_id;
	struct pl_digest_text text = { "" };

	pl_reason_prefix(reason, "layer %u of %zu%s%s%s", fs->layer + 1u, fs->n_layers,
			 digest->algorithm != PL_DIGEST_NONE ? " (" : "", pl_digest_format(digest, &text),
			 digest->algorithm != PL_DIGEST_NONE ? ")" : "");
}

static int read_layer(struct pl_rootfs *fs, const struct pl_layer *layer, bool verify, struct pl_reason *reason)
{
	switch (layer->kind) {
	case PL_LAYER_DIRECTORY:
		return pl_read_dir_layer(fs, layer, reason);
	case PL_LAYER_BLOB:
		return pl_read_tar_layer(fs, layer, verify, reason);
	case PL_LAYER_ABSENT:
		break;
	}
	pl_reason_set(reason, "%s", layer->problem ? layer->problem : "is not on this machine");
	return PL_BAD_MISSING;
}

/* Return: 0 also when the layer is bad: that is noted. */
static int apply_layer(struct pl_rootfs *fs, uint16_t i, bool verify)
{
	struct pl_reason reason = { "" };
	int r;

	pl_merge_begin_layer(fs, i);
	r = read_layer(fs, &fs->layers[i], verify, &reason);
	pl_merge_end_layer(fs);
	if (!r || r == -ENOMEM)
		return r;
	if (!reason.text[0] && r == PL_BAD_LIMIT && fs->content_full)
		pl_reason_limit(&reason, "kept-content", PL_MAX_KEPT_CONTENT);
	else if (!reason.text[0] && r == PL_BAD_LIMIT)
		pl_reason_limit(&reason, "kept-arena", PL_MAX_KEPT_ARENA);
	else if (!reason.text[0])
		pl_reason_set(&reason, "%s", r < 0 ? strerror(-r) : "cannot be read");
	prefix_layer(fs, &fs->layers[i], &reason);
	pl_note_problem(fs, &reason);
	fs->last_bad = i;
	return 0;
}

static void mark_certainty(struct pl_rootfs *fs)
{
	for (struct node *node = next_node(fs, fs->root); node; node = next_node(fs, node))
		node->pub.certain = (int)node->pub.layer > fs->last_bad;
}

/* Whether the pass went by something that is wanted now. */
static bool needs_another_pass(struct pl_rootfs *fs)
{
	if (fs->postponed)
		return true;
	for (struct node *node = fs->root; node; node = next_node(fs, node)) {
		if (node->link_open || pl_node_lacks_content(node, node->want_bytes) ||
		    (node->want_pass > fs->pass && !node->pub.present))
			return true;
	}
	return false;
}

/* Follows every link that somebody wanted, so that its target is wanted too. */
static void follow_wanted_links(struct pl_rootfs *fs)
{
	for (struct node *node = fs->root; node; node = next_node(fs, node)) {
		const struct pl_node *end;
		char path[PL_MAX_PATH_BYTES];
		size_t n;

		if (node->pub.present && node->pub.type == PL_FILE_SYMLINK && pl_path_join(node, "", path, &n))
			(void)pl_rootfs_resolve(fs, NULL, path, PL_FOLLOW_LAST, &end);
	}
}

/* Links led on and on: what they lead to was never seen, so nothing is certain. */
static int note_unfinished(struct pl_rootfs *fs)
{
	struct pl_reason reason;

	if (!needs_another_pass(fs))
		return 0;
	pl_reason_limit(&reason, "passes", PL_MAX_PASSES);
	pl_note_problem(fs, &reason);
	fs->last_bad = (int)fs->n_layers - 1;
	mark_certainty(fs);
	return 0;
}

int pl_rootfs_build(struct pl_rootfs *fs, const struct pl_layer *layers, size_t n_layers,
		    const struct pl_rootfs_options *options)
{
	if (fs->built && !(fs->all_directories ? fs->postponed : needs_another_pass(fs)))
		return 0;
	fs->layers = layers;
	fs->n_layers = n_layers;
	fs->all_directories = true;
	for (size_t i = 0; i < n_layers; i++)
		fs->all_directories &= layers[i].kind == PL_LAYER_DIRECTORY;
	while (fs->pass < PL_MAX_PASSES) {
		forget_entries(fs);
		fs->pass++;
		for (size_t i = 0; i < n_layers; i++) {
			int r = apply_layer(fs, (uint16_t)i, !options->no_verify);

			if (r)
				return r;
		}
		mark_certainty(fs);
		fs->built = true;
		follow_wanted_links(fs);
		if (fs->all_directories || !needs_another_pass(fs))
			return 0;
	}
	return note_unfinished(fs);
}

int pl_rootfs_want(struct pl_rootfs *fs, const char *path, size_t content_bytes)
{
	char clean[PL_MAX_PATH_BYTES];
	size_t n;

	return pl_path_join(NULL, path, clean, &n) ? pl_tree_want(fs, clean, n, content_bytes) : PL_BAD_LIMIT;
}

int pl_rootfs_want_writable(struct pl_rootfs *fs, const char *dir)
{
	char clean[PL_MAX_PATH_BYTES];
	size_t n;
	int r;

	if (!pl_path_join(NULL, dir, clean, &n))
		return PL_BAD_LIMIT;
	r = pl_tree_want(fs, clean, n, 0);
	if (!r)
		pl_tree_find(fs, clean, n)->want_writable = true;
	return r;
}

bool pl_rootfs_watch(struct pl_rootfs *fs, const struct pl_node *dir)
{
	char path[PL_MAX_PATH_BYTES];
	struct node *node = NULL;
	size_t n;

	if (pl_path_join((const struct node *)dir, "", path, &n))
		node = pl_tree_find(fs, path, n);
	if (!node || node->want_writable)
		return false;
	node->want_writable = fs->postponed = true;
	return true;
}

static const char *nth_note(const struct note *note, size_t i)
{
	while (note && i--)
		note = note->next;
	return note ? note->text : NULL;
}

const char *pl_rootfs_problem(const struct pl_rootfs *fs, size_t i)
{
	return nth_note(fs->problems, i);
}

const char *pl_rootfs_ambiguity(const struct pl_rootfs *fs, size_t i)
{
	return nth_note(fs->ambiguities, i);
}
