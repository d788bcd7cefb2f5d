/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report for people: one row for each image, gravest first, and under it what was found. An image that several stores
 * hold alike is one row. Rows are kept until all are there, because the columns are as wide as the widest.
 */
#include "plimsoll/report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "plimsoll/text.h"

/* A row with its findings takes 1 to 4 KiB; this is about 10,000 images. */
#define TABLE_BYTES ((size_t)32 << 20)
/* Below this width columns help nobody. */
#define NARROW 80
/* From this width on a finding's message stands beside its name. */
#define WIDE 110

#define VERDICT_COLUMNS 7
#define SEVERITY_COLUMNS 8
#define KUBELET_COLUMNS 7
#define COUNT_COLUMNS 6
#define GAP 2
#define INDENT (VERDICT_COLUMNS + GAP)

enum color { PLAIN, BOLD, DIM, RED, YELLOW, GREEN, CYAN, MAGENTA, BOLD_RED };

struct line {
	struct line *next;
	enum pl_status status;
	enum pl_severity severity;
	const char *check;
	const char *message;
	const char *fix, *waiver;
};

struct text {
	struct text *next;
	const char *text;
};

struct row {
	struct row *next;
	enum pl_compliance verdict;
	const char *id;
	struct text *names, *stores;
	const char *platform, *user, *kubelet, *setid, *capabilities;
	struct line *lines;
	const char *also_unknown; /* checks that are unknown for the reason of another one's line */
};

struct table {
	struct pl_sink sink;
	FILE *out;
	struct pl_table_style style;
	struct pl_report_head head;
	struct pl_arena arena;
	struct row *rows;
	size_t n_hidden;
	bool no_memory;
};

/* Foreign text in the table's memory. */
static const char *keep(struct table *table, const char *text)
{
	struct pl_escaped escaped;
	const char *copy = pl_arena_strdup(&table->arena, pl_escape_str(&escaped, text));

	table->no_memory |= !copy;
	return copy ? copy : "";
}

__attribute__((format(printf, 2, 3))) static const char *keep_format(struct table *table, const char *format, ...)
{
	struct pl_reason text = { 0 };
	const char *copy;
	va_list args;

	va_start(args, format);
	pl_reason_vset(&text, format, args);
	va_end(args);
	copy = pl_arena_strdup(&table->arena, text.text);
	table->no_memory |= !copy;
	return copy ? copy : "";
}

static void add_text(struct table *table, struct text **list, const char *text)
{
	struct text *entry;

	while (*list) {
		if (!strcmp((*list)->text, text))
			return;
		list = &(*list)->next;
	}
	entry = pl_arena_alloc(&table->arena, sizeof(*entry));
	if (!entry) {
		table->no_memory = true;
		return;
	}
	entry->text = text;
	*list = entry;
}

/* A name as docker shows it: what everybody's registry is goes without saying. */
static const char *familiar(const char *name)
{
	static const char *const prefixes[] = { "docker.io/library/", "docker.io/" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return name + strlen(prefixes[i]);
	}
	return name;
}

/* "app = 1654:1654", "root (no USER)", "rich (refused)". */
static const char *describe_user(struct table *table, const struct pl_image_facts *image)
{
	const struct pl_user *user = image->user_known ? &image->user[image->user_rule] : NULL;
	const struct pl_entry_fact *entry = &image->entry;
	struct pl_escaped escaped, drop;
	const char *spec;

	if (!image->config)
		return "-";
	spec = pl_escape_str(&escaped, image->config->user);
	if (!user)
		return keep_format(table, "%s (unknown)", *spec ? spec : "no USER");
	if (user->status == PL_USER_REFUSED)
		return keep_format(table, "%s (refused)", spec);
	if (pl_user_is_root(user) && entry->drop == PL_DROP_TOOL && entry->drop_spec)
		return keep_format(table, "root, then %s", pl_escape_str(&drop, entry->drop_spec));
	if (pl_user_is_root(user))
		return *spec ? keep_format(table, "root (USER %s)", spec) : "root (no USER)";
	if (user->how == PL_USER_NAME)
		return keep_format(table, "%.*s = %u:%u", (int)strcspn(spec, ":"), spec, user->uid, user->gid);
	return keep_format(table, "%u:%u", user->uid, user->gid);
}

static const char *count(struct table *table, size_t n, bool known)
{
	return known ? keep_format(table, "%zu", n) : n ? keep_format(table, "%zu+", n) : "?";
}

static bool is_shown(const struct table *table, const struct pl_subject *subject, const struct pl_finding *finding)
{
	if (finding->status == PL_STATUS_UNKNOWN)
		return !finding->because;
	if (finding->status != PL_STATUS_FAIL)
		return false;
	if (table->style.verbose || finding->severity >= table->head.fail_on)
		return true;
	return finding->severity > PL_SEVERITY_INFO && subject->verdict != PL_COMPLIANT;
}

/* Before a line that it is graver than; unknown ones come last. */
static bool comes_before(const struct pl_finding *finding, const struct line *line)
{
	if (finding->status != line->status)
		return finding->status == PL_STATUS_FAIL;
	return finding->severity > line->severity;
}

static void add_line(struct table *table, struct row *row, const struct pl_finding *finding)
{
	struct line *line = pl_arena_alloc(&table->arena, sizeof(*line));
	struct line **at = &row->lines;

	if (!line) {
		table->no_memory = true;
		return;
	}
	while (*at && !comes_before(finding, *at))
		at = &(*at)->next;
	*line = (struct line){ .next = *at,
			       .status = finding->status,
			       .severity = finding->severity,
			       .check = finding->check->id,
			       .message = keep_format(table, "%s", finding->message),
			       .fix = finding->fix ? keep_format(table, "%s", finding->fix) : NULL,
			       .waiver = finding->waiver ? keep_format(table, "%s", finding->waiver) : NULL };
	*at = line;
}

static void add_findings(struct table *table, struct row *row, const struct pl_subject *subject)
{
	for (size_t i = 0; i < subject->n_findings; i++) {
		const struct pl_finding *finding = &subject->findings[i];

		if (is_shown(table, subject, finding))
			add_line(table, row, finding);
		else if (finding->status == PL_STATUS_FAIL)
			table->n_hidden++;
		else if (finding->because && !subject->image->unreadable)
			row->also_unknown = keep_format(table, "%s%s%s",
							row->also_unknown ? row->also_unknown : "for the same reason",
							row->also_unknown ? ", " : ": ", finding->check->id);
	}
}

static bool same_lines(const struct line *a, const struct line *b)
{
	for (; a && b; a = a->next, b = b->next) {
		if (a->check != b->check || strcmp(a->message, b->message) != 0)
			return false;
	}
	return !a && !b;
}

/* The same image with the same result; an unreadable one without an id is like no other. */
static bool same_result(const struct row *a, const struct row *b)
{
	return *a->id && !strcmp(a->id, b->id) && a->verdict == b->verdict && !strcmp(a->user, b->user) &&
	       !strcmp(a->setid, b->setid) && !strcmp(a->capabilities, b->capabilities) &&
	       same_lines(a->lines, b->lines);
}

static int compare_rows(const struct row *a, const struct row *b)
{
	int order;

	if (a->verdict != b->verdict)
		return a->verdict > b->verdict ? -1 : 1;
	order = strcmp(a->names ? a->names->text : "", b->names ? b->names->text : "");
	return order ? order : strcmp(a->id, b->id);
}

static void add_row(struct table *table, struct row *row)
{
	struct row **at = &table->rows;

	for (struct row *other = table->rows; other; other = other->next) {
		if (!same_result(other, row))
			continue;
		for (const struct text *t = row->names; t; t = t->next)
			add_text(table, &other->names, t->text);
		add_text(table, &other->stores, row->stores->text);
		return;
	}
	while (*at && compare_rows(*at, row) <= 0)
		at = &(*at)->next;
	row->next = *at;
	*at = row;
}

static int table_begin(struct pl_sink *sink, const struct pl_report_head *head)
{
	((struct table *)sink)->head = *head;
	return 0;
}

static int table_subject(struct pl_sink *sink, const struct pl_subject *subject)
{
	struct table *table = (struct table *)sink;
	const struct pl_image_facts *image = subject->image;
	struct row *row = pl_arena_alloc(&table->arena, sizeof(*row));

	if (!row)
		return -ENOMEM;
	*row = (struct row){ .verdict = subject->verdict,
			     .id = keep(table, image->id),
			     .platform = keep(table, image->platform),
			     .user = describe_user(table, image),
			     .kubelet = !image->config            ? "-"
					: image->kubelet.admitted ? "admits"
								  : "refuses",
			     .setid = image->config ? count(table, image->n_setid, image->files_known) : "-",
			     .capabilities = image->config
						     ? count(table, image->n_file_capabilities, image->files_known)
						     : "-" };
	for (size_t i = 0; i < image->n_names; i++)
		add_text(table, &row->names, keep(table, familiar(image->names[i])));
	if (!row->names)
		add_text(table, &row->names,
			 *row->id ? keep_format(table, "%.19s", row->id) : keep(table, image->store));
	add_text(table, &row->stores, keep(table, image->store));
	add_findings(table, row, subject);
	if (table->no_memory)
		return -ENOMEM;
	add_row(table, row);
	return table->no_memory ? -ENOMEM : 0;
}

struct widths {
	unsigned int image, user, check;
	bool narrow;
};

static void widen(unsigned int *width, const char *text)
{
	unsigned int columns = pl_text_columns(text);

	if (columns > *width)
		*width = columns;
}

static struct widths measure(const struct table *table)
{
	const unsigned int fixed = VERDICT_COLUMNS + KUBELET_COLUMNS + COUNT_COLUMNS + COUNT_COLUMNS + 5 * GAP;
	unsigned int columns = table->style.columns;
	struct widths w = { .image = 5, .user = 4, .narrow = columns && columns < NARROW };

	for (const struct row *row = table->rows; row; row = row->next) {
		for (const struct text *t = row->names; t; t = t->next)
			widen(&w.image, t->text);
		widen(&w.user, row->user);
		for (const struct line *line = row->lines; line; line = line->next)
			widen(&w.check, line->check);
	}
	if (columns && !w.narrow) {
		/* a name or a user that finds no room stands on a line of its own */
		if (w.user > columns / 4)
			w.user = columns / 4;
		if (w.image > columns - fixed - w.user)
			w.image = columns - fixed - w.user;
	}
	return w;
}

static void paint(const struct table *table, enum color color)
{
	static const char *const codes[] = { "0", "1", "2", "31", "33", "32", "36", "35", "1;31" };

	if (table->style.color)
		fprintf(table->out, "\033[%sm", codes[color]);
}

static void put(const struct table *table, enum color color, const char *text)
{
	if (color != PLAIN)
		paint(table, color);
	fputs(text, table->out);
	if (color != PLAIN)
		paint(table, PLAIN);
}

static void pad(const struct table *table, unsigned int columns)
{
	fprintf(table->out, "%*s", (int)columns, "");
}

static void put_cell(const struct table *table, enum color color, const char *text, unsigned int width)
{
	unsigned int columns = pl_text_columns(text);

	put(table, color, text);
	pad(table, (columns < width ? width - columns : 0) + GAP);
}

static void put_number(const struct table *table, enum color color, const char *text, unsigned int width)
{
	unsigned int columns = pl_text_columns(text);

	pad(table, columns < width ? width - columns : 0);
	put(table, color, text);
}

static void put_verdict(const struct table *table, enum pl_compliance verdict)
{
	static const char *const words[] = { "pass", "UNKNOWN", "FAIL" };
	static const enum color colors[] = { GREEN, MAGENTA, BOLD_RED };

	put_cell(table, colors[verdict], words[verdict], VERDICT_COLUMNS);
}

static enum color color_of(enum pl_severity severity)
{
	static const enum color colors[PL_SEVERITIES] = { DIM, CYAN, YELLOW, RED, BOLD_RED };

	return colors[severity];
}

/* A number that is none, or may be more, draws the eye. */
static enum color color_of_count(const char *count)
{
	return !strcmp(count, "0") ? DIM : *count == '-' ? PLAIN : YELLOW;
}

/* What is wider than its column, which begins at `at`, takes the rest of the line, and the next column follows below. */
static void put_cell_or_line(const struct table *table, enum color color, const char *text, unsigned int width,
			     unsigned int at)
{
	if (pl_text_columns(text) <= width) {
		put_cell(table, color, text, width);
		return;
	}
	put(table, color, text);
	fputc('\n', table->out);
	pad(table, at + width + GAP);
}

static void put_row_wide(const struct table *table, const struct row *row, const struct widths *w)
{
	put_verdict(table, row->verdict);
	put_cell_or_line(table, BOLD, row->names->text, w->image, INDENT);
	put_cell_or_line(table, PLAIN, row->user, w->user, INDENT + w->image + GAP);
	put_cell(table, !strcmp(row->kubelet, "refuses") ? YELLOW : PLAIN, row->kubelet, KUBELET_COLUMNS);
	put_number(table, color_of_count(row->setid), row->setid, COUNT_COLUMNS);
	pad(table, GAP);
	put_number(table, color_of_count(row->capabilities), row->capabilities, COUNT_COLUMNS - GAP);
	fputc('\n', table->out);
}

static void put_row_narrow(const struct table *table, const struct row *row)
{
	put_verdict(table, row->verdict);
	put(table, BOLD, row->names->text);
	fputc('\n', table->out);
	pad(table, INDENT);
	fprintf(table->out, "%s, kubelet %s\n", row->user, row->kubelet);
	pad(table, INDENT);
	fprintf(table->out, "set-id %s, caps %s\n", row->setid, row->capabilities);
}

static void put_hint(const struct table *table, const char *word, const char *hint, unsigned int indent)
{
	if (!hint)
		return;
	pad(table, indent);
	paint(table, DIM);
	fputs(word, table->out);
	pl_print_wrapped(table->out, hint, indent + 2, indent + pl_text_columns(word), table->style.columns);
	paint(table, PLAIN);
}

/* The word at the start of a finding, then its check; the message beside it or below it. */
static void put_line(const struct table *table, const struct line *line, const struct widths *w)
{
	unsigned int columns = table->style.columns;
	unsigned int indent = INDENT + SEVERITY_COLUMNS + GAP;
	bool beside = !columns || columns >= WIDE;
	bool unknown = line->status == PL_STATUS_UNKNOWN;
	enum color color = unknown ? MAGENTA : color_of(line->severity);

	pad(table, INDENT);
	put_cell(table, color, unknown ? "unknown" : pl_severity_name(line->severity), SEVERITY_COLUMNS);
	if (beside) {
		put_cell(table, PLAIN, line->check, w->check);
		indent += w->check + GAP;
		pl_print_wrapped(table->out, line->message, indent, indent, columns);
	} else {
		put(table, PLAIN, line->check);
		fputc('\n', table->out);
		pl_print_wrapped(table->out, line->message, indent, 0, columns);
	}
	put_hint(table, "fix: ", line->fix, indent);
	put_hint(table, "or:  ", line->waiver, indent);
}

/* Where it lies and which one it is. */
static void put_place(const struct table *table, const struct row *row)
{
	struct pl_buf place PL_CLEANUP_BUF = { .max = 64 << 10 };
	int r = 0;

	/* what could not be opened is called by the store's own name */
	if (!*row->id && !row->stores->next && !strcmp(row->stores->text, row->names->text))
		return;
	for (const struct text *t = row->stores; t && !r; t = t->next)
		r = pl_buf_printf(&place, "%s%s", t->text, t->next ? ", " : "");
	if (*row->platform && !r)
		r = pl_buf_printf(&place, " %s", row->platform);
	if (*row->id && !r)
		(void)!pl_buf_printf(&place, " %.19s", row->id); /* a line cut short is still a line */
	paint(table, DIM);
	pl_print_wrapped(table->out, place.data ? (const char *)place.data : "", INDENT, 0, table->style.columns);
	paint(table, PLAIN);
}

static void put_row(const struct table *table, const struct row *row, const struct widths *w)
{
	if (w->narrow)
		put_row_narrow(table, row);
	else
		put_row_wide(table, row, w);
	for (const struct text *t = row->names->next; t; t = t->next) {
		pad(table, INDENT);
		fprintf(table->out, "%s\n", t->text);
	}
	if (!row->lines && !table->style.verbose)
		return;
	put_place(table, row);
	for (const struct line *line = row->lines; line; line = line->next)
		put_line(table, line, w);
	if (row->also_unknown) {
		pad(table, INDENT);
		put_cell(table, MAGENTA, "unknown", SEVERITY_COLUMNS);
		pl_print_wrapped(table->out, row->also_unknown, INDENT + SEVERITY_COLUMNS + GAP,
				 INDENT + SEVERITY_COLUMNS + GAP, table->style.columns);
	}
	if (row->next)
		fputc('\n', table->out);
}

static void put_heading(const struct table *table, const struct widths *w)
{
	paint(table, DIM);
	put_cell(table, PLAIN, "VERDICT", VERDICT_COLUMNS);
	put_cell(table, PLAIN, "IMAGE", w->image);
	put_cell(table, PLAIN, "USER", w->user);
	put_cell(table, PLAIN, "KUBELET", KUBELET_COLUMNS);
	fprintf(table->out, "%*s%*s%*s", COUNT_COLUMNS, "SET-ID", GAP, "", COUNT_COLUMNS - GAP, "CAPS");
	paint(table, PLAIN);
	fputc('\n', table->out);
}

static void put_sum(const struct table *table, size_t n, const char *word, enum color color, const char **comma)
{
	if (!n)
		return;
	fputs(*comma, table->out);
	paint(table, color);
	fprintf(table->out, "%zu %s", n, word);
	paint(table, PLAIN);
	*comma = ", ";
}

static int table_end(struct pl_sink *sink, const struct pl_summary *summary)
{
	struct table *table = (struct table *)sink;
	struct widths w = measure(table);
	const char *comma = ": ";
	size_t n_rows = 0;

	if (table->rows && !w.narrow)
		put_heading(table, &w);
	for (const struct row *row = table->rows; row; row = row->next)
		put_row(table, row, &w);
	if (table->rows)
		fputc('\n', table->out);
	fprintf(table->out, "%zu %s", summary->subjects, summary->subjects == 1 ? "image" : "images");
	for (const struct row *row = table->rows; row; row = row->next)
		n_rows++;
	if (n_rows != summary->subjects)
		fprintf(table->out, " (%zu different)", n_rows);
	put_sum(table, summary->pass, "pass", GREEN, &comma);
	put_sum(table, summary->fail, "fail", BOLD_RED, &comma);
	put_sum(table, summary->unknown, "unknown", MAGENTA, &comma);
	comma = ". Findings: ";
	for (int severity = PL_SEVERITY_CRITICAL; severity >= PL_SEVERITY_INFO; severity--)
		put_sum(table, summary->findings[severity], pl_severity_name((enum pl_severity)severity),
			color_of((enum pl_severity)severity), &comma);
	if (table->n_hidden)
		fprintf(table->out, " (%zu of little weight not shown: -v)", table->n_hidden);
	fputs(".\n", table->out);
	return table->no_memory ? -ENOMEM : 0;
}

static void table_free(struct pl_sink *sink)
{
	pl_arena_deinit(&((struct table *)sink)->arena);
	free(sink);
}

int pl_sink_table_new(FILE *out, const struct pl_table_style *style, struct pl_sink **sink_out)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	table->sink = (struct pl_sink){ table_begin, table_subject, table_end, table_free };
	table->out = out;
	table->style = *style;
	pl_arena_init(&table->arena, TABLE_BYTES);
	*sink_out = &table->sink;
	return 0;
}
