/* SPDX-License-Identifier: Apache-2.0 */
/* plimsoll inspect: one image in full. */
#include "cli.h"

#include <string.h>

#include "plimsoll/log.h"
#include "plimsoll/text.h"

#define PROSE_COLUMNS 100
#define LABEL_COLUMNS 16

/* Where the lines go. */
struct page {
	FILE *out;
	unsigned int columns;
	bool color;
};

static const char *shown(struct pl_escaped *escaped, const char *text)
{
	return pl_escape_str(escaped, text);
}

static void heading(const struct page *page, const char *title)
{
	fprintf(page->out, page->color ? "\n\033[1m%s\033[0m\n" : "\n%s\n", title);
}

/* "  label         value", with a value of an image author's making. Nothing at all for a value that is not there. */
static void field(const struct page *page, const char *label, const char *value)
{
	struct pl_escaped escaped;

	if (value && *value)
		fprintf(page->out, "  %-*s%s\n", LABEL_COLUMNS - 2, label, shown(&escaped, value));
}

static void field_prose(const struct page *page, const char *label, const char *text)
{
	fprintf(page->out, "  %-*s", LABEL_COLUMNS - 2, label);
	pl_print_wrapped(page->out, text, LABEL_COLUMNS, LABEL_COLUMNS, page->columns);
}

static void field_list(const struct page *page, const char *label, const char *const *list, size_t n)
{
	struct pl_escaped escaped;

	if (!n)
		return;
	fprintf(page->out, "  %-*s", LABEL_COLUMNS - 2, label);
	for (size_t i = 0; i < n; i++)
		fprintf(page->out, "%s%s", i ? "  " : "", shown(&escaped, list[i]));
	fputc('\n', page->out);
}

static void print_identity(const struct page *page, const struct pl_subject *subject)
{
	const struct pl_image_facts *image = subject->image;
	struct pl_escaped escaped;

	for (size_t i = 0; i < image->n_names; i++)
		fprintf(page->out, "%s\n", shown(&escaped, image->names[i]));
	field(page, "id", image->id);
	field(page, "manifest", image->manifest);
	field(page, "store", image->store);
	field(page, "platform", image->platform);
	field(page, "created", image->config ? image->config->created : NULL);
	field(page, "verdict", pl_compliance_name(subject->verdict));
}

static void print_one_user(const struct page *page, const struct pl_user *user, const char *rule, bool decides)
{
	struct pl_escaped escaped;

	fprintf(page->out, "%c %-42s", decides ? '*' : ' ', rule);
	if (user->status == PL_USER_REFUSED) {
		fputs("refuses: ", page->out);
		pl_print_wrapped(page->out, shown(&escaped, user->message), 44, 53, page->columns);
		return;
	}
	fprintf(page->out, "%u:%u", user->uid, user->gid);
	for (size_t i = 0; i < user->n_groups && i < 16; i++)
		fprintf(page->out, "%s%u", i ? "," : " and ", user->groups[i]);
	fputs(pl_user_is_root(user) ? "  root\n" : "\n", page->out);
}

static void print_user(const struct page *page, const struct pl_image_facts *image)
{
	const struct pl_user *user = &image->user[image->user_rule];

	heading(page, "User (* decides here)");
	field(page, "declared", *image->config->user ? image->config->user : "(none)");
	for (unsigned int i = 0; image->user_known && i < PL_USER_RULES; i++)
		print_one_user(page, &image->user[i], pl_user_rule_name((enum pl_user_rule)i),
			       i == (unsigned int)image->user_rule);
	if (!image->user_known)
		field_prose(page, "unknown", image->user_unknown ? image->user_unknown : "");
	else
		field(page, "passwd line", user->line);
	field(page, "kubelet", image->kubelet.admitted ? "admits it" : image->kubelet.message);
	field(page, "APP_UID", image->app_uid);
}

/* Names alone: values are where people put secrets. */
static void print_environment(const struct page *page, const struct pl_image_config *config)
{
	if (!config->n_env)
		return;
	fprintf(page->out, "  %-*s", LABEL_COLUMNS - 2, "environment");
	for (size_t i = 0; i < config->n_env; i++) {
		struct pl_escaped name;

		fprintf(page->out, "%s%s", i ? "  " : "",
			pl_escape(&name, config->env[i], strcspn(config->env[i], "=")));
	}
	fputc('\n', page->out);
}

static void print_start(const struct page *page, const struct pl_image_facts *image)
{
	static const char *const states[] = { "names no program", "", "not in the image", "unknown" };
	const struct pl_image_config *config = image->config;
	const struct pl_entry_fact *entry = &image->entry;

	heading(page, "Start");
	field_list(page, "command", entry->argv, entry->n_argv);
	field(page, "program", entry->state == PL_ENTRY_FOUND ? entry->path : states[entry->state]);
	if (entry->target && entry->path && strcmp(entry->target, entry->path) != 0)
		field(page, "that is", entry->target);
	if (entry->unknown)
		field_prose(page, "because", entry->unknown);
	field(page, "drops by", entry->drop == PL_DROP_NONE ? NULL : entry->drop_tool);
	field(page, "to", entry->drop == PL_DROP_NONE ? NULL : entry->drop_spec);
	field(page, "at", entry->drop == PL_DROP_NONE ? NULL : entry->drop_where);
	field(page, "working dir", config->working_dir);
	field_list(page, "ports", config->exposed_ports, config->n_exposed_ports);
	field_list(page, "volumes", config->volumes, config->n_volumes);
	print_environment(page, config);
	field_list(page, "health check", config->healthcheck, config->n_healthcheck);
	if (config->string_command)
		field_prose(
			page, "note",
			"the command is given as one string: Docker takes it, containerd and Podman refuse the image");
}

static void print_layers(const struct page *page, const struct pl_image_config *config)
{
	size_t h = 0;

	heading(page, "Layers (bottom first)");
	for (size_t i = 0; i < config->n_diff_ids; i++) {
		struct pl_digest_text digest;
		struct pl_escaped by = { 0 };

		while (h < config->n_history && config->history[h].empty_layer)
			h++;
		if (h < config->n_history)
			pl_escape(&by, config->history[h].created_by, strnlen(config->history[h].created_by, 60));
		h += h < config->n_history;
		fprintf(page->out, "  %2zu  %.19s  %s\n", i + 1, pl_digest_format(&config->diff_ids[i], &digest),
			by.text);
	}
}

static void print_files(const struct page *page, const char *title, const struct pl_file_fact *files, size_t n)
{
	if (n)
		heading(page, title);
	for (size_t i = 0; i < n; i++) {
		const struct pl_file_capability *capability = files[i].capability;
		struct pl_escaped escaped;

		fprintf(page->out, "  %04o %5u:%-5u  %s", files[i].mode & 07777, files[i].uid, files[i].gid,
			shown(&escaped, files[i].path));
		for (unsigned int bit = 0; capability && bit < PL_CAPABILITIES; bit++) {
			if (capability->permitted >> bit & 1)
				fprintf(page->out, " %s", pl_capability_name(bit));
		}
		if (capability)
			fputs(capability->effective ? " (effective)" : " (permitted)", page->out);
		fputs(files[i].certain ? "\n" : "  (perhaps deleted again by a layer that could not be read)\n",
		      page->out);
	}
}

static void print_sentences(const struct page *page, const char *title, const char *const *list, size_t n)
{
	if (n)
		heading(page, title);
	for (size_t i = 0; i < n; i++)
		pl_print_wrapped(page->out, list[i], 2, 0, page->columns);
}

static void print_hint(const struct page *page, const char *word, const char *hint, unsigned int indent)
{
	fprintf(page->out, "%*s%s", (int)indent, "", word);
	pl_print_wrapped(page->out, hint, indent + 5, indent + 5, page->columns);
}

static void print_findings(const struct page *page, const struct pl_subject *subject)
{
	bool beside = !page->columns || page->columns >= PROSE_COLUMNS;
	unsigned int indent = beside ? 38 : 12;

	heading(page, "Checks");
	for (size_t i = 0; i < subject->n_findings; i++) {
		const struct pl_finding *f = &subject->findings[i];
		const char *word = f->status == PL_STATUS_FAIL             ? pl_severity_name(f->severity)
				   : f->status == PL_STATUS_NOT_APPLICABLE ? "-"
									   : pl_status_name(f->status);

		/* told once, by the check that it is because of */
		if (f->because)
			continue;
		fprintf(page->out, beside ? "  %-8s  %-26s" : "  %-8s  %s\n", word, f->check->id);
		pl_print_wrapped(page->out, f->message, indent, beside ? indent : 0, page->columns);
		if (f->fix)
			print_hint(page, "fix: ", f->fix, indent);
		if (f->waiver)
			print_hint(page, "or:  ", f->waiver, indent);
	}
}

static void print_image(const struct page *page, const struct pl_subject *subject)
{
	const struct pl_image_facts *image = subject->image;

	print_identity(page, subject);
	if (image->config) {
		print_user(page, image);
		print_start(page, image);
		print_layers(page, image->config);
		print_files(page, "Set-id files", image->setid, image->n_setid);
		print_files(page, "Files with capabilities", image->file_capabilities, image->n_file_capabilities);
		print_files(page, "Device nodes", image->devices, image->n_devices);
		print_files(page, "On PATH, not only root's", image->path_writable, image->n_path_writable);
		print_files(page, "What decides what runs", image->entry.code, image->entry.n_code);
		print_sentences(page, "Could not be read", image->problems, image->n_problems);
		print_sentences(page, "Engines disagree", image->ambiguities, image->n_ambiguities);
	}
	print_findings(page, subject);
}

struct inspection {
	const struct pl_options *options;
	struct page page;
	struct pl_digest id; /* of the first image met */
	size_t n_met;        /* images that differ from the ones before */
	bool printed;
	struct pl_summary summary;
};

/* First walk: is it one image? */
static int count_image(void *context, const struct pl_found *found)
{
	struct inspection *inspection = context;
	const char *name = found->ref && found->ref->n_names ? found->ref->names[0] : found->label;
	struct pl_digest_text id;

	if (inspection->n_met && found->ref && pl_digest_equal(&found->ref->id, &inspection->id))
		return 0;
	if (found->ref && !inspection->n_met)
		inspection->id = found->ref->id;
	inspection->n_met++;
	pl_log(PL_LOG_INFO, "%s %s", found->ref ? pl_digest_format(&found->ref->id, &id) : "-",
	       pl_escape_str(&(struct pl_escaped){ 0 }, name));
	return 0;
}

/* Second walk: judge and print the first. */
static int print_first(void *context, const struct pl_found *found)
{
	struct inspection *inspection = context;
	struct pl_judged judged PL_CLEANUP_JUDGED = { .name = { NULL } };
	int r;

	if (inspection->printed)
		return 0;
	inspection->printed = true;
	if (pl_judge(inspection->options, found, &judged)) {
		pl_log(PL_LOG_ERROR, "%s: this is not an image that could be run",
		       pl_escape_str(&(struct pl_escaped){ 0 }, found->label));
		return PL_EXIT_USAGE;
	}
	pl_summary_add(&inspection->summary, &judged.subject);
	if (inspection->options->format == PL_FORMAT_TABLE) {
		print_image(&inspection->page, &judged.subject);
		return 0;
	}
	r = pl_report_details(&judged.subject, inspection->page.out);
	if (r < 0)
		pl_log(PL_LOG_ERROR, "%s", strerror(-r));
	return r < 0 ? PL_EXIT_FAULT : 0;
}

int pl_cmd_inspect(const struct pl_options *options)
{
	struct pl_output output PL_CLEANUP_OUTPUT = { 0 };
	struct inspection inspection = { .options = options };
	int r;

	if (!options->n_arguments) {
		pl_log(PL_LOG_ERROR, "inspect which image? See plimsoll inspect --help");
		return PL_EXIT_USAGE;
	}
	r = pl_targets_walk(options, count_image, &inspection);
	if (r)
		return r;
	if (inspection.n_met != 1) {
		pl_log(PL_LOG_ERROR, "%s means %zu images: name one of them (-v lists them)",
		       pl_escape_str(&(struct pl_escaped){ 0 }, options->arguments[0]), inspection.n_met);
		return PL_EXIT_USAGE;
	}
	r = pl_output_open(&output, options->output);
	if (r)
		return r;
	inspection.page.out = output.file;
	inspection.page.columns = pl_terminal_columns(output.file);
	inspection.page.color = pl_wants_color(options, output.file);
	if (inspection.page.columns > PROSE_COLUMNS)
		inspection.page.columns = PROSE_COLUMNS;
	r = pl_targets_walk(options, print_first, &inspection);
	if (!r)
		r = pl_output_commit(&output);
	return r ? r : pl_scan_exit(&inspection.summary);
}
