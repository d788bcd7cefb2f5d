/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plimsoll publish, and what `scan --publish` shares with it: a sink that sends each subject when it is judged, and the
 * posture when all of them are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "plimsoll/limits.h"
#include "plimsoll/link.h"
#include "plimsoll/log.h"
#include "plimsoll/message.h"
#include "plimsoll/text.h"
#include "plimsoll/verdict.h"

/*
 * Who has not fetched a verdict within a week should ask for a new one. The posture stays: it says itself how old it
 * is.
 */
#define SUBJECT_EXPIRY_S (7 * 24 * 3600)
/* The session idles while images are read: the longest time that brokers of the large clouds accept. */
#define KEEPALIVE_S 1160
/* CloudEvents' MQTT binding, structured mode. */
#define CONTENT_TYPE "application/cloudevents+json"

struct publisher {
	struct pl_sink sink; /* first: sinks are handed around by it */
	struct pl_link *link;
	char broker[PL_ESCAPED_BYTES + 8];
	struct pl_report_head head;
	struct pl_message_chain chain;
	struct pl_buf text, payload;
	bool alone; /* nobody else wants the scan's results */
	bool connected;
	bool failed; /* said already; with `connected` false nothing more is sent */
};

/* Return: what the sink returns: the scan ends when nothing can come of it any more. */
static int fail(struct publisher *publisher, bool connected, const struct pl_reason *reason)
{
	pl_log(PL_LOG_ERROR, "not published: %s", reason->text);
	publisher->failed = true;
	publisher->connected = connected;
	return publisher->alone && !connected ? PL_EXIT_FAULT : 0;
}

static int connect_broker(struct publisher *publisher)
{
	struct pl_reason reason = { 0 };
	int r;

	r = pl_link_connect(publisher->link, &reason);
	if (r) {
		if (!reason.text[0])
			pl_reason_set(&reason, "broker %s: %s", publisher->broker, strerror(-r));
		return fail(publisher, false, &reason);
	}
	publisher->connected = true;
	pl_log(PL_LOG_INFO, "connected to %s (%s) as %s", publisher->broker, pl_link_describe(publisher->link),
	       pl_link_device(publisher->link));
	return 0;
}

/*
 * Sends publisher->text as one message. Return: 0; PL_BAD_LIMIT when it is too long; -errno. Other failures are said
 * and kept.
 */
static int send_text(struct publisher *publisher, enum pl_message_kind kind, bool brief)
{
	struct pl_message message = {
		.kind = kind,
		.time_quality = publisher->head.quality,
		.data = (const char *)publisher->text.data,
		.brief = brief,
	};
	struct pl_link_message envelope = {
		.topic = pl_message_topic(kind),
		.retain = kind == PL_MESSAGE_POSTURE,
		.expiry_s = kind == PL_MESSAGE_POSTURE ? 0 : SUBJECT_EXPIRY_S,
		.content_type = CONTENT_TYPE,
	};
	struct pl_reason reason = { 0 };
	int r;

	clock_gettime(CLOCK_REALTIME, &message.time);
	r = pl_message_build(&publisher->chain, &message, &publisher->payload, &reason);
	if (r)
		return r;
	envelope.payload = publisher->payload.data;
	envelope.n = publisher->payload.len;
	r = pl_link_publish(publisher->link, &envelope, &reason);
	/* a message that this broker cannot take says nothing about the next one */
	return r < 0 ? r : r ? fail(publisher, r == PL_LINK_E_MESSAGE, &reason) : 0;
}

static int begin(struct pl_sink *sink, const struct pl_report_head *head)
{
	struct publisher *publisher = (struct publisher *)sink;
	struct pl_reason reason = { 0 };
	int r;

	publisher->head = *head;
	r = pl_message_chain_init(&publisher->chain, pl_link_device(publisher->link), head->boot, &reason);
	if (r)
		return fail(publisher, false, &reason);
	return connect_broker(publisher);
}

static int subject(struct pl_sink *sink, const struct pl_subject *subject)
{
	struct publisher *publisher = (struct publisher *)sink;
	struct pl_reason reason = { 0 };
	int r;

	if (!publisher->connected)
		return 0;
	for (int brief = 0; brief <= 1; brief++) {
		pl_buf_clear(&publisher->text);
		r = pl_report_subject_text(subject, brief, &publisher->text);
		if (!r)
			r = send_text(publisher, PL_MESSAGE_SUBJECT, brief);
		if (r != PL_BAD_LIMIT && r != -EFBIG)
			return r;
	}
	pl_reason_limit(&reason, "payload-bytes", PL_MAX_PAYLOAD_BYTES);
	pl_reason_prefix(&reason, "%s, even in brief", pl_escape_str(&(struct pl_escaped){ 0 }, subject->image->id));
	return fail(publisher, true, &reason);
}

static int end(struct pl_sink *sink, const struct pl_summary *summary)
{
	struct publisher *publisher = (struct publisher *)sink;
	struct pl_reason reason = { 0 };
	size_t unheard;
	int r;

	if (publisher->connected) {
		pl_buf_clear(&publisher->text);
		r = pl_report_posture_text(&publisher->head, summary, &publisher->text);
		if (!r)
			r = send_text(publisher, PL_MESSAGE_POSTURE, false);
		if (r)
			return r > 0 ? -EFBIG : r;
	}
	if (publisher->connected) {
		r = pl_link_flush(publisher->link, &reason);
		if (r < 0)
			return r;
		if (r)
			fail(publisher, false, &reason);
	}
	unheard = pl_link_counts(publisher->link).unheard;
	if (unheard)
		pl_log(PL_LOG_WARNING, "%zu message%s reached nobody: no subscriber, and so the broker dropped %s",
		       unheard, unheard == 1 ? "" : "s", unheard == 1 ? "it" : "them");
	return publisher->failed ? PL_EXIT_FAULT : 0;
}

static void publisher_free(struct pl_sink *sink)
{
	struct publisher *publisher = (struct publisher *)sink;

	pl_link_free(&publisher->link);
	pl_buf_deinit(&publisher->text);
	pl_buf_deinit(&publisher->payload);
	free(publisher);
}

static int new_link(const struct pl_options *options, struct pl_link **link_out)
{
	struct pl_link_config config = PL_LINK_CONFIG_INIT;
	struct pl_reason reason = { 0 };
	int r;

	config.host = options->host;
	config.port = (uint16_t)options->port;
	config.ca_file = options->ca_file;
	config.cert_file = options->cert_file;
	config.key_file = options->key_file;
	config.device = options->device;
	config.alpn = options->alpn;
	config.root = options->topic_root;
	config.version = (enum pl_link_version)options->mqtt_version;
	config.timeout_ms = options->timeout_s * 1000;
	config.keepalive_s = KEEPALIVE_S;
	r = pl_link_new(&config, link_out, &reason);
	if (!r)
		return 0;
	pl_log(PL_LOG_ERROR, "%s", reason.text[0] ? reason.text : strerror(-r));
	return r == PL_LINK_E_MESSAGE || r == -EINVAL ? PL_EXIT_USAGE : PL_EXIT_FAULT;
}

int pl_publish_sink_new(const struct pl_options *options, struct pl_sink **sink_out, const char **device_out)
{
	PL_CLEANUP_LINK struct pl_link *link = NULL;
	struct publisher *publisher;
	struct pl_escaped host;
	int r;

	if (!options->host || !options->ca_file || !options->cert_file != !options->key_file) {
		pl_log(PL_LOG_ERROR, "publishing needs --host and --cafile, and --cert and --key together");
		return PL_EXIT_USAGE;
	}
	r = new_link(options, &link);
	if (r)
		return r;
	publisher = calloc(1, sizeof(*publisher));
	if (!publisher) {
		pl_log(PL_LOG_ERROR, "%s", strerror(ENOMEM));
		return PL_EXIT_FAULT;
	}
	publisher->sink = (struct pl_sink){ .begin = begin, .subject = subject, .end = end, .free = publisher_free };
	snprintf(publisher->broker, sizeof(publisher->broker), "%s:%u", pl_escape_str(&host, options->host),
		 options->port);
	pl_buf_init(&publisher->text, PL_MAX_PAYLOAD_BYTES);
	pl_buf_init(&publisher->payload, PL_MAX_PAYLOAD_BYTES);
	publisher->link = link;
	link = NULL;
	*device_out = pl_link_device(publisher->link);
	*sink_out = &publisher->sink;
	return 0;
}

int pl_cmd_publish(const struct pl_options *options)
{
	PL_CLEANUP_SINK struct pl_sink *sink = NULL;
	struct publisher *publisher;
	struct pl_options named = *options;
	struct pl_summary summary = { 0 };
	struct pl_link_counts counts;
	int r = pl_publish_sink_new(options, &sink, &named.device);

	if (r)
		return r;
	publisher = (struct publisher *)sink;
	publisher->alone = true;
	r = pl_scan_run(&named, &sink, 1, &summary);
	if (r)
		return r;
	counts = pl_link_counts(publisher->link);
	printf("%s at %s (%s): %zu of %zu messages %s\n", named.device, publisher->broker,
	       pl_link_describe(publisher->link), counts.delivered, counts.handed_over,
	       counts.reasons_known ? "delivered" : "acknowledged (MQTT 3.1.1 gives no reasons)");
	return pl_scan_exit(&summary);
}
