/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes by mbedTLS's own functions, not by PSA: PSA must be initialised first, which reads /dev/random (a worker that may
 * open nothing but stores cannot, and early at boot it waits), and it copies all that it hashes. Both use the processor's
 * instructions where there are any.
 */
#include "plimsoll/digest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>

struct pl_hash {
	enum pl_digest_algorithm algorithm;
	bool failed;
	union {
		mbedtls_sha256_context sha256;
		mbedtls_sha512_context sha512;
	} context;
};

static const struct {
	const char *prefix;
	size_t bytes;
} algorithms[] = {
	[PL_DIGEST_NONE] = { "", 0 },
	[PL_DIGEST_SHA256] = { "sha256:", 32 },
	[PL_DIGEST_SHA512] = { "sha512:", 64 },
};

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool pl_digest_parse_hex(enum pl_digest_algorithm algorithm, const char *hex, size_t n, struct pl_digest *out)
{
	const size_t bytes = algorithms[algorithm].bytes;

	*out = (struct pl_digest){ .algorithm = PL_DIGEST_NONE };
	if (!bytes || n != 2 * bytes)
		return false;
	for (size_t i = 0; i < bytes; i++) {
		int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);

		if (high < 0 || low < 0) {
			memset(out, 0, sizeof(*out));
			return false;
		}
		out->bytes[i] = (uint8_t)(high << 4 | low);
	}
	out->algorithm = algorithm;
	return true;
}

bool pl_digest_parse(const char *text, size_t n, struct pl_digest *out)
{
	for (enum pl_digest_algorithm a = PL_DIGEST_SHA256; a <= PL_DIGEST_SHA512; a++) {
		size_t len = strlen(algorithms[a].prefix);

		if (n > len && !memcmp(text, algorithms[a].prefix, len))
			return pl_digest_parse_hex(a, text + len, n - len, out);
	}
	*out = (struct pl_digest){ .algorithm = PL_DIGEST_NONE };
	return false;
}

const char *pl_digest_format(const struct pl_digest *digest, struct pl_digest_text *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t at = strlen(algorithms[digest->algorithm].prefix);

	memcpy(out->text, algorithms[digest->algorithm].prefix, at);
	for (size_t i = 0; i < algorithms[digest->algorithm].bytes; i++) {
		out->text[at++] = digits[digest->bytes[i] >> 4];
		out->text[at++] = digits[digest->bytes[i] & 15];
	}
	out->text[at] = 0;
	return out->text;
}

bool pl_digest_equal(const struct pl_digest *a, const struct pl_digest *b)
{
	return a->algorithm == b->algorithm && !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

int pl_hash_new(enum pl_digest_algorithm algorithm, struct pl_hash **out)
{
	struct pl_hash *hash;

	if (algorithm == PL_DIGEST_NONE)
		return -EINVAL;
	hash = calloc(1, sizeof(*hash));
	if (!hash)
		return -ENOMEM;
	hash->algorithm = algorithm;
	if (algorithm == PL_DIGEST_SHA256) {
		mbedtls_sha256_init(&hash->context.sha256);
		hash->failed = mbedtls_sha256_starts(&hash->context.sha256, 0);
	} else {
		mbedtls_sha512_init(&hash->context.sha512);
		hash->failed = mbedtls_sha512_starts(&hash->context.sha512, 0);
	}
	*out = hash;
	return 0;
}

void pl_hash_free(struct pl_hash **hash)
{
	if (!*hash)
		return;
	if ((*hash)->algorithm == PL_DIGEST_SHA256)
		mbedtls_sha256_free(&(*hash)->context.sha256);
	else
		mbedtls_sha512_free(&(*hash)->context.sha512);
	free(*hash);
	*hash = NULL;
}

void pl_hash_update(struct pl_hash *hash, const void *bytes, size_t n)
{
	if (!n || hash->failed)
		return;
	if (hash->algorithm == PL_DIGEST_SHA256)
		hash->failed = mbedtls_sha256_update(&hash->context.sha256, bytes, n);
	else
		hash->failed = mbedtls_sha512_update(&hash->context.sha512, bytes, n);
}

void pl_hash_finish(struct pl_hash *hash, struct pl_digest *out)
{
	*out = (struct pl_digest){ .algorithm = PL_DIGEST_NONE };
	if (!hash->failed && hash->algorithm == PL_DIGEST_SHA256)
		hash->failed = mbedtls_sha256_finish(&hash->context.sha256, out->bytes);
	else if (!hash->failed)
		hash->failed = mbedtls_sha512_finish(&hash->context.sha512, out->bytes);
	if (!hash->failed)
		out->algorithm = hash->algorithm;
	/* it is over: what is still added makes no digest */
	hash->failed = true;
}

int pl_digest_bytes(enum pl_digest_algorithm algorithm, const void *bytes, size_t n, struct pl_digest *out)
{
	PL_CLEANUP_HASH struct pl_hash *hash = NULL;
	int r = pl_hash_new(algorithm, &hash);

	if (r)
		return r;
	pl_hash_update(hash, bytes, n);
	pl_hash_finish(hash, out);
	return 0;
}

int pl_digest_chain(const struct pl_digest *below, const struct pl_digest *diff_id, struct pl_digest *out)
{
	char text[2 * PL_DIGEST_TEXT_BYTES + 1];
	struct pl_digest_text part;
	size_t n;

	if (below->algorithm == PL_DIGEST_NONE) {
		*out = *diff_id;
		return 0;
	}
	n = strlen(pl_digest_format(below, &part));
	memcpy(text, part.text, n);
	text[n++] = ' ';
	pl_digest_format(diff_id, &part);
	memcpy(text + n, part.text, strlen(part.text) + 1);
	return pl_digest_bytes(PL_DIGEST_SHA256, text, strlen(text), out);
}
