/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands share: options, exit codes, and the scan that `scan`, `inspect` and `publish` have in common. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "plimsoll/check.h"
#include "plimsoll/reason.h"
#include "plimsoll/report.h"
#include "plimsoll/store.h"

enum pl_exit {
	PL_EXIT_COMPLIANT = 0,
	PL_EXIT_FINDING = 1, /* at or above --fail-on */
	PL_EXIT_USAGE = 2,
	PL_EXIT_UNKNOWN = 3, /* nothing failed, but something is unknown */
	PL_EXIT_FAULT = 4,   /* of plimsoll or the system */
};

enum pl_format { PL_FORMAT_TABLE, PL_FORMAT_JSON };
enum pl_color { PL_COLOR_AUTO, PL_COLOR_ALWAYS, PL_COLOR_NEVER };

/* Everything a command line can say; strings are borrowed from argv. */
struct pl_options {
	const struct pl_command *command;
	char **arguments; /* what is neither command nor option, in argv's own memory */
	size_t n_arguments;
	bool help;
	unsigned int verbose;

	int format; /* enum pl_format */
	const char *output;
	int color; /* enum pl_color */
	bool no_progress;

	int fail_on; /* enum pl_severity */
	int profile; /* enum pl_profile */
	int only;    /* bits 1 << enum pl_subject_kind */
	const char *root;
	bool no_verify;
	const char *device;

	bool publish;
	const char *host;
	unsigned int port;
	const char *ca_file, *cert_file, *key_file;
	const char *alpn;
	const char *topic_root;
	int mqtt_version; /* enum pl_link_version */
	unsigned int timeout_s;
};

struct pl_command {
	const char *name;
	unsigned int bit;      /* in the options' table of who takes what */
	const char *arguments; /* for the usage line */
	const char *purpose;
	const char *details; /* paragraphs for its own help, or null */
	unsigned int max_arguments;
	int (*run)(const struct pl_options *options);
};

/* The commands; each returns an enum pl_exit. */
int pl_cmd_scan(const struct pl_options *options);
int pl_cmd_inspect(const struct pl_options *options);
int pl_cmd_checks(const struct pl_options *options);
int pl_cmd_publish(const struct pl_options *options);
int pl_cmd_version(const struct pl_options *options);

/* The commands, up to a row without a name. */
const struct pl_command *pl_commands(void);

/*
 * Reads the command line. argv[1..] is reordered so that arguments come first.
 * Return: 0, or PL_EXIT_USAGE with the sentence to print.
 */
int pl_options_parse(int argc, char **argv, struct pl_options *out, struct pl_reason *reason)
	__attribute__((warn_unused_result));
/* The program's help, or a command's. */
void pl_options_help(const struct pl_command *command, FILE *out);

/* The word of a list (up to null) that was most likely meant by `word`; null when none is near. */
const char *pl_suggest(const char *word, const char *const *words, size_t n);

/* Where results go: standard output, or a file that takes its place at once when it is complete. */
struct pl_output {
	FILE *file;
	char *temporary;
	char *path;
};
/* `path` null: standard output. Says itself what went wrong. Return: 0 or PL_EXIT_FAULT. */
int pl_output_open(struct pl_output *output, const char *path) __attribute__((warn_unused_result));
/* Flushes, checks that every byte was written, and puts the file in place. Return: 0 or PL_EXIT_FAULT. */
int pl_output_commit(struct pl_output *output) __attribute__((warn_unused_result));
/* Leaves nothing behind when it was not committed. */
void pl_output_close(struct pl_output *output);
#define PL_CLEANUP_OUTPUT __attribute__((cleanup(pl_output_close)))

/* Whether to write colours to `file`, and how wide it is (0: no terminal). */
bool pl_wants_color(const struct pl_options *options, FILE *file);
unsigned int pl_terminal_columns(FILE *file);

/* An image that the arguments name, or something in its place that could not be read. */
struct pl_found {
	struct pl_store *store;
	const struct pl_image_ref *ref; /* null: `problem` tells why there is none */
	const char *label;              /* of the store, or the argument as it was given */
	const char *problem;            /* fit to be printed */
	size_t i, n;                    /* the i-th (from 0) of n in this store */
};
/* What to do with each; anything but 0 ends the walk and is returned. */
typedef int pl_visit(void *context, const struct pl_found *found);

/*
 * Visits every image that the arguments name, store by store; without arguments, all images of all stores found. What
 * names nothing, or cannot be opened, is visited as a problem.
 * Return: 0, what `visit` returned, or PL_EXIT_USAGE or PL_EXIT_FAULT (said already).
 */
int pl_targets_walk(const struct pl_options *options, pl_visit *visit, void *context)
	__attribute__((warn_unused_result));

/* One image judged, with the memory that it lives in. Used again for the next one. */
struct pl_judged {
	struct pl_arena arena, findings;
	struct pl_image_facts facts;
	struct pl_subject subject;
	const char *name[1];
};
/* Return: 0; PL_BAD_UNSUPPORTED when it is no image at all. Whatever else goes wrong is in the subject. */
int pl_judge(const struct pl_options *options, const struct pl_found *found, struct pl_judged *judged)
	__attribute__((warn_unused_result));
void pl_judged_deinit(struct pl_judged *judged);
#define PL_CLEANUP_JUDGED __attribute__((cleanup(pl_judged_deinit)))

/*
 * Judges what the arguments name and hands each subject to every sink.
 * Return: 0 with the summary, whatever it says; PL_EXIT_USAGE, PL_EXIT_FAULT (said already).
 */
int pl_scan_run(const struct pl_options *options, struct pl_sink *const *sinks, size_t n_sinks,
		struct pl_summary *summary) __attribute__((warn_unused_result));
/* The exit code that a summary stands for. */
int pl_scan_exit(const struct pl_summary *summary);

/*
 * A sink that publishes to the broker of the options. Nothing is connected before its `begin`. A broker that fails ends
 * the publishing, not the scan: `begin` and `subject` return 0 then, and `end` PL_EXIT_FAULT, said already.
 * *device_out is the device id that the report is then about: the certificate's. It lives as long as the sink.
 * Return: 0; PL_EXIT_USAGE, PL_EXIT_FAULT (said already).
 */
int pl_publish_sink_new(const struct pl_options *options, struct pl_sink **sink_out, const char **device_out)
	__attribute__((warn_unused_result));
