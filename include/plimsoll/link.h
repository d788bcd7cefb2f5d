/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to the broker: MQTT 5, or 3.1.1 when the broker knows no more, over TLS 1.3 or 1.2 with a client certificate.
 * Nothing here blocks longer than its time: names are resolved in a child process, everything else is polled.
 *
 * The client id is the device id, as brokers want it that tie the one to the certificate's CN. A broker ends an older
 * session of the same client id, so two links of one device take turns.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plimsoll/reason.h"

struct pl_link;

/*
 * Why there is no connection, or why it is over. The reason has the sentence; this is for who must decide what to do
 * next.
 */
enum pl_link_verdict {
	PL_LINK_E_IDENTITY = 1, /* CA, certificate or key: unreadable, invalid, expired, do not fit each other */
	PL_LINK_E_NAME,         /* the broker's name does not resolve */
	PL_LINK_E_CONNECT,      /* no TCP connection */
	PL_LINK_E_TLS,          /* no TLS session: either side refused the other */
	PL_LINK_E_REFUSED,      /* the broker refused the MQTT connection, or a message */
	PL_LINK_E_LOST,         /* the connection ended under us */
	PL_LINK_E_TIMEOUT,      /* the broker let the time run out */
	PL_LINK_E_MESSAGE,      /* the message cannot be sent: its topic, or larger than the broker takes */
};

enum pl_link_version { PL_LINK_MQTT_AUTO, PL_LINK_MQTT_5, PL_LINK_MQTT_3_1_1 };

/* Strings are borrowed and must outlive the link. Start from PL_LINK_CONFIG_INIT. */
struct pl_link_config {
	const char *host; /* a name or an IP address without brackets; the broker's certificate must be for it */
	uint16_t port;
	const char *ca_file;   /* PEM: the roots that the broker's certificate may end at */
	const char *cert_file; /* PEM: our certificate, then its intermediates; null: none, then `device` is needed */
	const char *key_file;  /* PEM, not encrypted */
	const char *device;    /* null: the certificate's CN; given with a certificate, both must be equal */
	const char *alpn;      /* null: none */
	const char *root;      /* what the topics begin with: "<root>/v1/<device>/…" */
	enum pl_link_version version;
	unsigned int timeout_ms; /* for connecting as a whole, then for each wait without progress */
	uint16_t keepalive_s;    /* 5 or more: libmosquitto takes no less */
};

#define PL_LINK_CONFIG_INIT                                                              \
	{                                                                                \
		.port = 8883, .root = "plimsoll", .timeout_ms = 20000, .keepalive_s = 60 \
	}

/*
 * Reads and checks all that is on this side, without touching the network: files are there and valid, the key fits the
 * certificate, the certificate is within its time, device id and topic root are ones. A private key that others can
 * read is warned about.
 * Return: 0; PL_LINK_E_IDENTITY, PL_LINK_E_MESSAGE (root); -EINVAL for a configuration that no file could cure;
 * -ENOMEM.
 */
int pl_link_new(const struct pl_link_config *config, struct pl_link **link_out, struct pl_reason *reason)
	__attribute__((warn_unused_result));

/* The device id; lives as long as the link. */
const char *pl_link_device(const struct pl_link *link);

/*
 * Connects: name, TCP, TLS, MQTT. Falls back to MQTT 3.1.1 when the broker says that it does not speak 5.
 * Return: 0; a verdict; -errno when this machine failed.
 */
int pl_link_connect(struct pl_link *link, struct pl_reason *reason) __attribute__((warn_unused_result));

/* One line for people about the connection: "MQTT 5, TLSv1.3". Empty before pl_link_connect has succeeded. */
const char *pl_link_describe(const struct pl_link *link);

struct pl_link_message {
	const char *topic; /* below "<root>/v1/<device>/" */
	const void *payload;
	size_t n;
	bool retain;
	uint32_t expiry_s;        /* 0: none */
	const char *content_type; /* null: none */
};

/*
 * Hands one message over, QoS 1. Returns as soon as there is room for the next one, so that several are on their way.
 * Return: 0; PL_LINK_E_MESSAGE, and then the link is as it was; a verdict that ends the connection; -errno. What the
 * broker answers to the message itself is counted: see pl_link_counts.
 */
int pl_link_publish(struct pl_link *link, const struct pl_link_message *message, struct pl_reason *reason)
	__attribute__((warn_unused_result));

/*
 * Waits until every message is answered. Return: as pl_link_publish, and PL_LINK_E_REFUSED when one has been refused.
 */
int pl_link_flush(struct pl_link *link, struct pl_reason *reason) __attribute__((warn_unused_result));

struct pl_link_counts {
	size_t handed_over;
	/*
	 * Answered with success. A retained message counts when the broker says that nobody is subscribed: it keeps it.
	 */
	size_t delivered;
	/* Not retained, and nobody was subscribed (reason 0x10): accepted and dropped. Only MQTT 5 tells. */
	size_t unheard;
	size_t refused;
	/* MQTT 3.1.1 acknowledges what it refuses: `delivered` is then an upper bound. */
	bool reasons_known;
};
struct pl_link_counts pl_link_counts(const struct pl_link *link);

/* Says goodbye if there is a connection (two seconds at most), and frees everything. */
void pl_link_free(struct pl_link **link);

#define PL_CLEANUP_LINK __attribute__((cleanup(pl_link_free)))
