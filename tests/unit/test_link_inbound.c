/* SPDX-License-Identifier: Apache-2.0 */
/* What is seen of the broker's packets before libmosquitto gets them, in whatever pieces they come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "link/inbound.h"
#include "plimsoll/limits.h"
#include "plimsoll/verdict.h"

/* In two pieces, cut at every place, the result must be the same. */
static struct pl_inbound feed_in_pieces(const uint8_t *bytes, size_t n, int expected)
{
	struct pl_inbound whole = PL_INBOUND_INIT;

	assert_int_equal(pl_inbound_feed(&whole, bytes, n), expected);
	for (size_t cut = 0; cut <= n; cut++) {
		struct pl_inbound pieces = PL_INBOUND_INIT;
		int r = pl_inbound_feed(&pieces, bytes, cut);

		if (!r)
			r = pl_inbound_feed(&pieces, bytes + cut, n - cut);
		assert_int_equal(r, expected);
		assert_int_equal(pieces.connack, whole.connack);
		assert_int_equal(pieces.puback, whole.puback);
		assert_int_equal(pieces.puback_id, whole.puback_id);
	}
	return whole;
}

static void nothing(void **state)
{
	struct pl_inbound inbound = PL_INBOUND_INIT;

	(void)state;
	assert_int_equal(pl_inbound_feed(&inbound, NULL, 0), 0);
	assert_int_equal(inbound.connack, -1);
	assert_int_equal(inbound.puback, -1);
}

static void connack(void **state)
{
	static const uint8_t three[] = { 0x20, 2, 0, 1 };
	static const uint8_t five[] = { 0x20, 3, 0, 0x84, 0 };
	static const uint8_t cut_short[] = { 0x20, 1, 0 };

	(void)state;
	assert_int_equal(feed_in_pieces(three, sizeof(three), 0).connack, 1);
	assert_int_equal(feed_in_pieces(five, sizeof(five), 0).connack, 0x84);
	assert_int_equal(feed_in_pieces(cut_short, sizeof(cut_short), 0).connack, -1);
}

static void puback(void **state)
{
	static const uint8_t bytes[] = {
		0x20, 3, 0,    0,    0,       /* CONNACK, success */
		0xd0, 0,                      /* PINGRESP: no body */
		0x40, 2, 0,    1,             /* PUBACK without a reason: success */
		0x40, 4, 0x12, 0x34, 0x95, 0, /* packet too large */
	};
	struct pl_inbound inbound = feed_in_pieces(bytes, sizeof(bytes), 0);

	(void)state;
	assert_int_equal(inbound.connack, 0);
	assert_int_equal(inbound.puback, 0x95);
	assert_int_equal(inbound.puback_id, 0x1234);
	inbound = feed_in_pieces(bytes, 11, 0);
	assert_int_equal(inbound.puback, 0);
	assert_int_equal(inbound.puback_id, 1);
}

static void as_long_as_allowed_and_one_byte_more(void **state)
{
	/* 65536 is 0x00 0x00 0x04 in groups of seven bits */
	static const uint8_t largest[] = { 0xe0, 0x80, 0x80, 0x04 };
	static const uint8_t larger[] = { 0xe0, 0x81, 0x80, 0x04 };
	static const uint8_t huge[] = { 0xe0, 0xff, 0xff, 0xff, 0x7f };
	static const uint8_t packet[] = { 0x40, 3, 0, 7, 0x87 };
	uint8_t *body = calloc(1, PL_MAX_MQTT_IN_BYTES);
	struct pl_inbound inbound = PL_INBOUND_INIT;

	(void)state;
	assert_non_null(body);
	feed_in_pieces(larger, sizeof(larger), PL_BAD_LIMIT);
	feed_in_pieces(huge, sizeof(huge), PL_BAD_LIMIT);
	assert_int_equal(pl_inbound_feed(&inbound, largest, sizeof(largest)), 0);
	assert_int_equal(pl_inbound_feed(&inbound, body, PL_MAX_MQTT_IN_BYTES), 0);
	assert_int_equal(pl_inbound_feed(&inbound, packet, sizeof(packet)), 0);
	assert_int_equal(inbound.puback, 0x87);
	free(body);
}

static void length_that_does_not_end(void **state)
{
	static const uint8_t zeros[] = { 0xe0, 0x80, 0x80, 0x80, 0x80 };

	(void)state;
	feed_in_pieces(zeros, sizeof(zeros), PL_BAD_SYNTAX);
}

static void what_nobody_asked_for(void **state)
{
	(void)state;
	for (int type = 0; type < 16; type++) {
		const uint8_t packet[] = { (uint8_t)(type << 4), 2, 0, 1 };
		bool expected = type == 2 || type == 4 || type == 13 || type == 14;

		feed_in_pieces(packet, sizeof(packet), expected ? 0 : PL_BAD_UNSUPPORTED);
	}
}

static void any_bytes(void **state)
{
	uint32_t random = 1;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct pl_inbound inbound = PL_INBOUND_INIT;
		uint8_t bytes[64];
		int r;

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)((random = random * 1664525u + 1013904223u) >> 24);
		r = pl_inbound_feed(&inbound, bytes, sizeof(bytes));
		assert_true(r == 0 || r == PL_BAD_LIMIT || r == PL_BAD_SYNTAX || r == PL_BAD_UNSUPPORTED);
		assert_true(inbound.connack <= 0xff && inbound.puback <= 0xff);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing),
		cmocka_unit_test(connack),
		cmocka_unit_test(puback),
		cmocka_unit_test(as_long_as_allowed_and_one_byte_more),
		cmocka_unit_test(length_that_does_not_end),
		cmocka_unit_test(what_nobody_asked_for),
		cmocka_unit_test(any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
