/* SPDX-License-Identifier: Apache-2.0 */
/* Carries bytes between libmosquitto's Unix socket and the TLS session, both ways, without ever waiting. */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inbound.h"
#include "plimsoll/reason.h"

/* mbedTLS refuses reads larger than its record buffer in some versions, and our own records are of this size. */
#define PL_PUMP_BYTES 4096

struct pl_flow {
	uint8_t bytes[PL_PUMP_BYTES];
	size_t at, len; /* what is still to be delivered: [at, len) */
};

struct pl_tls;

struct pl_pump {
	struct pl_tls *tls; /* borrowed */
	int fd;             /* our end of the Unix socket */
	struct pl_flow up;  /* from the library to the broker */
	struct pl_flow down;
	bool up_ended; /* the library has closed its end */
	struct pl_inbound inbound;
};

#define PL_PUMP_INIT                                 \
	{                                            \
		.fd = -1, .inbound = PL_INBOUND_INIT \
	}

/*
 * Moves what can be moved now. Return: 0; PL_LINK_E_LOST, PL_LINK_E_TLS, PL_LINK_E_REFUSED; -errno: the session is
 * over.
 */
int pl_pump_run(struct pl_pump *pump, struct pl_reason *reason) __attribute__((warn_unused_result));

/* Whether something is on its way from the library to the broker and may need more runs. */
bool pl_pump_is_idle(const struct pl_pump *pump);

/* Fills two entries; returns how long poll(2) may wait at most, in ms: 0 when there is work that it cannot see. */
int pl_pump_poll(const struct pl_pump *pump, struct pollfd fds[static 2], int timeout_ms);

void pl_pump_deinit(struct pl_pump *pump);
