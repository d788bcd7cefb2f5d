/* SPDX-License-Identifier: Apache-2.0 */
#include "script.h"

#include <string.h>

/* Words of one command that are looked at; calls of these tools name the user among the first few. */
#define MAX_WORDS 24
#define MAX_WORD_BYTES 256

/* How a tool is told the user. */
enum spec_style {
	SPEC_FIRST,  /* gosu USER cmd */
	SPEC_OPTION, /* setpriv --reuid=USER cmd */
	SPEC_SU,     /* su [-] USER, or an option */
};

static const struct tool {
	const char *name;
	enum spec_style style;
	const char *options[3]; /* that take the user, as "--reuid" or "-u" */
} tools[] = {
	{ "gosu", SPEC_FIRST, { NULL } },
	{ "su-exec", SPEC_FIRST, { NULL } },
	{ "suexec", SPEC_FIRST, { NULL } },
	{ "s6-setuidgid", SPEC_FIRST, { NULL } },
	{ "setuidgid", SPEC_FIRST, { NULL } },
	{ "s6-applyuidgid", SPEC_OPTION, { "-u" } },
	{ "setpriv", SPEC_OPTION, { "--reuid", "--ruid" } },
	{ "chpst", SPEC_OPTION, { "-u", "-U" } },
	{ "runuser", SPEC_SU, { "-u", "--user" } },
	{ "su", SPEC_SU, { NULL } },
	{ "sudo", SPEC_OPTION, { "-u", "--user" } },
	{ "chroot", SPEC_OPTION, { "--userspec" } },
	{ "start-stop-daemon", SPEC_OPTION, { "-c", "--chuid" } },
	{ "capsh", SPEC_OPTION, { "--user" } },
};

const char *pl_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const struct tool *find_tool(const char *word)
{
	const char *name = pl_base_name(word);

	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		if (!strcmp(name, tools[i].name))
			return &tools[i];
	return NULL;
}

/* The value of an option at words[i], "--opt=VALUE", "--opt VALUE" or "-uVALUE"; null when it is another option. */
static const char *option_value(const struct tool *tool, const char *const *words, size_t n, size_t i)
{
	for (size_t k = 0; k < sizeof(tool->options) / sizeof(tool->options[0]) && tool->options[k]; k++) {
		const char *option = tool->options[k];
		size_t len = strlen(option);

		if (strncmp(words[i], option, len))
			continue;
		if (words[i][len] == '=')
			return words[i] + len + 1;
		if (!words[i][len])
			return i + 1 < n ? words[i + 1] : NULL;
		if (option[1] != '-')
			return words[i] + len;
	}
	return NULL;
}

/* Options of su and runuser with something other than the user behind them. */
static bool takes_value(const char *option)
{
	static const char *const options[] = { "-s",      "--shell", "-c",           "--command", "-g",
					       "--group", "-G",      "--supp-group", "-w" };

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (!strcmp(option, options[i]))
			return true;
	return false;
}

/* The user that a call names, or null. */
static const char *spec_of(const struct tool *tool, const char *const *words, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		const char *value = option_value(tool, words, n, i);

		if (value)
			return value;
		if (tool->style == SPEC_FIRST && words[i][0] != '-')
			return words[i];
		if (tool->style == SPEC_SU && words[i][0] != '-')
			return words[i];
		if (tool->style == SPEC_SU && takes_value(words[i]))
			i++;
	}
	return NULL;
}

/* su and runuser without a user, or any tool asked to become root, drop nothing. */
static bool drops(const struct tool *tool, const char *spec)
{
	if (!spec)
		return tool->style != SPEC_SU && strcmp(tool->name, "chroot") && strcmp(tool->name, "capsh") &&
		       strcmp(tool->name, "sudo");
	return strcmp(spec, "root") && strcmp(spec, "0") && strncmp(spec, "root:", 5) && strncmp(spec, "0:", 2);
}

bool pl_drop_in_argv(const char *const *argv, size_t n, struct pl_arena *arena, struct pl_drop_call *out)
{
	const struct tool *tool = n ? find_tool(argv[0]) : NULL;
	const char *spec = tool ? spec_of(tool, argv, n) : NULL;

	if (!tool || !drops(tool, spec))
		return false;
	*out = (struct pl_drop_call){ .tool = tool->name, .spec = spec ? pl_arena_strdup(arena, spec) : NULL };
	return true;
}

size_t pl_init_arguments(const char *const *argv, size_t n)
{
	static const char *const inits[] = { "tini",      "tini-static", "dumb-init",
					     "catatonit", "docker-init", "init-wrapper" };
	const char *name = n ? pl_base_name(argv[0]) : "";
	bool found = false;

	for (size_t i = 0; i < sizeof(inits) / sizeof(inits[0]); i++)
		found |= !strcmp(name, inits[i]);
	if (!found)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if (!strcmp(argv[i], "--"))
			return i + 1;
		if (argv[i][0] != '-')
			return i;
		/* tini's options with a value: exit code remapped, parent-death signal */
		if (!strcmp(argv[i], "-e") || !strcmp(argv[i], "-p") || !strcmp(argv[i], "-r") ||
		    !strcmp(argv[i], "--rewrite"))
			i++;
	}
	return n;
}

bool pl_is_dropping_daemon(const char *program)
{
	static const char *const daemons[] = { "nginx",
					       "httpd",
					       "httpd-foreground",
					       "apache2",
					       "apache2-foreground",
					       "apachectl",
					       "haproxy",
					       "named",
					       "mosquitto",
					       "memcached",
					       "php-fpm",
					       "mysqld",
					       "mariadbd",
					       "squid",
					       "dnsmasq",
					       "unbound",
					       "chronyd",
					       "ntpd" };
	const char *name = pl_base_name(program);

	for (size_t i = 0; i < sizeof(daemons) / sizeof(daemons[0]); i++)
		if (!strcmp(name, daemons[i]))
			return true;
	return false;
}

/* A shell script being read word by word. */
struct reader {
	const char *at, *end;
	unsigned int line;
	pl_variable *variable;
	void *context;
};

struct word {
	char text[MAX_WORD_BYTES];
	size_t n;
	bool opaque; /* holds something that only a shell could evaluate */
	unsigned int line;
};

static void put(struct word *w, char c)
{
	if (w->n < sizeof(w->text) - 1)
		w->text[w->n++] = c;
	else
		w->opaque = true;
	w->text[w->n] = 0;
}

static bool is_name(char c, bool first)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (!first && c >= '0' && c <= '9');
}

/* "$NAME", "${NAME}", "${NAME:-default}"; anything else makes the word opaque. */
static void expand(struct reader *r, struct word *w)
{
	const char *at = r->at + 1, *name, *value = NULL, *fallback = NULL;
	size_t n = 0, fallback_n = 0;
	bool braces = at < r->end && *at == '{';

	at += braces;
	name = at;
	while (at < r->end && is_name(*at, at == name))
		at++;
	n = (size_t)(at - name);
	if (braces) {
		const char *close = at < r->end ? memchr(at, '}', (size_t)(r->end - at)) : NULL;

		if (n && close && close - at >= 2 && at[0] == ':' && (at[1] == '-' || at[1] == '=')) {
			fallback = at + 2;
			fallback_n = (size_t)(close - fallback);
		} else if (!close || close != at) {
			n = 0;
		}
		at = close ? close + 1 : r->end;
	}
	if (n && r->variable)
		value = r->variable(r->context, name, n);
	if (value) {
		/* one byte more than fits makes the word opaque; a value may have megabytes */
		for (size_t i = 0; i < sizeof(w->text) && value[i]; i++)
			put(w, value[i]);
	} else if (fallback && fallback_n && !memchr(fallback, '$', fallback_n)) {
		for (size_t i = 0; i < fallback_n; i++)
			put(w, fallback[i]);
	} else {
		w->opaque = true;
	}
	r->at = at > r->at ? at : r->at + 1;
}

static void read_quoted(struct reader *r, struct word *w, char quote)
{
	for (r->at++; r->at < r->end && *r->at != quote;) {
		if (*r->at == '\n')
			r->line++;
		if (quote == '"' && *r->at == '$') {
			expand(r, w);
			continue;
		}
		if (quote == '"' && *r->at == '`')
			w->opaque = true;
		if (quote == '"' && *r->at == '\\' && r->at + 1 < r->end)
			r->at++;
		put(w, *r->at++);
	}
	if (r->at < r->end)
		r->at++;
}

/* Blanks, continued lines and comments before a word. */
static void skip_blanks(struct reader *r)
{
	while (r->at < r->end) {
		if (*r->at == ' ' || *r->at == '\t' || *r->at == '\r') {
			r->at++;
		} else if (*r->at == '\\' && r->at + 1 < r->end && r->at[1] == '\n') {
			r->at += 2;
			r->line++;
		} else if (*r->at == '#') {
			while (r->at < r->end && *r->at != '\n')
				r->at++;
		} else {
			return;
		}
	}
}

static bool is_separator(char c)
{
	return c == '\n' || c == ';' || c == '&' || c == '|' || c == '(' || c == ')';
}

/* Return: false at a separator or the end, where a command ends. */
static bool read_word(struct reader *r, struct word *w)
{
	skip_blanks(r);
	w->n = 0;
	w->text[0] = 0;
	w->opaque = false;
	w->line = r->line;
	if (r->at >= r->end || is_separator(*r->at))
		return false;
	while (r->at < r->end && !is_separator(*r->at) && *r->at != ' ' && *r->at != '\t' && *r->at != '\r') {
		if (*r->at == '\'' || *r->at == '"') {
			read_quoted(r, w, *r->at);
		} else if (*r->at == '$') {
			expand(r, w);
		} else if (*r->at == '\\' && r->at + 1 < r->end) {
			if (r->at[1] == '\n')
				break;
			put(w, r->at[1]);
			r->at += 2;
		} else {
			w->opaque |= *r->at == '`';
			put(w, *r->at++);
		}
	}
	return true;
}

/* What may stand before the name of a command. */
static bool is_prefix(const char *word)
{
	static const char *const prefixes[] = { "exec", "command", "nohup", "env",   "time",  "then", "else",
						"elif", "do",      "if",    "while", "until", "!",    "{",
						"}",    "set",     "--",    "eval",  "-e",    "-a",   "-E" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strcmp(word, prefixes[i]))
			return true;
	return false;
}

static bool is_assignment(const char *word)
{
	size_t n = 0;

	while (is_name(word[n], !n))
		n++;
	return n && word[n] == '=';
}

/* The words of one command, its prefixes left out. Return: how many. */
static size_t read_command(struct reader *r, struct word words[static MAX_WORDS])
{
	struct word word;
	size_t n = 0;

	while (read_word(r, &word)) {
		if (!n && !word.opaque && (is_prefix(word.text) || is_assignment(word.text)))
			continue;
		if (n < MAX_WORDS)
			words[n++] = word;
	}
	if (r->at < r->end) {
		r->line += *r->at == '\n';
		r->at++;
	}
	return n;
}

/* An opaque word where the user should stand means: dropped to somebody that only the run knows. */
static const char *readable_spec(const struct tool *tool, const struct word *words, const char *const *texts, size_t n,
				 const char *spec)
{
	for (size_t i = 1; i < n; i++) {
		if (words[i].opaque && (texts[i] == spec || option_value(tool, texts, n, i) == spec ||
					(spec >= texts[i] && spec < texts[i] + words[i].n)))
			return NULL;
	}
	return spec;
}

bool pl_drop_in_script(const char *text, size_t n, pl_variable *variable, void *context, struct pl_arena *arena,
		       struct pl_drop_call *out)
{
	struct reader r = { .at = text, .end = text + n, .line = 1, .variable = variable, .context = context };
	struct word words[MAX_WORDS];

	while (r.at < r.end) {
		const char *texts[MAX_WORDS];
		size_t count = read_command(&r, words);
		const struct tool *tool;
		const char *spec;

		if (!count || words[0].opaque)
			continue;
		tool = find_tool(words[0].text);
		if (!tool)
			continue;
		for (size_t i = 0; i < count; i++)
			texts[i] = words[i].text;
		spec = spec_of(tool, texts, count);
		if (!drops(tool, spec))
			continue;
		if (spec)
			spec = readable_spec(tool, words, texts, count, spec);
		*out = (struct pl_drop_call){ .tool = tool->name, .line = words[0].line };
		out->spec = spec && *spec ? pl_arena_strdup(arena, spec) : NULL;
		return true;
	}
	return false;
}
