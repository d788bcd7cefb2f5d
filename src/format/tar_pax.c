/* SPDX-License-Identifier: Apache-2.0 */
/* PAX extended headers: records "LENGTH KEY=VALUE\n" (POSIX.1-2017, pax, "pax Extended Header"), as Go's archive/tar reads them. */
#include "format/tar_internal.h"

#include <string.h>

#define XATTR_PREFIX "SCHILY.xattr."

static const char *const keys[PL_PAX_KEYS] = {
	[PL_PAX_PATH] = "path",
	[PL_PAX_LINKPATH] = "linkpath",
	[PL_PAX_UNAME] = "uname",
	[PL_PAX_GNAME] = "gname",
	[PL_PAX_UID] = "uid",
	[PL_PAX_GID] = "gid",
	[PL_PAX_SIZE] = "size",
	[PL_PAX_ATIME] = "atime",
	[PL_PAX_MTIME] = "mtime",
	[PL_PAX_CTIME] = "ctime",
	[PL_PAX_SPARSE_MAJOR] = "GNU.sparse.major",
	[PL_PAX_SPARSE_MINOR] = "GNU.sparse.minor",
	[PL_PAX_SPARSE_MAP] = "GNU.sparse.map",
	[PL_PAX_SPARSE_BLOCKS] = "GNU.sparse.numblocks",
	[PL_PAX_SPARSE_NAME] = "GNU.sparse.name",
	[PL_PAX_SPARSE_SIZE] = "GNU.sparse.size",
	[PL_PAX_SPARSE_REALSIZE] = "GNU.sparse.realsize",
	[PL_PAX_SPARSE_OFFSET] = "GNU.sparse.offset",
	[PL_PAX_SPARSE_BYTES] = "GNU.sparse.numbytes",
};

void pl_tar_decimal_add(struct pl_tar_decimal *decimal, uint8_t c)
{
	bool first = !decimal->n++;

	if (first && (c == '-' || c == '+')) {
		decimal->negative = c == '-';
		return;
	}
	/* the 2^63 that only a negative number may have is settled at the end */
	if (c < '0' || c > '9' || decimal->value > (UINT64_MAX >> 1) / 10 + 1) {
		decimal->bad = true;
		return;
	}
	decimal->value = decimal->value * 10 + (uint64_t)(c - '0');
	decimal->any = true;
}

bool pl_tar_decimal_end(const struct pl_tar_decimal *decimal, int64_t *out)
{
	const uint64_t most = (uint64_t)INT64_MAX + decimal->negative;

	*out = 0;
	if (decimal->bad || !decimal->any || decimal->value > most)
		return false;
	*out = (int64_t)(decimal->negative ? 0 - decimal->value : decimal->value);
	return true;
}

bool pl_pax_number(const struct pl_tar_text *text, int64_t *out)
{
	struct pl_tar_decimal decimal = { 0 };

	for (size_t i = 0; i < text->n; i++)
		pl_tar_decimal_add(&decimal, (uint8_t)text->at[i]);
	return pl_tar_decimal_end(&decimal, out);
}

/* Seconds, and digits behind a point; no use is made of it, but what engines refuse is refused. */
static bool is_time(const struct pl_tar_text *text)
{
	const char *point = memchr(text->at, '.', text->n);
	struct pl_tar_text seconds = { text->at, point ? (size_t)(point - text->at) : text->n };
	int64_t ignored;

	if (!pl_pax_number(&seconds, &ignored))
		return false;
	for (size_t i = seconds.n + 1; i < text->n; i++)
		if (text->at[i] < '0' || text->at[i] > '9')
			return false;
	return true;
}

enum pl_pax_key pl_pax_key(const struct pl_tar_text *key)
{
	enum pl_pax_key k = PL_PAX_PATH;

	while (k < PL_PAX_KEYS && (strlen(keys[k]) != key->n || memcmp(keys[k], key->at, key->n) != 0))
		k++;
	return k;
}

const char *pl_pax_record(uint8_t **at, size_t *left, struct pl_pax_record *out)
{
	const uint8_t *space = memchr(*at, ' ', *left), *equals;
	struct pl_tar_text length;
	int64_t n;

	if (!space)
		return "a PAX record without a length";
	length = (struct pl_tar_text){ (const char *)*at, (size_t)(space - *at) };
	if (!pl_pax_number(&length, &n) || n < 5 || (uint64_t)n > *left || (size_t)n < length.n + 2)
		return "the length of a PAX record is wrong";
	out->end = *at + n - 1;
	equals = memchr(space + 1, '=', (size_t)(out->end - (space + 1)));
	if (!equals)
		return "a PAX record without \"=\"";
	out->key = (struct pl_tar_text){ (const char *)space + 1, (size_t)(equals - (space + 1)) };
	out->value = (struct pl_tar_text){ (const char *)equals + 1, (size_t)(out->end - (equals + 1)) };
	*at += n;
	*left -= (size_t)n;
	return NULL;
}

/* Format 0.0 gives a map as pairs of records; one that is no number makes no sense, and a comma would make two of it. */
static const char *note_sparse(struct pl_pax *pax, enum pl_pax_key key, const struct pl_tar_text *value)
{
	if ((key == PL_PAX_SPARSE_OFFSET) == (pax->n_sparse++ % 2) || memchr(value->at, ',', value->n))
		return "the PAX records of a sparse map are out of order";
	return NULL;
}

const char *pl_pax_parse(uint8_t *body, size_t n, struct pl_pax *out)
{
	const size_t prefix = strlen(XATTR_PREFIX);
	size_t left = n;

	*out = (struct pl_pax){ .body = body, .n = n };
	while (left) {
		struct pl_pax_record record;
		const char *why = pl_pax_record(&body, &left, &record);
		enum pl_pax_key key;

		if (why)
			return why;
		if (*record.end != '\n')
			return "a PAX record does not end in a line feed";
		key = pl_pax_key(&record.key);
		if (!record.key.n || memchr(record.key.at, 0, record.key.n) ||
		    (key <= PL_PAX_GNAME && memchr(record.value.at, 0, record.value.n)))
			return "a PAX record without a key, or with a zero byte in a key or name";
		*record.end = 0;
		if (key == PL_PAX_SPARSE_OFFSET || key == PL_PAX_SPARSE_BYTES)
			why = note_sparse(out, key, &record.value);
		else if (key < PL_PAX_KEYS)
			out->values[key] = record.value;
		else if (record.key.n >= prefix && !memcmp(record.key.at, XATTR_PREFIX, prefix))
			out->xattrs = true;
		if (why)
			return why;
	}
	return NULL;
}

const char *pl_pax_merge(const struct pl_pax *pax, struct pl_tar_header *header)
{
	const struct {
		enum pl_pax_key key;
		int64_t *field;
	} numbers[] = { { PL_PAX_UID, &header->uid }, { PL_PAX_GID, &header->gid }, { PL_PAX_SIZE, &header->size } };

	/* an empty value leaves what the header says */
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const struct pl_tar_text *value = &pax->values[numbers[i].key];

		if (value->n && !pl_pax_number(value, numbers[i].field))
			return "a PAX uid, gid or size is no number";
	}
	for (enum pl_pax_key key = PL_PAX_ATIME; key <= PL_PAX_CTIME; key++)
		if (pax->values[key].n && !is_time(&pax->values[key]))
			return "a PAX time is none";
	return NULL;
}

bool pl_pax_is(const struct pl_pax *pax, enum pl_pax_key key, const char *value)
{
	return pax->values[key].n == strlen(value) &&
	       !memcmp(pax->values[key].at ? pax->values[key].at : "", value, strlen(value));
}

bool pl_tar_xattr(const struct pl_tar *tar, const char *name, const uint8_t **value_out, size_t *n_out)
{
	const size_t prefix = strlen(XATTR_PREFIX), n = strlen(name);
	uint8_t *at = tar->pax.body;
	size_t left = tar->pax.xattrs ? tar->pax.n : 0;
	bool found = false;

	while (left) {
		struct pl_pax_record record;

		if (pl_pax_record(&at, &left, &record))
			break;
		if (record.key.n != prefix + n || memcmp(record.key.at, XATTR_PREFIX, prefix) != 0 ||
		    memcmp(record.key.at + prefix, name, n) != 0)
			continue;
		*value_out = (const uint8_t *)record.value.at;
		*n_out = record.value.n;
		found = true;
	}
	return found;
}
