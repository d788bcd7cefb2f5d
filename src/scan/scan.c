/* SPDX-License-Identifier: Apache-2.0 */
#include "plimsoll/scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "plimsoll/verdict.h"
#include "scan_internal.h"

/* What engines put in an environment without PATH (moby:daemon/pkg/oci, containerd:pkg/oci/spec_opts.go). */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

const char *pl_scan_env(const struct scan *s, const char *name, size_t n)
{
	const struct pl_image_config *config = &s->image->config;
	const char *value = NULL;

	for (size_t i = 0; i < config->n_env; i++)
		if (!strncmp(config->env[i], name, n) && config->env[i][n] == '=')
			value = config->env[i] + n + 1;
	return value;
}

enum pl_lookup pl_scan_resolve(struct scan *s, const char *cwd, const char *path, enum pl_last last,
			       const struct pl_node **node_out)
{
	enum pl_lookup found = pl_rootfs_resolve(s->rootfs, cwd, path, last, node_out);

	s->needs_pass |= found == PL_LOOKUP_NOT_KEPT;
	return found;
}

struct pl_file_fact pl_scan_file_fact(struct scan *s, const struct pl_node *node)
{
	struct pl_file_fact fact = { .path = pl_node_path(node, s->arena),
				     .mode = node->mode,
				     .uid = node->uid,
				     .gid = node->gid,
				     .directory = node->type == PL_FILE_DIRECTORY,
				     .certain = node->certain };
	struct pl_file_capability *capability;

	s->no_memory |= !fact.path;
	if (!node->capability)
		return fact;
	/* the facts outlive the rootfs */
	capability = pl_arena_alloc(s->arena, sizeof(*capability));
	if (capability)
		*capability = *node->capability;
	s->no_memory |= !capability;
	fact.capability = capability;
	return fact;
}

static const char *digest_text(struct scan *s, const struct pl_digest *digest)
{
	struct pl_digest_text text;
	const char *copy = pl_arena_strdup(s->arena, pl_digest_format(digest, &text));

	s->no_memory |= !copy;
	return copy ? copy : "";
}

static const char *sentence(struct scan *s, const char *text)
{
	const char *copy = pl_arena_strdup(s->arena, text);

	s->no_memory |= !copy;
	return copy ? copy : "out of memory";
}

void pl_scan_cut(struct scan *s, const char *limit, size_t value)
{
	struct pl_reason reason;

	pl_reason_limit(&reason, limit, value);
	if (!s->cut)
		s->cut = sentence(s, reason.text);
}

static void split_path(struct scan *s)
{
	const char *path = pl_scan_env(s, "PATH", 4);

	for (path = path ? path : DEFAULT_PATH;;) {
		size_t len = strcspn(path, ":");
		const char *dir;

		if (s->n_path_dirs == PL_SCAN_PATH_DIRS) {
			pl_scan_cut(s, "path-dirs", PL_SCAN_PATH_DIRS);
			return;
		}
		dir = pl_arena_strndup(s->arena, path, len);
		s->no_memory |= !dir;
		if (dir)
			s->path_dirs[s->n_path_dirs++] = dir;
		if (!path[len])
			return;
		path += len + 1;
	}
}

static void want_path_dirs(struct scan *s)
{
	for (size_t i = 0; i < s->n_path_dirs; i++) {
		const char *dir = s->path_dirs[i];

		if (dir[0] != '/')
			continue;
		s->no_memory |= pl_rootfs_want_writable(s->rootfs, dir) < 0;
		/* /bin and /sbin are links into /usr in most images */
		if (!strcmp(dir, "/bin") || !strcmp(dir, "/sbin")) {
			char usr[sizeof("/usr/sbin")] = "/usr";

			memcpy(usr + 4, dir, strlen(dir) + 1);
			s->no_memory |= pl_rootfs_want_writable(s->rootfs, usr) < 0;
		}
	}
}

/*
 * One account file. Engines take a file that cannot be opened, or is none, as absent.
 * Return: whether it is known; *why_out says why not.
 */
static bool read_account_file(struct scan *s, const char *path, struct pl_account_file *out, const char **why_out)
{
	struct pl_reason reason;
	const struct pl_node *node;

	*out = (struct pl_account_file){ 0 };
	switch (pl_scan_resolve(s, NULL, path, PL_FOLLOW_LAST, &node)) {
	case PL_LOOKUP_FOUND:
		break;
	case PL_LOOKUP_ABSENT:
	case PL_LOOKUP_LOOP:
		return true;
	case PL_LOOKUP_NOT_KEPT:
		pl_reason_set(&reason, "%s: its links lead on further than a layer is read again (limit passes)", path);
		*why_out = sentence(s, reason.text);
		return false;
	case PL_LOOKUP_UNCERTAIN:
		pl_reason_set(&reason, "%s: a layer that could not be read may have changed it", path);
		*why_out = sentence(s, reason.text);
		return false;
	}
	if (node->type != PL_FILE_REGULAR)
		return true;
	out->too_big = node->size > PL_ENGINE_ACCOUNT_BYTES;
	if (out->too_big)
		return true;
	if (node->size > PL_MAX_ACCOUNT_BYTES || (node->size && node->n_content < node->size)) {
		pl_reason_limit(&reason, "account-bytes", PL_MAX_ACCOUNT_BYTES);
		pl_reason_prefix(&reason, "%s", path);
		*why_out = sentence(s, reason.text);
		return false;
	}
	out->bytes = node->size ? node->content : (const uint8_t *)"";
	out->n = (size_t)node->size;
	return true;
}

/* Whether the user part is empty or a number that every engine takes as it is: then passwd cannot make it root or not. */
static bool is_plain_number(const char *spec, bool *zero_out)
{
	size_t n = strcspn(spec, ":");
	unsigned long value = 0;

	for (size_t i = 0; i < n; i++) {
		if (spec[i] < '0' || spec[i] > '9' || n > 9)
			return false;
		value = value * 10 + (unsigned long)(spec[i] - '0');
	}
	*zero_out = !value;
	return true;
}

/*
 * Docker makes a directory of its own, for hosts and resolv.conf, in the place of a link called /etc
 * (moby:daemon/initlayer/setup_unix.go), so a container sees no account files behind it. Other engines follow the link.
 */
static bool is_emptied(struct scan *s, enum pl_user_rule rule)
{
	const struct pl_node *etc;

	if (rule != PL_USER_RULE_DOCKER && rule != PL_USER_RULE_DOCKER_041 && rule != PL_USER_RULE_DOCKER_040)
		return false;
	return pl_scan_resolve(s, NULL, "/etc", PL_KEEP_LAST, &etc) == PL_LOOKUP_FOUND && etc->type == PL_FILE_SYMLINK;
}

static void resolve_user(struct scan *s, bool accounts_known, const char *why)
{
	const struct pl_account_file none = { 0 };
	struct pl_image_facts *facts = s->facts;
	const char *spec = s->image->config.user;
	struct pl_reason reason = { "" };
	bool zero = false;
	int r = pl_user_kubelet(spec, s->arena, &facts->kubelet);

	s->no_memory |= r < 0;
	facts->user_unknown = why;
	/* root by number stays root, whatever the files that could not be read may say */
	if (!accounts_known && !(is_plain_number(spec, &zero) && zero))
		return;
	for (enum pl_user_rule rule = 0; rule < PL_USER_RULES; rule++) {
		const bool emptied = is_emptied(s, rule);

		r = pl_user_resolve(rule, spec, emptied ? &none : &s->passwd, emptied ? &none : &s->group, s->arena,
				    &facts->user[rule], &reason);
		if (r) {
			facts->user_unknown = sentence(s, r < 0 ? "out of memory" : reason.text);
			return;
		}
	}
	facts->user_known = true;
	facts->user_unknown = NULL;
}

static struct pl_account_fact account_fact(struct scan *s, const struct pl_account *account)
{
	struct pl_account_fact fact = { .name = pl_arena_strndup(s->arena, account->name, account->name_len),
					.line = pl_arena_strndup(s->arena, account->line, account->line_len),
					.uid = (uint32_t)account->uid,
					.gid = (uint32_t)account->gid,
					.uid_is_number = account->uid_is_number };

	s->no_memory |= !fact.name || !fact.line;
	return fact;
}

/* Accounts that are root under another name, and the one that APP_UID speaks of. */
static void collect_accounts(struct scan *s)
{
	/* more are as bad as this many */
	const size_t max_aliases = 100;
	struct pl_image_facts *facts = s->facts;
	struct pl_account account;
	size_t at = 0;
	char *end;
	unsigned long app_uid = 0;

	facts->has_passwd = s->passwd.bytes;
	facts->app_uid = pl_scan_env(s, "APP_UID", 7);
	if (facts->app_uid) {
		app_uid = strtoul(facts->app_uid, &end, 10);
		if (!*facts->app_uid || *end)
			app_uid = 0;
	}
	facts->root_aliases = pl_arena_calloc(s->arena, max_aliases, sizeof(*facts->root_aliases));
	if (!facts->root_aliases) {
		s->no_memory = true;
		return;
	}
	while (s->passwd.bytes && pl_passwd_next(&s->passwd, &at, &account)) {
		bool called_root = account.name_len == 4 && !memcmp(account.name, "root", 4);

		if (!(uint32_t)account.uid && !called_root && facts->n_root_aliases < max_aliases)
			facts->root_aliases[facts->n_root_aliases++] = account_fact(s, &account);
		if (app_uid && account.uid_is_number && account.uid == (int64_t)app_uid && !facts->app_account.name)
			facts->app_account = account_fact(s, &account);
	}
}

/* The name of the first group line with this gid, or null. */
static const char *group_name(struct scan *s, uint32_t gid)
{
	const char *at = (const char *)s->group.bytes, *end = at + s->group.n;

	while (s->group.bytes && at < end) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		const char *stop = eol ? eol : end;
		const char *name_end = memchr(at, ':', (size_t)(stop - at));
		const char *number = name_end ? memchr(name_end + 1, ':', (size_t)(stop - name_end - 1)) : NULL;

		if (number && number + 1 < stop) {
			char digits[16] = "";
			size_t n = 0;
			char *parsed;

			for (number++; number < stop && *number != ':' && n < sizeof(digits) - 1; number++)
				digits[n++] = *number;
			if (n && strtoul(digits, &parsed, 10) == gid && !*parsed)
				return pl_arena_strndup(s->arena, at, (size_t)(name_end - at));
		}
		at = stop + 1;
	}
	return NULL;
}

static void name_groups(struct scan *s)
{
	struct pl_image_facts *facts = s->facts;
	const struct pl_user *user = &facts->user[facts->user_rule];

	if (!facts->user_known || user->status != PL_USER_RESOLVED)
		return;
	facts->gid_name = group_name(s, user->gid);
	facts->group_names = pl_arena_calloc(s->arena, user->n_groups + 1, sizeof(*facts->group_names));
	if (!facts->group_names)
		s->no_memory = true;
	/* a line each would be a search each: thousands of groups are named by number alone */
	for (size_t i = 0; facts->group_names && i < user->n_groups && i < 256; i++)
		facts->group_names[i] = group_name(s, user->groups[i]);
}

static bool is_setid(const struct pl_node *node)
{
	return node->type == PL_FILE_REGULAR && node->mode & (S_ISUID | S_ISGID);
}

static bool is_capable(const struct pl_node *node)
{
	return node->type == PL_FILE_REGULAR && node->capability;
}

static bool is_device(const struct pl_node *node)
{
	return node->type == PL_FILE_CHAR || node->type == PL_FILE_BLOCK;
}

/* A directory of PATH, or a file in one, that somebody other than root may change. */
static bool is_writable_on_path(const struct scan *s, const struct pl_node *node, const struct pl_node *const *dirs)
{
	bool here = false;

	if (node->type != PL_FILE_REGULAR && node->type != PL_FILE_DIRECTORY)
		return false;
	if (!node->uid && !(node->mode & (S_IWGRP | S_IWOTH)))
		return false;
	for (size_t i = 0; i < s->n_path_dirs; i++)
		here |= dirs[i] && (dirs[i] == node || (node->type == PL_FILE_REGULAR && dirs[i] == node->parent));
	return here;
}

struct list {
	struct pl_file_fact **facts;
	size_t *n;
};

static void put_fact(struct scan *s, const struct list *list, const struct pl_node *node, bool count_only)
{
	if (!count_only)
		(*list->facts)[*list->n] = pl_scan_file_fact(s, node);
	(*list->n)++;
}

/* The directories of PATH, and whether what is in them was asked for: links may lead to others than it names. */
static void find_path_dirs(struct scan *s, const struct pl_node **dirs)
{
	for (size_t i = 0; i < s->n_path_dirs; i++) {
		if (s->path_dirs[i][0] != '/' ||
		    pl_scan_resolve(s, NULL, s->path_dirs[i], PL_FOLLOW_LAST, &dirs[i]) != PL_LOOKUP_FOUND ||
		    (dirs[i]->present && dirs[i]->type != PL_FILE_DIRECTORY))
			dirs[i] = NULL;
		else
			s->needs_pass |= pl_rootfs_watch(s->rootfs, dirs[i]);
	}
}

/* Counts, makes room, and goes through the tree once more to fill it. */
static void collect_files(struct scan *s)
{
	struct pl_image_facts *f = s->facts;
	const struct list lists[] = { { &f->setid, &f->n_setid },
				      { &f->file_capabilities, &f->n_file_capabilities },
				      { &f->devices, &f->n_devices },
				      { &f->path_writable, &f->n_path_writable } };
	const struct pl_node *dirs[PL_SCAN_PATH_DIRS] = { NULL };

	find_path_dirs(s, dirs);
	for (int count_only = 1; count_only >= 0; count_only--) {
		for (size_t i = 0; i < 4; i++) {
			if (!count_only) {
				*lists[i].facts = pl_arena_calloc(s->arena, *lists[i].n, sizeof(struct pl_file_fact));
				s->no_memory |= !*lists[i].facts;
			}
			*lists[i].n = 0;
		}
		if (s->no_memory)
			return;
		for (const struct pl_node *node = NULL; (node = pl_rootfs_next(s->rootfs, node));) {
			if (is_setid(node))
				put_fact(s, &lists[0], node, count_only);
			if (is_capable(node))
				put_fact(s, &lists[1], node, count_only);
			if (is_device(node))
				put_fact(s, &lists[2], node, count_only);
			if (is_writable_on_path(s, node, dirs))
				put_fact(s, &lists[3], node, count_only);
		}
	}
}

typedef const char *note_getter(const struct pl_rootfs *rootfs, size_t i);

static void collect_notes(struct scan *s, note_getter *get, const char ***texts_out, size_t *n_out)
{
	size_t n = 0;

	while (get(s->rootfs, n))
		n++;
	*n_out = 0;
	*texts_out = pl_arena_calloc(s->arena, n + 1, sizeof(**texts_out));
	if (!*texts_out) {
		s->no_memory = true;
		return;
	}
	while (*n_out < n) {
		(*texts_out)[*n_out] = sentence(s, get(s->rootfs, *n_out));
		(*n_out)++;
	}
}

/* Everything that is asked of the merged rootfs. May run again after another pass, so it starts from nothing. */
static void examine(struct scan *s)
{
	struct pl_image_facts *facts = s->facts;
	const char *why = NULL;
	bool known;

	s->needs_pass = false;
	facts->user_known = false;
	facts->n_root_aliases = 0;
	facts->app_account = (struct pl_account_fact){ 0 };
	known = read_account_file(s, "/etc/passwd", &s->passwd, &why);
	facts->accounts_known = known;
	known &= read_account_file(s, "/etc/group", &s->group, &why);
	resolve_user(s, known, why);
	if (facts->accounts_known)
		collect_accounts(s);
	name_groups(s);
	pl_scan_entry_point(s);
	collect_files(s);
	collect_notes(s, pl_rootfs_problem, &facts->problems, &facts->n_problems);
	if (s->cut && facts->problems)
		facts->problems[facts->n_problems++] = s->cut;
	collect_notes(s, pl_rootfs_ambiguity, &facts->ambiguities, &facts->n_ambiguities);
	facts->files_known = !facts->n_problems;
}

static int scan_rootfs(struct scan *s, const struct pl_scan_options *options)
{
	struct pl_rootfs_options how = { .no_verify = options->no_verify };

	split_path(s);
	s->no_memory |= pl_rootfs_want(s->rootfs, "/etc/passwd", PL_MAX_ACCOUNT_BYTES) < 0;
	s->no_memory |= pl_rootfs_want(s->rootfs, "/etc/group", PL_MAX_ACCOUNT_BYTES) < 0;
	want_path_dirs(s);
	pl_scan_want_entry_point(s);
	/* once more than there are passes: the last build only says that they were not enough */
	for (unsigned int pass = 0; pass <= PL_MAX_PASSES; pass++) {
		int r = pl_rootfs_build(s->rootfs, s->image->layers, s->image->n_layers, &how);

		if (r)
			return r;
		examine(s);
		if (!s->needs_pass || s->no_memory)
			break;
	}
	return s->no_memory ? -ENOMEM : 0;
}

static int scan_layers(struct pl_store *store, struct scan *s, const struct pl_scan_options *options)
{
	PL_CLEANUP_ROOTFS struct pl_rootfs *rootfs = NULL;
	struct pl_reason reason = { "" };
	int r = pl_rootfs_new(&rootfs);

	if (r)
		return r;
	s->rootfs = rootfs;
	r = scan_rootfs(s, options);
	if (r)
		return r;
	s->facts->verified = !options->no_verify;
	r = pl_store_recheck(store, s->image, &reason);
	if (r == -ENOMEM)
		return r;
	if (r)
		s->facts->unreadable = sentence(s, reason.text[0] ? reason.text : "changed while it was read");
	return s->no_memory ? -ENOMEM : 0;
}

int pl_scan_image(struct pl_store *store, const struct pl_image_ref *ref, const struct pl_scan_options *options,
		  struct pl_arena *arena, struct pl_image_facts *out)
{
	struct scan s = { .arena = arena, .facts = out };
	struct pl_reason reason = { "" };
	struct pl_image *image;
	int r;

	*out = (struct pl_image_facts){ .names = ref->names,
					.n_names = ref->n_names,
					.store = pl_store_label(store),
					.platform = "",
					.user_rule = pl_store_user_rule(store) };
	out->id = digest_text(&s, &ref->id);
	if (ref->manifest.algorithm != PL_DIGEST_NONE)
		out->manifest = digest_text(&s, &ref->manifest);
	image = pl_arena_alloc(arena, sizeof(*image));
	if (!image || s.no_memory)
		return -ENOMEM;
	if (ref->problem) {
		out->unreadable = ref->problem;
		return 0;
	}
	r = pl_store_image(store, ref, arena, image, &reason);
	if (r == -ENOMEM || r == PL_BAD_UNSUPPORTED)
		return r;
	if (r) {
		out->unreadable = sentence(&s, reason.text[0] ? reason.text : strerror(r < 0 ? -r : EIO));
		return s.no_memory ? -ENOMEM : 0;
	}
	s.image = image;
	out->id = digest_text(&s, &image->id);
	out->platform = image->platform;
	out->config = &image->config;
	if (image->manifest.algorithm != PL_DIGEST_NONE)
		out->manifest = digest_text(&s, &image->manifest);
	return scan_layers(store, &s, options);
}
