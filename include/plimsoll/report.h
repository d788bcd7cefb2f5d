/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report and its writers. Subjects are written one by one as they are judged, so a report of a whole store takes no
 * more memory than its largest image (the table keeps a few lines for each). The summary therefore comes last in the JSON
 * (schema/plimsoll.report-1.schema.json); the order of an object's members means nothing.
 *
 * Strings that an image's author chose (paths, names, USER) stand in every report in the form of pl_escape: printable
 * UTF-8 in which "\xNN" is a byte and "\\" a backslash.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "plimsoll/buf.h"
#include "plimsoll/check.h"
#include "plimsoll/facts.h"

/* The name of the form, with its major version. */
#define PL_REPORT_SCHEMA "plimsoll.report/1"

/* Files that a report lists one by one: more are counted. A distribution has under 100. */
#define PL_MAX_REPORT_FILES 1000

/* On which machine, when, and by which policy. */
struct pl_report_head {
	const char *device; /* borrowed; null: the host's name */
	struct utsname host;
	char time[24];       /* "2026-11-23T21:00:00Z" */
	const char *quality; /* "synced": the kernel says that its clock is disciplined; "unsynced" */
	char boot[37];       /* the boot id, or "" */
	double uptime_s;
	enum pl_profile profile;
	enum pl_severity fail_on;
	struct pl_digest policy;
};

/* Asks this machine. `device` is borrowed and may be null. Return: 0 or -errno. */
int pl_report_head_init(struct pl_report_head *head, const char *device, enum pl_profile profile,
			enum pl_severity fail_on) __attribute__((warn_unused_result));
const char *pl_report_device(const struct pl_report_head *head);
/* Go's name of the machine's architecture: "arm64". */
const char *pl_report_arch(const struct pl_report_head *head);

/* What a verdict is about, and the verdict. Everything is borrowed. */
struct pl_subject {
	enum pl_subject_kind kind;
	enum pl_compliance verdict;
	const struct pl_image_facts *image;
	const struct pl_finding *findings;
	size_t n_findings;
};

struct pl_summary {
	size_t subjects, pass, fail, unknown;
	size_t findings[PL_SEVERITIES]; /* failed ones */
};
void pl_summary_add(struct pl_summary *summary, const struct pl_subject *subject);
/* Of all of them together; no subject at all is pass. */
enum pl_compliance pl_summary_verdict(const struct pl_summary *summary);

/*
 * Where a report goes. The three are called in this order, `subject` any number of times; each returns 0, -errno, or
 * something above 0 when it failed and has said so itself. After an error nothing but `free` follows.
 */
struct pl_sink {
	int (*begin)(struct pl_sink *sink, const struct pl_report_head *head);
	int (*subject)(struct pl_sink *sink, const struct pl_subject *subject);
	int (*end)(struct pl_sink *sink, const struct pl_summary *summary);
	void (*free)(struct pl_sink *sink);
};
/* Frees *sink if there is one, and sets it to null. */
void pl_sink_free(struct pl_sink **sink);
#define PL_CLEANUP_SINK __attribute__((cleanup(pl_sink_free)))

/* `out` is borrowed; its own error indicator tells of failed writes at the end. Return: 0 or -ENOMEM. */
int pl_sink_json_new(FILE *out, struct pl_sink **sink_out) __attribute__((warn_unused_result));

struct pl_table_style {
	unsigned int columns; /* of the terminal; 0: none, lines are as long as they are */
	bool color;
	bool verbose; /* also what does not weigh: findings of passing images and mere information */
};
int pl_sink_table_new(FILE *out, const struct pl_table_style *style, struct pl_sink **sink_out)
	__attribute__((warn_unused_result));

/*
 * One subject as it stands in the report, as JSON text on one line, appended to `out`. `brief` leaves out the findings
 * that neither failed nor are unknown, and the lists of single files.
 * Return: 0, -ENOMEM, or -EFBIG when `out` must not grow so far.
 */
int pl_report_subject_text(const struct pl_subject *subject, bool brief, struct pl_buf *out)
	__attribute__((warn_unused_result));
/* The posture: one flat object of numbers and words, a row for a dashboard. Return: likewise. */
int pl_report_posture_text(const struct pl_report_head *head, const struct pl_summary *summary, struct pl_buf *out)
	__attribute__((warn_unused_result));

/* One image in full: the subject, its config, layers, the user by every engine's rule, and the entry point. */
int pl_report_details(const struct pl_subject *subject, FILE *out) __attribute__((warn_unused_result));
/* The catalogue, or one row of it when `only` is not null, as JSON. */
int pl_report_checks(const struct pl_check *only, FILE *out) __attribute__((warn_unused_result));

/* Columns that a terminal gives to UTF-8 text (wide East Asian characters take two, combining ones none). */
unsigned int pl_text_columns(const char *text);
/*
 * Prints `text` and ends the line, broken between words so that no line is longer than `columns` (0: never broken).
 * `at` columns of the first line are taken. Lines begin at `indent`, the first one at `at` if that is further. "\n" in the
 * text breaks, too.
 */
void pl_print_wrapped(FILE *out, const char *text, unsigned int indent, unsigned int at, unsigned int columns);
