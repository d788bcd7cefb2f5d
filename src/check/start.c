/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of how a container of an image starts: its entry point, the code behind it, PATH, ports. */
#include "check_internal.h"

#include <stdio.h>
#include <string.h>

static bool in_group(const struct pl_user *user, uint32_t gid)
{
	if (user->gid == gid)
		return true;
	for (size_t i = 0; i < user->n_groups; i++) {
		if (user->groups[i] == gid)
			return true;
	}
	return false;
}

/* By the mode bits alone, as the kernel reads them. An owner without the write bit can give it to himself. */
static bool can_write(const struct pl_user *user, const struct pl_file_fact *file)
{
	if (user->uid == file->uid)
		return true;
	return file->mode & (in_group(user, file->gid) ? 020u : 02u);
}

/* Whether the user could put something else in the place of what a directory holds, or of the file itself. */
static bool can_replace(const struct pl_user *user, const struct pl_file_fact *file)
{
	bool sticky = file->directory && file->mode & 01000 && file->uid != user->uid;

	return !sticky && can_write(user, file);
}

/* The files among `files` that `user` can change; their descriptions become the evidence. */
static size_t note_writable(struct pl_judging *judging, const struct pl_user *user, const struct pl_file_fact *files,
			    size_t n, bool (*can)(const struct pl_user *, const struct pl_file_fact *), bool *by_anyone,
			    const char **first)
{
	const char **listed = pl_items(judging, PL_EVIDENCE_ITEMS);
	size_t n_writable = 0;

	for (size_t i = 0; i < n; i++) {
		const struct pl_file_fact *f = &files[i];

		if (!can(user, f))
			continue;
		*by_anyone |= f->mode & 02 && f->uid != user->uid;
		if (!n_writable)
			*first = pl_shown(judging, f->path);
		if (listed && n_writable < PL_EVIDENCE_ITEMS)
			listed[n_writable] =
				pl_part(judging, "%s (%04o %u:%u)", f->path, f->mode & 07777, f->uid, f->gid);
		n_writable++;
	}
	pl_evidence_number(judging, "count", (int64_t)n_writable);
	if (listed)
		pl_evidence_list(judging, "files", listed,
				 n_writable < PL_EVIDENCE_ITEMS ? n_writable : PL_EVIDENCE_ITEMS);
	return n_writable;
}

/* The user whom a root entry point becomes, when that is known and is not root again. */
static const struct pl_user *dropped_user(const struct pl_image_facts *image)
{
	const struct pl_entry_fact *entry = &image->entry;

	if (entry->drop == PL_DROP_NONE || !entry->drop_resolved || entry->drop_user.status != PL_USER_RESOLVED ||
	    pl_user_is_root(&entry->drop_user))
		return NULL;
	return &entry->drop_user;
}

/* Says what there is to say when the entry point is not there to be judged. */
static bool no_entry(struct pl_judging *judging)
{
	const struct pl_entry_fact *entry = &judging->image->entry;

	switch (entry->state) {
	case PL_ENTRY_FOUND:
		return false;
	case PL_ENTRY_NONE:
		pl_say(judging, PL_STATUS_NOT_APPLICABLE, "it names no program to start");
		return true;
	case PL_ENTRY_ABSENT:
		pl_say(judging, PL_STATUS_NOT_APPLICABLE, "the program it starts, %s, is not in it",
		       entry->n_argv ? pl_shown(judging, entry->argv[0]) : "");
		return true;
	case PL_ENTRY_UNKNOWN:
		break;
	}
	pl_say_unknown_as(judging, judging->image->files_known ? "image-entrypoint-writable" : "image-incomplete",
			  entry->unknown ? entry->unknown : "its entry point could not be found out");
	return true;
}

void pl_judge_entrypoint_writable(struct pl_judging *judging)
{
	const struct pl_image_facts *image = judging->image;
	const struct pl_user *user = pl_need_user(judging);
	const struct pl_user *writer = user;
	bool by_anyone = false;
	const char *first = "";
	size_t n;

	if (!user || no_entry(judging))
		return;
	if (user->status == PL_USER_REFUSED) {
		pl_say(judging, PL_STATUS_NOT_APPLICABLE, "the engine refuses to start it");
		return;
	}
	if (pl_user_is_root(user))
		writer = dropped_user(image);
	if (!writer) {
		pl_say(judging, PL_STATUS_NOT_APPLICABLE, "it is root, who can write everything");
		return;
	}
	n = note_writable(judging, writer, image->entry.code, image->entry.n_code, can_replace, &by_anyone, &first);
	pl_evidence_number(judging, "uid", writer->uid);
	if (!n && !image->files_known)
		pl_say_unknown_as(judging, "image-incomplete",
				  "a layer that could not be read may change what it starts");
	else if (!n)
		pl_say(judging, PL_STATUS_PASS, "uid %u cannot change what it starts", writer->uid);
	else if (writer != user)
		pl_say_fail(judging, PL_SEVERITY_HIGH,
			    "uid %u, to whom it drops, can change what root starts next time: %s", writer->uid, first);
	else
		pl_say_fail(judging, by_anyone ? PL_SEVERITY_MEDIUM : PL_SEVERITY_LOW,
			    "uid %u can change what it starts: %s", writer->uid, first);
}

void pl_judge_path_writable(struct pl_judging *judging)
{
	const struct pl_image_facts *image = judging->image;
	const struct pl_user *user = pl_need_user(judging);
	const struct pl_user nobody = { .uid = 65534, .gid = 65534 };
	const struct pl_user *writer = user;
	bool by_anyone = false;
	const char *first = "";
	size_t n;

	if (!user)
		return;
	/* where root runs, any other user counts: what they leave on PATH, root may start */
	if (user->status == PL_USER_REFUSED || pl_user_is_root(user))
		writer = dropped_user(image) ? dropped_user(image) : &nobody;
	n = note_writable(judging, writer, image->path_writable, image->n_path_writable, can_write, &by_anyone, &first);
	if (!n && !image->files_known)
		pl_say_unknown_as(judging, "image-incomplete",
				  "a layer that could not be read may open a directory on PATH");
	else if (!n)
		pl_say(judging, PL_STATUS_PASS, "nothing on PATH can be written by a user other than root");
	else
		pl_say_fail(judging, by_anyone || pl_user_is_root(user) ? PL_SEVERITY_MEDIUM : PL_SEVERITY_LOW,
			    "%s can change %zu %s on PATH: %s",
			    writer == &nobody ? "anyone" : pl_part(judging, "uid %u", writer->uid), n,
			    n == 1 ? "place" : "places", first);
}

/* "80/tcp" and "80": 80. Anything else: 0. */
static unsigned int port_number(const char *text)
{
	unsigned int port = 0;
	size_t digits = strspn(text, "0123456789");

	if (!digits || digits > 5 || (text[digits] && text[digits] != '/'))
		return 0;
	for (size_t i = 0; i < digits; i++)
		port = port * 10 + (unsigned int)(text[i] - '0');
	return port;
}

void pl_judge_privileged_port(struct pl_judging *judging)
{
	const struct pl_image_config *config = judging->image->config;
	const struct pl_user *user = pl_run_user(judging);
	const char **ports = NULL;
	size_t n = 0;

	if (config && config->n_exposed_ports)
		ports = pl_items(judging, PL_EVIDENCE_ITEMS);
	for (size_t i = 0; ports && i < config->n_exposed_ports && n < PL_EVIDENCE_ITEMS; i++) {
		unsigned int port = port_number(config->exposed_ports[i]);

		if (port && port < 1024)
			ports[n++] = config->exposed_ports[i];
	}
	if (!n) {
		pl_say(judging, PL_STATUS_PASS, "exposes no port below 1024");
		return;
	}
	pl_evidence_list(judging, "ports", ports, n);
	if (user && pl_user_is_root(user))
		pl_say(judging, PL_STATUS_FAIL,
		       "exposes port %s, which ties it to root where engines keep ports below 1024 to it",
		       pl_shown(judging, ports[0]));
	else
		pl_say(judging, PL_STATUS_FAIL,
		       "exposes port %s, which a user other than root can bind with Docker from 20.10 and "
		       "containerd from 2.0, but not with Podman, CRI-O, containerd 1.x or on the host's network",
		       pl_shown(judging, ports[0]));
}

void pl_judge_root_then_drop(struct pl_judging *judging)
{
	const struct pl_entry_fact *entry = &judging->image->entry;
	const struct pl_user *user = pl_need_user(judging);
	const char *where;

	if (!user)
		return;
	if (user->status == PL_USER_REFUSED || !pl_user_is_root(user)) {
		pl_say(judging, PL_STATUS_PASS, "has nothing to drop");
		return;
	}
	if (no_entry(judging))
		return;
	where = entry->drop_where ? pl_part(judging, "%s: ", pl_shown(judging, entry->drop_where)) : "";
	switch (entry->drop) {
	case PL_DROP_NONE:
		pl_say(judging, PL_STATUS_NOT_APPLICABLE, "nothing in its entry point drops root");
		return;
	case PL_DROP_TOOL:
		pl_say(judging, PL_STATUS_FAIL,
		       "declared root; %s%s is expected to drop to %s, which only the running processes can "
		       "confirm, and the kubelet refuses it all the same",
		       where, pl_shown(judging, entry->drop_tool), pl_drop_target(judging));
		break;
	case PL_DROP_DAEMON:
		pl_say(judging, PL_STATUS_FAIL,
		       "declared root; %s%s may drop by itself, which only the running processes can confirm, "
		       "and the kubelet refuses it all the same",
		       where, pl_shown(judging, entry->drop_tool));
		break;
	}
	pl_evidence_text(judging, "tool", entry->drop_tool);
	pl_evidence_text(judging, "where", entry->drop_where);
	if (entry->drop == PL_DROP_TOOL && dropped_user(judging->image)) {
		pl_evidence_number(judging, "uid", entry->drop_user.uid);
		pl_say_fix(judging, "if it also works without root, end the Dockerfile with USER %s",
			   pl_ids(judging, &entry->drop_user));
	}
}
