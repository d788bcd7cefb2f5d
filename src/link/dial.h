/* SPDX-License-Identifier: Apache-2.0 */
/* From a host's name to a TCP connection, within a time. */
#pragma once

#include <stdint.h>

#include "plimsoll/reason.h"

/*
 * Connects to the first address of `host` that answers, IPv6 and IPv4, each tried while the ones before it are still
 * silent. The name is resolved in a child process, because getaddrinfo() cannot be told when to stop.
 * Return: 0 and a non-blocking socket with TCP_NODELAY; PL_LINK_E_NAME, PL_LINK_E_CONNECT; -errno.
 */
int pl_dial(const char *host, uint16_t port, int64_t deadline_ms, int *fd_out, struct pl_reason *reason)
	__attribute__((warn_unused_result));
