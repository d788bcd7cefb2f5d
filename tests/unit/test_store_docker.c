/* SPDX-License-Identifier: Apache-2.0 */
/* Docker's data roots, made with everything that can be wrong with them. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "helper_store.h"
#include "plimsoll/limits.h"
#include "plimsoll/verdict.h"

/* ---- made stores ---- */

/* How a graph driver lays out layers. */
struct layout {
	const char *driver, *before, *after;
};

static const struct layout overlay2 = { "overlay2", "overlay2/", "/diff" };

struct made {
	const struct layout *layout;
	char *root;
	struct pl_digest id, diff_ids[3], chains[3];
};

/* Below image/<driver>. */
static const char *images(const struct made *made, const char *path)
{
	return in(made->root, "image/%s/%s", made->layout->driver, path);
}

static const char *config_path(const struct made *made)
{
	return images(made, in("imagedb/content/sha256", "%s", hex(&made->id)));
}

static const char *record(const struct made *made, unsigned int layer, const char *name)
{
	return images(made, in("layerdb/sha256", "%s%s%s", hex(&made->chains[layer]), *name ? "/" : "", name));
}

static const char *layer_path(const struct made *made, unsigned int layer)
{
	/* any 64 digits would do for its id */
	return in(made->root, "%sca%s%s", made->layout->before, hex(&made->chains[layer]) + 2, made->layout->after);
}

static void make_layer(struct made *made, unsigned int i)
{
	const struct pl_digest none = { .algorithm = PL_DIGEST_NONE };
	char word[16];

	snprintf(word, sizeof(word), "layer %u", i);
	made->diff_ids[i] = digest_of(word);
	assert_int_equal(pl_digest_chain(i ? &made->chains[i - 1] : &none, &made->diff_ids[i], &made->chains[i]), 0);
	put_text(record(made, i, "diff"), "%s", text_of(&made->diff_ids[i]));
	put_text(record(made, i, "cache-id"), "ca%s", hex(&made->chains[i]) + 2);
	put_text(record(made, i, "size"), "0");
	if (i)
		put_text(record(made, i, "parent"), "%s", text_of(&made->chains[i - 1]));
	make_dir(layer_path(made, i));
}

static void put_config(struct made *made, const char *config)
{
	made->id = put_by_digest(images(made, "imagedb/content/sha256"), config);
}

/* An image of up to three layers; images of one store share them. */
static struct made make_image(char *root, const struct layout *layout, unsigned int n_layers, const char *user)
{
	struct made made = { .layout = layout, .root = root };
	char diff_ids[512] = "", config[1024];
	size_t at = 0;

	for (unsigned int i = 0; i < n_layers; i++) {
		make_layer(&made, i);
		at += (size_t)snprintf(diff_ids + at, sizeof(diff_ids) - at, "%s\"%s\"", i ? "," : "",
				       text_of(&made.diff_ids[i]));
	}
	snprintf(config, sizeof(config),
		 "{\"architecture\":\"arm64\",\"os\":\"linux\",\"config\":{\"User\":\"%s\"},\"rootfs\":{\"diff_ids\":[%"
		 "s]}}",
		 user, diff_ids);
	put_config(&made, config);
	return made;
}

static void put_names(const struct made *made, const char *repository, const char *name)
{
	put_text(images(made, "repositories.json"), "{\"Repositories\":{\"%s\":{\"%s\":\"%s\"}}}", repository, name,
		 text_of(&made->id));
}

static void put_parent(const struct made *child, const struct made *parent)
{
	put_text(images(child, in("imagedb/metadata/sha256", "%s/parent", hex(&child->id))), "%s",
		 text_of(&parent->id));
}

/* ---- lists ---- */

static void names_and_steps_of_builds(void **state)
{
	CLEANUP_TMP char *root = tmp_new();
	CLEANUP_OPENED struct opened opened = { 0 };
	const struct made base = make_image(root, &overlay2, 1, "base"), step = make_image(root, &overlay2, 2, "step"),
			  result = make_image(root, &overlay2, 3, "result"),
			  dangling = make_image(root, &overlay2, 3, "dangling"),
			  parent = make_image(root, &overlay2, 1, "named parent");

	(void)state;
	put_text(images(&base, "repositories.json"),
		 "{\"Repositories\":{\"app\":{\"app:1\":\"%s\",\"app:latest\":\"%s\"},\"h.example:5/"
		 "base\":{\"h.example:5/base:2\":\"%s\"}}}",
		 text_of(&result.id), text_of(&result.id), text_of(&parent.id));
	put_parent(&result, &step);
	put_parent(&step, &base);
	put_parent(&dangling, &parent);
	/* names that are nobody's ids: being written, of another engine, too long */
	put_text(images(&base, "imagedb/content/sha256/.tmp-1234"), "x");
	put_text(images(&base, in("imagedb/content/sha256", "%s0", hex(&base.id))), "x");
	open_store(&opened, "docker", root);
	assert_string_equal(pl_store_label(opened.store), in("docker:", "%s", root + 1));
	assert_int_equal(pl_store_user_rule(opened.store), PL_USER_RULE_DOCKER);
	assert_int_equal(opened.n, 3);
	for (size_t i = 0; i + 1 < opened.n; i++)
		assert_true(strcmp(text_of(&opened.refs[i].id), text_of(&opened.refs[i + 1].id)) < 0);
	assert_int_equal(find_ref(&opened, text_of(&dangling.id))->n_names, 0);
	assert_int_equal(find_ref(&opened, "app")->n_names, 2);
	assert_string_equal(find_ref(&opened, "app")->names[0], "docker.io/library/app:1");
	assert_string_equal(find_ref(&opened, "h.example:5/base:2")->names[0], "h.example:5/base:2");
	assert_int_equal(read_image(&opened, find_ref(&opened, "app:1")), 0);
	assert_string_equal(opened.image.config.user, "result");
	assert_int_equal(opened.image.n_layers, 3);
}

static void image_without_layers(void **state)
{
	CLEANUP_TMP char *root = tmp_new();
	CLEANUP_OPENED struct opened opened = { 0 };
	const struct made made = make_image(root, &overlay2, 0, "1");

	(void)state;
	open_store(&opened, "docker", root);
	assert_int_equal(read_image(&opened, find_ref(&opened, text_of(&made.id))), 0);
	assert_int_equal(opened.image.n_layers, 0);
	assert_int_equal(pl_store_recheck(opened.store, &opened.image, &opened.reason), 0);
}

static void store_without_images(void **state)
{
	CLEANUP_TMP char *root = tmp_new();
	CLEANUP_OPENED struct opened opened = { 0 };

	(void)state;
	put_text(in(root, "image/overlay2/repositories.json"), "{\"Repositories\":{}}");
	open_store(&opened, "docker", root);
	assert_int_equal(opened.n, 0);
}

static const struct pl_image_ref *problem_of(const struct opened *opened)
{
	for (size_t i = 0; i < opened->n; i++)
		if (opened->refs[i].problem)
			return &opened->refs[i];
	fail_msg("there is no problem");
	return NULL;
}

/* Whatever is there instead of the list of names, the images are there all the same, and it is said. */
static void names_that_cannot_be_read(void **state)
{
	static const char *const wrong[] = {
		"",
		"{",
		"[]",
		"{\"Repositories\":[]}",
		"{\"Repositories\":{\"a\":1}}",
		"{\"Repositories\":{\"a\":{\"a:1\":1}}}",
	};
	CLEANUP_TMP char *root = tmp_new();
	const struct made made = make_image(root, &overlay2, 1, "1");
	const char *path = strdup(images(&made, "repositories.json"));

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong) + 4; i++) {
		CLEANUP_OPENED struct opened opened = { 0 };

		if (i < sizeof(wrong) / sizeof(*wrong))
			put_text(path, "%s", wrong[i]);
		else if (i == sizeof(wrong) / sizeof(*wrong))
			assert_int_equal(truncate(path, PL_MAX_STORE_LIST_BYTES + 1), 0);
		else if (i == sizeof(wrong) / sizeof(*wrong) + 1)
			assert_int_equal(unlink(path) | mkfifo(path, 0600), 0);
		else if (i == sizeof(wrong) / sizeof(*wrong) + 2)
			assert_int_equal(unlink(path) | symlink("imagedb", path), 0);
		else
			assert_int_equal(unlink(path) | mkdir(path, 0700), 0);
		open_store(&opened, "docker", root);
		assert_int_equal(opened.n, 2);
		assert_int_equal(find_ref(&opened, text_of(&made.id))->n_names, 0);
		assert_non_null(strstr(problem_of(&opened)->problem, "repositories.json"));
		assert_int_equal(problem_of(&opened)->id.algorithm, PL_DIGEST_NONE);
		assert_int_equal(read_image(&opened, find_ref(&opened, text_of(&made.id))), 0);
		assert_int_equal(read_image(&opened, problem_of(&opened)), PL_BAD_MISSING);
	}
	free((void *)(uintptr_t)path);
}

static void names_that_lead_nowhere(void **state)
{
	CLEANUP_TMP char *root = tmp_new();
	CLEANUP_OPENED struct opened opened = { 0 };
	struct made made = make_image(root, &overlay2, 1, "1");

	(void)state;
	put_names(&made, "app", "app:1");
	assert_int_equal(unlink(config_path(&made)), 0);
	(void)make_image(root, &overlay2, 1, "2");
	open_store(&opened, "docker", root);
	assert_int_equal(opened.n, 2);
	assert_string_equal(problem_of(&opened)->names[0], "docker.io/library/app:1");
	assert_string_equal(text_of(&problem_of(&opened)->id), text_of(&made.id));
	assert_non_null(strstr(problem_of(&opened)->problem, "app:1 leads to sha256:"));
}

static void names_that_are_not_text(void **state)
{
	CLEANUP_TMP char *root = tmp_new();
	CLEANUP_OPENED struct opened opened = { 0 };
	const struct made made = make_image(root, &overlay2, 1, "1");

	(void)state;
	put_text(images(&made, "repositories.json"), "{\"Repositories\":{\"a\":{\"a\xff\x1b:1\":\"%s\"}}} trailing",
		 text_of(&made.id));
	open_store(&opened, "docker", root);
	/* a control byte in a string is no JSON, so this is refused; bytes that are not UTF-8 alone would be replaced */
	assert_int_equal(opened.n, 2);
	close_store(&opened);
	put_text(images(&made, "repositories.json"), "{\"Repositories\":{\"a\":{\"a\xff:1\":\"%s\"}}} trailing",
		 text_of(&made.id));
	open_store(&opened, "docker", root);
	assert_int_equal(opened.n, 1);
	assert_string_equal(opened.refs[0].names[0], "docker.io/library/a\xef\xbf\xbd:1");
}

static void more_images_than_are_read(void **state)
{
	CLEANUP_TMP char *root = tmp_new();
	CLEANUP_OPENED struct opened opened = { 0 };
	char name[65];
	int dir;

	(void)state;
	make_dir(in(root, "image/overlay2/imagedb/content/sha256"));
	dir = open(in(root, "image/overlay2/imagedb/content/sha256"), O_RDONLY | O_DIRECTORY);
	assert_true(dir >= 0);
	for (unsigned int i = 0; i <= PL_MAX_STORE_IMAGES; i++) {
		snprintf(name, sizeof(name), "%064x", i);
		assert_int_equal(mknodat(dir, name, S_IFREG | 0600, 0), 0);
	}
	close(dir);
	open_store(&opened, "docker", root);
	assert_int_equal(opened.n, PL_MAX_STORE_IMAGES + 1);
	assert_non_null(strstr(problem_of(&opened)->problem, "store-images"));
}

/* ---- damage ---- */

static void flip_config(const struct made *made)
{
	flip(config_path(made));
}

static void empty_config(const struct made *made)
{
	assert_int_equal(truncate(config_path(made), 0), 0);
}

static void huge_config(const struct made *made)
{
	assert_int_equal(truncate(config_path(made), PL_MAX_CONFIG_BYTES + 1), 0);
}

static void no_config(const struct made *made)
{
	assert_int_equal(unlink(config_path(made)), 0);
}

static void fifo_config(const struct made *made)
{
	no_config(made);
	assert_int_equal(mkfifo(config_path(made), 0600), 0);
}

static void linked_config(const struct made *made)
{
	const char *path = config_path(made);

	assert_int_equal(rename(path, in(made->root, "elsewhere")), 0);
	assert_int_equal(symlink(in(made->root, "elsewhere"), path), 0);
}

static void no_layer_record(const struct made *made)
{
	rm(record(made, 1, ""));
}

static void wrong_diff(const struct made *made)
{
	put_text(record(made, 1, "diff"), "%s", text_of(&made->diff_ids[0]));
}

static void empty_diff(const struct made *made)
{
	put_text(record(made, 1, "diff"), "%s", "");
}

static void long_diff(const struct made *made)
{
	assert_int_equal(truncate(record(made, 1, "diff"), 1 << 20), 0);
}

static void wrong_parent(const struct made *made)
{
	put_text(record(made, 1, "parent"), "%s", text_of(&made->chains[1]));
}

static void no_parent(const struct made *made)
{
	assert_int_equal(unlink(record(made, 1, "parent")), 0);
}

static void wrong_size(const struct made *made)
{
	put_text(record(made, 1, "size"), "%s", "");
}

static void no_cache_id(const struct made *made)
{
	assert_int_equal(unlink(record(made, 1, "cache-id")), 0);
}

static void climbing_cache_id(const struct made *made)
{
	put_text(record(made, 1, "cache-id"), "../../../etc");
}

static void fifo_cache_id(const struct made *made)
{
	no_cache_id(made);
	assert_int_equal(mkfifo(record(made, 1, "cache-id"), 0600), 0);
}

static void no_layer(const struct made *made)
{
	rm(layer_path(made, 1));
}

static void file_for_layer(const struct made *made)
{
	no_layer(made);
	put_text(layer_path(made, 1), "x");
}

static void link_for_layer(const struct made *made)
{
	no_layer(made);
	assert_int_equal(symlink("/etc", layer_path(made, 1)), 0);
}

static void link_on_the_way(const struct made *made)
{
	const char *path = in(made->root, "overlay2");

	assert_int_equal(rename(path, in(made->root, "moved")), 0);
	assert_int_equal(symlink("moved", path), 0);
}

static const struct damage {
	const char *name;
	void (*inflict)(const struct made *made);
	int verdict;      /* of the image; 0: its second layer is absent */
	const char *says; /* part of the sentence */
} damages[] = {
	{ "a flipped bit in the config", flip_config, PL_BAD_DIGEST, "is damaged: its digest is sha256:" },
	{ "an empty config", empty_config, PL_BAD_DIGEST, "is damaged" },
	{ "a huge config", huge_config, PL_BAD_LIMIT, "config-bytes" },
	{ "no config", no_config, PL_BAD_MISSING, "is missing" },
	{ "a FIFO for a config", fifo_config, PL_BAD_SYNTAX, "no regular file" },
	{ "a link for a config", linked_config, PL_BAD_SYNTAX, "symbolic link" },
	{ "no record of a layer", no_layer_record, 0, "is missing" },
	{ "another diff id", wrong_diff, 0, "/diff is \"sha256:" },
	{ "no diff id", empty_diff, 0, "/diff is \"\", the config says sha256:" },
	{ "an endless diff id", long_diff, 0, "/diff: File too large" },
	{ "another parent", wrong_parent, 0, "/parent is \"sha256:" },
	{ "no parent", no_parent, 0, "/parent: No such file" },
	{ "no size", wrong_size, 0, "/size is no number" },
	{ "no id of the directory", no_cache_id, 0, "/cache-id: No such file" },
	{ "an id that climbs", climbing_cache_id, 0, "/cache-id is \"../../../etc\"" },
	{ "a FIFO for an id", fifo_cache_id, 0, "/cache-id: " },
	{ "no directory", no_layer, 0, "is missing" },
	{ "a file for a directory", file_for_layer, 0, "no directory" },
	{ "a link for a directory", link_for_layer, 0, "symbolic link" },
	{ "a link on the way", link_on_the_way, 0, "symbolic link" },
};

static void damaged_store(const struct damage *damage, const struct layout *layout)
{
	CLEANUP_TMP char *root = tmp_new();
	CLEANUP_OPENED struct opened opened = { 0 };
	const struct made made = make_image(root, layout, 3, "1");
	const char *said;
	int r;

	put_names(&made, "app", "app:1");
	open_store(&opened, "docker", root);
	damage->inflict(&made);
	r = read_image(&opened, find_ref(&opened, "app:1"));
	if (r != damage->verdict)
		fail_msg("%s: %d: %s", damage->name, r, opened.reason.text);
	said = opened.reason.text;
	if (!r) {
		bool top_only = layout->driver[0] == 'v';

		assert_int_equal(opened.image.n_layers, top_only ? 2 : 3);
		assert_int_equal(opened.image.layers[top_only ? 0 : 1].kind, PL_LAYER_ABSENT);
		said = opened.image.layers[top_only ? 0 : 1].problem;
	}
	if (!said || !strstr(said, damage->says))
		fail_msg("%s: said is \"%s\"", damage->name, said ? said : "");
}

static void damaged_stores(void **state)
{
	static const struct layout vfs = { "vfs", "vfs/dir/", "" };

	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		damaged_store(&damages[i], &overlay2);
		if (damages[i].inflict != link_on_the_way)
			damaged_store(&damages[i], &vfs);
	}
}

/* A string with a zero byte is for no engine's process, but it makes no artifact of the image. */
static void config_that_hides(void **state)
{
	CLEANUP_TMP char *root = tmp_new();
	CLEANUP_OPENED struct opened opened = { 0 };
	struct made made = { .layout = &overlay2, .root = root };

	(void)state;
	put_config(&made, "{\"config\":{\"User\":\"a\\u0000b\"}}");
	open_store(&opened, "docker", root);
	assert_int_equal(read_image(&opened, find_ref(&opened, text_of(&made.id))), PL_BAD_SYNTAX);
	assert_non_null(strstr(opened.reason.text, "zero byte"));
}

/* ---- looking again ---- */

static void removed_while_it_was_read(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		CLEANUP_TMP char *root = tmp_new();
		CLEANUP_OPENED struct opened opened = { 0 };
		const struct made made = make_image(root, &overlay2, 2, "1");
		const char *gone = i == 0 ? config_path(&made) : i == 1 ? record(&made, 1, "") : layer_path(&made, 0);

		open_store(&opened, "docker", root);
		assert_int_equal(read_image(&opened, find_ref(&opened, text_of(&made.id))), 0);
		/* what goes on in a live store is no change */
		put_text(in(layer_path(&made, 0), "new"), "x");
		make_dir(in(root, "overlay2/other/diff"));
		assert_int_equal(pl_store_recheck(opened.store, &opened.image, &opened.reason), 0);
		if (i == 3) {
			make_dir(in(root, "another"));
			assert_int_equal(rename(gone, in(root, "gone")), 0);
			assert_int_equal(rename(in(root, "another"), gone), 0);
		} else {
			rm(gone);
		}
		assert_int_equal(pl_store_recheck(opened.store, &opened.image, &opened.reason), PL_BAD_CHANGED);
		assert_non_null(strstr(opened.reason.text, i == 3 ? "changed" : "was removed"));
	}
}

/* ---- other drivers, other users ---- */

static void other_drivers(void **state)
{
	static const struct {
		struct layout layout;
		enum pl_whiteouts whiteouts;
		size_t n_layers; /* of three */
	} drivers[] = {
		{ { "overlay2", "overlay2/", "/diff" }, PL_WHITEOUTS_OVERLAY, 3 },
		{ { "fuse-overlayfs", "fuse-overlayfs/", "/diff" }, PL_WHITEOUTS_FILES, 3 },
		{ { "aufs", "aufs/diff/", "" }, PL_WHITEOUTS_FILES, 3 },
		{ { "vfs", "vfs/dir/", "" }, PL_WHITEOUTS_NONE, 1 },
		{ { "btrfs", "btrfs/subvolumes/", "" }, PL_WHITEOUTS_NONE, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(drivers) / sizeof(*drivers); i++) {
		CLEANUP_TMP char *root = tmp_new();
		CLEANUP_OPENED struct opened opened = { 0 };
		const struct made made = make_image(root, &drivers[i].layout, 3, "1");
		const struct pl_layer *top;

		open_store(&opened, "docker", root);
		assert_int_equal(read_image(&opened, find_ref(&opened, text_of(&made.id))), 0);
		assert_int_equal(opened.image.n_layers, drivers[i].n_layers);
		top = &opened.image.layers[opened.image.n_layers - 1];
		assert_int_equal(top->kind, PL_LAYER_DIRECTORY);
		assert_int_equal(top->whiteouts, drivers[i].whiteouts);
		assert_string_equal(in(root, "%s", top->path), layer_path(&made, 2));
	}
}

static void driver_that_keeps_no_files(void **state)
{
	static const struct layout zfs = { "zfs", "zfs/graph/", "" };
	CLEANUP_TMP char *root = tmp_new();
	CLEANUP_OPENED struct opened opened = { 0 };
	const struct made made = make_image(root, &zfs, 2, "1");

	(void)state;
	open_store(&opened, "docker", root);
	assert_int_equal(read_image(&opened, find_ref(&opened, text_of(&made.id))), 0);
	assert_int_equal(opened.image.n_layers, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(opened.image.layers[i].kind, PL_LAYER_ABSENT);
		assert_non_null(strstr(opened.image.layers[i].problem, "zfs driver"));
	}
}

static void two_drivers_in_one_root(void **state)
{
	static const struct layout vfs = { "vfs", "vfs/dir/", "" };
	CLEANUP_TMP char *root = tmp_new();
	CLEANUP_OPENED struct opened main = { 0 }, other = { 0 };
	const struct made first = make_image(root, &overlay2, 1, "1"), second = make_image(root, &vfs, 1, "2");

	(void)state;
	open_store(&main, "docker", in(root, "/"));
	assert_string_equal(pl_store_label(main.store), in("docker:", "%s", root + 1));
	assert_int_equal(main.n, 1);
	assert_string_equal(text_of(&main.refs[0].id), text_of(&first.id));
	open_store(&other, "docker", in(root, "image/vfs"));
	assert_string_equal(pl_store_label(other.store), in("docker:", "%s/image/vfs", root + 1));
	assert_int_equal(other.n, 1);
	assert_int_equal(read_image(&other, find_ref(&other, text_of(&second.id))), 0);
	assert_int_equal(other.image.layers[0].kind, PL_LAYER_DIRECTORY);
	assert_int_equal(other.image.layers[0].whiteouts, PL_WHITEOUTS_NONE);
}

static void no_store(void **state)
{
	CLEANUP_TMP char *root = tmp_new();
	struct pl_store *store;
	struct pl_reason reason;

	(void)state;
	assert_int_equal(pl_store_open("docker", in(root, "none"), &store, &reason), PL_BAD_MISSING);
	assert_int_equal(pl_store_open("docker", root, &store, &reason), PL_BAD_MISSING);
	assert_non_null(strstr(reason.text, "no data root of Docker"));
	make_dir(in(root, "image/overlay2/other"));
	assert_int_equal(pl_store_open("docker", root, &store, &reason), PL_BAD_MISSING);
	assert_int_equal(pl_store_open("docker", in(root, "image/overlay2"), &store, &reason), PL_BAD_MISSING);
	put_text(in(root, "file"), "x");
	assert_int_equal(pl_store_open("docker", in(root, "file"), &store, &reason), PL_BAD_MISSING);
	assert_int_equal(pl_store_open("containerd", root, &store, &reason), PL_BAD_UNSUPPORTED);
	assert_non_null(strstr(reason.text, "containerd"));
	assert_null(store);
	/* image may not be a link out of the root */
	assert_int_equal(rename(in(root, "image"), in(root, "moved")), 0);
	make_dir(in(root, "moved/overlay2/imagedb"));
	assert_int_equal(symlink("moved", in(root, "image")), 0);
	assert_int_equal(pl_store_open("docker", root, &store, &reason), PL_BAD_MISSING);
}

/* The one layer of the one image in a data root that belongs to `uid` and `gid`. */
static struct pl_layer layer_of(const char *path, uid_t uid, gid_t gid, struct opened *opened)
{
	char *root = strdup(path);

	assert_non_null(root);
	(void)make_image(root, &overlay2, 1, "1");
	assert_int_equal(chown(root, uid, gid), 0);
	open_store(opened, "docker", root);
	free(root);
	assert_int_equal(read_image(opened, &opened->refs[0]), 0);
	assert_int_equal(opened->image.n_layers, 1);
	return opened->image.layers[0];
}

static void remapped_users(void **state)
{
	CLEANUP_TMP char *root = tmp_new();
	CLEANUP_OPENED struct opened shifted = { 0 }, old = { 0 }, plain = { 0 };
	struct pl_layer layer;

	(void)state;
	if (geteuid() != 0) {
		skip();
		return;
	}
	layer = layer_of(in(root, "231072.300000"), 0, 300000, &shifted);
	assert_int_equal(layer.uid_base, 231072);
	assert_int_equal(layer.gid_base, 300000);
	assert_int_equal(layer.uid_root | layer.gid_root, 0);
	layer = layer_of(in(root, "1000.1000"), 1000, 1000, &old);
	assert_int_equal(layer.uid_base, 1000);
	/* a version number is no user namespace */
	layer = layer_of(in(root, "20.10"), 0, 0, &plain);
	assert_int_equal(layer.uid_base | layer.gid_base, 0);
}

static void rootless_users(void **state)
{
	CLEANUP_TMP char *root = tmp_new();
	CLEANUP_OPENED struct opened named = { 0 }, numbered = { 0 }, unknown = { 0 };
	struct pl_layer layer;

	(void)state;
	if (geteuid() != 0) {
		skip();
		return;
	}
	put_text(in(root, "etc/passwd"), "root:x:0:0::/root:/bin/sh\nme:x:1234:1235::/home/me:/bin/sh\n");
	put_text(in(root, "etc/subuid"), "mean:1:1\nme:100000:65536\n4321:200000:65536\n");
	put_text(in(root, "etc/subgid"), "me:300000:65536\n4321:400000:65536\n");
	layer = layer_of(in(root, "home/me/.local/share/docker"), 1234, 1235, &named);
	assert_int_equal(layer.uid_base, 99999);
	assert_int_equal(layer.gid_base, 299999);
	assert_int_equal(layer.uid_root, 1234);
	assert_int_equal(layer.gid_root, 1235);
	layer = layer_of(in(root, "home/other/docker"), 4321, 4321, &numbered);
	assert_int_equal(layer.uid_base, 199999);
	layer = layer_of(in(root, "home/third/docker"), 5555, 5555, &unknown);
	assert_int_equal(layer.kind, PL_LAYER_ABSENT);
	assert_non_null(strstr(layer.problem, "subuid"));
}

static void little_memory(void **state)
{
	CLEANUP_TMP char *root = tmp_new();
	const struct made made = make_image(root, &overlay2, 3, "1");

	(void)state;
	put_names(&made, "app", "app:1");
	read_in_little_memory("docker", root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_steps_of_builds),
		cmocka_unit_test(image_without_layers),
		cmocka_unit_test(store_without_images),
		cmocka_unit_test(names_that_cannot_be_read),
		cmocka_unit_test(names_that_lead_nowhere),
		cmocka_unit_test(names_that_are_not_text),
		cmocka_unit_test(more_images_than_are_read),
		cmocka_unit_test(damaged_stores),
		cmocka_unit_test(config_that_hides),
		cmocka_unit_test(removed_while_it_was_read),
		cmocka_unit_test(other_drivers),
		cmocka_unit_test(driver_that_keeps_no_files),
		cmocka_unit_test(two_drivers_in_one_root),
		cmocka_unit_test(no_store),
		cmocka_unit_test(remapped_users),
		cmocka_unit_test(rootless_users),
		cmocka_unit_test(little_memory),
	};

	return cmocka_run_group_tests_name("store, docker", tests, NULL, NULL);
}
