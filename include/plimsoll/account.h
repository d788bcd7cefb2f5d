/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who an image runs as: its USER string held against its own passwd and group, by the rules of each engine. Engines
 * differ, and a line they cannot parse makes root, so every rule is followed to the letter (moby/sys:user/user.go,
 * containerd/containerd:pkg/oci/spec_opts.go, containers/podman:pkg/lookup/lookup.go).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plimsoll/arena.h"
#include "plimsoll/reason.h"

enum pl_user_rule {
	PL_USER_RULE_DOCKER,            /* moby/sys/user >= v0.5.0: Docker, CRI-O, BuildKit of today */
	PL_USER_RULE_DOCKER_041,        /* v0.4.1: parts after a second ':' are dropped */
	PL_USER_RULE_DOCKER_040,        /* <= v0.4.0: numbers too long to parse are names; no file size bound */
	PL_USER_RULE_PODMAN,            /* as DOCKER, but a ':' anywhere takes the supplementary groups away */
	PL_USER_RULE_CONTAINERD,        /* >= 1.7.32, 2.0.9, 2.1.8, 2.2.4, 2.3.1: numbers out of range refused */
	PL_USER_RULE_CONTAINERD_1_7_27, /* 1.6.38+, 1.7.27 and later: numbers out of range are names */
	PL_USER_RULE_CONTAINERD_1_7_26, /* until 1.6.37, 1.7.26, 2.0.3: numbers are cut to 32 bits */
	PL_USER_RULES
};

/* An engine and the versions that follow the rule, for messages: "containerd until 1.7.26". */
const char *pl_user_rule_name(enum pl_user_rule rule);

/*
 * One account file of an image. Absent: Docker and Podman take it as empty, containerd refuses names. A file between
 * PL_MAX_ACCOUNT_BYTES and PL_ENGINE_ACCOUNT_BYTES, or one that cannot be read, is the caller's: nothing can be said then.
 */
struct pl_account_file {
	const uint8_t *bytes; /* null: absent */
	size_t n;
	bool too_big; /* over PL_ENGINE_ACCOUNT_BYTES; bytes may be null */
};

enum pl_user_status {
	PL_USER_RESOLVED,
	PL_USER_REFUSED, /* the engine would not start the container; `message` is its own text */
};

enum pl_user_how { PL_USER_DEFAULT, PL_USER_NUMBER, PL_USER_NAME };

/* What is remarkable about a resolved user: bits of `oddities`. */
enum pl_user_oddity {
	PL_USER_UID_UNPARSABLE = 1 << 0, /* the passwd line's uid field is no number, so it counts as 0 */
	PL_USER_GID_UNPARSABLE = 1 << 1,
	PL_USER_UID_CUT = 1 << 2, /* the number does not fit 32 bits and was cut: `raw_uid` has it */
	PL_USER_GID_CUT = 1 << 3,
	PL_USER_NO_ENTRY = 1 << 4, /* a number without a passwd line (fine, but HOME and groups are the defaults) */
	PL_USER_DIGITS_AS_NAME = 1 << 5, /* digits that were looked up as a name; also set when refused for that */
};

struct pl_user {
	enum pl_user_status status;
	enum pl_user_how how;
	uint32_t uid, gid;
	int64_t raw_uid, raw_gid; /* before they were cut to 32 bits */
	/*
	 * Supplementary, sorted, each once (the engines' order is that of the file, and is not kept). The primary gid is among
	 * them only if the group file lists the user in it; Docker and containerd add it by themselves.
	 */
	const uint32_t *groups;
	size_t n_groups;
	unsigned int oddities;
	const char *name; /* of the passwd line that matched, or null; at most 512 bytes of it, as of `line` */
	const char *line; /* that line itself, for evidence, or null */
	/*
	 * When refused: the engine's text, e.g. "unable to find user rich: no matching entries in passwd file", with up to 512
	 * bytes of the spec in it, not escaped. For an absent file, where each version words it differently:
	 * "open /etc/passwd: no such file or directory".
	 */
	const char *message;
};

/*
 * Resolves `spec` (config.User, any bytes) by one rule, as the engine itself would start the image: for containerd what
 * WithImageConfig does. Strings and groups in *out live in `arena` and take up to 300 KiB there, usually 1.
 * Return: 0 (a refusal is an answer); -ENOMEM; PL_BAD_LIMIT when the user is in more groups than PL_MAX_GROUPS, or when a
 * file is too big of which this engine would read more than was read for us.
 */
int pl_user_resolve(enum pl_user_rule rule, const char *spec, const struct pl_account_file *passwd,
		    const struct pl_account_file *group, struct pl_arena *arena, struct pl_user *out,
		    struct pl_reason *reason) __attribute__((warn_unused_result));

/* Whether one rule makes the container's first process root: resolved, and uid 0 after the cut to 32 bits. */
bool pl_user_is_root(const struct pl_user *user);

/* The kubelet's answer under runAsNonRoot: true and no runAsUser (kubernetes:pkg/kubelet/kuberuntime/security_context_others.go). */
struct pl_kubelet {
	bool admitted;
	const char *message;    /* when not admitted: the kubelet's text up to the pod's name */
	bool version_dependent; /* kubelet before 1.34 admits it: the uid is out of range */
};
/* Return: 0 or -ENOMEM. */
int pl_user_kubelet(const char *spec, struct pl_arena *arena, struct pl_kubelet *out)
	__attribute__((warn_unused_result));

/* One passwd line as the engines read it. */
struct pl_account {
	const char *name; /* not terminated: name_len bytes inside the file */
	size_t name_len;
	int64_t uid, gid; /* Go's Atoi with its error ignored: 0 when no number, saturated when too long */
	bool uid_is_number, gid_is_number;
	const char *line;
	size_t line_len;
};

/*
 * The accounts of a passwd file, one call each; *at starts at 0. Lines that engines skip are skipped; that one line over
 * PL_ENGINE_PASSWD_LINE_BYTES makes them give up on the whole file is for pl_user_resolve to say.
 * Return: false at the end.
 */
bool pl_passwd_next(const struct pl_account_file *passwd, size_t *at, struct pl_account *out);
