/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The envelope. Every string in it comes from a closed alphabet, so nothing has to be escaped and the text is one
 * format.
 */
#include "plimsoll/message.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>

#include "plimsoll/limits.h"
#include "plimsoll/text.h"
#include "plimsoll/verdict.h"

const char *pl_message_topic(enum pl_message_kind kind)
{
	static const char *const topics[PL_MESSAGE_KINDS] = {
		[PL_MESSAGE_POSTURE] = "posture",
		[PL_MESSAGE_SUBJECT] = "subject",
	};

	return topics[kind];
}

int pl_device_id_check(const char *device, size_t n, struct pl_reason *reason)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	struct pl_escaped escaped;
	size_t good = 0;

	while (good < n && device[good] && strchr(allowed, device[good]))
		good++;
	if (n && n <= PL_DEVICE_ID_BYTES && good == n && !(n <= 2 && !memcmp(device, "..", n)))
		return 0;
	pl_reason_set(reason, "\"%s\" cannot be a device id: 1 to %d of A-Z a-z 0-9 . _ - are one, and not . or ..",
		      pl_escape(&escaped, device, n), PL_DEVICE_ID_BYTES);
	return PL_BAD_SYNTAX;
}

int pl_message_chain_init(struct pl_message_chain *chain, const char *device, const char *boot,
			  struct pl_reason *reason)
{
	int r = pl_device_id_check(device, strlen(device), reason);

	if (r)
		return r;
	if (strlen(boot) >= PL_BOOT_ID_BYTES || strspn(boot, "0123456789abcdefABCDEF-") != strlen(boot)) {
		pl_reason_set(reason, "the kernel's boot id is none: %s",
			      pl_escape_str(&(struct pl_escaped){ 0 }, boot));
		return PL_BAD_SYNTAX;
	}
	*chain = (struct pl_message_chain){ 0 };
	memcpy(chain->device, device, strlen(device));
	memcpy(chain->boot, boot, strlen(boot));
	if (getrandom(&chain->session, sizeof(chain->session), 0) != sizeof(chain->session)) {
		r = -errno;
		pl_reason_set(reason, "no random numbers: %s", strerror(-r));
		return r;
	}
	return 0;
}

/* Return: 0, -EFBIG when it does not fit, -ENOMEM. */
static int write_envelope(const struct pl_message_chain *chain, const struct pl_message *message,
			  struct pl_buf *payload)
{
	const char *type = pl_message_topic(message->kind);
	struct pl_digest_text prev;
	char utc[sizeof("-2147481748-12-31T23:59:60")];
	struct tm parts;
	int r;

	if (!gmtime_r(&message->time.tv_sec, &parts) || !strftime(utc, sizeof(utc), "%Y-%m-%dT%H:%M:%S", &parts))
		return -EINVAL;
	r = pl_buf_printf(payload,
			  "{\"specversion\":\"1.0\",\"id\":\"%s:%s:%016" PRIx64 ":%" PRIu64
			  "\",\"source\":\"/plimsoll/%s\""
			  ",\"type\":\"plimsoll.%s\",\"time\":\"%s.%03ldZ\",\"datacontenttype\":\"application/json\"",
			  chain->device, chain->boot, chain->session, chain->seq + 1, chain->device, type, utc,
			  message->time.tv_nsec / 1000000);
	if (r)
		return r;
	r = pl_buf_printf(
		payload,
		",\"schema\":\"plimsoll.message/1\",\"device\":\"%s\",\"boot\":\"%s\",\"session\":\"%016" PRIx64 "\""
		",\"seq\":%" PRIu64 ",\"seqscope\":\"session\"",
		chain->device, chain->boot, chain->session, chain->seq + 1);
	if (r)
		return r;
	if (chain->prev.algorithm == PL_DIGEST_NONE)
		r = pl_buf_puts(payload, ",\"prev\":null");
	else
		r = pl_buf_printf(payload, ",\"prev\":\"%s\"", pl_digest_format(&chain->prev, &prev));
	if (r)
		return r;
	return pl_buf_printf(payload, ",\"timequality\":\"%s\"%s,\"data\":%s}", message->time_quality,
			     message->brief ? ",\"brief\":true" : "", message->data);
}

int pl_message_build(struct pl_message_chain *chain, const struct pl_message *message, struct pl_buf *payload,
		     struct pl_reason *reason)
{
	size_t max = payload->max;
	int r;

	pl_buf_clear(payload);
	if (payload->max > PL_MAX_PAYLOAD_BYTES)
		payload->max = PL_MAX_PAYLOAD_BYTES;
	r = write_envelope(chain, message, payload);
	payload->max = max;
	if (r == -EFBIG) {
		pl_reason_limit(reason, "payload-bytes", PL_MAX_PAYLOAD_BYTES);
		return PL_BAD_LIMIT;
	}
	if (!r)
		r = pl_digest_bytes(PL_DIGEST_SHA256, payload->data, payload->len, &chain->prev);
	if (r)
		return r;
	chain->seq++;
	return 0;
}
