/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of what lies in an image: whether it could be read, and the files that give privileges away. */
#include "check_internal.h"

#include <stdio.h>
#include <string.h>

static const char *first_problem(const struct pl_image_facts *image)
{
	return image->n_problems ? image->problems[0] : "a layer could not be read";
}

void pl_judge_unreadable(struct pl_judging *judging)
{
	const struct pl_image_facts *image = judging->image;

	if (image->unreadable)
		pl_say(judging, PL_STATUS_UNKNOWN, "%s", image->unreadable);
	else
		pl_say(judging, PL_STATUS_PASS, "its config could be read");
}

void pl_judge_incomplete(struct pl_judging *judging)
{
	const struct pl_image_facts *image = judging->image;

	pl_evidence_flag(judging, "verified", image->verified);
	if (image->files_known) {
		pl_say(judging, PL_STATUS_PASS, "every layer was read to its end");
		return;
	}
	pl_evidence_list(judging, "problems", image->problems, image->n_problems);
	if (image->n_problems > 1)
		pl_say(judging, PL_STATUS_UNKNOWN, "%s (and %zu more)", first_problem(image), image->n_problems - 1);
	else
		pl_say(judging, PL_STATUS_UNKNOWN, "%s", first_problem(image));
}

void pl_judge_layer_ambiguous(struct pl_judging *judging)
{
	const struct pl_image_facts *image = judging->image;

	if (image->n_ambiguities) {
		pl_evidence_list(judging, "ambiguities", image->ambiguities, image->n_ambiguities);
		pl_say(judging, PL_STATUS_FAIL, "engines would build different trees from its layers: %s%s",
		       image->ambiguities[0], image->n_ambiguities > 1 ? " and more" : "");
	} else if (!image->files_known) {
		pl_say_unknown_as(judging, "image-incomplete", first_problem(image));
	} else {
		pl_say(judging, PL_STATUS_PASS, "every engine builds the same tree from its layers");
	}
}

static const char *describe(struct pl_judging *judging, const struct pl_file_fact *file)
{
	return pl_part(judging, "%s (%04o %u:%u)", file->path, file->mode & 07777, file->uid, file->gid);
}

/*
 * Settles what an empty or doubtful list of files means, and notes the files of any other: nothing kept is nothing there
 * only if all layers were read, and what lies below an unread layer may have been deleted by it.
 * Return: whether there is at least one file for certain, so that the check has failed and must say how gravely.
 */
static bool have_files(struct pl_judging *judging, const struct pl_file_fact *files, size_t n, const char *none)
{
	const struct pl_image_facts *image = judging->image;
	size_t n_listed = n < PL_EVIDENCE_ITEMS ? n : PL_EVIDENCE_ITEMS;
	const char **listed;
	size_t n_certain = 0;

	for (size_t i = 0; i < n; i++)
		n_certain += files[i].certain;
	if (!n && image->files_known) {
		pl_say(judging, PL_STATUS_PASS, "%s", none);
		return false;
	}
	if (!n) {
		pl_say_unknown_as(judging, "image-incomplete", first_problem(image));
		return false;
	}
	listed = pl_items(judging, n_listed);
	for (size_t i = 0; listed && i < n_listed; i++)
		listed[i] = describe(judging, &files[i]);
	pl_evidence_number(judging, "count", (int64_t)n);
	pl_evidence_list(judging, "files", listed, listed ? n_listed : 0);
	if (!n_certain)
		pl_say_unknown_as(judging, "image-incomplete",
				  pl_part(judging,
					  "%zu found, but a layer above that could not be read may have removed them",
					  n));
	return n_certain;
}

/* "/usr/bin/su, /usr/bin/mount and 6 more". */
static const char *name_some(struct pl_judging *judging, const struct pl_file_fact *files, size_t n)
{
	const char *names = "";
	size_t shown = n > 4 ? 3 : n;

	for (size_t i = 0; i < shown; i++)
		names = pl_part(judging, "%s%s%s", names, i ? ", " : "", pl_shown(judging, files[i].path));
	return shown < n ? pl_part(judging, "%s and %zu more", names, n - shown) : names;
}

void pl_judge_setid_files(struct pl_judging *judging)
{
	const struct pl_image_facts *image = judging->image;
	bool to_root = false;

	if (!have_files(judging, image->setid, image->n_setid, "no set-id files"))
		return;
	for (size_t i = 0; i < image->n_setid; i++) {
		const struct pl_file_fact *f = &image->setid[i];

		to_root |= (f->mode & 04000 && !f->uid) || (f->mode & 02000 && !f->gid);
	}
	pl_say_fail(judging, to_root ? PL_SEVERITY_MEDIUM : PL_SEVERITY_LOW, "%zu set-id %s: %s", image->n_setid,
		    image->n_setid == 1 ? "file" : "files", name_some(judging, image->setid, image->n_setid));
}

/* With any of these one gets the rest: capabilities(7). */
static uint64_t root_like(void)
{
	static const char *const names[] = { "CHOWN",      "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER",    "SETFCAP",
					     "SETGID",     "SETUID",       "SETPCAP",         "SYS_ADMIN", "SYS_CHROOT",
					     "SYS_MODULE", "SYS_PTRACE",   "SYS_RAWIO",       "MKNOD",     "BPF",
					     "MAC_ADMIN" };
	uint64_t bits = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		int bit = pl_capability_bit(names[i]);

		if (bit >= 0)
			bits |= (uint64_t)1 << bit;
	}
	return bits;
}

/* "CAP_NET_RAW, CAP_SETUID". */
static const char *name_bits(struct pl_judging *judging, uint64_t bits)
{
	const char *names = "";

	for (unsigned int bit = 0; bit < PL_CAPABILITIES; bit++) {
		if (bits >> bit & 1)
			names = pl_part(judging, "%s%s%s", names, *names ? ", " : "", pl_capability_name(bit));
	}
	return *names ? names : "none permitted";
}

void pl_judge_file_capabilities(struct pl_judging *judging)
{
	const struct pl_image_facts *image = judging->image;
	const uint64_t harmless = (uint64_t)1 << 10; /* CAP_NET_BIND_SERVICE, which every engine gives */
	enum pl_severity severity = PL_SEVERITY_LOW;
	uint64_t all = 0;

	if (!have_files(judging, image->file_capabilities, image->n_file_capabilities, "no files with capabilities"))
		return;
	for (size_t i = 0; i < image->n_file_capabilities; i++) {
		const struct pl_file_capability *capability = image->file_capabilities[i].capability;

		all |= capability ? capability->permitted : 0;
	}
	if (all & root_like())
		severity = PL_SEVERITY_HIGH;
	else if (all & ~harmless)
		severity = PL_SEVERITY_MEDIUM;
	pl_say_fail(judging, severity, "%zu %s with capabilities: %s (%s)", image->n_file_capabilities,
		    image->n_file_capabilities == 1 ? "file" : "files",
		    name_some(judging, image->file_capabilities, image->n_file_capabilities), name_bits(judging, all));
}

void pl_judge_device_nodes(struct pl_judging *judging)
{
	const struct pl_image_facts *image = judging->image;

	if (!have_files(judging, image->devices, image->n_devices, "no device nodes"))
		return;
	pl_say(judging, PL_STATUS_FAIL, "%zu device %s: %s", image->n_devices, image->n_devices == 1 ? "node" : "nodes",
	       name_some(judging, image->devices, image->n_devices));
}
