/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacked layers on a real file system: whiteouts, opaque directories, capabilities, depth, links, remapped ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "plimsoll/fd.h"
#include "rootfs/rootfs_internal.h"

struct fixture {
	char base[64];
	int dir;
	struct pl_rootfs *fs;
	struct pl_layer layers[3];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	snprintf(f->base, sizeof(f->base), "/tmp/plimsoll-dir-layer.XXXXXX");
	assert_non_null(mkdtemp(f->base));
	f->dir = open(f->base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->dir >= 0);
	assert_int_equal(pl_rootfs_new(&f->fs), 0);
	for (size_t i = 0; i < 3; i++) {
		static const char *const names[] = { "l0", "l1", "l2" };

		assert_int_equal(mkdirat(f->dir, names[i], 0755), 0);
		f->layers[i] = (struct pl_layer){ .kind = PL_LAYER_DIRECTORY, .dir = f->dir, .path = names[i] };
	}
	*state = f;
	return 0;
}

/* Paths in there get longer than the kernel takes; rm knows how. */
static void remove_tree(const char *path)
{
	pid_t child = fork();

	if (!child) {
		execlp("rm", "rm", "-rf", path, (char *)NULL);
		_exit(127);
	}
	waitpid(child, NULL, 0);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	pl_rootfs_free(&f->fs);
	pl_fd_close(&f->dir);
	remove_tree(f->base);
	free(f);
	return 0;
}

static void make_dir(struct fixture *f, const char *path)
{
	assert_int_equal(mkdirat(f->dir, path, 0755), 0);
}

static void make_file(struct fixture *f, const char *path, mode_t mode, const char *text)
{
	PL_CLEANUP_FD int fd = openat(f->dir, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pl_write_full(fd, text, strlen(text)), 0);
	assert_int_equal(fchmod(fd, mode), 0);
}

static void make_whiteout(struct fixture *f, const char *path)
{
	if (mknodat(f->dir, path, S_IFCHR, makedev(0, 0)) < 0) {
		assert_int_equal(errno, EPERM);
		skip();
	}
}

static void set_attribute(struct fixture *f, const char *path, const char *name, const void *value, size_t n)
{
	char full[256];

	snprintf(full, sizeof(full), "%s/%s", f->base, path);
	if (setxattr(full, name, value, n, 0) < 0) {
		assert_true(errno == EPERM || errno == ENOTSUP);
		skip();
	}
}

static void build(struct fixture *f, size_t n)
{
	static const struct pl_rootfs_options options;

	assert_int_equal(pl_rootfs_build(f->fs, f->layers, n, &options), 0);
}

/* Paths of what is present, the root left out. */
static const char *present(struct fixture *f)
{
	static char text[8192];
	const struct pl_node *node = NULL;
	struct pl_arena arena;

	pl_arena_init(&arena, (size_t)1 << 20);
	text[0] = 0;
	while ((node = pl_rootfs_next(f->fs, node))) {
		size_t n = strlen(text);

		snprintf(text + n, sizeof(text) - n, "%s%s", n ? " " : "", pl_node_path(node, &arena));
	}
	pl_arena_deinit(&arena);
	return text;
}

static void whiteouts_and_opaque_directories(void **state)
{
	struct fixture *f = *state;

	make_dir(f, "l0/d");
	make_file(f, "l0/d/su", 04755, "");
	make_file(f, "l0/gone", 04755, "");
	make_file(f, "l0/stays", 04755, "");
	make_dir(f, "l0/dir");
	make_file(f, "l0/dir/su", 04755, "");
	make_dir(f, "l1/d");
	make_file(f, "l1/d/new", 04755, "");
	set_attribute(f, "l1/d", "trusted.overlay.opaque", "y", 1);
	make_whiteout(f, "l1/gone");
	make_whiteout(f, "l1/dir");
	build(f, 2);
	assert_null(pl_rootfs_problem(f->fs, 0));
	assert_string_equal(present(f), "/d/new /stays");
}

static void an_opaque_x_is_not_opaque(void **state)
{
	struct fixture *f = *state;

	make_dir(f, "l0/d");
	make_file(f, "l0/d/su", 04755, "");
	make_dir(f, "l1/d");
	set_attribute(f, "l1/d", "trusted.overlay.opaque", "x", 1);
	build(f, 2);
	assert_string_equal(present(f), "/d/su");
}

static void files_as_whiteouts(void **state)
{
	struct fixture *f = *state;

	f->layers[1].whiteouts = PL_WHITEOUTS_FILES;
	make_dir(f, "l0/d");
	make_file(f, "l0/d/su", 04755, "");
	make_file(f, "l0/gone", 04755, "");
	make_dir(f, "l1/d");
	make_file(f, "l1/d/.wh..wh..opq", 0600, "");
	make_file(f, "l1/d/new", 04755, "");
	make_file(f, "l1/.wh.gone", 0600, "");
	build(f, 2);
	assert_string_equal(present(f), "/d/new");
}

static void redirected_directories_are_refused(void **state)
{
	struct fixture *f = *state;

	make_dir(f, "l0/d");
	set_attribute(f, "l0/d", "trusted.overlay.redirect", "/e", 2);
	build(f, 1);
	assert_non_null(strstr(pl_rootfs_problem(f->fs, 0), "redirect"));
}

static void capabilities_are_kept(void **state)
{
	static const uint8_t net_raw[20] = { 1, 0, 0, 2, 0, 0x20 };
	struct fixture *f = *state;
	const struct pl_node *node = NULL;

	make_file(f, "l0/ping", 0755, "");
	set_attribute(f, "l0/ping", "security.capability", net_raw, sizeof(net_raw));
	build(f, 1);
	assert_int_equal(pl_rootfs_resolve(f->fs, NULL, "ping", PL_FOLLOW_LAST, &node), PL_LOOKUP_FOUND);
	assert_non_null(node->capability);
	assert_true(node->capability->effective);
	assert_int_equal(node->capability->permitted, 1 << 13);
}

static void what_nobody_asked_for_is_looked_up(void **state)
{
	struct fixture *f = *state;
	const struct pl_node *node;

	assert_int_equal(pl_rootfs_want(f->fs, "/etc/passwd", 100), 0);
	make_dir(f, "l0/usr");
	make_dir(f, "l0/usr/lib");
	make_file(f, "l0/usr/lib/passwd", 0644, "old");
	make_dir(f, "l1/etc");
	assert_int_equal(symlinkat("../../../usr/lib/passwd", f->dir, "l1/etc/passwd"), 0);
	make_dir(f, "l2/usr");
	make_dir(f, "l2/usr/lib");
	make_file(f, "l2/usr/lib/passwd", 0600, "new text");
	build(f, 3);
	assert_int_equal(pl_rootfs_resolve(f->fs, NULL, "/etc/passwd", PL_FOLLOW_LAST, &node), PL_LOOKUP_FOUND);
	assert_int_equal(node->mode, 0600);
	assert_int_equal(node->n_content, 8);
	assert_memory_equal(node->content, "new text", 8);
	assert_int_equal(pl_rootfs_resolve(f->fs, NULL, "/usr/lib/shadow", PL_FOLLOW_LAST, &node), PL_LOOKUP_ABSENT);
}

static void a_deleted_path_is_absent_when_looked_up(void **state)
{
	struct fixture *f = *state;
	const struct pl_node *node;

	make_dir(f, "l0/usr");
	make_file(f, "l0/usr/x", 0755, "");
	make_whiteout(f, "l1/usr");
	build(f, 2);
	assert_int_equal(pl_rootfs_resolve(f->fs, NULL, "/usr/x", PL_FOLLOW_LAST, &node), PL_LOOKUP_ABSENT);
}

static void links_never_lead_out(void **state)
{
	struct fixture *f = *state;
	const struct pl_node *node;

	assert_int_equal(symlinkat("/etc", f->dir, "l0/etc"), 0);
	assert_int_equal(pl_rootfs_want(f->fs, "/etc/passwd", 100), 0);
	build(f, 1);
	assert_int_equal(pl_rootfs_resolve(f->fs, NULL, "/etc/passwd", PL_FOLLOW_LAST, &node), PL_LOOKUP_LOOP);
}

static void fifos_do_not_block(void **state)
{
	struct fixture *f = *state;
	const struct pl_node *node;

	make_dir(f, "l0/etc");
	assert_int_equal(mkfifoat(f->dir, "l0/etc/passwd", 0644), 0);
	assert_int_equal(pl_rootfs_want(f->fs, "/etc/passwd", 100), 0);
	build(f, 1);
	assert_int_equal(pl_rootfs_resolve(f->fs, NULL, "/etc/passwd", PL_FOLLOW_LAST, &node), PL_LOOKUP_FOUND);
	assert_int_equal(node->type, PL_FILE_FIFO);
}

static void deep_trees_need_few_descriptors(void **state)
{
	struct fixture *f = *state;
	PL_CLEANUP_FD int fd = openat(f->dir, "l0", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (unsigned int i = 0; i < 1500; i++) {
		int next;

		assert_int_equal(mkdirat(fd, "d", 0755), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		pl_fd_close(&fd);
		fd = next;
	}
	assert_int_equal(mkdirat(f->dir, "l0/d/e", 0755), 0);
	make_file(f, "l0/d/e/su", 04755, "");
	build(f, 1);
	assert_null(pl_rootfs_problem(f->fs, 0));
	assert_string_equal(present(f), "/d/e/su");
}

static void too_deep_is_a_limit(void **state)
{
	struct fixture *f = *state;
	PL_CLEANUP_FD int fd = openat(f->dir, "l0", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (unsigned int i = 0; i < 2100; i++) {
		int next;

		assert_int_equal(mkdirat(fd, "d", 0755), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		pl_fd_close(&fd);
		fd = next;
	}
	build(f, 1);
	assert_non_null(strstr(pl_rootfs_problem(f->fs, 0), "path-bytes"));
}

static void remapped_ids_are_shifted_back(void **state)
{
	struct fixture *f = *state;
	const struct pl_node *node;

	if (geteuid())
		skip();
	make_file(f, "l0/su", 0755, "");
	assert_int_equal(fchownat(f->dir, "l0/su", 231072, 231075, 0), 0);
	assert_int_equal(fchmodat(f->dir, "l0/su", 04755, 0), 0);
	f->layers[0].uid_base = f->layers[0].gid_base = 231072;
	build(f, 1);
	assert_int_equal(pl_rootfs_resolve(f->fs, NULL, "su", PL_FOLLOW_LAST, &node), PL_LOOKUP_FOUND);
	assert_int_equal(node->uid, 0);
	assert_int_equal(node->gid, 3);
}

static void an_absent_layer_makes_the_rest_uncertain(void **state)
{
	struct fixture *f = *state;
	const struct pl_node *node;

	assert_int_equal(pl_rootfs_want(f->fs, "/low", 0), 0);
	assert_int_equal(pl_rootfs_want(f->fs, "/high", 0), 0);
	make_file(f, "l0/low", 0755, "");
	make_file(f, "l2/high", 04755, "");
	f->layers[1] = (struct pl_layer){ .kind = PL_LAYER_ABSENT, .problem = "never pulled" };
	build(f, 3);
	assert_string_equal(pl_rootfs_problem(f->fs, 0), "layer 2 of 3: never pulled");
	assert_int_equal(pl_rootfs_resolve(f->fs, NULL, "/low", PL_FOLLOW_LAST, &node), PL_LOOKUP_UNCERTAIN);
	assert_int_equal(pl_rootfs_resolve(f->fs, NULL, "/high", PL_FOLLOW_LAST, &node), PL_LOOKUP_FOUND);
	assert_int_equal(pl_rootfs_resolve(f->fs, NULL, "/nothing", PL_FOLLOW_LAST, &node), PL_LOOKUP_NOT_KEPT);
}

static void a_layer_that_is_a_link_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(symlinkat("/etc", f->dir, "evil"), 0);
	f->layers[0].path = "evil";
	build(f, 1);
	assert_non_null(pl_rootfs_problem(f->fs, 0));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(whiteouts_and_opaque_directories),
		TEST(an_opaque_x_is_not_opaque),
		TEST(files_as_whiteouts),
		TEST(redirected_directories_are_refused),
		TEST(capabilities_are_kept),
		TEST(what_nobody_asked_for_is_looked_up),
		TEST(a_deleted_path_is_absent_when_looked_up),
		TEST(links_never_lead_out),
		TEST(fifos_do_not_block),
		TEST(deep_trees_need_few_descriptors),
		TEST(too_deep_is_a_limit),
		TEST(remapped_ids_are_shifted_back),
		TEST(an_absent_layer_makes_the_rest_uncertain),
		TEST(a_layer_that_is_a_link_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
