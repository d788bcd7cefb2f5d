/* SPDX-License-Identifier: Apache-2.0 */
/* Fixed headers of MQTT (MQTT 5.0 section 2.1), and two reason codes. The broker controls every byte. */
#include "inbound.h"

#include "plimsoll/limits.h"
#include "plimsoll/verdict.h"

/* A variable byte integer has four bytes at most (MQTT 5.0 section 1.5.5). */
#define LENGTH_BYTES 4

/* We subscribe to nothing: a message to us would be kept in memory by libmosquitto for nobody. */
#define EXPECTED (1u << PL_MQTT_CONNACK | 1u << PL_MQTT_PUBACK | 1u << PL_MQTT_PINGRESP | 1u << PL_MQTT_DISCONNECT)

static void packet_done(struct pl_inbound *inbound)
{
	if (inbound->type == PL_MQTT_CONNACK && inbound->length >= 2)
		inbound->connack = inbound->head[1];
	if (inbound->type == PL_MQTT_PUBACK && inbound->length >= 2) {
		inbound->puback_id = (uint16_t)(inbound->head[0] << 8 | inbound->head[1]);
		inbound->puback = inbound->length >= 3 ? inbound->head[2] : 0;
	}
	inbound->state = PL_INBOUND_TYPE;
}

static int length_byte(struct pl_inbound *inbound, uint8_t byte)
{
	inbound->length |= (uint32_t)(byte & 0x7f) << (7 * inbound->length_bytes);
	inbound->length_bytes++;
	if (inbound->length > PL_MAX_MQTT_IN_BYTES)
		return PL_BAD_LIMIT;
	if (byte & 0x80)
		return inbound->length_bytes == LENGTH_BYTES ? PL_BAD_SYNTAX : 0;
	inbound->state = PL_INBOUND_BODY;
	if (!inbound->length)
		packet_done(inbound);
	return 0;
}

int pl_inbound_feed(struct pl_inbound *inbound, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int r;

		switch (inbound->state) {
		case PL_INBOUND_TYPE:
			inbound->type = bytes[i] >> 4;
			if (!(EXPECTED & 1u << inbound->type))
				return PL_BAD_UNSUPPORTED;
			inbound->length = inbound->at = 0;
			inbound->length_bytes = 0;
			inbound->state = PL_INBOUND_LENGTH;
			break;
		case PL_INBOUND_LENGTH:
			r = length_byte(inbound, bytes[i]);
			if (r)
				return r;
			break;
		case PL_INBOUND_BODY:
			if (inbound->at < sizeof(inbound->head))
				inbound->head[inbound->at] = bytes[i];
			if (++inbound->at == inbound->length)
				packet_done(inbound);
			break;
		}
	}
	return 0;
}
