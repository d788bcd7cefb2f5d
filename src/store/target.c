/* SPDX-License-Identifier: Apache-2.0 */
/* What a person writes on the command line for a store or an image (skopeo's names of transports). */
#include <errno.h>
#include <string.h>

#include "plimsoll/store.h"
#include "plimsoll/text.h"
#include "plimsoll/verdict.h"

#define FORMS "a target is NAME, oci:PATH, oci:PATH:NAME, docker:NAME, docker:/DATA-ROOT or docker:[/DATA-ROOT]NAME"

static const char *const unsupported[] = { "containerd",     "containers-storage", "oci-archive",
					   "docker-archive", "docker-daemon",      "dir" };

/* A target in the making: strings into the arena. */
struct parsing {
	const char *text;
	struct pl_arena *arena;
	struct pl_reason *reason;
};

static int refuse(const struct parsing *p, const char *why)
{
	struct pl_escaped shown;

	pl_reason_set(p->reason, "%s: %s; " FORMS, pl_escape_str(&shown, p->text), why);
	return PL_BAD_SYNTAX;
}

static int keep(const struct parsing *p, const char *text, size_t n, const char **out)
{
	*out = n ? pl_arena_strndup(p->arena, text, n) : NULL;
	return n && !*out ? -ENOMEM : 0;
}

/* Names in a store are references or ids; what cannot be either is a slip that finding nothing would not explain. */
static int keep_name(const struct parsing *p, const char *text, const char **out)
{
	if (text[0] == '/' || text[0] == '.')
		return refuse(p, "a path needs the kind of store before it");
	for (const char *at = text; *at; at++)
		if ((unsigned char)*at <= ' ' || *at == 0x7f || strchr("\\\"'[]{}()*?<>|;&$!", *at))
			return refuse(p, "no name of an image has such a character");
	return keep(p, text, strlen(text), out);
}

static int parse_oci(const struct parsing *p, const char *rest, struct pl_target *out)
{
	size_t n = strcspn(rest, ":");
	int r;

	if (!n)
		return refuse(p, "the path of the layout is missing");
	r = keep(p, rest, n, &out->path);
	if (!r && rest[n])
		r = keep(p, rest + n + 1, strlen(rest + n + 1), &out->name);
	return r;
}

static int parse_docker(const struct parsing *p, const char *rest, struct pl_target *out)
{
	const char *end;
	int r;

	if (!strncmp(rest, "//", 2))
		return refuse(p, "that is an image in a registry; plimsoll reads what is on this machine");
	if (*rest == '/')
		return keep(p, rest, strlen(rest), &out->path);
	if (*rest != '[')
		return keep_name(p, rest, &out->name);
	end = strchr(rest, ']');
	if (!end || end == rest + 1)
		return refuse(p, end ? "the data root between [ and ] is missing"
				     : "the ] after the data root is missing");
	r = keep(p, rest + 1, (size_t)(end - rest - 1), &out->path);
	return r ? r : keep_name(p, end + 1, &out->name);
}

static bool is_transport(const char *text, size_t n, const char *name)
{
	return n == strlen(name) && text[n] == ':' && !memcmp(text, name, n);
}

int pl_target_parse(const char *text, struct pl_arena *arena, struct pl_target *out, struct pl_reason *reason)
{
	const struct parsing p = { text, arena, reason };
	const size_t n = strcspn(text, ":");

	*out = (struct pl_target){ 0 };
	if (!*text)
		return refuse(&p, "it is empty");
	if (is_transport(text, n, "oci")) {
		out->driver = "oci";
		return parse_oci(&p, text + n + 1, out);
	}
	if (is_transport(text, n, "docker")) {
		out->driver = "docker";
		return parse_docker(&p, text + n + 1, out);
	}
	for (size_t i = 0; i < sizeof(unsupported) / sizeof(*unsupported); i++) {
		if (is_transport(text, n, unsupported[i])) {
			pl_reason_set(reason, "%s: %s stores are not supported yet by this version; " FORMS,
				      pl_escape_str(&(struct pl_escaped){ 0 }, text), unsupported[i]);
			return PL_BAD_UNSUPPORTED;
		}
	}
	return keep_name(&p, text, &out->name);
}
