/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything about the files is said here, before a connection: a broker answers a wrong certificate with an alert
 * number at best. The files are the administrator's; what they hold may still be anything.
 */
#include "identity.h"

#include <errno.h>
#include <fcntl.h>
#include <mbedtls/oid.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/psa_util.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "plimsoll/buf.h"
#include "plimsoll/fd.h"
#include "plimsoll/limits.h"
#include "plimsoll/link.h"
#include "plimsoll/log.h"
#include "plimsoll/text.h"

void pl_identity_init(struct pl_identity *identity)
{
	memset(identity, 0, sizeof(*identity));
	mbedtls_x509_crt_init(&identity->ca);
	mbedtls_x509_crt_init(&identity->chain);
	mbedtls_pk_init(&identity->key);
}

void pl_identity_deinit(struct pl_identity *identity)
{
	mbedtls_x509_crt_free(&identity->ca);
	mbedtls_x509_crt_free(&identity->chain);
	mbedtls_pk_free(&identity->key);
}

/* Key files go this way too. */
static void wipe(struct pl_buf *buf)
{
	if (buf->data)
		mbedtls_platform_zeroize(buf->data, buf->cap);
	pl_buf_deinit(buf);
}
#define CLEANUP_WIPED __attribute__((cleanup(wipe)))

/* Reads `path`, said to be `what`; a private one is looked at for who else may read it. */
static int read_pem(const char *what, const char *path, bool private, struct pl_buf *buf, struct pl_reason *reason)
{
	struct pl_escaped name;
	PL_CLEANUP_FD int fd = pl_open(path, 0);
	struct stat st;
	int r = fd;

	pl_escape_str(&name, path);
	if (fd >= 0)
		r = pl_read_fd(fd, buf);
	if (r < 0) {
		pl_reason_set(reason, "%s %s: %s", what, name.text,
			      r == -EINVAL  ? "not a regular file"
			      : r == -EFBIG ? "too large to be one"
					    : strerror(-r));
		return r == -ENOMEM ? r : PL_LINK_E_IDENTITY;
	}
	if (!buf->len) {
		pl_reason_set(reason, "%s %s: the file is empty", what, name.text);
		return PL_LINK_E_IDENTITY;
	}
	if (private && !fstat(fd, &st) && st.st_mode & S_IRWXO)
		pl_log(PL_LOG_WARNING, "%s %s is accessible to everyone on this machine (mode %04o)", what, name.text,
		       st.st_mode & 07777u);
	return 0;
}

static int read_certificates(const char *what, const char *path, mbedtls_x509_crt *out, struct pl_reason *reason)
{
	PL_CLEANUP_BUF struct pl_buf buf = { .max = PL_MAX_PEM_BYTES };
	struct pl_escaped name;
	int r = read_pem(what, path, false, &buf, reason);

	if (r)
		return r;
	pl_escape_str(&name, path);
	/* the terminating zero is part of PEM input, by mbedTLS's convention */
	r = mbedtls_x509_crt_parse(out, buf.data, buf.len + 1);
	if (r == MBEDTLS_ERR_X509_ALLOC_FAILED)
		return -ENOMEM;
	if (r < 0) {
		pl_reason_set(reason,
			      "%s %s: no certificate in PEM form with an RSA, P-256 or P-384 key (mbedTLS -0x%04x)",
			      what, name.text, (unsigned int)-r);
		return PL_LINK_E_IDENTITY;
	}
	if (r > 0)
		pl_log(PL_LOG_WARNING, "%s %s: %d of its certificates cannot be read and do not count", what, name.text,
		       r);
	return 0;
}

static int read_key(const char *path, mbedtls_pk_context *out, struct pl_reason *reason)
{
	CLEANUP_WIPED struct pl_buf buf = { .max = PL_MAX_PEM_BYTES };
	struct pl_escaped name;
	int r = read_pem("private key", path, true, &buf, reason);

	if (r)
		return r;
	pl_escape_str(&name, path);
	r = mbedtls_pk_parse_key(out, buf.data, buf.len + 1, NULL, 0, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
	if (!r)
		return 0;
	if (r == MBEDTLS_ERR_PK_ALLOC_FAILED)
		return -ENOMEM;
	/* both ways of writing an encrypted key in PEM say so in a line of text */
	if (strstr((const char *)buf.data, "ENCRYPTED"))
		pl_reason_set(reason, "private key %s is encrypted: nobody is there to type its password", name.text);
	else
		pl_reason_set(reason, "private key %s: no RSA, P-256 or P-384 key in PEM form (mbedTLS -0x%04x)",
			      name.text, (unsigned int)-r);
	return PL_LINK_E_IDENTITY;
}

static const mbedtls_x509_buf *find_cn(const mbedtls_x509_name *name)
{
	for (; name; name = name->next)
		if (!MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &name->oid))
			return &name->val;
	return NULL;
}

const char *pl_identity_cn(const mbedtls_x509_name *name, struct pl_escaped *out)
{
	const mbedtls_x509_buf *cn = find_cn(name);

	return cn ? pl_escape(out, (const char *)cn->p, cn->len) : "?";
}

const char *pl_identity_time(const mbedtls_x509_time *time, char out[static PL_X509_TIME_BYTES])
{
	snprintf(out, PL_X509_TIME_BYTES, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned int)time->year % 10000u,
		 (unsigned int)time->mon % 100u, (unsigned int)time->day % 100u, (unsigned int)time->hour % 100u,
		 (unsigned int)time->min % 100u, (unsigned int)time->sec % 100u);
	return out;
}

/* The broker would refuse it as well, but with less to say. */
static int check_validity(const char *path, const mbedtls_x509_crt *certificate, struct pl_reason *reason)
{
	struct pl_escaped name;
	char when[PL_X509_TIME_BYTES];

	pl_escape_str(&name, path);
	if (mbedtls_x509_time_is_past(&certificate->valid_to)) {
		pl_reason_set(reason, "client certificate %s has expired (%s)", name.text,
			      pl_identity_time(&certificate->valid_to, when));
		return PL_LINK_E_IDENTITY;
	}
	if (mbedtls_x509_time_is_future(&certificate->valid_from)) {
		pl_reason_set(reason,
			      "client certificate %s is not valid yet (from %s): is this machine's clock right?",
			      name.text, pl_identity_time(&certificate->valid_from, when));
		return PL_LINK_E_IDENTITY;
	}
	return 0;
}

static int take_device(struct pl_identity *identity, const char *cert_file, const char *device,
		       struct pl_reason *reason)
{
	const mbedtls_x509_buf *cn = identity->has_certificate ? find_cn(&identity->chain.subject) : NULL;
	struct pl_escaped name;
	size_t n;
	int r;

	if (identity->has_certificate && !cn) {
		pl_reason_set(reason, "client certificate %s has no CN, and the CN is the device id",
			      pl_escape_str(&name, cert_file));
		return PL_LINK_E_IDENTITY;
	}
	if (cn && device && (cn->len != strlen(device) || memcmp(cn->p, device, cn->len))) {
		pl_reason_set(reason,
			      "the device id is the client certificate's CN, %s, and no other can be chosen beside it",
			      pl_escape(&name, (const char *)cn->p, cn->len));
		return PL_LINK_E_IDENTITY;
	}
	if (cn)
		device = (const char *)cn->p;
	n = cn ? cn->len : strlen(device);
	r = pl_device_id_check(device, n, reason);
	if (r) {
		if (cn)
			pl_reason_prefix(reason, "client certificate %s, CN", pl_escape_str(&name, cert_file));
		return r < 0 ? r : PL_LINK_E_IDENTITY;
	}
	memcpy(identity->device, device, n);
	identity->device[n] = 0;
	return 0;
}

int pl_identity_load(struct pl_identity *identity, const char *ca_file, const char *cert_file, const char *key_file,
		     const char *device, struct pl_reason *reason)
{
	struct pl_escaped cert, key;
	int r;

	if (!cert_file && !device) {
		pl_reason_set(reason, "no client certificate: it is needed to be let in, and its CN is the device id");
		return PL_LINK_E_IDENTITY;
	}
	r = read_certificates("CA file", ca_file, &identity->ca, reason);
	if (r)
		return r;
	if (cert_file) {
		r = read_certificates("client certificate", cert_file, &identity->chain, reason);
		if (r)
			return r;
		r = read_key(key_file, &identity->key, reason);
		if (r)
			return r;
		if (mbedtls_pk_check_pair(&identity->chain.pk, &identity->key, mbedtls_psa_get_random,
					  MBEDTLS_PSA_RANDOM_STATE)) {
			pl_reason_set(reason, "private key %s does not fit client certificate %s",
				      pl_escape_str(&key, key_file), pl_escape_str(&cert, cert_file));
			return PL_LINK_E_IDENTITY;
		}
		r = check_validity(cert_file, &identity->chain, reason);
		if (r)
			return r;
		identity->has_certificate = true;
	}
	return take_device(identity, cert_file, device, reason);
}
