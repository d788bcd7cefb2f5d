/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who an image runs as: the table tests/conformance/user-resolution.tsv, whose results are the engines' own, and what a
 * table cannot hold: lines and files of a megabyte, arenas that are too small, and how an answer was found.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plimsoll/account.h"
#include "plimsoll/buf.h"
#include "plimsoll/fd.h"
#include "plimsoll/verdict.h"

#define MAX_FILES 64

static struct pl_arena arena;

static const char *const rule_names[PL_USER_RULES] = {
	[PL_USER_RULE_DOCKER] = "docker",
	[PL_USER_RULE_DOCKER_041] = "docker-0.4.1",
	[PL_USER_RULE_DOCKER_040] = "docker-0.4.0",
	[PL_USER_RULE_PODMAN] = "podman",
	[PL_USER_RULE_CONTAINERD] = "containerd",
	[PL_USER_RULE_CONTAINERD_1_7_27] = "containerd-1.7.27",
	[PL_USER_RULE_CONTAINERD_1_7_26] = "containerd-1.7.26",
};

static bool is_containerd(enum pl_user_rule rule)
{
	return rule >= PL_USER_RULE_CONTAINERD;
}

static struct pl_account_file file_of(const char *text)
{
	return (struct pl_account_file){ .bytes = (const uint8_t *)text, .n = text ? strlen(text) : 0 };
}

static struct pl_user resolve(enum pl_user_rule rule, const char *spec, const char *passwd, const char *group)
{
	struct pl_account_file p = file_of(passwd), g = file_of(group);
	struct pl_reason reason = { 0 };
	struct pl_user user;

	assert_int_equal(pl_user_resolve(rule, spec, &p, &g, &arena, &user, &reason), 0);
	return user;
}

/* ---- the table ---- */

struct table {
	struct {
		const char *name;
		struct pl_account_file file;
	} files[MAX_FILES];
	size_t n_files, n_cases, n_kubelet;
};

/* Turns \n, \t, \\ and \xNN into bytes, in place. Return: how many there are. */
static size_t unescape(char *text)
{
	char *out = text;

	for (const char *at = text; *at;) {
		if (*at != '\\') {
			*out++ = *at++;
		} else if (at[1] == 'x') {
			const char hex[] = { at[2], at[3], 0 };

			*out++ = (char)strtoul(hex, NULL, 16);
			at += 4;
		} else {
			*out++ = at[1] == 'n' ? '\n' : at[1] == 't' ? '\t' : at[1];
			at += 2;
		}
	}
	*out = 0;
	return (size_t)(out - text);
}

static struct pl_account_file table_file(const struct table *table, const char *name)
{
	for (size_t i = 0; i < table->n_files; i++)
		if (!strcmp(table->files[i].name, name))
			return table->files[i].file;
	assert_string_equal(name, "-");
	return (struct pl_account_file){ 0 };
}

/* The groups as the table writes them: with containerd's addition of the gid. */
static const char *format_groups(enum pl_user_rule rule, const struct pl_user *user)
{
	static char text[1024];
	bool missing = is_containerd(rule);
	size_t at = 0;

	text[0] = 0;
	for (size_t i = 0; i <= user->n_groups; i++) {
		bool last = i == user->n_groups;

		if (!last && user->groups[i] == user->gid)
			missing = false;
		if (missing && (last || user->groups[i] > user->gid)) {
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%u", at ? "," : "", user->gid);
			missing = false;
		}
		if (!last)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%u", at ? "," : "", user->groups[i]);
	}
	return text;
}

static void check_case(enum pl_user_rule rule, const char *spec, const struct pl_account_file *passwd,
		       const struct pl_account_file *group, const char *result, const char *detail, unsigned int line)
{
	struct pl_reason reason = { 0 };
	char ids[64] = "refused";
	struct pl_user user;
	const char *got;

	assert_int_equal(pl_user_resolve(rule, spec, passwd, group, &arena, &user, &reason), 0);
	if (user.status == PL_USER_RESOLVED)
		snprintf(ids, sizeof(ids), "%u:%u", user.uid, user.gid);
	got = user.status == PL_USER_RESOLVED ? format_groups(rule, &user) : user.message;
	if (strcmp(ids, result) || strcmp(got, detail))
		fail_msg("line %u, %s: \"%s\" gives %s %s, not %s %s", line, rule_names[rule], spec, ids, got, result,
			 detail);
	assert_int_equal(pl_user_is_root(&user), !strncmp(result, "0:", 2));
}

static void check_row(struct table *table, char *row, unsigned int line)
{
	char *columns[8] = { 0 };
	struct pl_account_file passwd, group;
	struct pl_kubelet kubelet;
	size_t n = 0;

	while (n < 7 && (columns[n] = strsep(&row, "\t")))
		n++;
	if (!strcmp(columns[0], "file")) {
		assert_true(n == 3 && table->n_files < MAX_FILES);
		table->files[table->n_files].name = columns[1];
		table->files[table->n_files++].file =
			(struct pl_account_file){ .n = unescape(columns[2]), .bytes = (uint8_t *)columns[2] };
	} else if (!strcmp(columns[0], "kubelet")) {
		assert_int_equal(n, 4);
		unescape(columns[1]);
		unescape(columns[3]);
		assert_int_equal(pl_user_kubelet(columns[1], &arena, &kubelet), 0);
		assert_int_equal(kubelet.admitted, !strcmp(columns[2], "admitted"));
		assert_int_equal(kubelet.version_dependent, !strcmp(columns[2], "varies"));
		assert_string_equal(kubelet.message ? kubelet.message : "", columns[3]);
		table->n_kubelet++;
	} else {
		assert_true(n == 7 && !strcmp(columns[0], "case"));
		unescape(columns[2]);
		unescape(columns[6]);
		passwd = table_file(table, columns[3]);
		group = table_file(table, columns[4]);
		for (char *name; (name = strsep(&columns[1], ","));)
			for (unsigned int rule = 0; rule < PL_USER_RULES; rule++) {
				if (strcmp(name, "all") && strcmp(name, rule_names[rule]))
					continue;
				check_case(rule, columns[2], &passwd, &group, columns[5], columns[6], line);
				table->n_cases++;
			}
	}
}

static void the_table(void **state)
{
	PL_CLEANUP_BUF struct pl_buf text = { .data = NULL };
	struct table table = { 0 };
	unsigned int line = 0;
	char *rest, *row;
	PL_CLEANUP_FD int fd = pl_open(PL_TEST_DATA "/../conformance/user-resolution.tsv", 0);

	(void)state;
	pl_buf_init(&text, (size_t)1 << 20);
	assert_true(fd >= 0);
	assert_int_equal(pl_read_fd(fd, &text), 0);
	rest = (char *)text.data;
	while ((row = strsep(&rest, "\n"))) {
		line++;
		if (*row && *row != '#')
			check_row(&table, row, line);
	}
	assert_true(table.n_cases > 1500 && table.n_kubelet > 40);
}

/* ---- how ---- */

#define PASSWD \
	"root:x:0:0::/root:/bin/sh\napp:x:1654:1654::/home/app:/bin/sh\nbad:x:abc:xyz\nwrap:x:4294967296:4294967297\n"
#define GROUP "root:x:0:\nwheel:x:10:app,root\nbroken:x:zz:\n"

static void how_it_was_found(void **state)
{
	const unsigned int unparsable = PL_USER_UID_UNPARSABLE | PL_USER_GID_UNPARSABLE;
	const unsigned int cut = PL_USER_UID_CUT | PL_USER_GID_CUT;
	const struct {
		const char *spec, *name;
		enum pl_user_how how;
		unsigned int oddities;
		int64_t raw_uid;
	} rows[] = {
		{ "", "root", PL_USER_DEFAULT, 0, 0 },
		{ "app", "app", PL_USER_NAME, 0, 1654 },
		{ "1654", "app", PL_USER_NUMBER, 0, 1654 },
		{ "1654:10", "app", PL_USER_NUMBER, 0, 1654 },
		{ "1000", NULL, PL_USER_NUMBER, PL_USER_NO_ENTRY, 1000 },
		{ "1000:1000", NULL, PL_USER_NUMBER, PL_USER_NO_ENTRY, 1000 },
		{ "bad", "bad", PL_USER_NAME, unparsable, 0 },
		{ "bad:wheel", "bad", PL_USER_NAME, PL_USER_UID_UNPARSABLE, 0 },
		{ "app:broken", "app", PL_USER_NAME, PL_USER_GID_UNPARSABLE, 1654 },
		{ "wrap", "wrap", PL_USER_NAME, cut, 4294967296 },
		{ "wrap:wheel", "wrap", PL_USER_NAME, PL_USER_UID_CUT, 4294967296 },
		{ ":wheel", "root", PL_USER_DEFAULT, 0, 0 },
	};

	(void)state;
	for (unsigned int rule = 0; rule < PL_USER_RULES; rule++) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct pl_user user = resolve(rule, rows[i].spec, PASSWD, GROUP);

			/* containerd takes root for granted when there is no USER */
			if (is_containerd(rule) && !rows[i].spec[0])
				assert_null(user.name);
			else if (rows[i].name)
				assert_string_equal(user.name, rows[i].name);
			else
				assert_null(user.name);
			assert_int_equal(user.how, rows[i].how);
			assert_int_equal(user.oddities, rows[i].oddities);
			assert_int_equal(user.raw_uid, rows[i].raw_uid);
		}
	}
}

static void digits_taken_for_names(void **state)
{
	static const char passwd[] = "99999999999999999999:x:0:0\n4294967296:x:0:0\n";
	const struct {
		enum pl_user_rule rule;
		const char *spec;
		bool root;
		unsigned int oddities;
		int64_t raw_uid;
	} rows[] = {
		{ PL_USER_RULE_DOCKER, "99999999999999999999", false, 0, 0 },
		{ PL_USER_RULE_DOCKER_040, "99999999999999999999", true, PL_USER_DIGITS_AS_NAME, 0 },
		{ PL_USER_RULE_DOCKER_040, "4294967296", false, 0, 0 },
		{ PL_USER_RULE_CONTAINERD, "99999999999999999999", false, 0, 0 },
		{ PL_USER_RULE_CONTAINERD_1_7_27, "4294967296", true, PL_USER_DIGITS_AS_NAME, 0 },
		{ PL_USER_RULE_CONTAINERD_1_7_27, "-1", false, PL_USER_DIGITS_AS_NAME, 0 },
		{ PL_USER_RULE_CONTAINERD_1_7_26, "99999999999999999999", true, PL_USER_DIGITS_AS_NAME, 0 },
		{ PL_USER_RULE_CONTAINERD_1_7_26, "4294967296", true, PL_USER_UID_CUT, 4294967296 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pl_user user = resolve(rows[i].rule, rows[i].spec, passwd, NULL);

		assert_int_equal(pl_user_is_root(&user), rows[i].root);
		assert_int_equal(user.oddities, rows[i].oddities);
		assert_int_equal(user.raw_uid, rows[i].raw_uid);
	}
}

/* ---- sizes ---- */

/* "app:x:7:7\n" and a line of `n` bytes, with or without its end. */
static char *with_line(const char *before, size_t n, const char *after)
{
	char *text = pl_arena_alloc(&arena, strlen(before) + n + strlen(after) + 1);

	assert_non_null(text);
	memcpy(text, before, strlen(before));
	memset(text + strlen(before), 'z', n);
	memcpy(text + strlen(before) + n, after, strlen(after));
	return text;
}

static void lines_over_64_kib_end_a_passwd_file(void **state)
{
	static const char first[] = "app:x:7:7\n";
	const struct {
		size_t n;
		const char *after;
		bool refused;
	} rows[] = {
		{ PL_ENGINE_PASSWD_LINE_BYTES - 1, "\n", false },
		{ PL_ENGINE_PASSWD_LINE_BYTES - 1, "", false },
		{ PL_ENGINE_PASSWD_LINE_BYTES, "\n", true },
		{ PL_ENGINE_PASSWD_LINE_BYTES, "", true },
		{ PL_ENGINE_PASSWD_LINE_BYTES - 1, "\r\n", true },
		{ PL_ENGINE_PASSWD_LINE_BYTES, "\nroot:x:0:0\n", true },
		{ PL_ENGINE_PASSWD_LINE_BYTES - 2, "\r\n", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *passwd = with_line(first, rows[i].n, rows[i].after);

		for (unsigned int rule = 0; rule < PL_USER_RULES; rule++) {
			struct pl_user user = resolve(rule, "app", passwd, NULL);

			assert_int_equal(user.status == PL_USER_REFUSED, rows[i].refused);
			if (!rows[i].refused)
				assert_int_equal(user.uid, 7);
			else if (is_containerd(rule))
				assert_string_equal(user.message, "bufio.Scanner: token too long");
			else
				assert_string_equal(user.message,
						    "unable to find user app: bufio.Scanner: token too long");
		}
	}
	assert_string_equal(resolve(PL_USER_RULE_DOCKER, "", with_line("", 70000, ""), NULL).message,
			    "unable to find user 0: bufio.Scanner: token too long");
}

static void lines_over_1_mib_end_a_group_file(void **state)
{
	static const char passwd[] = "app:x:7:7\n";
	const size_t mib = (size_t)1 << 20;
	const char *fits = with_line("wheel:x:10:app\n", mib - 1, "\n");
	const char *over = with_line("wheel:x:10:app\n", mib, "\n");

	(void)state;
	for (unsigned int rule = 0; rule < PL_USER_RULES; rule++) {
		bool bounded = rule != PL_USER_RULE_DOCKER_040 && rule != PL_USER_RULE_CONTAINERD_1_7_27 &&
			       rule != PL_USER_RULE_CONTAINERD_1_7_26;
		struct pl_user user = resolve(rule, "app", passwd, fits);

		assert_int_equal(user.n_groups, 1);
		assert_int_equal(resolve(rule, "app", passwd, over).status,
				 bounded ? PL_USER_REFUSED : PL_USER_RESOLVED);
		assert_int_equal(resolve(rule, "app:wheel", passwd, over).status,
				 bounded ? PL_USER_REFUSED : PL_USER_RESOLVED);
	}
	assert_string_equal(resolve(PL_USER_RULE_DOCKER, "app", passwd, over).message,
			    "unable to find groups for spec app: bufio.Scanner: token too long");
	assert_string_equal(resolve(PL_USER_RULE_CONTAINERD, "app", passwd, over).message,
			    "bufio.Scanner: token too long");
}

static void files_over_10_mib(void **state)
{
	struct pl_account_file none = { 0 }, big = { .too_big = true }, passwd = file_of(PASSWD);
	struct pl_reason reason = { 0 };
	struct pl_user user;

	(void)state;
	assert_int_equal(pl_user_resolve(PL_USER_RULE_DOCKER, "app", &big, &none, &arena, &user, &reason), 0);
	assert_string_equal(user.message, "unable to find user app: read /etc/passwd: file exceeds 10485760 bytes");
	assert_int_equal(pl_user_resolve(PL_USER_RULE_DOCKER, "app", &passwd, &big, &arena, &user, &reason), 0);
	assert_string_equal(user.message,
			    "unable to find groups for spec app: read /etc/group: file exceeds 10485760 bytes");
	assert_int_equal(pl_user_resolve(PL_USER_RULE_CONTAINERD, "app", &big, &none, &arena, &user, &reason), 0);
	assert_string_equal(user.message, "\"etc/passwd\" exceeds 10485760 bytes");
	/* these would read on, and we have not */
	assert_int_equal(pl_user_resolve(PL_USER_RULE_DOCKER_040, "app", &big, &none, &arena, &user, &reason),
			 PL_BAD_LIMIT);
	assert_string_equal(reason.text, "over plimsoll's limit account-bytes (1048576)");
	assert_int_equal(pl_user_resolve(PL_USER_RULE_CONTAINERD_1_7_26, "5", &big, &none, &arena, &user, &reason),
			 PL_BAD_LIMIT);
	/* a file that is not asked does not matter */
	assert_int_equal(pl_user_resolve(PL_USER_RULE_DOCKER, "1000", &passwd, &big, &arena, &user, &reason), 0);
	assert_int_equal(user.uid, 1000);
}

/* `n` groups that all list app, each of the `different` first gids in turn. */
static const char *many_groups(size_t n, size_t different)
{
	char *text = pl_arena_alloc(&arena, n * 16 + 1), *at = text;

	assert_non_null(text);
	for (size_t i = 0; i < n; i++)
		at += snprintf(at, 17, "::%zu:app\n", i % different);
	return text;
}

static void many_groups_are_counted_once(void **state)
{
	struct pl_account_file passwd = file_of("app:x:7:7\n"), group;
	struct pl_reason reason = { 0 };
	struct pl_user user;

	(void)state;
	user = resolve(PL_USER_RULE_DOCKER, "app", "app:x:7:7\n", many_groups(400000, 3));
	assert_int_equal(user.n_groups, 3);
	user = resolve(PL_USER_RULE_DOCKER, "app", "app:x:7:7\n", many_groups(400000, PL_MAX_GROUPS));
	assert_int_equal(user.n_groups, PL_MAX_GROUPS);
	for (uint32_t i = 0; i < PL_MAX_GROUPS; i++)
		assert_int_equal(user.groups[i], i);
	group = file_of(many_groups(PL_MAX_GROUPS + 1, PL_MAX_GROUPS + 1));
	for (unsigned int rule = 0; rule < PL_USER_RULES; rule++) {
		assert_int_equal(pl_user_resolve(rule, "app", &passwd, &group, &arena, &user, &reason), PL_BAD_LIMIT);
		assert_string_equal(reason.text, "over plimsoll's limit groups (65536)");
	}
	group = file_of(many_groups(400000, 200000));
	assert_int_equal(pl_user_resolve(PL_USER_RULE_DOCKER, "app", &passwd, &group, &arena, &user, &reason),
			 PL_BAD_LIMIT);
}

static void long_specs_are_shown_in_part(void **state)
{
	const char *spec = with_line("", 100000, ":99999999999999999999");

	(void)state;
	for (unsigned int rule = 0; rule < PL_USER_RULES; rule++) {
		struct pl_user user = resolve(rule, spec, PASSWD, GROUP);

		assert_int_equal(user.status, PL_USER_REFUSED);
		assert_true(strlen(user.message) < PL_MAX_REASON);
	}
}

/* Answers of a file cut anywhere are those of a shorter file, and nothing is read past its end. */
static void cut_anywhere(void **state)
{
	static const char text[] = PASSWD GROUP "x:x:4294967296:5:app,\n";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		uint8_t *copy = malloc(n ? n : 1);
		struct pl_account_file file = { .bytes = copy, .n = n };
		struct pl_reason reason = { 0 };
		struct pl_user user;

		assert_non_null(copy);
		memcpy(copy, text, n);
		for (unsigned int rule = 0; rule < PL_USER_RULES; rule++)
			assert_int_equal(pl_user_resolve(rule, "app", &file, &file, &arena, &user, &reason), 0);
		free(copy);
	}
}

/* Arenas of every size: too small a one is -ENOMEM and nothing worse. */
static void small_arenas(void **state)
{
	static const char *const specs[] = { "app", "rich", "1000", "1654:nogrp", "99999999999999999999", "1:2:3" };
	struct pl_account_file passwd = file_of(PASSWD), group = file_of(GROUP);

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		for (unsigned int rule = 0; rule < PL_USER_RULES; rule++) {
			int r = -ENOMEM;

			for (size_t size = 0; r; size += 8) {
				struct pl_reason reason = { 0 };
				struct pl_arena small;
				struct pl_user user;

				assert_true(size < 8192);
				pl_arena_init(&small, size);
				r = pl_user_resolve(rule, specs[i], &passwd, &group, &small, &user, &reason);
				assert_true(!r || r == -ENOMEM);
				pl_arena_deinit(&small);
			}
		}
	}
}

static void kubelet_in_small_arenas(void **state)
{
	struct pl_arena none;
	struct pl_kubelet kubelet;

	(void)state;
	pl_arena_init(&none, 0);
	assert_int_equal(pl_user_kubelet("app", &none, &kubelet), -ENOMEM);
	assert_int_equal(pl_user_kubelet("0", &none, &kubelet), -ENOMEM);
	assert_int_equal(pl_user_kubelet("-1", &none, &kubelet), -ENOMEM);
	assert_int_equal(pl_user_kubelet("1654", &none, &kubelet), 0);
	assert_true(kubelet.admitted);
}

static void rules_have_names(void **state)
{
	(void)state;
	for (unsigned int rule = 0; rule < PL_USER_RULES; rule++)
		assert_true(strlen(pl_user_rule_name(rule)) > 5);
	assert_string_equal(pl_user_rule_name(PL_USER_RULE_CONTAINERD_1_7_26), "containerd until 1.7.26");
}

static int setup(void **state)
{
	(void)state;
	pl_arena_init(&arena, (size_t)256 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pl_arena_deinit(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table),
		cmocka_unit_test(how_it_was_found),
		cmocka_unit_test(digits_taken_for_names),
		cmocka_unit_test(lines_over_64_kib_end_a_passwd_file),
		cmocka_unit_test(lines_over_1_mib_end_a_group_file),
		cmocka_unit_test(files_over_10_mib),
		cmocka_unit_test(many_groups_are_counted_once),
		cmocka_unit_test(long_specs_are_shown_in_part),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(small_arenas),
		cmocka_unit_test(kubelet_in_small_arenas),
		cmocka_unit_test(rules_have_names),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
