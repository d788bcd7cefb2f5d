/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look at what the broker sends, before libmosquitto sees it: packets stay within their limit (libmosquitto sets
 * none), and reason codes are kept that it drops the connection for without naming them.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Control packet types (MQTT 5.0 section 2.1.2). */
enum { PL_MQTT_CONNACK = 2, PL_MQTT_PUBACK = 4, PL_MQTT_PINGRESP = 13, PL_MQTT_DISCONNECT = 14 };

struct pl_inbound {
	uint8_t type;
	uint8_t length_bytes; /* of the packet's length that have been read */
	uint32_t length;
	uint32_t at;     /* bytes of the packet's body that have been read */
	uint8_t head[3]; /* its first bytes */
	enum { PL_INBOUND_TYPE, PL_INBOUND_LENGTH, PL_INBOUND_BODY } state;
	int connack; /* reason code, -1: none yet */
	int puback;  /* the last one's reason code, -1: none yet; 0 is also what 3.1.1 means */
	uint16_t puback_id;
};

#define PL_INBOUND_INIT                     \
	{                                   \
		.connack = -1, .puback = -1 \
	}

/*
 * Return: 0; PL_BAD_LIMIT when a packet is longer than PL_MAX_MQTT_IN_BYTES; PL_BAD_SYNTAX when its length is none;
 * PL_BAD_UNSUPPORTED when it is of a kind that answers nothing we ask.
 */
int pl_inbound_feed(struct pl_inbound *inbound, const uint8_t *bytes, size_t n) __attribute__((warn_unused_result));
