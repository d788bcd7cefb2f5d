/* SPDX-License-Identifier: Apache-2.0 */
/* Who we are and whom we trust: the CA file, our certificate chain and its key. */
#pragma once

#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>
#include <stdbool.h>

#include "plimsoll/message.h"
#include "plimsoll/reason.h"

struct pl_identity {
	mbedtls_x509_crt ca;
	mbedtls_x509_crt chain;
	mbedtls_pk_context key;
	bool has_certificate;
	char device[PL_DEVICE_ID_BYTES + 1];
};

void pl_identity_init(struct pl_identity *identity);
void pl_identity_deinit(struct pl_identity *identity);

/*
 * Reads the files into an identity that has been initialised, and checks what can be checked without a broker.
 * `cert_file` and `key_file` are both given or both null; without them, and to be held against the certificate's CN,
 * there is `device`.
 * Return: 0; PL_LINK_E_IDENTITY; -errno.
 */
int pl_identity_load(struct pl_identity *identity, const char *ca_file, const char *cert_file, const char *key_file,
		     const char *device, struct pl_reason *reason) __attribute__((warn_unused_result));

/* A name's first CN, escaped, or "?": for messages. */
struct pl_escaped;
const char *pl_identity_cn(const mbedtls_x509_name *name, struct pl_escaped *out);

/* "2026-11-23T21:00:00Z" into `out`. */
#define PL_X509_TIME_BYTES 32
const char *pl_identity_time(const mbedtls_x509_time *time, char out[static PL_X509_TIME_BYTES]);
