/* SPDX-License-Identifier: Apache-2.0 */
/* One TLS session over a TCP socket that does not block. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plimsoll/reason.h"

struct pl_identity;
struct pl_tls;

/*
 * Takes *fd over and shakes hands: TLS 1.3 or 1.2, the server's certificate must lead to one of the CAs, be within its
 * time and be for `host` (a name or an IP address). `identity`, `host` and `alpn` (may be null) must outlive the
 * session.
 * Return: 0; PL_LINK_E_TLS, PL_LINK_E_TIMEOUT, PL_LINK_E_LOST; -ENOMEM.
 */
int pl_tls_open(const struct pl_identity *identity, const char *host, const char *alpn, int *fd, int64_t deadline_ms,
		struct pl_tls **tls_out, struct pl_reason *reason) __attribute__((warn_unused_result));

/*
 * Reads or writes what is possible now; *done_out may be 0. A write that has not taken all must be repeated with what
 * is left, at the same place.
 * Return: 0; PL_LINK_E_LOST, PL_LINK_E_TLS: the session is over; -ENOMEM.
 */
int pl_tls_read(struct pl_tls *tls, void *bytes, size_t n, size_t *done_out, struct pl_reason *reason)
	__attribute__((warn_unused_result));
int pl_tls_write(struct pl_tls *tls, const void *bytes, size_t n, size_t *done_out, struct pl_reason *reason)
	__attribute__((warn_unused_result));

/* For poll(2): the socket, what to wait for on it besides input, and whether input is waiting that poll cannot see. */
int pl_tls_fd(const struct pl_tls *tls);
bool pl_tls_wants_out(const struct pl_tls *tls);
bool pl_tls_has_input(const struct pl_tls *tls);

/* "TLSv1.3". */
const char *pl_tls_version(const struct pl_tls *tls);

/* Ends it politely if it is still alive, without waiting; closes the socket. */
void pl_tls_free(struct pl_tls **tls);
