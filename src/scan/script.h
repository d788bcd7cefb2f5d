/* SPDX-License-Identifier: Apache-2.0 */
/* Recognising, in an argument list or a shell script, that privileges are dropped: by which tool, to whom. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "plimsoll/arena.h"

struct pl_drop_call {
	const char *tool;  /* "gosu" */
	const char *spec;  /* the user as it is written, or null when it cannot be read off (a variable) */
	unsigned int line; /* in a script, from 1; 0: an argument list */
};

/* The value of a variable, for "$APP_USER"; null when it is not known. */
typedef const char *pl_variable(void *context, const char *name, size_t n);

/*
 * Looks at an argument list that is about to be executed: ["gosu", "app", "server"].
 * Return: whether it begins with a tool that drops privileges.
 */
bool pl_drop_in_argv(const char *const *argv, size_t n, struct pl_arena *arena, struct pl_drop_call *out);

/*
 * Looks through a shell script for such a tool in the place of a command. The first call counts.
 * This reads shell as a person skims it: quotes, comments, continued lines and the usual separators, no more.
 */
bool pl_drop_in_script(const char *text, size_t n, pl_variable *variable, void *context, struct pl_arena *arena,
		       struct pl_drop_call *out);

/* Inits that only pass signals on (tini, dumb-init …): how many leading arguments are theirs, 0 when it is none. */
size_t pl_init_arguments(const char *const *argv, size_t n);

/* Whether a program is known to change to a configured user by itself once it runs (nginx, httpd, mosquitto …). */
bool pl_is_dropping_daemon(const char *program);

/* The last component of a path. */
const char *pl_base_name(const char *path);
