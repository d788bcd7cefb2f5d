/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of whom an image runs as: USER, its resolution by each engine, and the accounts behind it. */
#include "check_internal.h"

#include <stdio.h>
#include <string.h>

const struct pl_user *pl_run_user(const struct pl_judging *judging)
{
	return judging->image->user_known ? &judging->image->user[judging->image->user_rule] : NULL;
}

const struct pl_user *pl_need_user(struct pl_judging *judging)
{
	const char *why = judging->image->user_unknown;

	if (!judging->image->user_known)
		pl_say_unknown_as(judging, "image-user-root",
				  pl_part(judging, "whom it runs as is not known: %s",
					  why ? why : "the reason is missing"));
	return pl_run_user(judging);
}

const char *pl_ids(struct pl_judging *judging, const struct pl_user *user)
{
	return pl_part(judging, "%u:%u", user->uid, user->gid);
}

const char *pl_drop_target(struct pl_judging *judging)
{
	const struct pl_entry_fact *entry = &judging->image->entry;

	if (!entry->drop_spec)
		return "a user that the script computes";
	if (!entry->drop_resolved)
		return pl_shown(judging, entry->drop_spec);
	if (entry->drop_user.status == PL_USER_REFUSED)
		return pl_part(judging, "%s (who does not exist)", pl_shown(judging, entry->drop_spec));
	return pl_part(judging, "%s (uid %u)", pl_shown(judging, entry->drop_spec), entry->drop_user.uid);
}

static const char *declared(const struct pl_judging *judging)
{
	return judging->image->config ? judging->image->config->user : "";
}

/* The part of USER before the first colon, which is all that names the user. */
static const char *user_part(struct pl_judging *judging)
{
	const char *spec = declared(judging);

	return pl_part(judging, "%.*s", (int)strcspn(spec, ":"), spec);
}

static const char *engine_name(const struct pl_judging *judging)
{
	enum pl_user_rule rule = judging->image->user_rule;

	return rule < PL_USER_RULE_PODMAN ? "Docker" : rule == PL_USER_RULE_PODMAN ? "Podman" : "containerd";
}

/* A numeric USER that gives the same container: "1654", or "1654:100" where a group was asked for. */
static const char *numeric_user(struct pl_judging *judging, const struct pl_user *user)
{
	if (strchr(declared(judging), ':'))
		return pl_ids(judging, user);
	return pl_part(judging, "%u", user->uid);
}

/* Not root, but only if somebody starts it: says so for the checks that ask how root came about. */
static bool not_started(struct pl_judging *judging, const struct pl_user *user)
{
	if (user->status != PL_USER_REFUSED)
		return false;
	pl_say(judging, PL_STATUS_NOT_APPLICABLE, "%s refuses to start it: see image-user-unresolvable",
	       engine_name(judging));
	return true;
}

static const char *how_root(struct pl_judging *judging, const struct pl_user *user)
{
	const char *spec = declared(judging);

	if (!*spec)
		return "no USER is set";
	if (user->how == PL_USER_NAME && strcmp(user_part(judging), "root") != 0)
		return pl_part(judging, "USER %s is uid 0", pl_shown(judging, spec));
	return pl_part(judging, "USER %s", pl_shown(judging, spec));
}

void pl_judge_user_root(struct pl_judging *judging)
{
	const struct pl_image_facts *image = judging->image;
	const struct pl_user *user = pl_need_user(judging);
	const char *drop = "";

	if (!user || not_started(judging, user))
		return;
	pl_evidence_text(judging, "declared", declared(judging));
	pl_evidence_number(judging, "uid", user->uid);
	if (!pl_user_is_root(user)) {
		pl_say(judging, PL_STATUS_PASS, "runs as uid %u", user->uid);
		return;
	}
	pl_evidence_text(judging, "kubelet", image->kubelet.admitted ? "ok" : image->kubelet.message);
	if (image->entry.drop == PL_DROP_TOOL)
		drop = pl_part(judging, "; its entry point is expected to drop to %s", pl_drop_target(judging));
	pl_say(judging, PL_STATUS_FAIL, "runs as root: %s (kubelet: %s)%s", how_root(judging, user),
	       image->kubelet.admitted ? "admits it" : pl_shown(judging, image->kubelet.message), drop);
	pl_say_fix(judging, "end the Dockerfile with a numeric USER other than 0, e.g. USER %s",
		   image->app_account.name && image->app_uid ? pl_shown(judging, image->app_uid) : "1654");
	judging->finding->waiver = pl_part(judging, "waive image-user-root for %s if it is root on purpose",
					   *image->id ? image->id : "this image");
}

void pl_judge_user_alias(struct pl_judging *judging)
{
	const struct pl_user *user = pl_need_user(judging);
	const char *name;

	if (!user || not_started(judging, user))
		return;
	name = user_part(judging);
	if (user->how != PL_USER_NAME || !strcmp(name, "root")) {
		pl_say(judging, PL_STATUS_NOT_APPLICABLE, "USER is not the name of another account");
		return;
	}
	if (!pl_user_is_root(user)) {
		pl_say(judging, PL_STATUS_PASS, "%s is uid %u", pl_shown(judging, name), user->uid);
		return;
	}
	pl_evidence_text(judging, "line", user->line ? user->line : "");
	if (user->oddities & PL_USER_UID_UNPARSABLE)
		pl_say(judging, PL_STATUS_FAIL,
		       "%s is root: the uid field of its passwd line %s is no number, and engines take that as 0",
		       pl_shown(judging, name), pl_shown(judging, user->line));
	else if (user->oddities & PL_USER_UID_CUT)
		pl_say(judging, PL_STATUS_FAIL, "%s is root: its uid %lld does not fit 32 bits and becomes 0",
		       pl_shown(judging, name), (long long)user->raw_uid);
	else
		pl_say(judging, PL_STATUS_FAIL, "%s is root: its passwd line has uid 0", pl_shown(judging, name));
	pl_say_fix(judging, "give %s a uid of its own in /etc/passwd and write it as a numeric USER",
		   pl_shown(judging, name));
}

void pl_judge_user_unresolvable(struct pl_judging *judging)
{
	const struct pl_user *user = pl_need_user(judging);

	if (!user)
		return;
	pl_evidence_text(judging, "declared", declared(judging));
	if (user->status == PL_USER_RESOLVED) {
		pl_say(judging, PL_STATUS_PASS, "is %s", pl_ids(judging, user));
		return;
	}
	pl_evidence_text(judging, "engine", user->message);
	pl_say(judging, PL_STATUS_FAIL, "%s refuses to start it: %s", engine_name(judging),
	       pl_shown(judging, user->message));
	pl_say_fix(judging, "create the account before the USER line, or write a numeric USER, e.g. USER 1654");
}

/* Whether the kubelet takes the text for a number (strconv.ParseInt: a sign, then digits). */
static bool looks_numeric(const char *text)
{
	text += *text == '+' || *text == '-';
	return *text && !text[strspn(text, "0123456789")];
}

void pl_judge_user_not_numeric(struct pl_judging *judging)
{
	const struct pl_image_facts *image = judging->image;
	const char *name = user_part(judging);
	const struct pl_user *user = pl_run_user(judging);

	pl_evidence_text(judging, "declared", declared(judging));
	if (image->kubelet.admitted) {
		pl_say(judging, PL_STATUS_PASS, "the kubelet can see that it is not root");
		return;
	}
	if (!*name || (looks_numeric(name) && (!user || user->how != PL_USER_NAME)) ||
	    (user && pl_user_is_root(user))) {
		pl_say(judging, PL_STATUS_NOT_APPLICABLE, "not the reason why the kubelet refuses it: %s",
		       pl_shown(judging, image->kubelet.message));
		return;
	}
	if (user && not_started(judging, user))
		return;
	pl_evidence_text(judging, "kubelet", image->kubelet.message);
	pl_say(judging, PL_STATUS_FAIL, "the kubelet refuses it under runAsNonRoot: %s",
	       pl_shown(judging, image->kubelet.message));
	if (user) {
		pl_evidence_text(judging, "write", pl_part(judging, "USER %s", numeric_user(judging, user)));
		pl_say_fix(judging, "write USER %s instead of USER %s", numeric_user(judging, user),
			   pl_shown(judging, declared(judging)));
	}
}

/* Groups that distributions give power to: over disks, accounts, engines, or everything. */
static bool is_powerful(const char *group)
{
	static const char *const names[] = { "disk", "docker", "incus",  "kmem", "libvirt",
					     "lxd",  "podman", "shadow", "sudo", "wheel" };

	for (size_t i = 0; group && i < sizeof(names) / sizeof(*names); i++) {
		if (!strcmp(group, names[i]))
			return true;
	}
	return false;
}

void pl_judge_user_group_root(struct pl_judging *judging)
{
	const struct pl_image_facts *image = judging->image;
	const struct pl_user *user = pl_need_user(judging);
	const char *powerful = NULL;
	bool extra_root = false;

	if (!user || not_started(judging, user))
		return;
	if (pl_user_is_root(user)) {
		pl_say(judging, PL_STATUS_NOT_APPLICABLE, "it is root anyway");
		return;
	}
	if (is_powerful(image->gid_name))
		powerful = image->gid_name;
	for (size_t i = 0; i < user->n_groups; i++) {
		const char *name = image->group_names ? image->group_names[i] : NULL;

		extra_root |= user->groups[i] == 0;
		if (!powerful && is_powerful(name))
			powerful = name;
	}
	pl_evidence_number(judging, "gid", user->gid);
	if (powerful) {
		pl_evidence_text(judging, "group", powerful);
		pl_say_fail(judging, PL_SEVERITY_MEDIUM, "is in the group %s", pl_shown(judging, powerful));
		pl_say_fix(judging, "take the account out of %s, or name the group: USER %u:%u",
			   pl_shown(judging, powerful), user->uid, user->uid);
	} else if (!user->gid) {
		pl_say(judging, PL_STATUS_FAIL, "its primary group is root%s",
		       user->oddities & PL_USER_NO_ENTRY && !strchr(declared(judging), ':')
			       ? ", because passwd has no line for its uid"
			       : "");
		pl_say_fix(judging,
			   "name a group: USER %u:%u (images made for OpenShift want group 0: then accept this)",
			   user->uid, user->uid);
	} else if (extra_root) {
		pl_say(judging, PL_STATUS_FAIL, "is also in the group root");
	} else {
		pl_say(judging, PL_STATUS_PASS, "its groups give it no power");
	}
}

void pl_judge_user_reserved_uid(struct pl_judging *judging)
{
	const struct pl_user *user = pl_need_user(judging);

	if (!user || not_started(judging, user))
		return;
	pl_evidence_number(judging, "uid", user->uid);
	if (pl_user_is_root(user))
		pl_say(judging, PL_STATUS_NOT_APPLICABLE, "it is root");
	else if (user->uid < 100)
		pl_say_fail(judging, PL_SEVERITY_LOW, "uid %u is one that distributions give to their own accounts",
			    user->uid);
	else if (user->uid < 1000)
		pl_say_fail(judging, PL_SEVERITY_INFO, "uid %u is in the range of system accounts, also of the host's",
			    user->uid);
	else if (user->uid == 65534)
		pl_say_fail(judging, PL_SEVERITY_INFO,
			    "uid 65534 (nobody) is also what ids outside a user namespace look like");
	else
		pl_say(judging, PL_STATUS_PASS, "uid %u is not reserved", user->uid);
}

static bool same_outcome(const struct pl_user *a, const struct pl_user *b)
{
	if (a->status != b->status)
		return false;
	return a->status == PL_USER_REFUSED || (a->uid == b->uid && a->gid == b->gid);
}

static const char *outcome(struct pl_judging *judging, const struct pl_user *user)
{
	if (user->status == PL_USER_REFUSED)
		return "refuses it";
	return pl_part(judging, "%s%s", pl_user_is_root(user) ? "root, " : "", pl_ids(judging, user));
}

/* "Docker, Podman: refuses it; containerd until 1.7.26: root, 0:0". */
static const char *who_does_what(struct pl_judging *judging)
{
	const struct pl_user *users = judging->image->user;
	const char *all = "";

	for (size_t i = 0; i < PL_USER_RULES; i++) {
		const char *names = "";
		bool said = false;

		for (size_t k = 0; k < i; k++)
			said |= same_outcome(&users[k], &users[i]);
		if (said)
			continue;
		for (size_t k = i; k < PL_USER_RULES; k++) {
			if (same_outcome(&users[k], &users[i]))
				names = pl_part(judging, "%s%s%s", names, *names ? ", " : "",
						pl_user_rule_name((enum pl_user_rule)k));
		}
		all = pl_part(judging, "%s%s%s: %s", all, *all ? "; " : "", names, outcome(judging, &users[i]));
	}
	return all;
}

void pl_judge_user_ambiguous(struct pl_judging *judging)
{
	const struct pl_image_facts *image = judging->image;
	const char **rules;
	size_t n_root = 0;
	bool differ = false;

	if (!pl_need_user(judging))
		return;
	rules = pl_items(judging, PL_USER_RULES);
	for (size_t i = 0; i < PL_USER_RULES; i++) {
		n_root += pl_user_is_root(&image->user[i]);
		differ |= !same_outcome(&image->user[i], &image->user[0]);
		if (rules)
			rules[i] = pl_part(judging, "%s: %s", pl_user_rule_name((enum pl_user_rule)i),
					   outcome(judging, &image->user[i]));
	}
	pl_evidence_list(judging, "rules", rules, rules ? PL_USER_RULES : 0);
	pl_evidence_flag(judging, "user_repeated", image->config && image->config->user_repeated);
	if (differ) {
		pl_say_fail(judging, n_root && n_root < PL_USER_RULES ? judging->finding->severity : PL_SEVERITY_INFO,
			    "engines disagree about USER %s: %s%s", pl_shown(judging, declared(judging)),
			    who_does_what(judging),
			    image->kubelet.version_dependent ? "; a kubelet before 1.34 takes it for non-root" : "");
		pl_say_fix(judging, "write USER as a plain number from 1 to 2147483647, with or without :GID");
	} else if (image->config && image->config->user_repeated) {
		pl_say_fail(judging, PL_SEVERITY_LOW,
			    "the config names its user more than once; engines take the last one, %s, other "
			    "readers may take another",
			    *declared(judging) ? pl_shown(judging, declared(judging)) : "none");
	} else {
		pl_say(judging, PL_STATUS_PASS, "every engine and version makes it the same");
	}
}

void pl_judge_app_user_unused(struct pl_judging *judging)
{
	const struct pl_image_facts *image = judging->image;
	const char *uid = image->app_uid ? pl_shown(judging, image->app_uid) : NULL;

	if (!uid) {
		pl_say(judging, PL_STATUS_NOT_APPLICABLE, "no APP_UID in its environment");
		return;
	}
	pl_evidence_text(judging, "app_uid", image->app_uid);
	if (*declared(judging)) {
		pl_say(judging, PL_STATUS_PASS, "USER is set");
		return;
	}
	if (!looks_numeric(uid) || !uid[strspn(uid, "+-0")]) {
		pl_say(judging, PL_STATUS_NOT_APPLICABLE, "APP_UID is not the uid of an ordinary account");
		return;
	}
	if (image->app_account.name) {
		pl_evidence_text(judging, "account", image->app_account.name);
		pl_say(judging, PL_STATUS_FAIL, "the account %s (uid %s, APP_UID) is there, but no USER line uses it",
		       pl_shown(judging, image->app_account.name), uid);
	} else {
		pl_say(judging, PL_STATUS_FAIL, "APP_UID=%s is there, but no USER line uses it", uid);
	}
	pl_say_fix(judging, "add the missing line at the end of the Dockerfile: USER $APP_UID (that is USER %s)", uid);
}

void pl_judge_uid0_accounts(struct pl_judging *judging)
{
	const struct pl_image_facts *image = judging->image;
	const char **lines;

	if (!image->accounts_known) {
		pl_say_unknown_as(judging, image->user_known ? "image-incomplete" : "image-user-root",
				  "its passwd could not be read");
		return;
	}
	if (!image->n_root_aliases) {
		pl_say(judging, PL_STATUS_PASS,
		       image->has_passwd ? "no account but root has uid 0" : "it has no passwd");
		return;
	}
	lines = pl_items(judging, image->n_root_aliases);
	for (size_t i = 0; lines && i < image->n_root_aliases; i++)
		lines[i] = image->root_aliases[i].line;
	pl_evidence_list(judging, "lines", lines, lines ? image->n_root_aliases : 0);
	pl_say(judging, PL_STATUS_FAIL, "%zu %s but root %s uid 0: %s%s", image->n_root_aliases,
	       image->n_root_aliases == 1 ? "account" : "accounts", image->n_root_aliases == 1 ? "has" : "have",
	       pl_shown(judging, image->root_aliases[0].name), image->n_root_aliases > 1 ? " and others" : "");
}
