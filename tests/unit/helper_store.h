/* SPDX-License-Identifier: Apache-2.0 */
/* Stores for tests: made piece by piece in a temporary directory, or unpacked from those of real engines. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "plimsoll/digest.h"
#include "plimsoll/store.h"

/* A fresh directory; removed with all that is in it. */
char *tmp_new(void);
void tmp_free(char **path);
#define CLEANUP_TMP __attribute__((cleanup(tmp_free)))

/* "DIR/PATH" with the arguments of `format`, in one of a few static buffers. */
const char *in(const char *dir, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Directories on the way are made. */
void make_dir(const char *path);
void put(const char *path, const void *bytes, size_t n);
void put_text(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Removes a file or a whole tree. */
void rm(const char *path);
/* Changes one byte in the middle. */
void flip(const char *path);

/* Puts the text at DIR/<64 hex digits> and gives its digest. */
struct pl_digest put_by_digest(const char *dir, const char *text);
/* The hex digits, and the whole digest, in one of a few static buffers. */
const char *hex(const struct pl_digest *digest);
const char *text_of(const struct pl_digest *digest);
struct pl_digest digest_of(const char *text);

/* Unpacks tests/data/stores/NAME.tar.xz. Return: false when that needs root, who we are not. */
bool unpack(const char *name, const char *dir);

/* A store with its list; every step must go well. */
struct opened {
	struct pl_store *store;
	struct pl_arena arena, image_arena;
	struct pl_image_ref *refs;
	size_t n;
	struct pl_image image;
	struct pl_reason reason;
};
void open_store(struct opened *opened, const char *driver, const char *path);
void close_store(struct opened *opened);
#define CLEANUP_OPENED __attribute__((cleanup(close_store)))

/* Lists and reads everything in ever larger arenas: what finds no room says so, and nothing else goes wrong. */
void read_in_little_memory(const char *driver, const char *path);

/* The one image that `name` means. */
const struct pl_image_ref *find_ref(const struct opened *opened, const char *name);
/* Reads it into opened->image; returns as pl_store_image. */
int read_image(struct opened *opened, const struct pl_image_ref *ref);

/* An OCI layout. Descriptors are JSON texts in one of a few static buffers. */
void layout_new(const char *dir);
const char *descriptor(const char *media_type, const struct pl_digest *digest, size_t size, const char *more);
/* A blob, and the descriptor of it. */
const char *put_blob(const char *dir, const char *media_type, const char *text, const char *more);
/* An image of one layer: returns its manifest's descriptor, with `more` in it (", \"annotations\": …" or ""). */
const char *put_image(const char *dir, const char *architecture, const char *user, const char *more);
void put_index(const char *dir, const char *first, const char *second);

#define OCI_IMAGE "application/vnd.oci.image.manifest.v1+json"
#define OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define OCI_TAR "application/vnd.oci.image.layer.v1.tar"
#define NAMED(name) ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"" name "\"}"
