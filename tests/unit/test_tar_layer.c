/* SPDX-License-Identifier: Apache-2.0 */
/* Tar layers that have to be read more than once, or lead their entries over links of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "plimsoll/fd.h"
#include "plimsoll/limits.h"
#include "plimsoll/rootfs.h"
#include "plimsoll/verdict.h"
#include "unit/helper_tar.h"

#define MAX_LAYERS 4

struct fixture {
	char base[64];
	int dir;
	struct pl_rootfs *fs;
	struct pl_layer layers[MAX_LAYERS];
	size_t n_layers;
};

static const char *const names[MAX_LAYERS] = { "l0", "l1", "l2", "l3" };

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	snprintf(f->base, sizeof(f->base), "/tmp/plimsoll-tar-layer.XXXXXX");
	assert_non_null(mkdtemp(f->base));
	f->dir = open(f->base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->dir >= 0);
	assert_int_equal(pl_rootfs_new(&f->fs), 0);
	assert_int_equal(begin(NULL), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(end(NULL), 0);
	pl_rootfs_free(&f->fs);
	for (size_t i = 0; i < f->n_layers; i++)
		unlinkat(f->dir, names[i], 0);
	rmdir(f->base);
	pl_fd_close(&f->dir);
	free(f);
	return 0;
}

static void entry(char type, const char *name, uint32_t mode, const char *link, const char *content)
{
	size_t n = content ? strlen(content) : 0;
	uint8_t *block = begin_header(type, name, n, USTAR);

	snprintf((char *)block + 100, 8, "%07o", mode & 07777u);
	snprintf((char *)block + 108, 8, "%07o", 0u);
	snprintf((char *)block + 116, 8, "%07o", 0u);
	if (link)
		memcpy(block + 157, link, strlen(link));
	end_header(block);
	if (n)
		put_raw(content, n);
	fill_block();
}

#define DIR(name) entry('5', name, 0755, NULL, NULL)
#define FILE_(name, mode) entry('0', name, mode, NULL, "x")
#define LINK(name, target) entry('2', name, 0777, target, NULL)
#define HARD(name, target, mode) entry('1', name, mode, target, NULL)

/* What was put so far becomes the next layer. */
static void layer(struct fixture *f)
{
	PL_CLEANUP_FD int fd = openat(f->dir, names[f->n_layers], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	zero_blocks(2);
	assert_true(fd >= 0);
	assert_int_equal(pl_write_full(fd, made.data, made.len), 0);
	f->layers[f->n_layers] = (struct pl_layer){ .kind = PL_LAYER_BLOB, .dir = f->dir, .path = names[f->n_layers] };
	f->n_layers++;
	assert_int_equal(end(NULL), 0);
	assert_int_equal(begin(NULL), 0);
}

static void want(struct fixture *f, const char *path)
{
	assert_int_equal(pl_rootfs_want(f->fs, path, 1000), 0);
}

static void build(struct fixture *f)
{
	static const struct pl_rootfs_options options;

	assert_int_equal(pl_rootfs_build(f->fs, f->layers, f->n_layers, &options), 0);
}

/* Set-id files, as "path " each. */
static const char *setid(struct fixture *f)
{
	static char text[1024];
	const struct pl_node *node = NULL;
	struct pl_arena arena;

	pl_arena_init(&arena, (size_t)1 << 20);
	text[0] = 0;
	while ((node = pl_rootfs_next(f->fs, node))) {
		size_t n = strlen(text);

		if (node->type == PL_FILE_REGULAR && node->mode & (S_ISUID | S_ISGID))
			snprintf(text + n, sizeof(text) - n, "%s ", pl_node_path(node, &arena));
	}
	pl_arena_deinit(&arena);
	return text;
}

/* Resolves as a scan does: what is not known yet is known after another build. */
static enum pl_lookup resolve(struct fixture *f, const char *path, const struct pl_node **node_out)
{
	for (int i = 0;; i++) {
		enum pl_lookup found = pl_rootfs_resolve(f->fs, NULL, path, PL_FOLLOW_LAST, node_out);

		if (found != PL_LOOKUP_NOT_KEPT || i == PL_MAX_PASSES)
			return found;
		build(f);
	}
}

static void content_is(struct fixture *f, const char *path, const char *content)
{
	const struct pl_node *node;

	assert_int_equal(resolve(f, path, &node), PL_LOOKUP_FOUND);
	assert_int_equal(node->n_content, strlen(content));
	assert_memory_equal(node->content, content, strlen(content));
	assert_null(pl_rootfs_problem(f->fs, 0));
}

static void a_file_over_a_link_that_an_upper_layer_replaces_stays(void **state)
{
	struct fixture *f = *state;

	DIR("real");
	LINK("L", "real");
	FILE_("L/su", 04755);
	layer(f);
	DIR("L");
	layer(f);
	build(f);
	assert_string_equal(setid(f), "/real/su ");
}

static void a_file_over_a_link_that_another_link_named_stays(void **state)
{
	struct fixture *f = *state;

	want(f, "/sbin");
	LINK("sbin", "L");
	LINK("L", "real");
	DIR("real");
	FILE_("L/su", 04755);
	layer(f);
	build(f);
	assert_string_equal(setid(f), "/real/su ");
}

static void dotdot_leads_back_from_where_links_led(void **state)
{
	struct fixture *f = *state;

	DIR("usr");
	DIR("usr/lib");
	DIR("usr/bin");
	LINK("S", "usr/lib");
	LINK("L", "S/../bin");
	FILE_("L/su", 04755);
	layer(f);
	FILE_("bin/.wh.su", 0);
	layer(f);
	build(f);
	assert_string_equal(setid(f), "/usr/bin/su ");
}

static void another_name_of_a_link_is_a_link(void **state)
{
	struct fixture *f = *state;

	DIR("real");
	LINK("L", "real");
	HARD("M", "L", 0777);
	FILE_("M/su", 04755);
	layer(f);
	build(f);
	assert_string_equal(setid(f), "/real/su ");
}

static void a_loop_of_links_ends(void **state)
{
	struct fixture *f = *state;

	LINK("a", "b");
	LINK("b", "a");
	FILE_("a/su", 04755);
	layer(f);
	build(f);
	assert_string_equal(setid(f), "");
	assert_non_null(strstr(pl_rootfs_ambiguity(f->fs, 0), "more links than the kernel follows"));
}

static void content_of_a_file_that_was_kept_before_anyone_wanted_it(void **state)
{
	struct fixture *f = *state;

	want(f, "/etc/passwd");
	entry('0', "accounts", 04644, NULL, "root:x:0:0\n");
	DIR("etc");
	LINK("etc/passwd", "../accounts");
	layer(f);
	build(f);
	content_is(f, "/etc/passwd", "root:x:0:0\n");
}

static void content_of_a_kept_file_by_a_hard_link(void **state)
{
	struct fixture *f = *state;

	want(f, "/etc/passwd");
	DIR("etc");
	entry('0', "accounts", 04644, NULL, "root:x:0:0\n");
	HARD("etc/passwd", "accounts", 04644);
	layer(f);
	build(f);
	content_is(f, "/etc/passwd", "root:x:0:0\n");
}

static void content_behind_a_link_on_the_way(void **state)
{
	struct fixture *f = *state;

	want(f, "/etc/passwd");
	DIR("usr");
	DIR("usr/etc");
	entry('0', "usr/etc/passwd", 0644, NULL, "root:x:0:0\n");
	LINK("etc", "usr/etc");
	layer(f);
	build(f);
	content_is(f, "/etc/passwd", "root:x:0:0\n");
}

static void content_has_a_limit_over_all_files(void **state)
{
	struct fixture *f = *state;
	const size_t size = PL_MAX_KEPT_CONTENT / 4;
	char *text = malloc(size + 1), name[16];

	assert_non_null(text);
	memset(text, 'x', size);
	text[size] = 0;
	for (int i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		assert_int_equal(pl_rootfs_want(f->fs, name, size), 0);
		entry('0', name, 0644, NULL, text);
	}
	free(text);
	layer(f);
	build(f);
	assert_non_null(strstr(pl_rootfs_problem(f->fs, 0), "kept-content"));
}

static void a_link_beyond_the_arena_is_a_problem(void **state)
{
	struct fixture *f = *state;
	const struct pl_node *node;
	char name[16];
	int r = 0;

	want(f, "/l0");
	for (int i = 0; !r; i++) {
		snprintf(name, sizeof(name), "x%d", i);
		r = pl_rootfs_want(f->fs, name, 0);
	}
	assert_int_equal(r, PL_BAD_LIMIT);
	LINK("l0", "a/long/text/that/finds/no/room/any/more/in/the/arena/of/the/kept/entries");
	layer(f);
	build(f);
	assert_non_null(strstr(pl_rootfs_problem(f->fs, 0), "kept-arena"));
	assert_int_equal(resolve(f, "/l0", &node), PL_LOOKUP_UNCERTAIN);
}

static void a_directory_that_no_entry_names_is_one(void **state)
{
	struct fixture *f = *state;
	const struct pl_node *node;

	want(f, "/app");
	FILE_("app/run", 0755);
	layer(f);
	build(f);
	assert_int_equal(resolve(f, "/app", &node), PL_LOOKUP_FOUND);
	assert_true(node->present);
	assert_int_equal(node->type, PL_FILE_DIRECTORY);
}

static void dotdot_in_a_path_goes_through_what_is_there(void **state)
{
	struct fixture *f = *state;
	const struct pl_node *node;

	want(f, "/bin/run");
	DIR("bin");
	FILE_("bin/run", 0755);
	DIR("d");
	layer(f);
	build(f);
	assert_int_equal(resolve(f, "/d/../bin/run", &node), PL_LOOKUP_FOUND);
	assert_int_equal(resolve(f, "/e/../bin/run", &node), PL_LOOKUP_ABSENT);
	assert_int_equal(resolve(f, "/bin/run/../run", &node), PL_LOOKUP_ABSENT);
}

static void what_lies_behind_a_file_of_an_uncertain_layer_is_uncertain(void **state)
{
	struct fixture *f = *state;
	const struct pl_node *node;

	want(f, "/etc/passwd");
	FILE_("etc", 0644);
	layer(f);
	f->layers[f->n_layers] = (struct pl_layer){ .kind = PL_LAYER_ABSENT, .problem = "is not here" };
	f->n_layers++;
	build(f);
	assert_int_equal(resolve(f, "/etc/passwd", &node), PL_LOOKUP_UNCERTAIN);
}

static void deleted_and_yet_in_use_is_ambiguous(void **state)
{
	struct fixture *f = *state;

	DIR("d");
	FILE_("d/old", 04755);
	layer(f);
	FILE_(".wh.d", 0);
	FILE_("d/su", 04755);
	layer(f);
	build(f);
	assert_string_equal(setid(f), "/d/su ");
	assert_non_null(pl_rootfs_ambiguity(f->fs, 0));
	assert_non_null(strstr(pl_rootfs_ambiguity(f->fs, 0), "files below it"));
}

static void an_opaque_root_over_nothing_is_not_ambiguous(void **state)
{
	struct fixture *f = *state;

	FILE_(".wh..wh..opq", 0);
	FILE_("su", 04755);
	layer(f);
	build(f);
	assert_string_equal(setid(f), "/su ");
	assert_null(pl_rootfs_ambiguity(f->fs, 0));
}

static void a_directory_found_over_links_can_be_watched(void **state)
{
	struct fixture *f = *state;
	const struct pl_node *node;

	want(f, "/app/bin");
	DIR("opt");
	DIR("opt/bin");
	entry('0', "opt/bin/tool", 0777, NULL, "x");
	LINK("app", "opt");
	layer(f);
	build(f);
	assert_int_equal(resolve(f, "/app/bin", &node), PL_LOOKUP_FOUND);
	assert_true(pl_rootfs_watch(f->fs, node));
	assert_false(pl_rootfs_watch(f->fs, node));
	build(f);
	assert_int_equal(pl_rootfs_resolve(f->fs, NULL, "/opt/bin/tool", PL_FOLLOW_LAST, &node), PL_LOOKUP_FOUND);
	assert_int_equal(node->mode, 0777);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_file_over_a_link_that_an_upper_layer_replaces_stays),
		TEST(a_file_over_a_link_that_another_link_named_stays),
		TEST(dotdot_leads_back_from_where_links_led),
		TEST(another_name_of_a_link_is_a_link),
		TEST(a_loop_of_links_ends),
		TEST(content_of_a_file_that_was_kept_before_anyone_wanted_it),
		TEST(content_of_a_kept_file_by_a_hard_link),
		TEST(content_behind_a_link_on_the_way),
		TEST(content_has_a_limit_over_all_files),
		TEST(a_link_beyond_the_arena_is_a_problem),
		TEST(a_directory_that_no_entry_names_is_one),
		TEST(dotdot_in_a_path_goes_through_what_is_there),
		TEST(what_lies_behind_a_file_of_an_uncertain_layer_is_uncertain),
		TEST(deleted_and_yet_in_use_is_ambiguous),
		TEST(an_opaque_root_over_nothing_is_not_ambiguous),
		TEST(a_directory_found_over_links_can_be_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
