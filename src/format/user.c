/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A USER string by the rules of each engine. There are two families: GetExecUser of moby/sys/user, which Docker, Podman,
 * CRI-O and BuildKit call, and containerd's own WithUser and WithAdditionalGIDs. Spec and files are an image author's.
 */
#include "plimsoll/account.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/account_internal.h"
#include "format/go_text.h"
#include "plimsoll/buf.h"
#include "plimsoll/limits.h"
#include "plimsoll/verdict.h"

/* A group line of this length ends the lookup since moby/sys/user v0.4.1; before, there was no bound. */
#define GROUP_LINE_BYTES ((size_t)1 << 20)
/* So much of a spec or a line goes into messages and evidence. */
#define SHOWN_BYTES 512

static const char line_too_long[] = "bufio.Scanner: token too long";

/* What becomes of a number outside of 0 to 2147483647, or of digits too many for 64 bits. */
enum big {
	BIG_REFUSED,
	BIG_LATE, /* digits too many are a name; a number is refused when no line has it */
	BIG_NAME,
	BIG_CUT, /* digits too many are a name; a number loses its upper bits */
};

struct rule {
	const char *name;
	bool containerd;
	enum big big;
	bool drops_third; /* of "1:2:3" the ":3" is dropped, else the group is called "2:3" */
	bool colon_ends_groups;
	bool bounded; /* gives up on files over PL_ENGINE_ACCOUNT_BYTES */
	size_t max_group_line;
};

static const struct rule rules[PL_USER_RULES] = {
	[PL_USER_RULE_DOCKER] = { .name = "Docker and CRI-O with moby/sys/user 0.5",
				  .big = BIG_REFUSED,
				  .bounded = true,
				  .max_group_line = GROUP_LINE_BYTES },
	[PL_USER_RULE_DOCKER_041] = { .name = "Docker since 29.5.3 (moby/sys/user 0.4.1)",
				      .big = BIG_REFUSED,
				      .drops_third = true,
				      .bounded = true,
				      .max_group_line = GROUP_LINE_BYTES },
	[PL_USER_RULE_DOCKER_040] = { .name = "Docker until 29.5.2 (moby/sys/user 0.4.0)",
				      .big = BIG_LATE,
				      .drops_third = true,
				      .max_group_line = SIZE_MAX },
	[PL_USER_RULE_PODMAN] = { .name = "Podman",
				  .big = BIG_REFUSED,
				  .colon_ends_groups = true,
				  .bounded = true,
				  .max_group_line = GROUP_LINE_BYTES },
	[PL_USER_RULE_CONTAINERD] = { .name = "containerd since 2.3.1",
				      .containerd = true,
				      .big = BIG_REFUSED,
				      .bounded = true,
				      .max_group_line = GROUP_LINE_BYTES },
	[PL_USER_RULE_CONTAINERD_1_7_27] = { .name = "containerd 1.7.27 to 2.3.0",
					     .containerd = true,
					     .big = BIG_NAME,
					     .max_group_line = SIZE_MAX },
	[PL_USER_RULE_CONTAINERD_1_7_26] = { .name = "containerd until 1.7.26",
					     .containerd = true,
					     .big = BIG_CUT,
					     .max_group_line = SIZE_MAX },
};

const char *pl_user_rule_name(enum pl_user_rule rule)
{
	return rules[rule].name;
}

/* One resolution under way. */
struct lookup {
	const struct rule *rule;
	const char *spec;
	const struct pl_account_file *passwd, *group;
	struct pl_arena *arena;
	struct pl_user *out;
	struct pl_reason *reason;
	struct pl_buf groups; /* uint32_t each, as they were found */
};

/* The engine refuses: what it says becomes the answer. Return: 0 or -ENOMEM. */
static int refuse(struct lookup *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int refuse(struct lookup *l, const char *format, ...)
{
	char text[PL_MAX_REASON];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	*l->out = (struct pl_user){
		.status = PL_USER_REFUSED,
		.how = l->out->how,
		.oddities = l->out->oddities,
		.message = pl_arena_strdup(l->arena, text),
	};
	return l->out->message ? 0 : -ENOMEM;
}

static bool refused(const struct lookup *l)
{
	return l->out->status == PL_USER_REFUSED;
}

static void set_bit(unsigned int *bits, unsigned int bit, bool on)
{
	*bits = on ? *bits | bit : *bits & ~bit;
}

/* Takes uid and gid, or the gid alone, from a file. */
static void take_gid(struct lookup *l, int64_t gid, bool is_number)
{
	l->out->raw_gid = gid;
	set_bit(&l->out->oddities, PL_USER_GID_UNPARSABLE, !is_number);
}

static void take_uid(struct lookup *l, const struct pl_account *account)
{
	l->out->raw_uid = account->uid;
	set_bit(&l->out->oddities, PL_USER_UID_UNPARSABLE, !account->uid_is_number);
}

static size_t shown(size_t n)
{
	return n < SHOWN_BYTES ? n : SHOWN_BYTES;
}

/* Keeps the line that matched, for evidence. */
static int keep_line(struct lookup *l, const struct pl_account *account)
{
	l->out->name = pl_arena_strndup(l->arena, account->name, shown(account->name_len));
	l->out->line = pl_arena_strndup(l->arena, account->line, shown(account->line_len));
	return l->out->name && l->out->line ? 0 : -ENOMEM;
}

/*
 * Whether a file can be searched. Not if it is larger than the engine takes: then *error_out is what it says. Nor if it is
 * larger than what was read for us.
 */
static int check_file(struct lookup *l, const struct pl_account_file *file, const char *name, const char **error_out)
{
	*error_out = NULL;
	if (file->too_big && l->rule->bounded) {
		if (l->rule->containerd)
			*error_out = pl_arena_printf(l->arena, "\"etc/%s\" exceeds %zu bytes", name,
						     PL_ENGINE_ACCOUNT_BYTES);
		else
			*error_out = pl_arena_printf(l->arena, "read /etc/%s: file exceeds %zu bytes", name,
						     PL_ENGINE_ACCOUNT_BYTES);
		return *error_out ? 0 : -ENOMEM;
	}
	if (file->too_big && !file->bytes) {
		pl_reason_limit(l->reason, "account-bytes", PL_MAX_ACCOUNT_BYTES);
		return PL_BAD_LIMIT;
	}
	return 0;
}

static int find_user(struct lookup *l, const struct pl_account_key *key, struct pl_account *out, const char **error_out)
{
	int r = check_file(l, l->passwd, "passwd", error_out);

	*out = (struct pl_account){ 0 };
	if (!r && !*error_out && !pl_passwd_find(l->passwd, key, out))
		*error_out = line_too_long;
	return r;
}

static int find_group(struct lookup *l, const struct pl_account_key *key, struct pl_group_line *out,
		      const char **error_out)
{
	int r = check_file(l, l->group, "group", error_out);

	*out = (struct pl_group_line){ 0 };
	if (!r && !*error_out && !pl_group_find(l->group, key, l->rule->max_group_line, out))
		*error_out = line_too_long;
	return r;
}

static int compare_gids(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Sorts the groups and keeps each once. */
static int sort_groups(struct lookup *l)
{
	uint32_t *gids = (void *)l->groups.data;
	size_t n = l->groups.len / sizeof(*gids), kept = 0;

	if (n)
		qsort(gids, n, sizeof(*gids), compare_gids);
	for (size_t i = 0; i < n; i++)
		if (!kept || gids[kept - 1] != gids[i])
			gids[kept++] = gids[i];
	l->groups.len = kept * sizeof(*gids);
	if (kept <= PL_MAX_GROUPS)
		return 0;
	pl_reason_limit(l->reason, "groups", PL_MAX_GROUPS);
	return PL_BAD_LIMIT;
}

static int add_group(struct lookup *l, uint32_t gid)
{
	int r = pl_buf_append(&l->groups, &gid, sizeof(gid));

	if (r != -EFBIG)
		return r;
	/* a file may name one group a hundred thousand times: only different ones count */
	r = sort_groups(l);
	return r ? r : pl_buf_append(&l->groups, &gid, sizeof(gid));
}

/* Adds the groups that list a user; containerd leaves out the one that is called like the user. */
static int add_groups_of(struct lookup *l, const char *user, size_t n, const char **error_out)
{
	struct pl_group_line line;
	size_t at = 0, longest = 0;
	int r = check_file(l, l->group, "group", error_out);

	while (!r && !*error_out && pl_group_next(l->group, &at, &longest, &line)) {
		if (l->rule->containerd && line.name_len == n && !memcmp(line.name, user, n))
			continue;
		if (pl_group_has(&line, user, n))
			r = add_group(l, (uint32_t)line.gid);
	}
	if (longest >= l->rule->max_group_line)
		*error_out = line_too_long;
	return r;
}

static bool out_of_range(int64_t id)
{
	return id < 0 || id > INT32_MAX;
}

/* ---- GetExecUser ---- */

static const char range_error[] = "uids and gids must be in range 0-2147483647";

/* A part of the spec as a key. Return: false when the engine refuses its number. */
static bool read_part(struct lookup *l, const char *part, size_t n, struct pl_account_key *key)
{
	enum pl_go_int result = pl_go_int(part, n, &key->number);

	key->name = part;
	key->name_len = n;
	key->is_number = result == PL_GO_INT;
	if (l->rule->big == BIG_REFUSED)
		return result == PL_GO_INT_SYNTAX || (result == PL_GO_INT && !out_of_range(key->number));
	if (result == PL_GO_INT_RANGE)
		l->out->oddities |= PL_USER_DIGITS_AS_NAME;
	return true;
}

/* The spec's user part against passwd. */
static int exec_user(struct lookup *l, const struct pl_account_key *part, struct pl_account *found)
{
	const struct pl_account_key root = { .is_number = true };
	const struct pl_account_key *key = part->name_len ? part : &root;
	const char *error;
	int r = find_user(l, key, found, &error);

	if (r)
		return r;
	if (error)
		return refuse(l, "unable to find user %.*s: %s", part->name_len ? (int)shown(part->name_len) : 1,
			      part->name_len ? part->name : "0", error);
	if (found->name) {
		take_uid(l, found);
		take_gid(l, found->gid, found->gid_is_number);
		return keep_line(l, found);
	}
	if (!part->name_len)
		return 0;
	if (!part->is_number)
		return refuse(l, "unable to find user %.*s: no matching entries in passwd file",
			      (int)shown(part->name_len), part->name);
	if (out_of_range(part->number))
		return refuse(l, "%s", range_error);
	l->out->raw_uid = part->number;
	l->out->oddities |= PL_USER_NO_ENTRY;
	return 0;
}

/* The spec's group part, or without one the groups of the user that was found. */
static int exec_groups(struct lookup *l, const struct pl_account_key *part, const struct pl_account *user)
{
	struct pl_group_line group = { 0 };
	const char *error;
	int r;

	if (!part->name_len && !user->name_len)
		return 0;
	if (part->name_len)
		r = find_group(l, part, &group, &error);
	else
		r = add_groups_of(l, user->name, user->name_len, &error);
	if (r)
		return r;
	if (error)
		return refuse(l, "unable to find groups for spec %.*s: %s", (int)shown(user->name_len),
			      user->name ? user->name : "", error);
	if (!part->name_len)
		return 0;
	if (group.name) {
		take_gid(l, group.gid, group.gid_is_number);
		return 0;
	}
	if (!part->is_number)
		return refuse(l, "unable to find group %.*s: no matching entries in group file",
			      (int)shown(part->name_len), part->name);
	if (out_of_range(part->number))
		return refuse(l, "%s", range_error);
	take_gid(l, part->number, true);
	return 0;
}

static int resolve_exec_user(struct lookup *l)
{
	struct pl_account_key user = { 0 }, group = { 0 };
	struct pl_account found;
	size_t n = strcspn(l->spec, ":");
	const char *rest = l->spec[n] ? l->spec + n + 1 : "";
	int r;

	if (!read_part(l, l->spec, n, &user) ||
	    !read_part(l, rest, l->rule->drops_third ? strcspn(rest, ":") : strlen(rest), &group))
		return refuse(l, "%s", range_error);
	l->out->how = !n ? PL_USER_DEFAULT : user.is_number ? PL_USER_NUMBER : PL_USER_NAME;
	r = exec_user(l, &user, &found);
	if (!r && !refused(l))
		r = exec_groups(l, &group, &found);
	if (l->rule->colon_ends_groups && l->spec[n])
		pl_buf_clear(&l->groups);
	return r;
}

/* ---- containerd ---- */

/* A part of the spec: a number, or a name (an empty one asks for nothing). */
static int with_part(struct lookup *l, const char *part, size_t n, const char *what, struct pl_account_key *key)
{
	enum pl_go_int result = pl_go_int(part, n, &key->number);
	bool big = result == PL_GO_INT_RANGE || (result == PL_GO_INT && out_of_range(key->number));
	char *quoted, *cut;

	key->name = part;
	key->name_len = n;
	key->is_number = result == PL_GO_INT && (!big || l->rule->big == BIG_CUT);
	if (big && l->rule->big == BIG_REFUSED) {
		cut = pl_arena_strndup(l->arena, l->spec, strnlen(l->spec, SHOWN_BYTES));
		quoted = cut ? pl_go_quote(cut, l->arena) : NULL;
		return quoted ? refuse(l, "invalid USER value %s: %s out of range", quoted, what) : -ENOMEM;
	}
	if (big && !key->is_number)
		l->out->oddities |= PL_USER_DIGITS_AS_NAME;
	return 0;
}

/* Opening an absent file fails, and only numbers get over it. */
static int refuse_absent(struct lookup *l, const char *name)
{
	return refuse(l, "open /etc/%s: no such file or directory", name);
}

static int with_user_name(struct lookup *l, const struct pl_account_key *key, struct pl_account *found)
{
	const char *error;
	int r;

	if (!l->passwd->bytes && !l->passwd->too_big)
		return refuse_absent(l, "passwd");
	r = find_user(l, key, found, &error);
	if (r || error || !found->name)
		return r ? r : refuse(l, "%s", error ? error : "no users found");
	take_uid(l, found);
	return keep_line(l, found);
}

static int with_group_name(struct lookup *l, const struct pl_account_key *key)
{
	struct pl_group_line group;
	const char *error;
	int r;

	if (!l->group->bytes && !l->group->too_big)
		return refuse_absent(l, "group");
	r = find_group(l, key, &group, &error);
	if (r || error || !group.name)
		return r ? r : refuse(l, "%s", error ? error : "no groups found");
	take_gid(l, group.gid, group.gid_is_number);
	return 0;
}

/* WithUserID: the line of a number, looked for after the number lost its upper bits. */
static int with_user_id(struct lookup *l, int64_t id, bool only_for_groups, struct pl_account *found)
{
	const struct pl_account_key key = { .is_number = true, .number = (uint32_t)id };
	const char *error;
	int r = find_user(l, &key, found, &error);

	if (r || error)
		return r ? r : refuse(l, "%s", error);
	if (!only_for_groups) {
		l->out->raw_uid = id;
		if (found->name)
			take_gid(l, found->gid, found->gid_is_number);
	}
	if (!found->name)
		set_bit(&l->out->oddities, PL_USER_NO_ENTRY, l->out->how == PL_USER_NUMBER);
	else if (!l->out->name)
		return keep_line(l, found);
	return 0;
}

static int with_two_parts(struct lookup *l, const struct pl_account_key *user, const struct pl_account_key *group)
{
	struct pl_account found;
	int r = 0;

	if (user->is_number)
		l->out->raw_uid = user->number;
	else if (user->name_len)
		r = with_user_name(l, user, &found);
	if (r || refused(l))
		return r;
	if (group->is_number)
		take_gid(l, group->number, true);
	else if (group->name_len)
		return with_group_name(l, group);
	return 0;
}

/* WithUser. */
static int with_user(struct lookup *l)
{
	struct pl_account_key user = { 0 }, group = { 0 };
	struct pl_account found;
	size_t n = strcspn(l->spec, ":");
	const char *rest = l->spec[n] ? l->spec + n + 1 : NULL;
	int r;

	if (rest && strchr(rest, ':'))
		return refuse(l, "invalid USER value %.*s", SHOWN_BYTES, l->spec);
	r = with_part(l, l->spec, n, "uid", &user);
	if (!r && !refused(l) && rest)
		r = with_part(l, rest, strlen(rest), "gid", &group);
	if (r || refused(l))
		return r;
	l->out->how = !n ? PL_USER_DEFAULT : user.is_number ? PL_USER_NUMBER : PL_USER_NAME;
	if (rest)
		return with_two_parts(l, &user, &group);
	if (user.is_number)
		return with_user_id(l, user.number, false, &found);
	r = with_user_name(l, &user, &found);
	if (!r && !refused(l))
		take_gid(l, found.gid, found.gid_is_number);
	return r;
}

/* What WithImageConfig makes of it: WithUser, then the groups of the uid's first line, a group part notwithstanding. */
static int resolve_with_user(struct lookup *l)
{
	struct pl_account found = { .name = "root", .name_len = 4 };
	const char *error;
	int r = 0;

	if (*l->spec) {
		r = with_user(l);
		if (!r && !refused(l))
			r = with_user_id(l, (uint32_t)l->out->raw_uid, true, &found);
	}
	if (r || refused(l) || !found.name)
		return r;
	r = add_groups_of(l, found.name, found.name_len, &error);
	return !r && error ? refuse(l, "%s", error) : r;
}

/* ---- both ---- */

static int finish(struct lookup *l)
{
	struct pl_user *out = l->out;
	uint32_t *groups;
	int r = sort_groups(l);

	if (r)
		return r;
	out->uid = (uint32_t)out->raw_uid;
	out->gid = (uint32_t)out->raw_gid;
	set_bit(&out->oddities, PL_USER_UID_CUT, out->raw_uid != (int64_t)out->uid);
	set_bit(&out->oddities, PL_USER_GID_CUT, out->raw_gid != (int64_t)out->gid);
	if (!l->groups.len)
		return 0;
	groups = pl_arena_alloc(l->arena, l->groups.len);
	if (!groups)
		return -ENOMEM;
	memcpy(groups, l->groups.data, l->groups.len);
	out->groups = groups;
	out->n_groups = l->groups.len / sizeof(*groups);
	return 0;
}

static void deinit_lookup(struct lookup *l)
{
	pl_buf_deinit(&l->groups);
}

int pl_user_resolve(enum pl_user_rule rule, const char *spec, const struct pl_account_file *passwd,
		    const struct pl_account_file *group, struct pl_arena *arena, struct pl_user *out,
		    struct pl_reason *reason)
{
	__attribute__((cleanup(deinit_lookup))) struct lookup l = {
		.rule = &rules[rule],
		.spec = spec,
		.passwd = passwd,
		.group = group,
		.arena = arena,
		.out = out,
		.reason = reason,
	};
	int r;

	*out = (struct pl_user){ 0 };
	/* room for as many again, so that sorting out the double ones pays */
	pl_buf_init(&l.groups, 2 * PL_MAX_GROUPS * sizeof(uint32_t));
	r = l.rule->containerd ? resolve_with_user(&l) : resolve_exec_user(&l);
	return r || refused(&l) ? r : finish(&l);
}

bool pl_user_is_root(const struct pl_user *user)
{
	return user->status == PL_USER_RESOLVED && !user->uid;
}
