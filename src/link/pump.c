/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One buffer for each way; a way is read from only when its buffer is empty, so that whoever is slow slows the other
 * down and memory stays as it is. Never called from a callback of libmosquitto.
 */
#include "pump.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "plimsoll/fd.h"
#include "plimsoll/limits.h"
#include "plimsoll/link.h"
#include "plimsoll/verdict.h"
#include "tls.h"

static bool is_empty(const struct pl_flow *flow)
{
	return flow->at == flow->len;
}

/* Return: 0 or -errno; sets pump->up_ended when the library is gone. */
static int take_from_library(struct pl_pump *pump)
{
	ssize_t n;

	if (pump->up_ended || !is_empty(&pump->up))
		return 0;
	n = recv(pump->fd, pump->up.bytes, sizeof(pump->up.bytes), MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	pump->up_ended = !n;
	pump->up.at = 0;
	pump->up.len = (size_t)n;
	return 0;
}

static void give_to_library(struct pl_pump *pump)
{
	struct pl_flow *down = &pump->down;
	ssize_t n;

	if (is_empty(down))
		return;
	n = send(pump->fd, down->bytes + down->at, down->len - down->at, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* a library that has closed its end wants no more */
	down->at = n < 0 ? down->len : down->at + (size_t)n;
}

static int give_to_broker(struct pl_pump *pump, struct pl_reason *reason)
{
	struct pl_flow *up = &pump->up;
	size_t n;
	int r;

	while (!is_empty(up)) {
		/* what a write has not taken must be offered again from the same place: the buffer does not move */
		r = pl_tls_write(pump->tls, up->bytes + up->at, up->len - up->at, &n, reason);
		if (r || !n)
			return r;
		up->at += n;
	}
	return 0;
}

static void say_inbound(int verdict, struct pl_reason *reason)
{
	if (verdict == PL_BAD_LIMIT)
		pl_reason_set(reason, "the broker sends a packet over plimsoll's limit mqtt-in-bytes (%u)",
			      PL_MAX_MQTT_IN_BYTES);
	else
		pl_reason_set(reason, "the broker sends %s: is this an MQTT broker?",
			      verdict == PL_BAD_SYNTAX ? "a packet whose length is none" : "what nobody has asked for");
}

static int take_from_broker(struct pl_pump *pump, struct pl_reason *reason)
{
	struct pl_flow *down = &pump->down;
	int r;

	if (!is_empty(down))
		return 0;
	down->at = down->len = 0;
	r = pl_tls_read(pump->tls, down->bytes, sizeof(down->bytes), &down->len, reason);
	if (r)
		return r;
	r = pl_inbound_feed(&pump->inbound, down->bytes, down->len);
	if (r) {
		/* libmosquitto does not get to see it */
		down->len = 0;
		say_inbound(r, reason);
		return PL_LINK_E_REFUSED;
	}
	return 0;
}

int pl_pump_run(struct pl_pump *pump, struct pl_reason *reason)
{
	int r;

	/* the broker's words first: they may say why it takes none of ours any more */
	do {
		r = take_from_broker(pump, reason);
		if (r)
			return r;
		give_to_library(pump);
	} while (is_empty(&pump->down) && pl_tls_has_input(pump->tls));
	r = take_from_library(pump);
	return r ? r : give_to_broker(pump, reason);
}

bool pl_pump_is_idle(const struct pl_pump *pump)
{
	return is_empty(&pump->up);
}

int pl_pump_poll(const struct pl_pump *pump, struct pollfd fds[static 2], int timeout_ms)
{
	short tcp = is_empty(&pump->down) ? POLLIN : 0;
	short library = is_empty(&pump->up) && !pump->up_ended ? POLLIN : 0;

	if (pl_tls_wants_out(pump->tls))
		tcp |= POLLOUT;
	if (!is_empty(&pump->down))
		library |= POLLOUT;
	/* a side that nothing is wanted from is left out: its hang-up would end every wait at once */
	fds[0] = (struct pollfd){ .fd = tcp ? pl_tls_fd(pump->tls) : -1, .events = tcp };
	fds[1] = (struct pollfd){ .fd = library ? pump->fd : -1, .events = library };
	return is_empty(&pump->down) && pl_tls_has_input(pump->tls) ? 0 : timeout_ms;
}

void pl_pump_deinit(struct pl_pump *pump)
{
	pl_fd_close(&pump->fd);
}
