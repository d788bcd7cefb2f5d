/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where stores are: at the engines' default places, where their configuration files put them, and where running daemons
 * were told to. What a process calls itself and its arguments are anybody's, so only root's are believed; a path is
 * resolved inside the root that it is meant for.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "plimsoll/fd.h"
#include "plimsoll/json.h"
#include "plimsoll/limits.h"
#include "plimsoll/text.h"
#include "store_internal.h"
#include "unread.h"

/* A daemon's configuration file: real ones are under 4 KiB. */
#define CONFIG_BYTES ((size_t)1 << 20)
/* Directories that were looked at: far more than any machine has stores. */
#define MAX_PLACES 1024

struct place {
	dev_t dev;
	ino_t ino;
};

struct search {
	pl_store_found *found;
	void *context;
	struct pl_buf places; /* of struct place: no directory is given twice */
	const char *root;     /* as given, or /proc/PID/root */
	int root_fd;
};

enum how_sure {
	CONFIGURED, /* an engine uses it if it is there at all: being kept out is worth telling */
	GUESSED,
};

static bool is_new(struct search *s, const struct stat *st)
{
	const struct place *list = (const void *)s->places.data;
	const struct place place = { st->st_dev, st->st_ino };

	for (size_t i = 0; i < s->places.len / sizeof(place); i++)
		if (list[i].dev == place.dev && list[i].ino == place.ino)
			return false;
	return !pl_buf_append(&s->places, &place, sizeof(place));
}

/*
 * The path by which anybody can open what `fd` has open: the one that was asked for, unless its links lead elsewhere
 * because they are meant for another root. Return: false when it has none that fits.
 */
static bool outside_path(const struct search *s, const char *path, int fd, const struct stat *st,
			 char out[static PL_MAX_PATH_BYTES])
{
	char link[64];
	struct stat seen;
	size_t n_root = strlen(s->root);
	ssize_t n;

	while (n_root && s->root[n_root - 1] == '/')
		n_root--;
	n = snprintf(out, PL_MAX_PATH_BYTES, "%.*s%s%s", (int)n_root, s->root, *path == '/' ? "" : "/", path);
	if (n > 0 && n < PL_MAX_PATH_BYTES && !stat(out, &seen) && seen.st_dev == st->st_dev &&
	    seen.st_ino == st->st_ino)
		return true;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, out, PL_MAX_PATH_BYTES - 1);
	if (n <= 0)
		return false;
	out[n] = 0;
	return !stat(out, &seen) && seen.st_dev == st->st_dev && seen.st_ino == st->st_ino;
}

/* Gives a store of a kind that no driver of ours reads yet, when it has images: it is not to be passed over in silence. */
static int look_at_unread(struct search *s, const char *path, const char *driver, bool (*holds_images)(int dir))
{
	PL_CLEANUP_FD int fd = pl_openat(s->root_fd, path, PL_RESOLVE_IN_ROOT, O_DIRECTORY);
	char outside[PL_MAX_PATH_BYTES];
	struct stat st;

	if (fd < 0 || !holds_images(fd) || fstat(fd, &st) < 0 || !is_new(s, &st) ||
	    !outside_path(s, path, fd, &st, outside))
		return 0;
	return s->found(s->context, driver, outside);
}

/* Gives the docker stores at a path inside the root, if it is there. */
static int look_at(struct search *s, const char *path, enum how_sure sure)
{
	PL_CLEANUP_FD int fd = pl_openat(s->root_fd, path, PL_RESOLVE_IN_ROOT, O_DIRECTORY);
	char outside[PL_MAX_PATH_BYTES];
	struct stat st;
	size_t n;
	int told = fd, r;

	if (fd == -EACCES || fd == -EPERM) {
		fd = pl_openat(s->root_fd, path, PL_RESOLVE_IN_ROOT, O_PATH | O_DIRECTORY);
		if (sure == GUESSED)
			return 0;
	}
	if (fd < 0 || fstat(fd, &st) < 0 || !is_new(s, &st) || !outside_path(s, path, fd, &st, outside))
		return 0;
	if (told < 0)
		return s->found(s->context, pl_store_docker.name, outside);
	r = pl_docker_stores(outside, s->found, s->context, &n);
	/* a containerd that the daemon runs itself lies in the daemon's root */
	if (!r && snprintf(outside, sizeof(outside), "%s/containerd/daemon", path) < (int)sizeof(outside))
		r = look_at_unread(s, outside, "containerd", pl_containerd_holds_images);
	return r;
}

struct daemon_config {
	const char *data_root, *graph, *delta_data_root;
};

/* The places that a configuration file names. A daemon does not start with one that it cannot read. */
static int look_at_config(struct search *s, const char *path)
{
	static const struct pl_json_field fields[] = {
		{ .name = "data-root", .kind = PL_JSON_TEXT, .at = offsetof(struct daemon_config, data_root) },
		{ .name = "graph", .kind = PL_JSON_TEXT, .at = offsetof(struct daemon_config, graph) },
		{ .name = "delta-data-root",
		  .kind = PL_JSON_TEXT,
		  .at = offsetof(struct daemon_config, delta_data_root) },
	};
	static const struct pl_json_table table = PL_JSON_TABLE("Config", struct daemon_config, fields);
	PL_CLEANUP_BUF struct pl_buf buf = { 0 };
	PL_CLEANUP_ARENA struct pl_arena arena = { .blocks = NULL };
	struct daemon_config config = { 0 };
	int r;

	pl_arena_init(&arena, 2 * CONFIG_BYTES);
	pl_buf_init(&buf, CONFIG_BYTES);
	r = pl_read_at(s->root_fd, path, PL_RESOLVE_IN_ROOT, &buf);
	if (!r)
		r = pl_json_decode(buf.data, buf.len, PL_JSON_ONLY, &table, &arena, &config, NULL);
	if (r)
		return r == -ENOMEM ? r : 0;
	if (*config.data_root == '/')
		r = look_at(s, config.data_root, CONFIGURED);
	if (!r && *config.graph == '/')
		r = look_at(s, config.graph, CONFIGURED);
	if (!r && *config.delta_data_root == '/')
		r = look_at(s, config.delta_data_root, CONFIGURED);
	return r;
}

/* Rootless engines keep theirs below the user's home directory. */
static int look_at_home(struct search *s, const char *home)
{
	char path[PL_MAX_PATH_BYTES];
	int r = 0;

	if (snprintf(path, sizeof(path), "%s/.local/share/docker", home) < (int)sizeof(path))
		r = look_at(s, path, GUESSED);
	if (!r && snprintf(path, sizeof(path), "%s/.config/docker/daemon.json", home) < (int)sizeof(path))
		r = look_at_config(s, path);
	if (!r && snprintf(path, sizeof(path), "%s/.local/share/containers/storage", home) < (int)sizeof(path))
		r = look_at_unread(s, path, "containers-storage", pl_storage_holds_images);
	return r;
}

/* The sixth field of a passwd line; the line is cut apart. */
static const char *home_of(char *line)
{
	for (unsigned int field = 1; field < 6; field++) {
		line = strchr(line, ':');
		if (!line)
			return NULL;
		line++;
	}
	line[strcspn(line, ":")] = 0;
	return *line == '/' && line[1] ? line : NULL;
}

static int look_at_homes(struct search *s)
{
	PL_CLEANUP_BUF struct pl_buf passwd = { 0 };
	char *line, *rest;
	int r;

	pl_buf_init(&passwd, PL_MAX_ACCOUNT_BYTES);
	r = pl_read_at(s->root_fd, "etc/passwd", PL_RESOLVE_IN_ROOT, &passwd);
	if (r || !passwd.len)
		return r == -ENOMEM ? r : 0;
	rest = (char *)passwd.data;
	while (!r && (line = strsep(&rest, "\n"))) {
		const char *home = home_of(line);

		if (home)
			r = look_at_home(s, home);
	}
	return r;
}

static int look_in_root(struct search *s)
{
	static const char *const configs[] = { "/etc/docker/daemon.json", "/etc/balena-engine/daemon.json",
					       "/var/snap/docker/current/config/daemon.json" };
	static const char *const places[] = { "/var/lib/docker", "/var/lib/balena-engine",
					      "/var/snap/docker/common/var-lib-docker" };
	static const char *const containerd[] = { "/var/lib/containerd", "/var/lib/rancher/k3s/agent/containerd",
						  "/var/lib/rancher/rke2/agent/containerd", "/var/lib/k0s/containerd",
						  "/var/snap/microk8s/common/var/lib/containerd" };
	int r = 0;

	for (size_t i = 0; i < sizeof(places) / sizeof(*places) && !r; i++)
		r = look_at(s, places[i], CONFIGURED);
	for (size_t i = 0; i < sizeof(configs) / sizeof(*configs) && !r; i++)
		r = look_at_config(s, configs[i]);
	for (size_t i = 0; i < sizeof(containerd) / sizeof(*containerd) && !r; i++)
		r = look_at_unread(s, containerd[i], "containerd", pl_containerd_holds_images);
	if (!r)
		r = look_at_unread(s, "/var/lib/containers/storage", "containers-storage", pl_storage_holds_images);
	return r ? r : look_at_homes(s);
}

/* ---- running daemons ---- */

static int look_at_arguments(struct search *s, int process)
{
	PL_CLEANUP_BUF struct pl_buf arguments = { 0 };
	struct pl_daemon_option option;
	size_t at = 0;
	int r;

	pl_buf_init(&arguments, CONFIG_BYTES);
	r = pl_read_at(process, "cmdline", PL_RESOLVE_NO_LINKS, &arguments);
	if (r)
		return r == -ENOMEM ? r : 0;
	while (!r && pl_daemon_next_option((const char *)arguments.data, arguments.len, &at, &option)) {
		if (option.value[0] != '/')
			continue;
		r = option.config ? look_at_config(s, option.value) : look_at(s, option.value, CONFIGURED);
	}
	return r;
}

static bool same_file(int dir, const char *path, const char *other)
{
	struct stat a, b;

	/* what cannot be told apart is searched once, from here */
	if (fstatat(dir, path, &a, 0) < 0 || stat(other, &b) < 0)
		return true;
	return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static bool is_daemon(int process)
{
	static const char *const names[] = { "dockerd", "dockerd-current", "balenad", "balena-engine-d" };
	PL_CLEANUP_FD int fd = pl_openat(process, "comm", PL_RESOLVE_NO_LINKS, 0);
	char comm[32];
	ssize_t n = fd < 0 ? 0 : pl_read_full(fd, comm, sizeof(comm) - 1);
	struct stat st;

	if (n <= 0 || fstat(process, &st) < 0 || st.st_uid != 0)
		return false;
	comm[n] = 0;
	comm[strcspn(comm, "\n")] = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(comm, names[i]))
			return true;
	return false;
}

/* A daemon in a mount namespace of its own (a snap, a container) may see other directories under the same names. */
static int look_at_daemon(struct search *s, int process, const char *pid)
{
	PL_CLEANUP_FD int root_fd = -1;
	char root[64];
	struct search inside = *s;
	int r = look_at_arguments(s, process);

	if (r || (same_file(process, "ns/mnt", "/proc/self/ns/mnt") && same_file(process, "root", "/")))
		return r;
	snprintf(root, sizeof(root), "/proc/%.20s/root", pid);
	root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return 0;
	inside.root = root;
	inside.root_fd = root_fd;
	r = look_at_arguments(&inside, process);
	if (!r)
		r = look_in_root(&inside);
	s->places = inside.places;
	return r;
}

static int look_at_processes(struct search *s)
{
	PL_CLEANUP_DIR DIR *dir = NULL;
	PL_CLEANUP_FD int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *entry;
	int r = 0;

	if (proc < 0 || pl_opendir_at(proc, ".", &dir))
		return 0;
	while (!r && (entry = readdir(dir))) {
		PL_CLEANUP_FD int process = -1;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		process = pl_openat(proc, entry->d_name, PL_RESOLVE_NO_LINKS, O_DIRECTORY);
		if (process >= 0 && is_daemon(process))
			r = look_at_daemon(s, process, entry->d_name);
	}
	return r;
}

int pl_stores_find(const char *root, pl_store_found *found, void *context)
{
	PL_CLEANUP_FD int fd = pl_open(root, O_DIRECTORY);
	struct search s = { .found = found, .context = context, .root = root, .root_fd = fd };
	int r;

	if (fd < 0)
		return fd;
	pl_buf_init(&s.places, MAX_PLACES * sizeof(struct place));
	r = look_in_root(&s);
	if (!r && same_file(fd, ".", "/"))
		r = look_at_processes(&s);
	pl_buf_deinit(&s.places);
	return r;
}
