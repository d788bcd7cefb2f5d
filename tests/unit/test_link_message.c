/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope of what is published: who may be a device, how messages are chained, and where their size ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>
#include <psa/crypto.h>

#include "plimsoll/limits.h"
#include "plimsoll/message.h"
#include "plimsoll/verdict.h"

#define BOOT "01234567-89ab-cdef-0123-456789abcdef"

static void device_ids(void **state)
{
	static const char *const good[] = { "g", "gw-0042", "A.b_c-9", "...", ".a", "a." };
	static const char *const bad[] = { ".",   "..",     "a/b",        "+",   "#",   "a b",
					   "a\n", "$SYS/x", "gw\xc3\xa4", "a:b", "\x7f" };
	char longest[PL_DEVICE_ID_BYTES + 1];
	struct pl_reason reason;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_int_equal(pl_device_id_check(good[i], strlen(good[i]), &reason), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(pl_device_id_check(bad[i], strlen(bad[i]), &reason), PL_BAD_SYNTAX);
	assert_int_equal(pl_device_id_check("", 0, &reason), PL_BAD_SYNTAX);
	/* a CN has a length, and a zero in it would cut what a C string of it says */
	assert_int_equal(pl_device_id_check("gw\0evil", 7, &reason), PL_BAD_SYNTAX);
	memset(longest, 'x', sizeof(longest));
	assert_int_equal(pl_device_id_check(longest, PL_DEVICE_ID_BYTES, &reason), 0);
	assert_int_equal(pl_device_id_check(longest, PL_DEVICE_ID_BYTES + 1, &reason), PL_BAD_SYNTAX);
}

static void chain_needs_real_ids(void **state)
{
	struct pl_message_chain chain;
	struct pl_reason reason;

	(void)state;
	assert_int_equal(pl_message_chain_init(&chain, "a/b", BOOT, &reason), PL_BAD_SYNTAX);
	assert_int_equal(pl_message_chain_init(&chain, "gw", "\"}", &reason), PL_BAD_SYNTAX);
	assert_int_equal(pl_message_chain_init(&chain, "gw", BOOT "0", &reason), PL_BAD_SYNTAX);
	assert_int_equal(pl_message_chain_init(&chain, "gw", "", &reason), 0);
	assert_int_equal(pl_message_chain_init(&chain, "gw", BOOT, &reason), 0);
}

static cJSON *build(struct pl_message_chain *chain, const struct pl_message *message, struct pl_buf *payload)
{
	struct pl_reason reason;
	cJSON *json;

	assert_int_equal(pl_message_build(chain, message, payload, &reason), 0);
	assert_true(payload->len <= PL_MAX_PAYLOAD_BYTES);
	json = cJSON_ParseWithLength((const char *)payload->data, payload->len);
	assert_non_null(json);
	return json;
}

static void assert_text(const cJSON *json, const char *name, const char *expected)
{
	const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));

	assert_non_null(value);
	assert_string_equal(value, expected);
}

static void fields(void **state)
{
	struct pl_message message = {
		.kind = PL_MESSAGE_SUBJECT,
		.time = { .tv_sec = 1795467600, .tv_nsec = 7999999 },
		.time_quality = "synced",
		.data = "{\"verdict\":\"fail\"}",
	};
	PL_CLEANUP_BUF struct pl_buf payload = { .max = 1 << 20 };
	struct pl_message_chain chain;
	struct pl_reason reason;
	char id[256];
	cJSON *json;

	(void)state;
	assert_int_equal(pl_message_chain_init(&chain, "gw-0042", BOOT, &reason), 0);
	json = build(&chain, &message, &payload);
	snprintf(id, sizeof(id), "gw-0042:" BOOT ":%016llx:1", (unsigned long long)chain.session);
	assert_text(json, "specversion", "1.0");
	assert_text(json, "id", id);
	assert_text(json, "source", "/plimsoll/gw-0042");
	assert_text(json, "type", "plimsoll.subject");
	assert_text(json, "time", "2026-11-23T21:00:00.007Z");
	assert_text(json, "datacontenttype", "application/json");
	assert_text(json, "schema", "plimsoll.message/1");
	assert_text(json, "device", "gw-0042");
	assert_text(json, "boot", BOOT);
	assert_text(json, "seqscope", "session");
	assert_text(json, "timequality", "synced");
	assert_int_equal(cJSON_GetObjectItemCaseSensitive(json, "seq")->valueint, 1);
	assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(json, "prev")));
	assert_null(cJSON_GetObjectItemCaseSensitive(json, "brief"));
	assert_text(cJSON_GetObjectItemCaseSensitive(json, "data"), "verdict", "fail");
	cJSON_Delete(json);

	message.brief = true;
	message.kind = PL_MESSAGE_POSTURE;
	json = build(&chain, &message, &payload);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "brief")));
	assert_text(json, "type", "plimsoll.posture");
	assert_int_equal(cJSON_GetObjectItemCaseSensitive(json, "seq")->valueint, 2);
	cJSON_Delete(json);
}

static void each_names_the_one_before(void **state)
{
	struct pl_message message = { .kind = PL_MESSAGE_SUBJECT, .time_quality = "unsynced", .data = "1" };
	PL_CLEANUP_BUF struct pl_buf payload = { .max = 1 << 20 };
	struct pl_message_chain chain;
	struct pl_digest_text text;
	struct pl_digest digest;
	struct pl_reason reason;

	(void)state;
	assert_int_equal(pl_message_chain_init(&chain, "gw", "", &reason), 0);
	cJSON_Delete(build(&chain, &message, &payload));
	for (int i = 2; i < 5; i++) {
		cJSON *json;

		assert_int_equal(pl_digest_bytes(PL_DIGEST_SHA256, payload.data, payload.len, &digest), 0);
		json = build(&chain, &message, &payload);
		assert_text(json, "prev", pl_digest_format(&digest, &text));
		assert_int_equal(cJSON_GetObjectItemCaseSensitive(json, "seq")->valueint, i);
		cJSON_Delete(json);
	}
}

static void as_large_as_allowed_and_one_byte_more(void **state)
{
	struct pl_message message = { .kind = PL_MESSAGE_SUBJECT, .time_quality = "synced", .data = "\"\"" };
	PL_CLEANUP_BUF struct pl_buf payload = { .max = 1 << 20 };
	struct pl_message_chain chain, before;
	struct pl_reason reason = { 0 };
	size_t room;
	char *data;

	(void)state;
	assert_int_equal(pl_message_chain_init(&chain, "gw", BOOT, &reason), 0);
	before = chain;
	cJSON_Delete(build(&chain, &message, &payload));
	room = PL_MAX_PAYLOAD_BYTES - payload.len;
	data = calloc(1, room + 4);
	assert_non_null(data);
	memset(data, 'x', room + 3);
	data[0] = data[room + 1] = '"';
	data[room + 2] = 0;
	message.data = data;
	chain = before;
	cJSON_Delete(build(&chain, &message, &payload));
	assert_int_equal(payload.len, PL_MAX_PAYLOAD_BYTES);

	data[room + 1] = 'x';
	data[room + 2] = '"';
	chain = before;
	assert_int_equal(pl_message_build(&chain, &message, &payload, &reason), PL_BAD_LIMIT);
	assert_non_null(strstr(reason.text, "payload-bytes"));
	assert_int_equal(chain.seq, before.seq);
	assert_true(pl_digest_equal(&chain.prev, &before.prev));
	assert_int_equal(payload.max, 1 << 20);
	free(data);
}

static int start_crypto(void **state)
{
	(void)state;
	return psa_crypto_init() == PSA_SUCCESS ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(device_ids),
		cmocka_unit_test(chain_needs_real_ids),
		cmocka_unit_test(fields),
		cmocka_unit_test(each_names_the_one_before),
		cmocka_unit_test(as_large_as_allowed_and_one_byte_more),
	};

	return cmocka_run_group_tests(tests, start_crypto, NULL);
}
