/* SPDX-License-Identifier: Apache-2.0 */
/* plimsoll checks: the catalogue, or one check explained. */
#include "cli.h"

#include <string.h>

#include "plimsoll/log.h"
#include "plimsoll/text.h"

/* No line of prose is longer, however wide the terminal. */
#define PROSE_COLUMNS 100

static const struct pl_check *find(const char *id)
{
	const struct pl_check *check = pl_check_find(id);
	const char *names[64];
	const struct pl_check *checks;
	const char *meant;
	size_t n;

	if (check)
		return check;
	checks = pl_checks(&n);
	for (size_t i = 0; i < n && i < 64; i++)
		names[i] = checks[i].id;
	meant = pl_suggest(id, names, n < 64 ? n : 64);
	pl_log(PL_LOG_ERROR, "there is no check %s%s%s%s", pl_escape_str(&(struct pl_escaped){ 0 }, id),
	       meant ? "; did you mean " : "; see plimsoll checks", meant ? meant : "", meant ? "?" : "");
	return NULL;
}

static void list(FILE *out, unsigned int columns)
{
	const struct pl_check *checks;
	unsigned int widest = 0;
	size_t n;

	checks = pl_checks(&n);
	for (size_t i = 0; i < n; i++) {
		if (pl_text_columns(checks[i].id) > widest)
			widest = pl_text_columns(checks[i].id);
	}
	for (size_t i = 0; i < n; i++) {
		fprintf(out, "%-*s  %-8s  ", (int)widest, checks[i].id, pl_severity_name(checks[i].severity));
		pl_print_wrapped(out, checks[i].title, widest + 12, widest + 12, columns);
	}
}

static void heading(FILE *out, const char *title, bool color)
{
	fprintf(out, color ? "\n\033[1m%s\033[0m\n" : "\n%s\n", title);
}

static void explain(const struct pl_check *check, FILE *out, unsigned int columns, bool color)
{
	fprintf(out, color ? "\033[1m%s\033[0m (%s, %s)\n\n" : "%s (%s, %s)\n\n", check->id,
		pl_severity_name(check->severity), pl_subject_kind_name(check->kind));
	pl_print_wrapped(out, check->title, 2, 0, columns);
	heading(out, "Why", color);
	pl_print_wrapped(out, check->why, 2, 0, columns);
	heading(out, "How it is decided", color);
	pl_print_wrapped(out, check->how, 2, 0, columns);
	heading(out, "How to put it right", color);
	for (size_t i = 0; i < PL_CHECK_REMEDIES && check->remedies[i].where; i++) {
		fprintf(out, "  %-12s", check->remedies[i].where);
		pl_print_wrapped(out, check->remedies[i].text, 14, 14, columns);
	}
	heading(out, "References", color);
	for (size_t i = 0; i < PL_CHECK_REFERENCES && check->references[i]; i++)
		fprintf(out, "  %s\n", check->references[i]);
}

int pl_cmd_checks(const struct pl_options *options)
{
	struct pl_output output PL_CLEANUP_OUTPUT = { 0 };
	const struct pl_check *only = options->n_arguments ? find(options->arguments[0]) : NULL;
	unsigned int columns;
	int r;

	if (options->n_arguments && !only)
		return PL_EXIT_USAGE;
	r = pl_output_open(&output, options->output);
	if (r)
		return r;
	columns = pl_terminal_columns(output.file);
	if (options->format == PL_FORMAT_JSON)
		r = pl_report_checks(only, output.file);
	else if (only)
		explain(only, output.file, columns && columns < PROSE_COLUMNS ? columns : PROSE_COLUMNS,
			pl_wants_color(options, output.file));
	else
		list(output.file, columns);
	if (r < 0) {
		pl_log(PL_LOG_ERROR, "%s", strerror(-r));
		return PL_EXIT_FAULT;
	}
	return pl_output_commit(&output);
}
