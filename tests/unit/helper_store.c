/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700
#include "helper_store.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
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

#include "plimsoll/limits.h"
#include "plimsoll/verdict.h"

#define N_TEXTS 128
#define TEXT_BYTES 8192

/* Long enough for the texts of one test step; used in turn. */
static char *next_text(void)
{
	static char texts[N_TEXTS][TEXT_BYTES];
	static unsigned int i;

	return texts[i++ % N_TEXTS];
}

static const char *vtext(const char *format, va_list args) __attribute__((format(printf, 1, 0)));
static const char *vtext(const char *format, va_list args)
{
	char *text = next_text();
	int n = vsnprintf(text, TEXT_BYTES, format, args);

	assert_in_range(n, 0, TEXT_BYTES - 1);
	return text;
}

static const char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *text(const char *format, ...)
{
	const char *out;
	va_list args;

	va_start(args, format);
	out = vtext(format, args);
	va_end(args);
	return out;
}

char *tmp_new(void)
{
	const char *where = getenv("TMPDIR");
	char *path = strdup(text("%s/plimsoll-XXXXXX", where && *where ? where : "/tmp"));

	assert_non_null(path);
	assert_non_null(mkdtemp(path));
	return path;
}

static int rm_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void rm(const char *path)
{
	assert_int_equal(nftw(path, rm_one, 32, FTW_DEPTH | FTW_PHYS), 0);
}

void tmp_free(char **path)
{
	if (*path)
		rm(*path);
	free(*path);
}

const char *in(const char *dir, const char *format, ...)
{
	const char *rest;
	va_list args;

	va_start(args, format);
	rest = vtext(format, args);
	va_end(args);
	return text("%s/%s", dir, rest);
}

void make_dir(const char *path)
{
	char *copy = strdup(path);

	assert_non_null(copy);
	for (char *at = copy + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = 0;
		assert_true(!mkdir(copy, 0755) || errno == EEXIST);
		*at = '/';
	}
	assert_true(!mkdir(copy, 0755) || errno == EEXIST);
	free(copy);
}

void put(const char *path, const void *bytes, size_t n)
{
	char *parent = strdup(path);
	FILE *file;

	assert_non_null(parent);
	*strrchr(parent, '/') = 0;
	make_dir(parent);
	free(parent);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
}

void put_text(const char *path, const char *format, ...)
{
	const char *bytes;
	va_list args;

	va_start(args, format);
	bytes = vtext(format, args);
	va_end(args);
	put(path, bytes, strlen(bytes));
}

void flip(const char *path)
{
	struct stat st;
	char byte;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(pread(fd, &byte, 1, st.st_size / 2), 1);
	byte = (char)(byte ^ 1);
	assert_int_equal(pwrite(fd, &byte, 1, st.st_size / 2), 1);
	close(fd);
}

struct pl_digest digest_of(const char *bytes)
{
	struct pl_digest digest;

	assert_int_equal(pl_digest_bytes(PL_DIGEST_SHA256, bytes, strlen(bytes), &digest), 0);
	return digest;
}

const char *text_of(const struct pl_digest *digest)
{
	struct pl_digest_text out;

	return text("%s", pl_digest_format(digest, &out));
}

const char *hex(const struct pl_digest *digest)
{
	return strchr(text_of(digest), ':') + 1;
}

struct pl_digest put_by_digest(const char *dir, const char *bytes)
{
	struct pl_digest digest = digest_of(bytes);

	put(in(dir, "%s", hex(&digest)), bytes, strlen(bytes));
	return digest;
}

bool unpack(const char *name, const char *dir)
{
	const char *archive = text("%s/stores/%s.tar.xz", PL_TEST_DATA, name);
	int status;
	pid_t pid;

	if (geteuid() != 0)
		return false;
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		execlp("tar", "tar", "-C", dir, "--xattrs", "--xattrs-include=*", "--numeric-owner", "-xf", archive,
		       (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return true;
}

void open_store(struct opened *opened, const char *driver, const char *path)
{
	*opened = (struct opened){ 0 };
	pl_arena_init(&opened->arena, 2 * PL_MAX_STORE_LIST_BYTES);
	pl_arena_init(&opened->image_arena, 2 * PL_MAX_STORE_LIST_BYTES);
	if (pl_store_open(driver, path, &opened->store, &opened->reason) ||
	    pl_store_list(opened->store, &opened->arena, &opened->refs, &opened->n, &opened->reason))
		fail_msg("%s:%s: %s", driver, path, opened->reason.text);
}

void close_store(struct opened *opened)
{
	pl_store_free(&opened->store);
	pl_arena_deinit(&opened->arena);
	pl_arena_deinit(&opened->image_arena);
}

const struct pl_image_ref *find_ref(const struct opened *opened, const char *name)
{
	const struct pl_image_ref *found = NULL;

	for (size_t i = 0; i < opened->n; i++) {
		if (!pl_image_ref_matches(&opened->refs[i], name))
			continue;
		assert_null(found);
		found = &opened->refs[i];
	}
	if (!found)
		fail_msg("%s is not listed", name);
	return found;
}

int read_image(struct opened *opened, const struct pl_image_ref *ref)
{
	pl_arena_deinit(&opened->image_arena);
	opened->reason.text[0] = 0;
	return pl_store_image(opened->store, ref, &opened->image_arena, &opened->image, &opened->reason);
}

static void no_room(int r)
{
	if (r && r != -ENOMEM && r != PL_BAD_LIMIT)
		fail_msg("%d for want of memory", r);
}

void read_in_little_memory(const char *driver, const char *path)
{
	size_t n_read = 0;

	/* an arena asks the system for 16 KiB at a time, or for as much as it may hold */
	for (size_t max = 0; max < 4096; max += 64) {
		PL_CLEANUP_STORE struct pl_store *store = NULL;
		struct pl_arena list = { .max_bytes = max };
		struct pl_image_ref *refs;
		size_t n;
		int r;

		assert_int_equal(pl_store_open(driver, path, &store, NULL), 0);
		r = pl_store_list(store, &list, &refs, &n, NULL);
		no_room(r);
		for (size_t i = 0; i < n && !r; i++) {
			struct pl_arena arena = { .max_bytes = max };
			struct pl_image image;
			int e = pl_store_image(store, &refs[i], &arena, &image, NULL);

			no_room(e);
			n_read += !e;
			pl_arena_deinit(&arena);
		}
		pl_arena_deinit(&list);
	}
	assert_true(n_read);
}

void layout_new(const char *dir)
{
	put_text(in(dir, "oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
	make_dir(in(dir, "blobs/sha256"));
}

const char *descriptor(const char *media_type, const struct pl_digest *digest, size_t size, const char *more)
{
	return text("{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu%s}", media_type, text_of(digest), size, more);
}

const char *put_blob(const char *dir, const char *media_type, const char *bytes, const char *more)
{
	struct pl_digest digest = put_by_digest(in(dir, "blobs/sha256"), bytes);

	return descriptor(media_type, &digest, strlen(bytes), more);
}

const char *put_image(const char *dir, const char *architecture, const char *user, const char *more)
{
	/* an empty tar; what is in layers is not the stores' business */
	struct pl_digest diff_id = digest_of("");
	const char *layer = put_blob(dir, OCI_TAR, "", "");
	const char *config = put_blob(dir, OCI_CONFIG,
				      text("{\"architecture\":\"%s\",\"os\":\"linux\",\"config\":{\"User\":\"%s\"},"
					   "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]}}",
					   architecture, user, text_of(&diff_id)),
				      "");

	return put_blob(dir, OCI_IMAGE, text("{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}", config, layer),
			more);
}

void put_index(const char *dir, const char *first, const char *second)
{
	put_text(in(dir, "index.json"), "{\"schemaVersion\":2,\"manifests\":[%s%s%s]}", first ? first : "",
		 second ? "," : "", second ? second : "");
}
