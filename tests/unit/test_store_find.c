/* SPDX-License-Identifier: Apache-2.0 */
/* Where stores are found below a root, and at a place that somebody names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "helper_store.h"
#include "store/daemon.h"

/* "DRIVER:PATH " of all that is found, the root cut off the paths. */
struct finds {
	const char *root;
	char text[4096];
	size_t n;
};

static int note(void *context, const char *driver, const char *path)
{
	struct finds *finds = context;
	size_t n_root = strlen(finds->root), at = strlen(finds->text);

	if (!strncmp(path, finds->root, n_root))
		path += n_root;
	snprintf(finds->text + at, sizeof(finds->text) - at, "%s:%s ", driver, path);
	finds->n++;
	return 0;
}

static int stop(void *context, const char *driver, const char *path)
{
	(void)driver;
	(void)path;
	++*(int *)context;
	return 7;
}

static void found(const char *root, const char *wanted)
{
	struct finds finds = { .root = root };

	assert_int_equal(pl_stores_find(root, note, &finds), 0);
	assert_string_equal(finds.text, wanted);
}

/* Enough of a data root to be one; `images` says whether there is any image. */
static void put_root(const char *path, const char *driver, bool images)
{
	put_text(in(path, "image/%s/repositories.json", driver), "{}");
	make_dir(in(path, "image/%s/imagedb/content/sha256", driver));
	if (images)
		put_text(in(path, "image/%s/imagedb/content/sha256/%064d", driver, 0), "{}");
}

static void default_places(void **state)
{
	CLEANUP_TMP char *root = tmp_new();

	(void)state;
	found(root, "");
	make_dir(in(root, "var/lib/docker"));
	make_dir(in(root, "var/lib/docker/image/overlay2/distribution"));
	found(root, "");
	put_root(in(root, "var/lib/docker"), "overlay2", true);
	put_root(in(root, "var/lib/balena-engine"), "aufs", false);
	put_root(in(root, "var/snap/docker/common/var-lib-docker"), "overlay2", true);
	found(root,
	      "docker:/var/lib/docker docker:/var/lib/balena-engine docker:/var/snap/docker/common/var-lib-docker ");
}

static void parts_of_a_root(void **state)
{
	CLEANUP_TMP char *root = tmp_new();
	const char *docker = strdup(in(root, "var/lib/docker"));

	(void)state;
	put_root(docker, "vfs", true);
	put_root(docker, "overlay2", false);
	/* the driver that Docker prefers comes first only when it has images */
	found(root, "docker:/var/lib/docker ");
	put_root(docker, "overlay2", true);
	found(root, "docker:/var/lib/docker docker:/var/lib/docker/image/vfs ");
	put_root(in(docker, "231072.231072"), "overlay2", true);
	make_dir(in(docker, "1.2"));
	make_dir(in(docker, "231072.x/image/overlay2/imagedb"));
	found(root, "docker:/var/lib/docker docker:/var/lib/docker/image/vfs docker:/var/lib/docker/231072.231072 ");
	rm(in(docker, "image"));
	found(root, "docker:/var/lib/docker/231072.231072 ");
	free((void *)(uintptr_t)docker);
}

static void configured_places(void **state)
{
	CLEANUP_TMP char *root = tmp_new();

	(void)state;
	put_root(in(root, "srv/docker"), "overlay2", true);
	put_root(in(root, "srv/deltas"), "overlay2", true);
	found(root, "");
	put_text(in(root, "etc/docker/daemon.json"), "{\"Data-Root\":\"/srv/docker\",\"features\":{},\"hosts\":[]}");
	put_text(in(root, "etc/balena-engine/daemon.json"),
		 "{\"delta-data-root\":\"/srv/deltas\",\"graph\":\"relative\"}");
	found(root, "docker:/srv/docker docker:/srv/deltas ");
	/* the same place under several names is one */
	make_dir(in(root, "var/lib"));
	assert_int_equal(symlink("/srv/docker", in(root, "var/lib/docker")), 0);
	found(root, "docker:/srv/docker docker:/srv/deltas ");
	/* what no daemon would start with */
	put_text(in(root, "etc/docker/daemon.json"), "{\"data-root\":1}");
	found(root, "docker:/srv/docker docker:/srv/deltas ");
	assert_int_equal(unlink(in(root, "etc/docker/daemon.json")), 0);
	assert_int_equal(mkfifo(in(root, "etc/docker/daemon.json"), 0600), 0);
	found(root, "docker:/srv/docker docker:/srv/deltas ");
}

/* Links are those of the root's own system: they lead nowhere else. */
static void links_stay_inside(void **state)
{
	CLEANUP_TMP char *root = tmp_new();
	CLEANUP_TMP char *outside = tmp_new();

	(void)state;
	put_root(in(outside, "docker"), "overlay2", true);
	make_dir(in(root, "var/lib"));
	assert_int_equal(symlink(in(outside, "docker"), in(root, "var/lib/docker")), 0);
	found(root, "");
	put_root(in(root, "%s/docker", outside + 1), "overlay2", true);
	found(root, in("docker:", "%s/docker ", outside + 1));
}

static void homes(void **state)
{
	CLEANUP_TMP char *root = tmp_new();

	(void)state;
	put_text(
		in(root, "etc/passwd"),
		"root:x:0:0:root:/root:/bin/sh\nbroken\n::::::\nme:x:1000:1000::/home/me\nother:x:1:1::/home/other:/x");
	put_root(in(root, "home/me/.local/share/docker"), "overlay2", true);
	put_root(in(root, "data"), "fuse-overlayfs", true);
	put_text(in(root, "home/other/.config/docker/daemon.json"), "{\"data-root\":\"/data\"}");
	found(root, "docker:/home/me/.local/share/docker docker:/data ");
}

static void stores_that_cannot_be_read_yet(void **state)
{
	CLEANUP_TMP char *root = tmp_new();

	(void)state;
	/* Docker's helper has snapshotters without snapshots, podman without images an empty list */
	make_dir(in(root, "var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots"));
	put_text(in(root, "var/lib/containers/storage/overlay-images/images.json"), "[]");
	found(root, "");
	make_dir(in(root, "var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/1"));
	put_text(in(root, "var/lib/containers/storage/overlay-images/images.json"), "[{}]");
	put_text(in(root, "etc/passwd"), "me:x:1000:1000::/home/me:/bin/sh\n");
	put_text(in(root, "home/me/.local/share/containers/storage/vfs-images/images.json"), "[{}]");
	make_dir(in(root, "var/lib/docker/containerd/daemon/io.containerd.snapshotter.v1.native/snapshots/7"));
	found(root, "containerd:/var/lib/docker/containerd/daemon containerd:/var/lib/containerd "
		    "containers-storage:/var/lib/containers/storage "
		    "containers-storage:/home/me/.local/share/containers/storage ");
}

static void closed_places(void **state)
{
	CLEANUP_TMP char *root = tmp_new();
	pid_t pid;

	(void)state;
	if (geteuid() != 0) {
		skip();
		return;
	}
	put_root(in(root, "var/lib/docker"), "overlay2", true);
	assert_int_equal(chmod(in(root, "var/lib/docker"), 0710) | chmod(root, 0755), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct finds finds = { .root = root };

		/* what cannot be looked into is no reason to say that there is nothing */
		if (setegid(65534) || seteuid(65534) || pl_stores_find(root, note, &finds))
			_exit(1);
		_exit(strcmp(finds.text, "docker:/var/lib/docker ") ? 2 : 0);
	}
	{
		int status;

		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

static void whoever_is_asked_can_end_it(void **state)
{
	CLEANUP_TMP char *root = tmp_new();
	int n = 0;

	(void)state;
	put_root(in(root, "var/lib/docker"), "overlay2", true);
	put_root(in(root, "var/lib/balena-engine"), "overlay2", true);
	assert_int_equal(pl_stores_find(root, stop, &n), 7);
	assert_int_equal(n, 1);
	assert_true(pl_stores_find(in(root, "none"), stop, &n) < 0);
	assert_int_equal(n, 1);
}

static void at_a_place(void **state)
{
	CLEANUP_TMP char *root = tmp_new();
	struct finds finds = { .root = root };

	(void)state;
	/* a place without a store is given as well: opening it says what is wrong */
	assert_int_equal(pl_stores_at("docker", root, note, &finds), 0);
	assert_string_equal(finds.text, "docker: ");
	put_root(root, "overlay2", true);
	put_root(root, "vfs", true);
	put_root(in(root, "1000.1000"), "overlay2", true);
	finds.text[0] = 0;
	assert_int_equal(pl_stores_at("docker", root, note, &finds), 0);
	assert_string_equal(finds.text, "docker: docker:/image/vfs docker:/1000.1000 ");
	finds.text[0] = 0;
	assert_int_equal(pl_stores_at("docker", in(root, "image/vfs"), note, &finds), 0);
	assert_int_equal(pl_stores_at("docker", in(root, "none"), note, &finds), 0);
	assert_int_equal(pl_stores_at("oci", root, note, &finds), 0);
	assert_string_equal(finds.text, "docker:/image/vfs docker:/none oci: ");
}

static void arguments_of_daemons(void **state)
{
	static const struct {
		const char *arguments;
		size_t n;
		const char *found;
	} rows[] = {
#define ROW(text, found) { text, sizeof(text), found }
		ROW("dockerd", ""),
		ROW("dockerd\0--data-root\0/a", "/a "),
		ROW("dockerd\0--data-root=/a\0--host=fd://", "/a "),
		ROW("dockerd\0-g\0/a\0-D", "/a "),
		ROW("dockerd\0-g/a", "/a "),
		ROW("dockerd\0-g=/a", "/a "),
		ROW("dockerd\0--graph\0/a", "/a "),
		ROW("balenad\0--delta-data-root\0/a\0--data-root\0/b", "/a /b "),
		ROW("dockerd\0--config-file=/c\0--data-root\0/a", "(/c) /a "),
		ROW("dockerd\0--data-rooted\0/a\0--data-root", ""),
		ROW("dockerd\0--group\0docker", ""),
		ROW("", ""),
		{ "", 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct pl_daemon_option option;
		char text[256] = "";
		size_t at = 0, len = 0;

		while (pl_daemon_next_option(rows[i].arguments, rows[i].n, &at, &option))
			len += (size_t)snprintf(text + len, sizeof(text) - len, option.config ? "(%s) " : "%s ",
						option.value);
		assert_string_equal(text, rows[i].found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(default_places),
		cmocka_unit_test(parts_of_a_root),
		cmocka_unit_test(configured_places),
		cmocka_unit_test(links_stay_inside),
		cmocka_unit_test(homes),
		cmocka_unit_test(stores_that_cannot_be_read_yet),
		cmocka_unit_test(closed_places),
		cmocka_unit_test(whoever_is_asked_can_end_it),
		cmocka_unit_test(at_a_place),
		cmocka_unit_test(arguments_of_daemons),
	};

	return cmocka_run_group_tests_name("store, finding", tests, NULL, NULL);
}
