/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the image starts: the program behind Entrypoint and Cmd, every file that decides what it does, and whether it is
 * known to give up root by itself.
 */
#include <string.h>
#include <sys/stat.h>

#include "scan_internal.h"
#include "script.h"

/* Files whose change would change what runs; a script with interpreter and tool makes about 30 with all directories. */
#define MAX_CODE 256

static const char *working_dir(const struct scan *s)
{
	const char *dir = s->image->config.working_dir;

	return dir[0] ? dir : "/";
}

static const char *join_dir(struct scan *s, const char *dir, const char *name)
{
	const char *path = pl_arena_printf(s->arena, "%s/%s", dir[0] ? dir : working_dir(s), name);

	s->no_memory |= !path;
	return path;
}

static void want(struct scan *s, const char *path, size_t content_bytes)
{
	/* a path that finds no room now is met again, and said to be unknown, when it is looked up */
	if (path)
		s->no_memory |= pl_rootfs_want(s->rootfs, path, content_bytes) < 0;
}

/* Where a command may lie: as it is when it has a slash, else everywhere on PATH. */
static void want_command(struct scan *s, const char *name)
{
	if (strchr(name, '/')) {
		want(s, name[0] == '/' ? name : join_dir(s, working_dir(s), name), PL_MAX_SCRIPT_BYTES);
		return;
	}
	for (size_t i = 0; i < s->n_path_dirs; i++)
		want(s, join_dir(s, s->path_dirs[i], name), PL_MAX_SCRIPT_BYTES);
}

static void collect_argv(struct scan *s)
{
	const struct pl_image_config *config = &s->image->config;
	struct pl_entry_fact *entry = &s->facts->entry;

	entry->argv = pl_arena_calloc(s->arena, config->n_entrypoint + config->n_cmd + 1, sizeof(*entry->argv));
	if (!entry->argv) {
		s->no_memory = true;
		return;
	}
	for (size_t i = 0; i < config->n_entrypoint; i++)
		entry->argv[entry->n_argv++] = config->entrypoint[i];
	for (size_t i = 0; i < config->n_cmd; i++)
		entry->argv[entry->n_argv++] = config->cmd[i];
}

void pl_scan_want_entry_point(struct scan *s)
{
	/* what scripts are run by; asked for beforehand, a compressed layer need not be read twice for them */
	static const char *const usual[] = { "/bin/sh",       "/bin/bash",     "/bin/dash",
					     "/bin/busybox",  "/usr/bin/env",  "/usr/bin/sh",
					     "/usr/bin/bash", "/usr/bin/dash", "/usr/bin/busybox" };
	const struct pl_entry_fact *entry = &s->facts->entry;

	collect_argv(s);
	for (size_t i = 0; i < entry->n_argv && i < PL_SCAN_ARGUMENTS; i++) {
		const char *word = entry->argv[i];

		if (!word[0] || word[0] == '-' || strlen(word) >= PL_MAX_PATH_BYTES)
			continue;
		/* a command, or a file that a command gets ("app.dll", "server.js") */
		want_command(s, word);
		if (!strchr(word, '/') && strchr(word, '.'))
			want(s, join_dir(s, working_dir(s), word), PL_MAX_SCRIPT_BYTES);
	}
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		want(s, usual[i], 0);
}

static void add_code(struct scan *s, const struct pl_node *node)
{
	struct pl_entry_fact *entry = &s->facts->entry;
	struct pl_file_fact fact;

	if (!node->present || node->type == PL_FILE_SYMLINK)
		return;
	fact = pl_scan_file_fact(s, node);
	if (!fact.path)
		return;
	for (size_t i = 0; i < entry->n_code; i++)
		if (!strcmp(entry->code[i].path, fact.path))
			return;
	if (entry->n_code == MAX_CODE)
		pl_scan_cut(s, "code-files", MAX_CODE);
	else
		entry->code[entry->n_code++] = fact;
}

/* A file, the links that lead to it, and all directories on the way: who can write one of them decides what runs. */
static void add_code_path(struct scan *s, const char *cwd, const char *path)
{
	for (unsigned int links = 0; links <= PL_MAX_LINKS; links++) {
		const struct pl_node *node = NULL;

		if (pl_scan_resolve(s, cwd, path, PL_KEEP_LAST, &node) != PL_LOOKUP_FOUND || !node)
			return;
		for (const struct pl_node *up = node; up; up = up->parent)
			add_code(s, up);
		if (node->type != PL_FILE_SYMLINK)
			return;
		path = node->link;
		cwd = pl_node_path(node->parent, s->arena);
		if (!cwd) {
			s->no_memory = true;
			return;
		}
	}
}

struct program {
	enum pl_lookup found;
	const char *path; /* as it was looked up, absolute or relative to the working directory */
	const struct pl_node *node;
};

/* As execvp does it: the first on PATH that is a file somebody may execute. */
static struct program find_program(struct scan *s, const char *name)
{
	struct program p = { .found = PL_LOOKUP_ABSENT };

	if (strchr(name, '/')) {
		p.path = name;
		p.found = pl_scan_resolve(s, working_dir(s), name, PL_FOLLOW_LAST, &p.node);
		return p;
	}
	for (size_t i = 0; i < s->n_path_dirs; i++) {
		p.path = join_dir(s, s->path_dirs[i], name);
		if (!p.path)
			break;
		p.found = pl_scan_resolve(s, working_dir(s), p.path, PL_FOLLOW_LAST, &p.node);
		if (p.found == PL_LOOKUP_FOUND && (p.node->type != PL_FILE_REGULAR || !(p.node->mode & 0111)))
			p.found = PL_LOOKUP_ABSENT;
		if (p.found != PL_LOOKUP_ABSENT && p.found != PL_LOOKUP_LOOP)
			break;
	}
	return p;
}

/* Environments may have 100,000 variables, and scripts a word for each of them; an ordinary image needs 1,000 steps. */
static const char *image_variable(void *context, const char *name, size_t n)
{
	const uint64_t max_steps = (uint64_t)16 << 20;
	struct scan *s = context;

	s->env_steps += s->image->config.n_env;
	return s->env_steps > max_steps ? NULL : pl_scan_env(s, name, n);
}

static bool is_script(const struct pl_node *node)
{
	return node->n_content > 2 && node->content[0] == '#' && node->content[1] == '!';
}

/* The program on a script's first line, with "env" looked through. */
static void add_interpreter(struct scan *s, const struct pl_node *node)
{
	const char *at = (const char *)node->content + 2;
	const char *eol = memchr(at, '\n', node->n_content - 2);
	size_t left = eol ? (size_t)(eol - at) : node->n_content - 2;
	const char *words[4];
	size_t n = 0;

	while (left && n < 4) {
		size_t blanks = 0, len = 0;

		while (blanks < left && (at[blanks] == ' ' || at[blanks] == '\t' || at[blanks] == '\r'))
			blanks++;
		at += blanks;
		left -= blanks;
		while (len < left && at[len] != ' ' && at[len] != '\t' && at[len] != '\r')
			len++;
		if (!len)
			break;
		words[n] = pl_arena_strndup(s->arena, at, len);
		if (!words[n++]) {
			s->no_memory = true;
			return;
		}
		at += len;
		left -= len;
	}
	if (!n)
		return;
	add_code_path(s, working_dir(s), words[0]);
	for (size_t i = 1; i < n && !strcmp(pl_base_name(words[0]), "env"); i++) {
		if (words[i][0] != '-' && !strchr(words[i], '=')) {
			struct program p = find_program(s, words[i]);

			if (p.found == PL_LOOKUP_FOUND)
				add_code_path(s, working_dir(s), p.path);
			return;
		}
	}
}

static void resolve_drop(struct scan *s)
{
	struct pl_entry_fact *entry = &s->facts->entry;
	struct pl_reason reason = { "" };

	if (!entry->drop_spec || !s->facts->user_known)
		return;
	/* gosu uses Docker's own library, su-exec and the others the C library, for plain names the same */
	entry->drop_resolved = !pl_user_resolve(PL_USER_RULE_DOCKER, entry->drop_spec, &s->passwd, &s->group, s->arena,
						&entry->drop_user, &reason);
}

static void set_drop(struct scan *s, const struct pl_drop_call *call, const char *where)
{
	struct pl_entry_fact *entry = &s->facts->entry;

	if (entry->drop == PL_DROP_TOOL)
		return;
	entry->drop = PL_DROP_TOOL;
	entry->drop_tool = call->tool;
	entry->drop_spec = call->spec;
	entry->drop_where = call->line ? pl_arena_printf(s->arena, "%s:%u", where, call->line) : where;
	resolve_drop(s);
}

static bool is_shell(const char *name)
{
	static const char *const shells[] = { "sh", "bash", "dash", "ash", "ksh", "zsh", "busybox" };

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (!strcmp(pl_base_name(name), shells[i]))
			return true;
	return false;
}

/* A file that takes part in the start: its code, and what it does when it is a script. */
static void look_into(struct scan *s, const char *path, const struct pl_node *node, bool for_shell)
{
	struct pl_drop_call call;

	add_code_path(s, working_dir(s), path);
	if (is_script(node))
		add_interpreter(s, node);
	else if (!for_shell)
		return;
	if (node->content &&
	    pl_drop_in_script((const char *)node->content, node->n_content, image_variable, s, s->arena, &call))
		set_drop(s, &call, pl_node_path(node, s->arena));
}

/* What follows the program: a script for a shell, a file for an interpreter, a command that a script will execute. */
static void look_at_arguments(struct scan *s, const char *const *argv, size_t n)
{
	const bool shell = is_shell(argv[0]);
	struct pl_drop_call call;

	for (size_t i = 1; i < n && i < PL_SCAN_ARGUMENTS; i++) {
		struct program p;

		if (shell && argv[i][0] == '-' && strchr(argv[i], 'c') && i + 1 < n) {
			if (pl_drop_in_script(argv[i + 1], strlen(argv[i + 1]), image_variable, s, s->arena, &call)) {
				call.line = 0;
				set_drop(s, &call, "the command line");
			}
			return;
		}
		if (!argv[i][0] || argv[i][0] == '-' || strlen(argv[i]) >= PL_MAX_PATH_BYTES)
			continue;
		p = (struct program){ .path = argv[i] };
		p.found = pl_scan_resolve(s, working_dir(s), argv[i], PL_FOLLOW_LAST, &p.node);
		if (p.found != PL_LOOKUP_FOUND && !strchr(argv[i], '/') && i == 1)
			p = find_program(s, argv[i]);
		if (p.found == PL_LOOKUP_FOUND && p.node->type == PL_FILE_REGULAR)
			look_into(s, p.path, p.node, shell && i == 1);
		if (i == 1 && s->facts->entry.drop == PL_DROP_NONE && pl_is_dropping_daemon(argv[i])) {
			s->facts->entry.drop = PL_DROP_DAEMON;
			s->facts->entry.drop_tool = pl_base_name(argv[i]);
		}
	}
}

static void find_drop(struct scan *s, const char *const *argv, size_t n)
{
	struct pl_entry_fact *entry = &s->facts->entry;
	struct pl_drop_call call;

	if (pl_drop_in_argv(argv, n, s->arena, &call)) {
		set_drop(s, &call, "the command line");
		return;
	}
	if (entry->drop == PL_DROP_NONE && pl_is_dropping_daemon(argv[0])) {
		entry->drop = PL_DROP_DAEMON;
		entry->drop_tool = pl_base_name(argv[0]);
	}
}

static void set_program(struct scan *s, const struct program *p)
{
	struct pl_entry_fact *entry = &s->facts->entry;

	entry->path = p->path[0] == '/' ? p->path : join_dir(s, working_dir(s), p->path);
	switch (p->found) {
	case PL_LOOKUP_FOUND:
		entry->state = PL_ENTRY_FOUND;
		entry->target = pl_node_path(p->node, s->arena);
		entry->script = is_script(p->node);
		break;
	case PL_LOOKUP_ABSENT:
	case PL_LOOKUP_LOOP:
		entry->state = PL_ENTRY_ABSENT;
		break;
	case PL_LOOKUP_NOT_KEPT:
		entry->state = PL_ENTRY_UNKNOWN;
		entry->unknown = "its links lead on further than a layer is read again (limit passes)";
		break;
	case PL_LOOKUP_UNCERTAIN:
		entry->state = PL_ENTRY_UNKNOWN;
		entry->unknown = "a layer that could not be read may have changed it";
		break;
	}
}

void pl_scan_entry_point(struct scan *s)
{
	struct pl_entry_fact *entry = &s->facts->entry;
	const char *const *argv = (const char *const *)entry->argv;
	size_t n = entry->n_argv;
	struct program p;

	*entry = (struct pl_entry_fact){ .argv = entry->argv, .n_argv = n };
	entry->code = pl_arena_calloc(s->arena, MAX_CODE, sizeof(*entry->code));
	s->no_memory |= !entry->code;
	if (!n || !argv[0][0] || !entry->code)
		return;
	p = find_program(s, argv[0]);
	if (!p.path)
		p.path = argv[0];
	set_program(s, &p);
	for (unsigned int inits = 0;
	     inits < PL_SCAN_ARGUMENTS && p.found == PL_LOOKUP_FOUND && p.node->type == PL_FILE_REGULAR; inits++) {
		size_t skip = pl_init_arguments(argv, n);

		look_into(s, p.path, p.node, false);
		if (!skip || skip >= n) {
			find_drop(s, argv, n);
			look_at_arguments(s, argv, n);
			return;
		}
		/* an init passes signals on; what it starts is what counts */
		argv += skip;
		n -= skip;
		p = find_program(s, argv[0]);
	}
}
