/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes over the wire: a JSON envelope around one JSON value. The envelope has the attribute names of CloudEvents
 * 1.0 in its JSON format (cloudevents/spec:cloudevents/formats/json-format.md), so that whoever reads CloudEvents reads
 * these:
 *
 *   { "specversion":"1.0", "id":"<device>:<boot>:<session>:<seq>", "source":"/plimsoll/<device>",
 *     "type":"plimsoll.subject", "time":"2026-11-23T21:00:00.123Z", "datacontenttype":"application/json",
 *     "schema":"plimsoll.message/1", "device":"<device>", "boot":"<boot id>", "session":"<16 hex>", "seq":1, "seqscope":"session",
 *     "prev":"sha256:<hex of the payload before it>" | null, "timequality":"synced", "brief":true, "data":{ … } }
 *
 * "brief" is there, and true, when data is a shorter form of what would not have fitted. Everything a topic or a
 * property says is in here too: bridges and MQTT 3.1.1 lose those. A reader that sees a seq missing, or a prev that is
 * not the digest of the payload before it, knows that a message was lost or held back.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "plimsoll/buf.h"
#include "plimsoll/digest.h"
#include "plimsoll/reason.h"

/* The longest device id: brokers of the large clouds take no client id beyond it. */
#define PL_DEVICE_ID_BYTES 128
/* A UUID and a zero. */
#define PL_BOOT_ID_BYTES 37

enum pl_message_kind {
	PL_MESSAGE_POSTURE, /* the device's summary; retained */
	PL_MESSAGE_SUBJECT, /* one image, container or the host */
	PL_MESSAGE_KINDS
};

/* The last part of a kind's topic, "posture". */
const char *pl_message_topic(enum pl_message_kind kind);

/*
 * Messages of one device, one after the other. There is no state on disk yet, so a chain lasts as long as its process:
 * seq starts at 1 with each, "seqscope" says so, and the random session keeps ids unique.
 */
struct pl_message_chain {
	char device[PL_DEVICE_ID_BYTES + 1];
	char boot[PL_BOOT_ID_BYTES];
	uint64_t session;
	uint64_t seq; /* of the last message; 0: none yet */
	struct pl_digest prev;
};

/*
 * Whether `device` can be one: 1 to 128 of A-Z a-z 0-9 . _ - and not "." or "..". Wildcards and separators of topics
 * could otherwise come in with a certificate and reach other devices' topics (CVE-2017-7650).
 */
int pl_device_id_check(const char *device, size_t n, struct pl_reason *reason) __attribute__((warn_unused_result));

/*
 * Begins a chain. `boot` is the kernel's boot id, or "".
 * Return: 0; PL_BAD_SYNTAX for a device or boot id that is none; -errno when there are no random numbers.
 */
int pl_message_chain_init(struct pl_message_chain *chain, const char *device, const char *boot,
			  struct pl_reason *reason) __attribute__((warn_unused_result));

struct pl_message {
	enum pl_message_kind kind;
	struct timespec time;     /* CLOCK_REALTIME, of what is said */
	const char *time_quality; /* "synced", "floor" or "unsynced" */
	const char *data;         /* JSON text; goes in as it is */
	bool brief;
};

/*
 * Puts the next message of the chain into `payload`, which is emptied first.
 * Return: 0; PL_BAD_LIMIT when it would exceed PL_MAX_PAYLOAD_BYTES, and then the chain has not moved; -EINVAL for a
 * time that no calendar has; -ENOMEM.
 */
int pl_message_build(struct pl_message_chain *chain, const struct pl_message *message, struct pl_buf *payload,
		     struct pl_reason *reason) __attribute__((warn_unused_result));
