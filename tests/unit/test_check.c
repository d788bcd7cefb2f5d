/* SPDX-License-Identifier: Apache-2.0 */
/* Every check of images: what passes, what fails and how gravely, what is unknown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "helper_facts.h"
#include "plimsoll/check.h"

#define KUBELET_ROOT "container has runAsNonRoot and image will run as root"
#define KUBELET_NAME "container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root"

typedef void spoil(struct sample *sample);

static void as_is(struct sample *s)
{
	(void)s;
}

static void unreadable(struct sample *s)
{
	s->facts = (struct pl_image_facts){
		.id = "", .store = "oci:/srv/x", .platform = "", .unreadable = "index.json: it is empty"
	};
}

static void incomplete(struct sample *s)
{
	sample_incomplete(s);
}

static void user_unknown(struct sample *s)
{
	sample_incomplete(s);
	s->config.user = "app";
	s->facts.user_known = s->facts.accounts_known = false;
	s->facts.user_unknown = "/etc/passwd: over plimsoll's limit account-bytes (2000000)";
	sample_kubelet(s, KUBELET_NAME);
}

static void no_user(struct sample *s)
{
	sample_resolve(s, "", PL_USER_DEFAULT, 0, 0);
	sample_kubelet(s, KUBELET_ROOT);
}

static void user_00(struct sample *s)
{
	sample_resolve(s, "00", PL_USER_NUMBER, 0, 0);
	sample_kubelet(s, KUBELET_ROOT);
}

static void user_root(struct sample *s)
{
	sample_resolve(s, "root", PL_USER_NAME, 0, 0);
	sample_kubelet(
		s, "container has runAsNonRoot and image has non-numeric user (root), cannot verify user is non-root");
}

static void user_app(struct sample *s)
{
	sample_resolve(s, "app", PL_USER_NAME, 1654, 1654);
	sample_kubelet(s, KUBELET_NAME);
}

static void user_app_group(struct sample *s)
{
	sample_resolve(s, "app:www", PL_USER_NAME, 1654, 33);
	sample_kubelet(s, KUBELET_NAME);
}

static void alias(struct sample *s)
{
	sample_resolve(s, "app", PL_USER_NAME, 0, 0);
	s->facts.user[0].line = "app:x:0:0::/:/bin/sh";
	sample_kubelet(s, KUBELET_NAME);
}

static void alias_unparsable(struct sample *s)
{
	alias(s);
	s->facts.user[0].line = "app:x:abc:";
	s->facts.user[0].oddities = PL_USER_UID_UNPARSABLE;
}

static void alias_cut(struct sample *s)
{
	alias(s);
	s->facts.user[0].oddities = PL_USER_UID_CUT;
	s->facts.user[0].raw_uid = 4294967296;
}

static void nobody_there(struct sample *s)
{
	sample_refuse(s, "rich", "unable to find user rich: no matching entries in passwd file");
	sample_kubelet(
		s, "container has runAsNonRoot and image has non-numeric user (rich), cannot verify user is non-root");
}

static void group_root(struct sample *s)
{
	sample_resolve(s, "1654", PL_USER_NUMBER, 1654, 0);
	s->facts.user[0].oddities = PL_USER_NO_ENTRY;
}

static void group_root_too(struct sample *s)
{
	s->facts.user[0].groups = s->groups;
	s->facts.user[0].n_groups = 1;
	s->facts.group_names = s->group_names;
}

static void group_docker(struct sample *s)
{
	group_root_too(s);
	s->groups[0] = 998;
	s->group_names[0] = "docker";
}

static void uid_33(struct sample *s)
{
	sample_resolve(s, "33", PL_USER_NUMBER, 33, 33);
}

static void uid_101(struct sample *s)
{
	sample_resolve(s, "101", PL_USER_NUMBER, 101, 101);
}

static void uid_nobody(struct sample *s)
{
	sample_resolve(s, "65534", PL_USER_NUMBER, 65534, 65534);
}

static void cut_by_old_containerd(struct sample *s)
{
	sample_refuse(s, "4294967296", "uids and gids must be in range 0-2147483647");
	s->facts.user[PL_USER_RULE_CONTAINERD_1_7_26] =
		(struct pl_user){ .status = PL_USER_RESOLVED, .how = PL_USER_NUMBER };
}

static void other_gid_elsewhere(struct sample *s)
{
	sample_resolve(s, "1654:", PL_USER_NUMBER, 1654, 1654);
	s->facts.user[PL_USER_RULE_CONTAINERD].gid = 0;
}

static void user_twice(struct sample *s)
{
	s->config.user_repeated = true;
}

static void app_uid_unused(struct sample *s)
{
	no_user(s);
	s->facts.app_uid = "1654";
	s->facts.app_account = (struct pl_account_fact){ .name = "app", .uid = 1654, .line = "app:x:1654:1654::/:" };
}

static void app_uid_without_account(struct sample *s)
{
	no_user(s);
	s->facts.app_uid = "1654";
}

static void app_uid_used(struct sample *s)
{
	s->facts.app_uid = "1654";
}

static void app_uid_root(struct sample *s)
{
	no_user(s);
	s->facts.app_uid = "0";
}

static void uid0_account(struct sample *s)
{
	s->account = (struct pl_account_fact){ .name = "toor", .uid_is_number = true, .line = "toor:x:0:0::/:" };
	s->facts.root_aliases = &s->account;
	s->facts.n_root_aliases = 1;
}

static void no_passwd(struct sample *s)
{
	s->facts.has_passwd = false;
}

static void set_uid_root(struct sample *s)
{
	s->files[0] = (struct pl_file_fact){ .path = "/usr/bin/su", .mode = 04755, .certain = true };
	s->facts.setid = s->files;
	s->facts.n_setid = 1;
}

static void setuid_uncertain(struct sample *s)
{
	set_uid_root(s);
	sample_incomplete(s);
	s->files[0].certain = false;
}

static void setuid_and_incomplete(struct sample *s)
{
	set_uid_root(s);
	sample_incomplete(s);
}

static void setgid_tty(struct sample *s)
{
	set_uid_root(s);
	s->files[0] = (struct pl_file_fact){ .path = "/usr/bin/wall", .mode = 02755, .gid = 5, .certain = true };
}

static void capable(struct sample *s, uint64_t permitted)
{
	s->capability = (struct pl_file_capability){ .revision = 2, .effective = true, .permitted = permitted };
	s->files[0] = (struct pl_file_fact){
		.path = "/bin/ping", .mode = 0755, .certain = true, .capability = &s->capability
	};
	s->facts.file_capabilities = s->files;
	s->facts.n_file_capabilities = 1;
}

static void cap_net_raw(struct sample *s)
{
	capable(s, 1 << 13);
}

static void cap_net_bind(struct sample *s)
{
	capable(s, 1 << 10);
}

static void cap_setuid(struct sample *s)
{
	capable(s, 1 << 7);
}

static void device(struct sample *s)
{
	s->files[0] = (struct pl_file_fact){ .path = "/dev/sda", .mode = 0660, .certain = true };
	s->facts.devices = s->files;
	s->facts.n_devices = 1;
}

static void ambiguous_layer(struct sample *s)
{
	s->sentences[0] = "layer 1 of 1 (sha256:77): usr/bin/su stands there twice";
	s->facts.ambiguities = s->sentences;
	s->facts.n_ambiguities = 1;
}

static void own_code(struct sample *s)
{
	s->code[0].uid = 1654;
	s->code[0].mode = 0555;
}

static void open_code(struct sample *s)
{
	s->code[1].mode = 0777;
}

static void sticky_code(struct sample *s)
{
	s->code[1].mode = 01777;
}

static void group_code(struct sample *s)
{
	s->code[0].gid = 1654;
	s->code[0].mode = 0775;
}

/* A group that matches and may not write hides that others may: the kernel looks no further. */
static void group_without_code(struct sample *s)
{
	s->code[0].gid = 1654;
	s->code[0].mode = 0757;
}

static void entry_unknown(struct sample *s)
{
	s->facts.entry.state = PL_ENTRY_UNKNOWN;
	s->facts.entry.unknown = "/app/server: its links lead on too far";
}

static void entry_none(struct sample *s)
{
	s->facts.entry.state = PL_ENTRY_NONE;
}

static void entry_absent(struct sample *s)
{
	s->facts.entry.state = PL_ENTRY_ABSENT;
}

static void drops(struct sample *s)
{
	no_user(s);
	s->facts.entry.drop = PL_DROP_TOOL;
	s->facts.entry.drop_tool = "gosu";
	s->facts.entry.drop_spec = "postgres";
	s->facts.entry.drop_where = "/docker-entrypoint.sh:42";
	s->facts.entry.drop_resolved = true;
	s->facts.entry.drop_user =
		(struct pl_user){ .status = PL_USER_RESOLVED, .how = PL_USER_NAME, .uid = 70, .gid = 70 };
}

static void drops_to_variable(struct sample *s)
{
	drops(s);
	s->facts.entry.drop_spec = NULL;
	s->facts.entry.drop_resolved = false;
}

static void drops_by_itself(struct sample *s)
{
	drops(s);
	s->facts.entry.drop = PL_DROP_DAEMON;
	s->facts.entry.drop_tool = "nginx";
}

static void drops_to_owner(struct sample *s)
{
	drops(s);
	s->code[0].uid = 70;
}

static void root_and_entry_unknown(struct sample *s)
{
	no_user(s);
	entry_unknown(s);
}

static void open_path(struct sample *s)
{
	s->files[0] =
		(struct pl_file_fact){ .path = "/usr/local/bin", .mode = 0777, .certain = true, .directory = true };
	s->facts.path_writable = s->files;
	s->facts.n_path_writable = 1;
}

static void own_path(struct sample *s)
{
	open_path(s);
	s->files[0].mode = 0755;
	s->files[0].uid = 1654;
}

static void others_path(struct sample *s)
{
	own_path(s);
	s->files[0].uid = 999;
}

static void open_path_of_root(struct sample *s)
{
	no_user(s);
	open_path(s);
}

static void port(struct sample *s, const char *text)
{
	s->ports[0] = text;
	s->config.exposed_ports = s->ports;
	s->config.n_exposed_ports = 1;
}

static void port_80(struct sample *s)
{
	port(s, "80/tcp");
}

static void port_8080(struct sample *s)
{
	port(s, "8080/tcp");
}

static void port_odd(struct sample *s)
{
	port(s, "80x/tcp");
}

static void port_80_of_root(struct sample *s)
{
	no_user(s);
	port_80(s);
}

#define PASS PL_STATUS_PASS, 0
#define FAIL(severity) PL_STATUS_FAIL, PL_SEVERITY_##severity
#define UNKNOWN PL_STATUS_UNKNOWN, 0
#define NOT_APPLICABLE PL_STATUS_NOT_APPLICABLE, 0

static const struct row {
	const char *check;
	spoil *spoil;
	enum pl_status status;
	unsigned int severity; /* of a failure */
	const char *message;   /* a part of it, or of the fix */
} rows[] = {
	{ "image-unreadable", as_is, PASS, "could be read" },
	{ "image-unreadable", unreadable, UNKNOWN, "index.json: it is empty" },
	{ "image-incomplete", as_is, PASS, "every layer" },
	{ "image-incomplete", incomplete, UNKNOWN, "layer 2 of 3 (sha256:77): tar, offset 512" },

	{ "image-user-root", as_is, PASS, "uid 1654" },
	{ "image-user-root", no_user, FAIL(HIGH), "runs as root: no USER is set" },
	{ "image-user-root", no_user, FAIL(HIGH), KUBELET_ROOT },
	{ "image-user-root", no_user, FAIL(HIGH), "waive image-user-root for sha256:0011" },
	{ "image-user-root", user_00, FAIL(HIGH), "runs as root: USER 00" },
	{ "image-user-root", user_root, FAIL(HIGH), "runs as root: USER root" },
	{ "image-user-root", alias, FAIL(HIGH), "runs as root: USER app is uid 0" },
	{ "image-user-root", drops, FAIL(HIGH), "expected to drop to postgres (uid 70)" },
	{ "image-user-root", app_uid_unused, FAIL(HIGH), "e.g. USER 1654" },
	{ "image-user-root", nobody_there, NOT_APPLICABLE, "Docker refuses to start it" },
	{ "image-user-root", user_unknown, UNKNOWN, "limit account-bytes" },
	{ "image-user-root", unreadable, UNKNOWN, "index.json" },

	{ "image-user-alias", as_is, NOT_APPLICABLE, "not the name" },
	{ "image-user-alias", user_root, NOT_APPLICABLE, "not the name" },
	{ "image-user-alias", user_app, PASS, "app is uid 1654" },
	{ "image-user-alias", alias, FAIL(HIGH), "app is root: its passwd line has uid 0" },
	{ "image-user-alias", alias_unparsable, FAIL(HIGH), "its passwd line app:x:abc: is no number" },
	{ "image-user-alias", alias_cut, FAIL(HIGH), "4294967296 does not fit 32 bits" },
	{ "image-user-alias", user_unknown, UNKNOWN, "limit account-bytes" },

	{ "image-user-unresolvable", as_is, PASS, "1654:1654" },
	{ "image-user-unresolvable", nobody_there, FAIL(MEDIUM),
	  "unable to find user rich: no matching entries in passwd file" },
	{ "image-user-unresolvable", user_unknown, UNKNOWN, "limit account-bytes" },

	{ "image-user-not-numeric", as_is, PASS, "can see" },
	{ "image-user-not-numeric", no_user, NOT_APPLICABLE, KUBELET_ROOT },
	{ "image-user-not-numeric", user_root, NOT_APPLICABLE, "not the reason" },
	{ "image-user-not-numeric", user_app, FAIL(MEDIUM), KUBELET_NAME },
	{ "image-user-not-numeric", user_app, FAIL(MEDIUM), "write USER 1654 instead of USER app" },
	{ "image-user-not-numeric", user_app_group, FAIL(MEDIUM), "write USER 1654:33 instead of USER app:www" },
	{ "image-user-not-numeric", user_unknown, FAIL(MEDIUM), KUBELET_NAME },
	{ "image-user-not-numeric", nobody_there, NOT_APPLICABLE, "refuses" },
	{ "image-user-not-numeric", unreadable, UNKNOWN, "index.json" },

	{ "image-user-group-root", as_is, PASS, "no power" },
	{ "image-user-group-root", no_user, NOT_APPLICABLE, "root anyway" },
	{ "image-user-group-root", group_root, FAIL(LOW), "because passwd has no line for its uid" },
	{ "image-user-group-root", group_root, FAIL(LOW), "USER 1654:1654" },
	{ "image-user-group-root", group_root_too, FAIL(LOW), "also in the group root" },
	{ "image-user-group-root", group_docker, FAIL(MEDIUM), "in the group docker" },
	{ "image-user-group-root", user_unknown, UNKNOWN, "limit account-bytes" },

	{ "image-user-reserved-uid", as_is, PASS, "1654" },
	{ "image-user-reserved-uid", no_user, NOT_APPLICABLE, "root" },
	{ "image-user-reserved-uid", uid_33, FAIL(LOW), "uid 33" },
	{ "image-user-reserved-uid", uid_101, FAIL(INFO), "uid 101" },
	{ "image-user-reserved-uid", uid_nobody, FAIL(INFO), "nobody" },
	{ "image-user-reserved-uid", user_unknown, UNKNOWN, "limit account-bytes" },

	{ "image-user-ambiguous", as_is, PASS, "every engine" },
	{ "image-user-ambiguous", no_user, PASS, "every engine" },
	{ "image-user-ambiguous", cut_by_old_containerd, FAIL(HIGH), "root, 0:0" },
	{ "image-user-ambiguous", cut_by_old_containerd, FAIL(HIGH), "refuses it" },
	{ "image-user-ambiguous", other_gid_elsewhere, FAIL(INFO), "1654:0" },
	{ "image-user-ambiguous", user_twice, FAIL(LOW), "engines take the last one, 1654" },
	{ "image-user-ambiguous", user_unknown, UNKNOWN, "limit account-bytes" },

	{ "image-app-user-unused", as_is, NOT_APPLICABLE, "APP_UID" },
	{ "image-app-user-unused", app_uid_used, PASS, "USER is set" },
	{ "image-app-user-unused", app_uid_unused, FAIL(MEDIUM), "the account app (uid 1654, APP_UID) is there" },
	{ "image-app-user-unused", app_uid_unused, FAIL(MEDIUM), "add the missing line" },
	{ "image-app-user-unused", app_uid_without_account, FAIL(MEDIUM), "APP_UID=1654 is there" },
	{ "image-app-user-unused", app_uid_root, NOT_APPLICABLE, "ordinary" },
	{ "image-app-user-unused", unreadable, UNKNOWN, "index.json" },

	{ "image-uid0-accounts", as_is, PASS, "no account but root" },
	{ "image-uid0-accounts", no_passwd, PASS, "no passwd" },
	{ "image-uid0-accounts", uid0_account, FAIL(MEDIUM), "1 account but root has uid 0: toor" },
	{ "image-uid0-accounts", user_unknown, UNKNOWN, "passwd" },

	{ "image-setid-files", as_is, PASS, "no set-id files" },
	{ "image-setid-files", set_uid_root, FAIL(MEDIUM), "1 set-id file: /usr/bin/su" },
	{ "image-setid-files", setgid_tty, FAIL(LOW), "/usr/bin/wall" },
	{ "image-setid-files", setuid_and_incomplete, FAIL(MEDIUM), "/usr/bin/su" },
	{ "image-setid-files", setuid_uncertain, UNKNOWN, "may have removed them" },
	{ "image-setid-files", incomplete, UNKNOWN, "offset 512" },

	{ "image-file-capabilities", as_is, PASS, "no files" },
	{ "image-file-capabilities", cap_net_raw, FAIL(MEDIUM), "1 file with capabilities: /bin/ping (CAP_NET_RAW)" },
	{ "image-file-capabilities", cap_net_bind, FAIL(LOW), "/bin/ping" },
	{ "image-file-capabilities", cap_setuid, FAIL(HIGH), "/bin/ping" },
	{ "image-file-capabilities", incomplete, UNKNOWN, "offset 512" },

	{ "image-device-nodes", as_is, PASS, "no device" },
	{ "image-device-nodes", device, FAIL(INFO), "/dev/sda" },
	{ "image-device-nodes", incomplete, UNKNOWN, "offset 512" },

	{ "image-layer-ambiguous", as_is, PASS, "same tree" },
	{ "image-layer-ambiguous", ambiguous_layer, FAIL(LOW), "stands there twice" },
	{ "image-layer-ambiguous", incomplete, UNKNOWN, "offset 512" },

	{ "image-entrypoint-writable", as_is, PASS, "uid 1654 cannot" },
	{ "image-entrypoint-writable", own_code, FAIL(LOW), "/app/server" },
	{ "image-entrypoint-writable", group_code, FAIL(LOW), "/app/server" },
	{ "image-entrypoint-writable", group_without_code, PASS, "cannot" },
	{ "image-entrypoint-writable", open_code, FAIL(MEDIUM), "uid 1654 can change what it starts: /app" },
	{ "image-entrypoint-writable", sticky_code, PASS, "cannot" },
	{ "image-entrypoint-writable", no_user, NOT_APPLICABLE, "root" },
	{ "image-entrypoint-writable", drops, PASS, "uid 70 cannot" },
	{ "image-entrypoint-writable", drops_to_owner, FAIL(HIGH), "uid 70, to whom it drops" },
	{ "image-entrypoint-writable", entry_none, NOT_APPLICABLE, "no program" },
	{ "image-entrypoint-writable", entry_absent, NOT_APPLICABLE, "/app/server, is not in it" },
	{ "image-entrypoint-writable", entry_unknown, UNKNOWN, "links lead on" },
	{ "image-entrypoint-writable", incomplete, UNKNOWN, "may change" },

	{ "image-path-writable", as_is, PASS, "nothing on PATH" },
	{ "image-path-writable", open_path, FAIL(MEDIUM), "/usr/local/bin" },
	{ "image-path-writable", own_path, FAIL(LOW), "uid 1654 can change 1 place" },
	{ "image-path-writable", others_path, PASS, "nothing on PATH" },
	{ "image-path-writable", open_path_of_root, FAIL(MEDIUM), "anyone can change" },
	{ "image-path-writable", incomplete, UNKNOWN, "PATH" },

	{ "image-privileged-port", as_is, PASS, "no port" },
	{ "image-privileged-port", port_8080, PASS, "no port" },
	{ "image-privileged-port", port_odd, PASS, "no port" },
	{ "image-privileged-port", port_80, FAIL(LOW),
	  "80/tcp, which a user other than root can bind with Docker from 20.10" },
	{ "image-privileged-port", port_80_of_root, FAIL(LOW), "ties it to root" },
	{ "image-privileged-port", unreadable, UNKNOWN, "index.json" },

	{ "image-root-then-drop", as_is, PASS, "nothing to drop" },
	{ "image-root-then-drop", no_user, NOT_APPLICABLE, "nothing in its entry point" },
	{ "image-root-then-drop", drops, FAIL(LOW),
	  "declared root; /docker-entrypoint.sh:42: gosu is expected to drop to postgres (uid 70)" },
	{ "image-root-then-drop", drops, FAIL(LOW), "the kubelet refuses it all the same" },
	{ "image-root-then-drop", drops_to_variable, FAIL(LOW), "a user that the script computes" },
	{ "image-root-then-drop", drops_by_itself, FAIL(LOW), "nginx may drop by itself" },
	{ "image-root-then-drop", root_and_entry_unknown, UNKNOWN, "links lead on" },
};

static const struct pl_finding *find(const struct pl_finding *findings, size_t n, const char *check)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(findings[i].check->id, check))
			return &findings[i];
	}
	return NULL;
}

static bool says(const struct pl_finding *f, const char *part)
{
	return strstr(f->message, part) || (f->fix && strstr(f->fix, part)) || (f->waiver && strstr(f->waiver, part));
}

static void table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		const struct pl_finding *findings, *f;
		struct pl_arena arena PL_CLEANUP_ARENA = { 0 };
		struct sample sample;
		size_t n;

		pl_arena_init(&arena, 1 << 20);
		sample_init(&sample);
		row->spoil(&sample);
		assert_int_equal(pl_check_image(&sample.facts, PL_PROFILE_RESTRICTED, &arena, &findings, &n), 0);
		f = find(findings, n, row->check);
		assert_non_null(f);
		if (f->status != row->status || (f->status == PL_STATUS_FAIL && f->severity != row->severity) ||
		    !says(f, row->message))
			fail_msg("row %zu: %s: %s %s: %s [%s]", i, row->check, pl_status_name(f->status),
				 pl_severity_name(f->severity), f->message, f->fix ? f->fix : "");
	}
}

static void every_check_has_rows(void **state)
{
	const struct pl_check *checks;
	size_t n;

	(void)state;
	checks = pl_checks(&n);
	for (size_t i = 0; i < n; i++) {
		/* what concerns reading alone cannot fail, only remain unknown */
		bool reading = !strcmp(checks[i].id, "image-unreadable") || !strcmp(checks[i].id, "image-incomplete");
		bool passes = false, fails = reading, unknowns = false;

		for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++) {
			if (strcmp(rows[k].check, checks[i].id) != 0)
				continue;
			passes |= rows[k].status == PL_STATUS_PASS;
			fails |= rows[k].status == PL_STATUS_FAIL;
			unknowns |= rows[k].status == PL_STATUS_UNKNOWN;
		}
		if (!passes || !fails || !unknowns)
			fail_msg("%s lacks a case", checks[i].id);
	}
}

static void catalogue(void **state)
{
	const struct pl_check *checks;
	size_t n;

	(void)state;
	checks = pl_checks(&n);
	for (size_t i = 0; i < n; i++) {
		const struct pl_check *c = &checks[i];

		assert_ptr_equal(pl_check_find(c->id), c);
		assert_true(c->title && c->why && c->how && c->remedies[0].text && c->references[0] && c->judge);
		assert_true(c->profiles & PL_PROFILE_RESTRICTED);
		if (i && strcmp(checks[i - 1].id, c->id) >= 0)
			fail_msg("%s is out of order", c->id);
		for (size_t k = 1; k < PL_CHECK_REFERENCES && c->references[k]; k++) {
			if (strcmp(c->references[k - 1], c->references[k]) >= 0)
				fail_msg("%s: %s is out of order", c->id, c->references[k]);
		}
	}
	assert_null(pl_check_find("image-user"));
}

static enum pl_compliance verdict(spoil *change, enum pl_severity fail_on)
{
	struct pl_arena arena PL_CLEANUP_ARENA = { 0 };
	const struct pl_finding *findings;
	struct sample sample;
	size_t n;

	pl_arena_init(&arena, 1 << 20);
	sample_init(&sample);
	change(&sample);
	assert_int_equal(pl_check_image(&sample.facts, PL_PROFILE_RESTRICTED, &arena, &findings, &n), 0);
	return pl_judge_findings(findings, n, fail_on);
}

static void verdicts(void **state)
{
	(void)state;
	assert_int_equal(verdict(as_is, PL_SEVERITY_INFO), PL_COMPLIANT);
	assert_int_equal(verdict(no_user, PL_SEVERITY_MEDIUM), PL_VIOLATES);
	assert_int_equal(verdict(no_user, PL_SEVERITY_CRITICAL), PL_COMPLIANT);
	assert_int_equal(verdict(group_root, PL_SEVERITY_MEDIUM), PL_COMPLIANT);
	assert_int_equal(verdict(group_root, PL_SEVERITY_LOW), PL_VIOLATES);
	assert_int_equal(verdict(incomplete, PL_SEVERITY_INFO), PL_UNDECIDED);
	assert_int_equal(verdict(unreadable, PL_SEVERITY_CRITICAL), PL_UNDECIDED);
	assert_int_equal(verdict(setuid_and_incomplete, PL_SEVERITY_MEDIUM), PL_VIOLATES);
}

/* One cause is told once: the other unknown findings point to the one that tells it. */
static void causes(void **state)
{
	struct pl_arena arena PL_CLEANUP_ARENA = { 0 };
	const struct pl_finding *findings;
	struct sample sample;
	size_t n, n_telling = 0;

	(void)state;
	pl_arena_init(&arena, 1 << 20);
	sample_init(&sample);
	user_unknown(&sample);
	assert_int_equal(pl_check_image(&sample.facts, PL_PROFILE_RESTRICTED, &arena, &findings, &n), 0);
	for (size_t i = 0; i < n; i++) {
		if (findings[i].status != PL_STATUS_UNKNOWN)
			continue;
		n_telling += !findings[i].because;
		if (findings[i].because)
			assert_int_equal(find(findings, n, findings[i].because->id)->status, PL_STATUS_UNKNOWN);
	}
	assert_int_equal(n_telling, 2);
}

static void hostile_names_are_escaped(void **state)
{
	struct pl_arena arena PL_CLEANUP_ARENA = { 0 };
	const struct pl_finding *findings;
	struct sample sample;
	size_t n;

	(void)state;
	pl_arena_init(&arena, 1 << 20);
	sample_init(&sample);
	sample_refuse(&sample, "r\033[2Jich", "unable to find user r\033[2Jich: no matching entries in passwd file");
	set_uid_root(&sample);
	sample.files[0].path = "/bin/\xff\n";
	assert_int_equal(pl_check_image(&sample.facts, PL_PROFILE_RESTRICTED, &arena, &findings, &n), 0);
	for (size_t i = 0; i < n; i++) {
		assert_null(strpbrk(findings[i].message, "\033\n\xff"));
		assert_true(!findings[i].fix || !strpbrk(findings[i].fix, "\033\n\xff"));
	}
	assert_non_null(strstr(find(findings, n, "image-setid-files")->message, "/bin/\\xff\\x0a"));
}

/* Every arena size from none to enough: an error or the whole answer, and never a crash. */
static void memory_runs_out(void **state)
{
	(void)state;
	for (size_t size = 0; size < 64 << 10; size += 97) {
		struct pl_arena arena PL_CLEANUP_ARENA = { 0 };
		const struct pl_finding *findings = NULL;
		struct sample sample;
		size_t n = 0;
		int r;

		pl_arena_init(&arena, size);
		sample_init(&sample);
		drops_to_owner(&sample);
		set_uid_root(&sample);
		r = pl_check_image(&sample.facts, PL_PROFILE_RESTRICTED, &arena, &findings, &n);
		assert_true(!r || r == -12);
		if (!r)
			assert_int_equal(find(findings, n, "image-user-root")->status, PL_STATUS_FAIL);
		/* what could not be told is not passed over */
		assert_true(!n || find(findings, n, "image-setid-files")->status == PL_STATUS_FAIL ||
			    find(findings, n, "image-setid-files")->status == PL_STATUS_UNKNOWN);
	}
}

static void policy_digest(void **state)
{
	struct pl_digest a, b, c;

	(void)state;
	assert_int_equal(pl_policy_digest(PL_PROFILE_RESTRICTED, PL_SEVERITY_MEDIUM, &a), 0);
	assert_int_equal(pl_policy_digest(PL_PROFILE_RESTRICTED, PL_SEVERITY_MEDIUM, &b), 0);
	assert_int_equal(pl_policy_digest(PL_PROFILE_RESTRICTED, PL_SEVERITY_HIGH, &c), 0);
	assert_true(pl_digest_equal(&a, &b));
	assert_false(pl_digest_equal(&a, &c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),           cmocka_unit_test(every_check_has_rows),
		cmocka_unit_test(catalogue),       cmocka_unit_test(verdicts),
		cmocka_unit_test(causes),          cmocka_unit_test(hostile_names_are_escaped),
		cmocka_unit_test(memory_runs_out), cmocka_unit_test(policy_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
