/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known about one image when the checks begin: plain data, in the subject's arena. Checks see these facts and
 * never a file. A fact that could not be established says so with a reason; it is never guessed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plimsoll/account.h"
#include "plimsoll/capability.h"
#include "plimsoll/image.h"

/* A file or directory of the image. Paths are absolute, bytes as in the image (not escaped). */
struct pl_file_fact {
	const char *path;
	uint32_t mode, uid, gid;
	const struct pl_file_capability *capability; /* or null */
	bool certain;                                /* false: a layer above it could not be read */
	bool directory;
};

enum pl_drop {
	PL_DROP_NONE,   /* nothing in the entry point drops privileges */
	PL_DROP_TOOL,   /* a tool that drops is called: gosu, su-exec, setpriv, s6-setuidgid, chpst, runuser … */
	PL_DROP_DAEMON, /* a daemon that is known to drop by itself (weak hint) */
};

struct pl_entry_fact {
	const char **argv; /* Entrypoint followed by Cmd */
	size_t n_argv;
	enum { PL_ENTRY_NONE, PL_ENTRY_FOUND, PL_ENTRY_ABSENT, PL_ENTRY_UNKNOWN } state;
	const char *unknown; /* PL_ENTRY_UNKNOWN: why */
	const char *path;    /* the program as found through PATH and working directory */
	const char *target;  /* the file it is after all links */
	bool script;
	/* Every file whose change would change what runs: program, its links' target, interpreter, script arguments, and the
	 * directories that hold them. */
	struct pl_file_fact *code;
	size_t n_code;
	enum pl_drop drop;
	const char *drop_tool;    /* "gosu" */
	const char *drop_spec;    /* the user as the script names it, "postgres"; null when a variable */
	struct pl_user drop_user; /* drop_spec resolved; meaningful when drop_resolved */
	bool drop_resolved;
	const char *drop_where; /* the script's path and line, "/docker-entrypoint.sh:42" */
};

struct pl_account_fact {
	const char *name;
	uint32_t uid, gid;
	bool uid_is_number; /* false: the field is no number, so engines make it 0 */
	const char *line;
};

struct pl_image_facts {
	const char *id; /* "sha256:…", or "" when not even that is known */
	const char **names;
	size_t n_names;
	const char *store; /* "docker:/var/lib/docker" */
	const char *platform;
	const char *manifest; /* "sha256:…" or null */

	/* Set when the image could not be read at all; everything below is then empty. */
	const char *unreadable;

	const struct pl_image_config *config;

	/* The user, by every engine's rule; `user_rule` is the one that speaks for this store. */
	bool user_known;
	const char *user_unknown; /* why not */
	enum pl_user_rule user_rule;
	struct pl_user user[PL_USER_RULES];
	struct pl_kubelet kubelet;

	/* Accounts of the image's passwd. */
	bool accounts_known;
	bool has_passwd;
	struct pl_account_fact *root_aliases; /* uid 0, not called root */
	size_t n_root_aliases;
	const char *app_uid;                /* value of APP_UID in the environment, or null */
	struct pl_account_fact app_account; /* the passwd line of that uid; name null when there is none */
	/* Names of the groups the user is in, for messages ("docker", "root"): same order as user[user_rule].groups; null: none. */
	const char **group_names;
	const char *gid_name;

	/* Files. */
	bool files_known;      /* every layer was read to its end */
	const char **problems; /* what kept layers from being read, one sentence each */
	size_t n_problems;
	const char **ambiguities; /* where engines would build different trees from these layers */
	size_t n_ambiguities;
	struct pl_file_fact *setid; /* regular files with S_ISUID or S_ISGID, sorted by path */
	size_t n_setid;
	struct pl_file_fact *file_capabilities;
	size_t n_file_capabilities;
	struct pl_file_fact *devices;
	size_t n_devices;
	struct pl_file_fact
		*path_writable; /* on PATH: directories, and files in them, that a non-root user could write */
	size_t n_path_writable;

	struct pl_entry_fact entry;
	bool verified; /* layer blobs were held against their digests */
};
