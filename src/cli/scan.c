/* SPDX-License-Identifier: Apache-2.0 */
/* plimsoll scan, and the run that it shares with publish. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plimsoll/log.h"
#include "plimsoll/text.h"

struct run {
	const struct pl_options *options;
	struct pl_sink *const *sinks;
	size_t n_sinks;
	struct pl_summary *summary;
	struct pl_judged judged;
	bool progress;
};

/* A sink's own error is still to be said when it is negative. */
static int sink_failed(int r)
{
	if (r < 0)
		pl_log(PL_LOG_ERROR, "writing results: %s", strerror(-r));
	return r ? PL_EXIT_FAULT : 0;
}

/* One line that is written over and over, and wiped out at last. */
static void show_progress(const struct run *run, const struct pl_found *found)
{
	unsigned int columns = pl_terminal_columns(stderr);
	char line[2 * PL_ESCAPED_BYTES + 64];
	struct pl_escaped label, name = { 0 };

	if (!run->progress)
		return;
	if (found && found->ref)
		pl_escape_str(&name, found->ref->n_names ? found->ref->names[0] : "");
	if (found)
		snprintf(line, sizeof(line), "%s  %zu/%zu  %s", pl_escape_str(&label, found->label), found->i + 1,
			 found->n, name.text);
	fprintf(stderr, "\r\033[K%.*s", columns > 1 ? (int)columns - 1 : 79, found ? line : "");
}

static int visit_image(void *context, const struct pl_found *found)
{
	struct run *run = context;
	int r;

	show_progress(run, found);
	r = pl_judge(run->options, found, &run->judged);
	show_progress(run, NULL);
	if (r) {
		pl_log(PL_LOG_INFO, "%s: not an image that could be run, passed over",
		       pl_escape_str(&(struct pl_escaped){ 0 }, found->label));
		return 0;
	}
	pl_summary_add(run->summary, &run->judged.subject);
	for (size_t i = 0; i < run->n_sinks && !r; i++)
		r = sink_failed(run->sinks[i]->subject(run->sinks[i], &run->judged.subject));
	return r;
}

int pl_scan_run(const struct pl_options *options, struct pl_sink *const *sinks, size_t n_sinks,
		struct pl_summary *summary)
{
	struct run run = { .options = options, .sinks = sinks, .n_sinks = n_sinks, .summary = summary };
	struct pl_report_head head;
	int r = pl_report_head_init(&head, options->device, (enum pl_profile)options->profile,
				    (enum pl_severity)options->fail_on);
	int worst = 0;

	*summary = (struct pl_summary){ 0 };
	if (r < 0) {
		pl_log(PL_LOG_ERROR, "this machine does not say what it is: %s", strerror(-r));
		return PL_EXIT_FAULT;
	}
	run.progress = !options->no_progress && isatty(STDERR_FILENO);
	for (size_t i = 0; i < n_sinks && !r; i++)
		r = sink_failed(sinks[i]->begin(sinks[i], &head));
	if (!r)
		r = pl_targets_walk(options, visit_image, &run);
	pl_judged_deinit(&run.judged);
	/* each sink ends, even if another one could not */
	for (size_t i = 0; i < n_sinks && !r; i++)
		worst |= sink_failed(sinks[i]->end(sinks[i], summary));
	return r ? r : worst;
}

int pl_scan_exit(const struct pl_summary *summary)
{
	static const int codes[] = { PL_EXIT_COMPLIANT, PL_EXIT_UNKNOWN, PL_EXIT_FINDING };

	return codes[pl_summary_verdict(summary)];
}

/* The report as it goes to the output: in place as soon as it is whole, whatever becomes of the publishing. */
struct results {
	struct pl_sink sink;
	struct pl_sink *writer;
	struct pl_output output;
};

static int results_begin(struct pl_sink *sink, const struct pl_report_head *head)
{
	struct pl_sink *writer = ((struct results *)sink)->writer;

	return writer->begin(writer, head);
}

static int results_subject(struct pl_sink *sink, const struct pl_subject *subject)
{
	struct pl_sink *writer = ((struct results *)sink)->writer;

	return writer->subject(writer, subject);
}

static int results_end(struct pl_sink *sink, const struct pl_summary *summary)
{
	struct results *results = (struct results *)sink;
	int r = results->writer->end(results->writer, summary);

	return r ? r : pl_output_commit(&results->output);
}

static void results_deinit(struct results *results)
{
	pl_sink_free(&results->writer);
	pl_output_close(&results->output);
}

static int results_init(struct results *results, const struct pl_options *options)
{
	struct pl_table_style style;
	int r = pl_output_open(&results->output, options->output);

	if (r)
		return r;
	results->sink = (struct pl_sink){ results_begin, results_subject, results_end, NULL };
	style = (struct pl_table_style){
		.columns = pl_terminal_columns(results->output.file),
		.color = pl_wants_color(options, results->output.file),
		.verbose = options->verbose,
	};
	r = options->format == PL_FORMAT_JSON ? pl_sink_json_new(results->output.file, &results->writer)
					      : pl_sink_table_new(results->output.file, &style, &results->writer);
	return sink_failed(r);
}

int pl_cmd_scan(const struct pl_options *options)
{
	struct results results __attribute__((cleanup(results_deinit))) = { .writer = NULL };
	PL_CLEANUP_SINK struct pl_sink *publisher = NULL;
	struct pl_sink *sinks[2] = { &results.sink };
	struct pl_options named = *options;
	struct pl_summary summary;
	size_t n = 1;
	int r = results_init(&results, options);

	if (!r && options->publish) {
		r = pl_publish_sink_new(options, &publisher, &named.device);
		sinks[n++] = publisher;
	}
	if (!r)
		r = pl_scan_run(&named, sinks, n, &summary);
	return r ? r : pl_scan_exit(&summary);
}
