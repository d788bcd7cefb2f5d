/* SPDX-License-Identifier: Apache-2.0 */
/*
 * passwd and group files of an image, read as moby/sys:user/user.go reads them: no line is ever refused. What is missing
 * or no number counts as empty or 0, which is how a broken line makes root.
 */
#include "plimsoll/account.h"

#include <string.h>

#include "format/account_internal.h"
#include "format/go_text.h"

/* The next line that is more than blanks, without the blanks around it; *longest_out grows to its length as it stands. */
static bool next_line(const struct pl_account_file *file, size_t *at, size_t *longest_out, const char **line, size_t *n)
{
	while (file->bytes && *at < file->n) {
		const char *start = (const char *)file->bytes + *at;
		const char *newline = memchr(start, '\n', file->n - *at);
		size_t len = newline ? (size_t)(newline - start) : file->n - *at;

		*at += len + (newline != NULL);
		if (len > *longest_out)
			*longest_out = len;
		*line = start;
		*n = len;
		pl_go_trim(line, n);
		if (*n)
			return true;
	}
	return false;
}

/* The field that begins at *line, up to the next colon; empty when there is none left. */
static void next_field(const char **line, size_t *left, const char **field, size_t *n)
{
	const char *colon = *left ? memchr(*line, ':', *left) : NULL;

	*field = *line;
	*n = colon ? (size_t)(colon - *line) : *left;
	*line += *n + (colon != NULL);
	*left -= *n + (colon != NULL);
}

static int64_t next_id(const char **line, size_t *left, bool *is_number)
{
	const char *field;
	int64_t id;
	size_t n;

	next_field(line, left, &field, &n);
	*is_number = pl_go_int(field, n, &id) != PL_GO_INT_SYNTAX;
	return id;
}

static bool next_passwd(const struct pl_account_file *passwd, size_t *at, size_t *longest_out, struct pl_account *out)
{
	const char *line, *password;
	size_t left, n;

	*out = (struct pl_account){ 0 };
	if (!next_line(passwd, at, longest_out, &line, &left))
		return false;
	out->line = line;
	out->line_len = left;
	next_field(&line, &left, &out->name, &out->name_len);
	next_field(&line, &left, &password, &n);
	out->uid = next_id(&line, &left, &out->uid_is_number);
	out->gid = next_id(&line, &left, &out->gid_is_number);
	return true;
}

bool pl_passwd_next(const struct pl_account_file *passwd, size_t *at, struct pl_account *out)
{
	size_t longest = 0;

	return next_passwd(passwd, at, &longest, out);
}

static bool matches(const struct pl_account_key *key, int64_t id, const char *name, size_t n)
{
	if (key->is_number)
		return id == key->number;
	return n == key->name_len && !memcmp(name, key->name, n);
}

bool pl_passwd_find(const struct pl_account_file *passwd, const struct pl_account_key *key, struct pl_account *out)
{
	struct pl_account account;
	size_t at = 0, longest = 0;

	*out = (struct pl_account){ 0 };
	while (next_passwd(passwd, &at, &longest, &account))
		if (!out->name && matches(key, account.uid, account.name, account.name_len))
			*out = account;
	return longest < PL_ENGINE_PASSWD_LINE_BYTES;
}

bool pl_group_next(const struct pl_account_file *group, size_t *at, size_t *longest_out, struct pl_group_line *out)
{
	const char *line, *password;
	size_t left, n;

	*out = (struct pl_group_line){ 0 };
	do {
		if (!next_line(group, at, longest_out, &line, &left))
			return false;
	} while (*line == '#');
	next_field(&line, &left, &out->name, &out->name_len);
	next_field(&line, &left, &password, &n);
	out->gid = next_id(&line, &left, &out->gid_is_number);
	next_field(&line, &left, &out->members, &out->members_len);
	return true;
}

bool pl_group_find(const struct pl_account_file *group, const struct pl_account_key *key, size_t max_line,
		   struct pl_group_line *out)
{
	struct pl_group_line line;
	size_t at = 0, longest = 0;

	*out = (struct pl_group_line){ 0 };
	while (pl_group_next(group, &at, &longest, &line))
		if (!out->name && matches(key, line.gid, line.name, line.name_len))
			*out = line;
	return longest < max_line;
}

bool pl_group_has(const struct pl_group_line *group, const char *user, size_t n)
{
	const char *at = group->members;
	size_t left = group->members_len;

	while (left) {
		const char *comma = memchr(at, ',', left);
		size_t len = comma ? (size_t)(comma - at) : left;

		if (len == n && !memcmp(at, user, n))
			return true;
		if (!comma)
			return false;
		at += len + 1;
		left -= len + 1;
		/* nothing after the last comma is a member without a name */
		if (!left)
			return !n;
	}
	return false;
}
