/* SPDX-License-Identifier: Apache-2.0 */
/* Content digests (OCI image-spec: descriptor.md, "Digests") and chain ids (config.md, "Layer ChainID"). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pl_digest_algorithm { PL_DIGEST_NONE, PL_DIGEST_SHA256, PL_DIGEST_SHA512 };

#define PL_DIGEST_MAX_BYTES 64
/* "sha512:" and 128 hex digits and a zero. */
#define PL_DIGEST_TEXT_BYTES 136

struct pl_digest {
	enum pl_digest_algorithm algorithm;
	uint8_t bytes[PL_DIGEST_MAX_BYTES]; /* 32 or 64 of them count, the rest is zero */
};

struct pl_digest_text {
	char text[PL_DIGEST_TEXT_BYTES];
};

/* Reads "sha256:<64 lower-case hex>" or "sha512:<128>", nothing before or after. Return: whether it is one. */
bool pl_digest_parse(const char *text, size_t n, struct pl_digest *out);
/* Reads the hex digits alone, as store folders and file names have them. */
bool pl_digest_parse_hex(enum pl_digest_algorithm algorithm, const char *hex, size_t n, struct pl_digest *out);
/* "sha256:…" into out->text, which is returned. PL_DIGEST_NONE gives "". */
const char *pl_digest_format(const struct pl_digest *digest, struct pl_digest_text *out);
bool pl_digest_equal(const struct pl_digest *a, const struct pl_digest *b);

/* A digest being computed. Opaque but embeddable: holds mbedTLS's context. */
struct pl_hash;
/* Return: 0; -EINVAL for PL_DIGEST_NONE; -ENOMEM. */
int pl_hash_new(enum pl_digest_algorithm algorithm, struct pl_hash **out) __attribute__((warn_unused_result));
void pl_hash_free(struct pl_hash **hash);
void pl_hash_update(struct pl_hash *hash, const void *bytes, size_t n);
/* Ends it; the hash can only be freed afterwards. Gives PL_DIGEST_NONE if mbedTLS failed on the way. */
void pl_hash_finish(struct pl_hash *hash, struct pl_digest *out);
#define PL_CLEANUP_HASH __attribute__((cleanup(pl_hash_free)))

/* The digest of bytes in memory. Return: as pl_hash_new. */
int pl_digest_bytes(enum pl_digest_algorithm algorithm, const void *bytes, size_t n, struct pl_digest *out)
	__attribute__((warn_unused_result));

/*
 * The chain id of a layer upon the chain below it: the layer's own diff id when `below` is PL_DIGEST_NONE, else
 * sha256("<below> <diff_id>"). Return: as pl_hash_new.
 */
int pl_digest_chain(const struct pl_digest *below, const struct pl_digest *diff_id, struct pl_digest *out)
	__attribute__((warn_unused_result));
