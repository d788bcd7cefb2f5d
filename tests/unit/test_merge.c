/* SPDX-License-Identifier: Apache-2.0 */
/* Layer semantics entry by entry, as facts of the engines' overlay stores have them; no file system involved. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rootfs/rootfs_internal.h"

static const struct pl_layer layers[8];

struct fixture {
	struct pl_rootfs *fs;
};

static int setup(void **state)
{
	static struct fixture f;

	assert_int_equal(pl_rootfs_new(&f.fs), 0);
	f.fs->layers = layers;
	f.fs->n_layers = 8;
	f.fs->pass = 1;
	pl_merge_begin_layer(f.fs, 0);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	pl_rootfs_free(&f->fs);
	return 0;
}

static void next_layer(struct pl_rootfs *fs)
{
	uint16_t next = (uint16_t)(fs->layer + 1);

	pl_merge_end_layer(fs);
	pl_merge_begin_layer(fs, next);
}

static struct node *add(struct pl_rootfs *fs, enum pl_file_type type, const char *path, uint32_t mode, const char *link)
{
	struct entry e = {
		.path = path, .path_len = strlen(path), .type = type, .mode = mode, .link = link, .tar = true
	};
	struct node *node = NULL;

	assert_int_equal(pl_merge_entry(fs, &e, &node), 0);
	return node;
}

static void file(struct pl_rootfs *fs, const char *path, uint32_t mode)
{
	(void)add(fs, PL_FILE_REGULAR, path, mode, NULL);
}

static void dir(struct pl_rootfs *fs, const char *path)
{
	(void)add(fs, PL_FILE_DIRECTORY, path, 0755, NULL);
}

static void hard_link(struct pl_rootfs *fs, const char *path, const char *target, uint32_t mode)
{
	struct entry e = {
		.path = path, .path_len = strlen(path), .mode = mode, .link = target, .hard_link = true, .tar = true
	};
	struct node *node;

	assert_int_equal(pl_merge_entry(fs, &e, &node), 0);
}

static void whiteout(struct pl_rootfs *fs, const char *path)
{
	pl_merge_tar_whiteout(fs, path, strlen(path));
}

/* All present nodes but the root, "path:mode" with blanks between, in order. */
static const char *present(struct pl_rootfs *fs)
{
	static char text[4096];
	const struct pl_node *node = NULL;
	struct pl_arena arena;

	pl_merge_end_layer(fs);
	pl_arena_init(&arena, (size_t)1 << 20);
	text[0] = 0;
	while ((node = pl_rootfs_next(fs, node))) {
		size_t n = strlen(text);

		snprintf(text + n, sizeof(text) - n, "%s%s:%o", n ? " " : "", pl_node_path(node, &arena), node->mode);
	}
	pl_arena_deinit(&arena);
	return text;
}

static bool noted(const struct pl_rootfs *fs, const char *part)
{
	for (size_t i = 0; pl_rootfs_ambiguity(fs, i); i++)
		if (strstr(pl_rootfs_ambiguity(fs, i), part))
			return true;
	return false;
}

#define FS(state) (((struct fixture *)*(state))->fs)

static void keeps_only_what_matters(void **state)
{
	struct pl_rootfs *fs = FS(state);

	dir(fs, "usr");
	file(fs, "usr/plain", 0755);
	file(fs, "usr/su", 04755);
	file(fs, "usr/wall", 02755);
	(void)add(fs, PL_FILE_SYMLINK, "usr/link", 0777, "su");
	(void)add(fs, PL_FILE_DIRECTORY, "usr/shared", 02775, NULL);
	assert_string_equal(present(fs), "/usr/su:4755 /usr/wall:2755");
}

static void wanted_paths_come_with_their_directories(void **state)
{
	struct pl_rootfs *fs = FS(state);

	fs->pass = 0;
	assert_int_equal(pl_rootfs_want(fs, "/etc/passwd", 100), 0);
	fs->pass = 1;
	dir(fs, "etc");
	file(fs, "etc/passwd", 0644);
	file(fs, "etc/shadow", 0600);
	assert_string_equal(present(fs), "/etc:755 /etc/passwd:644");
}

static void later_layer_shadows(void **state)
{
	struct pl_rootfs *fs = FS(state);

	file(fs, "bin/su", 04755);
	next_layer(fs);
	file(fs, "bin/su", 0755);
	assert_string_equal(present(fs), "");
}

static void file_over_directory_hides_all_below(void **state)
{
	struct pl_rootfs *fs = FS(state);

	file(fs, "d/a/su", 04755);
	next_layer(fs);
	file(fs, "d", 0644);
	assert_string_equal(present(fs), "");
}

static void directory_over_directory_merges(void **state)
{
	struct pl_rootfs *fs = FS(state);

	file(fs, "d/su", 04755);
	next_layer(fs);
	dir(fs, "d");
	assert_string_equal(present(fs), "/d/su:4755");
}

static void whiteout_deletes_lower(void **state)
{
	struct pl_rootfs *fs = FS(state);

	file(fs, "d/su", 04755);
	file(fs, "d/su2", 04755);
	next_layer(fs);
	whiteout(fs, "d/su");
	whiteout(fs, "d/absent");
	assert_string_equal(present(fs), "/d/su2:4755");
}

static void whiteout_of_a_parent_deletes_all_below(void **state)
{
	struct pl_rootfs *fs = FS(state);

	file(fs, "d/a/b/su", 04755);
	next_layer(fs);
	whiteout(fs, "d");
	assert_string_equal(present(fs), "");
}

static void whiteout_counts_for_lower_layers_only(void **state)
{
	struct pl_rootfs *fs = FS(state);

	file(fs, "su", 04755);
	next_layer(fs);
	whiteout(fs, "su");
	file(fs, "su", 04711);
	assert_string_equal(present(fs), "/su:4711");
}

static void file_then_its_whiteout_stays_and_is_noted(void **state)
{
	struct pl_rootfs *fs = FS(state);

	file(fs, "su", 04711);
	whiteout(fs, "su");
	assert_string_equal(present(fs), "/su:4711");
	assert_true(noted(fs, "beside its own whiteout"));
}

static void whiteout_then_directory_shows_lower_layers(void **state)
{
	struct pl_rootfs *fs = FS(state);

	file(fs, "d/su", 04755);
	next_layer(fs);
	whiteout(fs, "d");
	dir(fs, "d");
	assert_string_equal(present(fs), "/d/su:4755");
	assert_true(noted(fs, "lower layers show through"));
}

static void opaque_hides_lower_and_keeps_own_whatever_the_order(void **state)
{
	struct pl_rootfs *fs = FS(state);

	file(fs, "d/old", 04755);
	next_layer(fs);
	file(fs, "d/new1", 04755);
	pl_merge_opaque(fs, "d", 1);
	file(fs, "d/new2", 04755);
	assert_string_equal(present(fs), "/d/new1:4755 /d/new2:4755");
}

static void hard_link_is_what_its_target_is(void **state)
{
	struct pl_rootfs *fs = FS(state);

	file(fs, "bin/su", 04755);
	hard_link(fs, "bin/other", "bin/su", 04755);
	file(fs, "bin/plain", 0755);
	hard_link(fs, "bin/second", "bin/plain", 0755);
	assert_string_equal(present(fs), "/bin/other:4755 /bin/su:4755");
}

static void hard_link_changes_its_target(void **state)
{
	struct pl_rootfs *fs = FS(state);

	file(fs, "su", 04755);
	hard_link(fs, "again", "su", 06755);
	hard_link(fs, "third", "again", 02755);
	assert_string_equal(present(fs), "/again:2755 /su:2755 /third:2755");
	hard_link(fs, "tame", "third", 0755);
	assert_string_equal(present(fs), "/again:755 /su:755 /third:755");
}

static void hard_link_to_what_was_passed_by_wants_every_name(void **state)
{
	struct pl_rootfs *fs = FS(state);

	for (fs->pass = 1; fs->pass <= 2; fs->pass++) {
		file(fs, "plain", 0755);
		hard_link(fs, "second", "plain", 0755);
		hard_link(fs, "third", "plain", 04755);
		if (fs->pass == 1)
			assert_string_equal(present(fs), "/third:4755");
	}
	assert_string_equal(present(fs), "/plain:4755 /second:4755 /third:4755");
}

static void replaced_name_leaves_the_others_alone(void **state)
{
	struct pl_rootfs *fs = FS(state);

	file(fs, "a", 04755);
	hard_link(fs, "b", "a", 04755);
	next_layer(fs);
	file(fs, "a", 02755);
	hard_link(fs, "c", "a", 02711);
	assert_string_equal(present(fs), "/a:2711 /b:4755 /c:2711");
}

static void opaque_root_hides_nothing(void **state)
{
	struct pl_rootfs *fs = FS(state);

	file(fs, "su", 04755);
	next_layer(fs);
	pl_merge_opaque(fs, "", 0);
	assert_string_equal(present(fs), "/su:4755");
	assert_true(noted(fs, "an opaque root"));
}

static void hard_link_outlives_its_target(void **state)
{
	struct pl_rootfs *fs = FS(state);

	file(fs, "a", 04755);
	hard_link(fs, "b", "a", 04755);
	next_layer(fs);
	whiteout(fs, "a");
	assert_string_equal(present(fs), "/b:4755");
}

static void hard_link_to_a_lower_layer_is_noted(void **state)
{
	struct pl_rootfs *fs = FS(state);

	file(fs, "a", 04755);
	next_layer(fs);
	hard_link(fs, "b", "a", 04755);
	assert_string_equal(present(fs), "/a:4755 /b:4755");
	assert_true(noted(fs, "hard link to a file of a lower layer"));
}

static void lower_link_becomes_a_directory(void **state)
{
	struct pl_rootfs *fs = FS(state);

	fs->pass = 0;
	assert_int_equal(pl_rootfs_want(fs, "bin", 0), 0);
	fs->pass = 1;
	(void)add(fs, PL_FILE_SYMLINK, "bin", 0777, "usr/bin");
	next_layer(fs);
	file(fs, "bin/su", 04755);
	assert_string_equal(present(fs), "/bin:755 /bin/su:4755");
	assert_true(noted(fs, "becomes a directory here"));
}

static void duplicate_takes_the_last_and_is_noted(void **state)
{
	struct pl_rootfs *fs = FS(state);

	file(fs, "su", 04755);
	file(fs, "su", 0755);
	assert_string_equal(present(fs), "");
	assert_true(noted(fs, "stands twice"));
}

static void writable_files_of_a_watched_directory(void **state)
{
	struct pl_rootfs *fs = FS(state);
	struct entry e = { .path = "bin/mine", .path_len = 8, .mode = 0755, .uid = 1000 };
	struct node *node;

	fs->pass = 0;
	assert_int_equal(pl_rootfs_want_writable(fs, "/bin"), 0);
	fs->pass = 1;
	dir(fs, "bin");
	file(fs, "bin/root", 0755);
	file(fs, "bin/group", 0775);
	file(fs, "bin/world", 0757);
	assert_int_equal(pl_merge_entry(fs, &e, &node), 0);
	hard_link(fs, "bin/root2", "bin/root", 0755);
	assert_string_equal(present(fs), "/bin:755 /bin/group:775 /bin/mine:755 /bin/world:757");
	assert_false(node->link_open);
}

static void resolves_links_inside_only(void **state)
{
	struct pl_rootfs *fs = FS(state);
	const struct pl_node *node;

	fs->pass = 0;
	assert_int_equal(pl_rootfs_want(fs, "bin/sh", 0), 0);
	assert_int_equal(pl_rootfs_want(fs, "usr/bin/dash", 0), 0);
	assert_int_equal(pl_rootfs_want(fs, "loop", 0), 0);
	assert_int_equal(pl_rootfs_want(fs, "gone/x", 0), 0);
	fs->pass = 1;
	fs->built = true;
	dir(fs, "usr");
	dir(fs, "usr/bin");
	(void)add(fs, PL_FILE_SYMLINK, "bin", 0777, "../../../usr/bin");
	(void)add(fs, PL_FILE_SYMLINK, "usr/bin/sh", 0777, "/usr/bin/dash");
	(void)add(fs, PL_FILE_SYMLINK, "loop", 0777, "loop");
	file(fs, "usr/bin/dash", 0755);
	for (struct node *n = fs->root; n; n = pl_tree_walk(fs, n))
		n->pub.certain = true;
	assert_int_equal(pl_rootfs_resolve(fs, NULL, "/usr/bin/dash", PL_FOLLOW_LAST, &node), PL_LOOKUP_FOUND);
	assert_string_equal(node->name, "dash");
	/* asked for under "bin", but it lies under "usr/bin": only the next pass will know */
	assert_int_equal(pl_rootfs_resolve(fs, NULL, "/bin/sh", PL_FOLLOW_LAST, &node), PL_LOOKUP_NOT_KEPT);
	assert_int_equal(pl_rootfs_resolve(fs, NULL, "/loop", PL_FOLLOW_LAST, &node), PL_LOOKUP_LOOP);
	assert_int_equal(pl_rootfs_resolve(fs, NULL, "/gone/x", PL_FOLLOW_LAST, &node), PL_LOOKUP_ABSENT);
	assert_int_equal(pl_rootfs_resolve(fs, "/usr", "bin/dash", PL_FOLLOW_LAST, &node), PL_LOOKUP_FOUND);
	assert_int_equal(pl_rootfs_resolve(fs, NULL, "/usr/bin/dash/x", PL_FOLLOW_LAST, &node), PL_LOOKUP_ABSENT);
}

static void a_full_arena_is_a_limit(void **state)
{
	struct pl_rootfs *fs = FS(state);
	int r = 0;

	for (unsigned int i = 0; !r && i < 1000000; i++) {
		char path[32];
		struct entry e = { .path = path, .mode = 04755 };
		struct node *node;

		snprintf(path, sizeof(path), "d%u/f", i);
		e.path_len = strlen(path);
		r = pl_merge_entry(fs, &e, &node);
	}
	assert_int_equal(r, PL_BAD_LIMIT);
	assert_true(fs->arena.used_bytes <= PL_MAX_KEPT_ARENA);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keeps_only_what_matters),
		TEST(wanted_paths_come_with_their_directories),
		TEST(later_layer_shadows),
		TEST(file_over_directory_hides_all_below),
		TEST(directory_over_directory_merges),
		TEST(whiteout_deletes_lower),
		TEST(whiteout_of_a_parent_deletes_all_below),
		TEST(whiteout_counts_for_lower_layers_only),
		TEST(file_then_its_whiteout_stays_and_is_noted),
		TEST(whiteout_then_directory_shows_lower_layers),
		TEST(opaque_hides_lower_and_keeps_own_whatever_the_order),
		TEST(hard_link_is_what_its_target_is),
		TEST(hard_link_changes_its_target),
		TEST(hard_link_to_what_was_passed_by_wants_every_name),
		TEST(replaced_name_leaves_the_others_alone),
		TEST(opaque_root_hides_nothing),
		TEST(hard_link_outlives_its_target),
		TEST(hard_link_to_a_lower_layer_is_noted),
		TEST(lower_link_becomes_a_directory),
		TEST(duplicate_takes_the_last_and_is_noted),
		TEST(writable_files_of_a_watched_directory),
		TEST(resolves_links_inside_only),
		TEST(a_full_arena_is_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
