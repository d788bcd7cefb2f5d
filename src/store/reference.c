/* SPDX-License-Identifier: Apache-2.0 */
#include "reference.h"

#include <string.h>

#include "plimsoll/digest.h"
#include "plimsoll/store.h"

/* The shortest start of an id that a person can mean: Docker takes any that is unique, but "1" is rather a tag. */
#define MIN_ID_DIGITS 4

#define DEFAULT_DOMAIN "docker.io"
#define LEGACY_DOMAIN "index.docker.io"
#define LIBRARY "library/"

static bool is(const char *text, size_t n, const char *word)
{
	return n == strlen(word) && !memcmp(text, word, n);
}

static bool has_upper(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text[i] >= 'A' && text[i] <= 'Z')
			return true;
	return false;
}

/* What stands before the first '/' is a domain only if it looks like one. */
static size_t domain_length(const char *text, size_t n)
{
	const char *slash = memchr(text, '/', n);
	size_t len = slash ? (size_t)(slash - text) : 0;

	if (!slash)
		return 0;
	if (memchr(text, '.', len) || memchr(text, ':', len) || is(text, len, "localhost") || has_upper(text, len))
		return len;
	return 0;
}

bool pl_reference_parse(const char *text, struct pl_reference *out)
{
	const char *end, *digest = strchr(text, '@'), *tag;

	*out = (struct pl_reference){ 0 };
	end = digest ? digest : text + strlen(text);
	if (digest) {
		out->digest = digest + 1;
		out->n_digest = strlen(out->digest);
	}
	out->domain = text;
	out->n_domain = domain_length(text, (size_t)(end - text));
	out->path = text + out->n_domain + (out->n_domain ? 1 : 0);
	out->n_path = (size_t)(end - out->path);
	tag = memchr(out->path, ':', out->n_path);
	if (tag) {
		out->tag = tag + 1;
		out->n_tag = (size_t)(end - out->tag);
		out->n_path = (size_t)(tag - out->path);
	}
	if (is(out->domain, out->n_domain, DEFAULT_DOMAIN) || is(out->domain, out->n_domain, LEGACY_DOMAIN))
		out->n_domain = 0;
	if (!out->n_domain && out->n_path > strlen(LIBRARY) && !memcmp(out->path, LIBRARY, strlen(LIBRARY)) &&
	    !memchr(out->path + strlen(LIBRARY), '/', out->n_path - strlen(LIBRARY))) {
		out->path += strlen(LIBRARY);
		out->n_path -= strlen(LIBRARY);
	}
	return out->n_path;
}

char *pl_reference_format(const struct pl_reference *reference, struct pl_arena *arena)
{
	const struct pl_reference *r = reference;
	bool library = !r->n_domain && !memchr(r->path, '/', r->n_path);

	return pl_arena_printf(arena, "%.*s/%s%.*s%s%.*s", r->n_domain ? (int)r->n_domain : (int)strlen(DEFAULT_DOMAIN),
			       r->n_domain ? r->domain : DEFAULT_DOMAIN, library ? LIBRARY : "", (int)r->n_path,
			       r->path,
			       r->n_digest ? "@"
			       : r->n_tag  ? ":"
					   : "",
			       r->n_digest ? (int)r->n_digest : (int)r->n_tag,
			       r->n_digest ? r->digest
			       : r->n_tag  ? r->tag
					   : "");
}

static bool equal(const char *a, size_t n_a, const char *b, size_t n_b)
{
	return n_a == n_b && !memcmp(a, b, n_a);
}

static bool same_repository(const struct pl_reference *a, const struct pl_reference *b)
{
	return equal(a->domain, a->n_domain, b->domain, b->n_domain) && equal(a->path, a->n_path, b->path, b->n_path);
}

/* A tag counts as "latest" when there is none. */
static bool same_tag(const struct pl_reference *a, const struct pl_reference *b)
{
	static const char latest[] = "latest";

	return equal(a->n_tag ? a->tag : latest, a->n_tag ? a->n_tag : strlen(latest), b->n_tag ? b->tag : latest,
		     b->n_tag ? b->n_tag : strlen(latest));
}

static bool is_start_of(const struct pl_digest *digest, const char *hex, size_t n)
{
	struct pl_digest_text text;
	const char *digits = strchr(pl_digest_format(digest, &text), ':');

	return digits && n >= MIN_ID_DIGITS && n <= strlen(digits + 1) && !memcmp(digits + 1, hex, n);
}

static bool matches_id(const struct pl_image_ref *ref, const char *name)
{
	static const char prefix[] = "sha256:";
	size_t n;

	if (!strncmp(name, prefix, strlen(prefix)))
		name += strlen(prefix);
	n = strlen(name);
	if (strspn(name, "0123456789abcdef") != n)
		return false;
	return is_start_of(&ref->id, name, n) || is_start_of(&ref->manifest, name, n);
}

static bool matches_reference(const struct pl_image_ref *ref, const struct pl_reference *wanted, const char *name)
{
	struct pl_reference has;
	struct pl_digest digest;

	if (!pl_reference_parse(name, &has) || !same_repository(&has, wanted))
		return false;
	if (!wanted->n_digest)
		return !has.n_digest && same_tag(&has, wanted);
	if (has.n_digest)
		return equal(has.digest, has.n_digest, wanted->digest, wanted->n_digest);
	return pl_digest_parse(wanted->digest, wanted->n_digest, &digest) &&
	       digest.algorithm == ref->manifest.algorithm && pl_digest_equal(&digest, &ref->manifest);
}

/* In a layout the annotated name may be a tag alone, or a full reference that is meant by its tag. */
static bool matches_tag(const struct pl_image_ref *ref, const char *wanted, const char *name)
{
	const char *tag = strrchr(name, ':');

	return ref->manifest.algorithm != PL_DIGEST_NONE && tag && !strcmp(tag + 1, wanted);
}

bool pl_image_ref_matches(const struct pl_image_ref *ref, const char *name)
{
	struct pl_reference wanted;

	if (matches_id(ref, name))
		return true;
	for (size_t i = 0; i < ref->n_names; i++)
		if (!strcmp(ref->names[i], name) || matches_tag(ref, name, ref->names[i]))
			return true;
	if (!pl_reference_parse(name, &wanted))
		return false;
	for (size_t i = 0; i < ref->n_names; i++)
		if (matches_reference(ref, &wanted, ref->names[i]))
			return true;
	return false;
}
