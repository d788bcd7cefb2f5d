/* SPDX-License-Identifier: Apache-2.0 */
/* Looking things up in account files, as moby/sys:user/user.go does. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plimsoll/account.h"

/* What is looked for: a number or a name. */
struct pl_account_key {
	bool is_number;
	int64_t number;
	const char *name; /* not terminated */
	size_t name_len;
};

/* One line of a group file. */
struct pl_group_line {
	const char *name; /* null: no line matched */
	size_t name_len;
	int64_t gid;
	bool gid_is_number;
	const char *members; /* "a,b" as it stands */
	size_t members_len;
};

/*
 * The first passwd line with the key, out->name being null when there is none. The whole file is read nevertheless:
 * Return: false when a line anywhere in it is too long for Go's scanner, so that engines give up on the file.
 */
bool pl_passwd_find(const struct pl_account_file *passwd, const struct pl_account_key *key, struct pl_account *out);
/* The same for a group file, where lines may have up to `max_line` bytes. */
bool pl_group_find(const struct pl_account_file *group, const struct pl_account_key *key, size_t max_line,
		   struct pl_group_line *out);

/* The lines of a group file in turn; *at starts at 0, *longest_out grows. Return: false at the end. */
bool pl_group_next(const struct pl_account_file *group, size_t *at, size_t *longest_out, struct pl_group_line *out);
/* Whether the line lists the user; blanks around commas are part of the names. */
bool pl_group_has(const struct pl_group_line *group, const char *user, size_t n);
