/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS by mbedTLS. Its input is whatever answers at the broker's address, until the handshake is done. Most of this file
 * is about saying why it was not.
 */
#include "tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/psa_util.h>
#include <mbedtls/ssl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "deadline.h"
#include "identity.h"
#include "plimsoll/fd.h"
#include "plimsoll/link.h"
#include "plimsoll/text.h"

/* RFC 5280 section 4.2.1.6: the tags of a SubjectAltName's choices. */
#define SAN_TAG_MASK 0x1f
#define SAN_DNS 2
#define SAN_IP 7

struct pl_tls {
	mbedtls_ssl_config config;
	mbedtls_ssl_context ssl;
	const struct pl_identity *identity;
	const char *host;
	const char *alpn[2];
	int fd;
	int error; /* errno, of reading */
	bool wants_out;
	bool over;
	/* What the verification noticed, for the sentence about it. */
	char out_of_time[96];
	char names[256];
	char issuer[128];
};

static int send_bytes(void *context, const unsigned char *bytes, size_t n)
{
	struct pl_tls *tls = context;
	ssize_t sent = send(tls->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent >= 0)
		return (int)sent;
	if (errno == EAGAIN || errno == EINTR)
		return MBEDTLS_ERR_SSL_WANT_WRITE;
	/*
	 * Who hangs up often says why first. That is still to be read, and after it the end of the connection: so the
	 * failure is left to the reading side, and what cannot be sent is as good as sent.
	 */
	return (int)n;
}

static int receive_bytes(void *context, unsigned char *bytes, size_t n)
{
	struct pl_tls *tls = context;
	ssize_t got = recv(tls->fd, bytes, n, MSG_DONTWAIT);
	const int on = 1;

	/*
	 * brokers answer in two small writes and leave Nagle on: without this, each answer waits 40 ms for our delayed
	 * ACK
	 */
	if (got > 0)
		(void)setsockopt(tls->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
	if (got >= 0)
		return (int)got;
	if (errno == EAGAIN || errno == EINTR)
		return MBEDTLS_ERR_SSL_WANT_READ;
	tls->error = errno;
	return MBEDTLS_ERR_NET_CONN_RESET;
}

/* The names a certificate is for, "a, b, 10.0.0.1", as far as they fit. */
static void list_names(const mbedtls_x509_crt *certificate, char *out, size_t size)
{
	struct pl_escaped escaped;
	size_t at = 0;

	out[0] = 0;
	for (const mbedtls_x509_sequence *san = &certificate->subject_alt_names; san && san->buf.p; san = san->next) {
		int tag = san->buf.tag & SAN_TAG_MASK;
		char address[INET6_ADDRSTRLEN];
		const char *name = NULL;
		int n;

		if (tag == SAN_DNS)
			name = pl_escape(&escaped, (const char *)san->buf.p, san->buf.len);
		else if (tag == SAN_IP && (san->buf.len == 4 || san->buf.len == 16))
			name = inet_ntop(san->buf.len == 4 ? AF_INET : AF_INET6, san->buf.p, address, sizeof(address));
		if (!name)
			continue;
		n = snprintf(out + at, size - at, "%s%s", at ? ", " : "", name);
		if (n < 0 || (size_t)n >= size - at) {
			out[at] = 0;
			break;
		}
		at += (size_t)n;
	}
	if (!at)
		snprintf(out, size, "%s", pl_identity_cn(&certificate->subject, &escaped));
}

/* Called for each certificate of the server's chain, the root first; only takes notes and leaves the verdict alone. */
static int note_certificate(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
	struct pl_tls *tls = context;
	struct pl_escaped escaped;
	char when[PL_X509_TIME_BYTES];

	if (*flags & MBEDTLS_X509_BADCERT_EXPIRED)
		snprintf(tls->out_of_time, sizeof(tls->out_of_time), "%s has expired (%s)",
			 depth ? "a CA certificate above it" : "it", pl_identity_time(&certificate->valid_to, when));
	else if (*flags & MBEDTLS_X509_BADCERT_FUTURE)
		snprintf(tls->out_of_time, sizeof(tls->out_of_time),
			 "%s is not valid before %s (is this machine's clock right?)",
			 depth ? "a CA certificate above it" : "it", pl_identity_time(&certificate->valid_from, when));
	if (!depth)
		list_names(certificate, tls->names, sizeof(tls->names));
	if (*flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
		snprintf(tls->issuer, sizeof(tls->issuer), "%s", pl_identity_cn(&certificate->issuer, &escaped));
	return 0;
}

static void say_verification(struct pl_tls *tls, uint32_t flags, struct pl_reason *reason)
{
	static const uint32_t weak =
		MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK | MBEDTLS_X509_BADCERT_BAD_KEY;
	static const uint32_t usage =
		MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE | MBEDTLS_X509_BADCERT_NS_CERT_TYPE;
	static const uint32_t known = weak | usage | MBEDTLS_X509_BADCERT_NOT_TRUSTED |
				      MBEDTLS_X509_BADCERT_CN_MISMATCH | MBEDTLS_X509_BADCERT_EXPIRED |
				      MBEDTLS_X509_BADCERT_FUTURE;
	struct pl_escaped host;
	char text[768];
	size_t at = 0;

#define SAY(...)                                                                 \
	do {                                                                     \
		int n_ = snprintf(text + at, sizeof(text) - at, __VA_ARGS__);    \
		at += n_ > 0 && (size_t)n_ < sizeof(text) - at ? (size_t)n_ : 0; \
		text[at] = 0;                                                    \
	} while (0)

	text[0] = 0;
	if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
		SAY("; no CA of ours has signed it (its issuer is \"%s\")", tls->issuer);
	if (flags & MBEDTLS_X509_BADCERT_CN_MISMATCH)
		SAY("; it is for %s, not for %s", tls->names, pl_escape_str(&host, tls->host));
	if (flags & (MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE))
		SAY("; %s", tls->out_of_time);
	if (flags & weak)
		SAY("; its key or signature is too weak");
	if (flags & usage)
		SAY("; it is not a server's certificate (key usage)");
	if (flags & ~known)
		SAY("; verification flags 0x%08x", flags & ~known);
#undef SAY
	pl_reason_set(reason, "the broker's certificate is refused: %s", at ? text + 2 : "it could not be verified");
}

/* What the other side says to us in a fatal alert (RFC 8446 section 6.2). */
static const char *alert_text(unsigned int alert)
{
	switch (alert) {
	case MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE:
		return "no TLS parameters in common";
	case MBEDTLS_SSL_ALERT_MSG_BAD_CERT:
		return "our client certificate is bad";
	case MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT:
		return "our client certificate is of a kind it does not support";
	case MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED:
		return "our client certificate is revoked";
	case MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED:
		return "our client certificate has expired";
	case MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN:
		return "our client certificate is not acceptable";
	case MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA:
		return "it does not know the CA that signed our client certificate";
	case MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED:
		return "access denied";
	case MBEDTLS_SSL_ALERT_MSG_DECRYPT_ERROR:
		return "a signature of ours did not verify";
	case MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION:
		return "it speaks neither TLS 1.2 nor TLS 1.3";
	case MBEDTLS_SSL_ALERT_MSG_INSUFFICIENT_SECURITY:
		return "our TLS parameters are not secure enough for it";
	case MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR:
		return "it failed internally";
	case MBEDTLS_SSL_ALERT_MSG_UNRECOGNIZED_NAME:
		return "it does not know the host name";
	case MBEDTLS_SSL_ALERT_MSG_NO_APPLICATION_PROTOCOL:
		return "it does not know the ALPN protocol";
	default:
		return "it does not go on";
	}
}

/* TLS 1.3's own alert for a client certificate that is missing; mbedTLS has no name for it. */
#define ALERT_CERTIFICATE_REQUIRED 116

static void say_alert(const struct pl_tls *tls, struct pl_reason *reason)
{
	/* there is no public way to the alert; it is what lies in the input buffer when this error is returned */
	unsigned int alert = tls->ssl.MBEDTLS_PRIVATE(in_msg) ? tls->ssl.MBEDTLS_PRIVATE(in_msg)[1] : 0;
	bool certificate = alert == ALERT_CERTIFICATE_REQUIRED;

	/* the number that OpenSSL has for it in TLS 1.2 has other meanings too */
	if (!tls->identity->has_certificate && (certificate || alert == MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE))
		pl_reason_set(reason, "the broker requires a client certificate and none is configured (TLS alert %u)",
			      alert);
	else
		pl_reason_set(reason, "the broker ended the TLS session: %s (TLS alert %u)",
			      certificate ? "it requires a client certificate" : alert_text(alert), alert);
}

/* Turns an error of mbedTLS into a verdict and its sentence. The session is over. */
static int explain(struct pl_tls *tls, int error, struct pl_reason *reason)
{
	bool shaking = !mbedtls_ssl_is_handshake_over(&tls->ssl);

	tls->over = true;
	switch (error) {
	case MBEDTLS_ERR_SSL_ALLOC_FAILED:
		return -ENOMEM;
	case MBEDTLS_ERR_X509_CERT_VERIFY_FAILED:
	case MBEDTLS_ERR_SSL_BAD_CERTIFICATE:
		say_verification(tls, mbedtls_ssl_get_verify_result(&tls->ssl), reason);
		return PL_LINK_E_TLS;
	case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE:
		say_alert(tls, reason);
		return PL_LINK_E_TLS;
	case MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION:
		pl_reason_set(reason, "the broker speaks neither TLS 1.2 nor TLS 1.3");
		return PL_LINK_E_TLS;
	case MBEDTLS_ERR_SSL_INVALID_RECORD:
	case MBEDTLS_ERR_SSL_UNEXPECTED_RECORD:
	case MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE:
		pl_reason_set(reason, shaking ? "what answered does not speak TLS: is this the broker's TLS port?"
					      : "the broker broke the rules of TLS");
		return PL_LINK_E_TLS;
	case 0:
	case MBEDTLS_ERR_SSL_CONN_EOF:
	case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
		pl_reason_set(
			reason,
			shaking ? "the connection was closed during the TLS handshake: is this the broker's TLS port?"
				: "the broker closed the connection");
		return shaking ? PL_LINK_E_TLS : PL_LINK_E_LOST;
	case MBEDTLS_ERR_NET_CONN_RESET:
		pl_reason_set(
			reason,
			shaking ? "the connection broke during the TLS handshake (%s): is this the broker's TLS port?"
				: "the connection to the broker broke (%s)",
			strerror(tls->error));
		return shaking ? PL_LINK_E_TLS : PL_LINK_E_LOST;
	default:
		pl_reason_set(reason, "TLS failed%s (mbedTLS -0x%04x)", shaking ? " during the handshake" : "",
			      (unsigned int)-error);
		return PL_LINK_E_TLS;
	}
}

static bool is_again(int r)
{
	return r == MBEDTLS_ERR_SSL_WANT_READ || r == MBEDTLS_ERR_SSL_WANT_WRITE ||
	       r == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET;
}

static int set_up(struct pl_tls *tls)
{
	/* mbedTLS asks for pointers to what it only reads */
	struct pl_identity *identity = (struct pl_identity *)(uintptr_t)tls->identity;
	mbedtls_ssl_config *config = &tls->config;
	int r;

	r = mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
					MBEDTLS_SSL_PRESET_DEFAULT);
	if (r)
		return r;
	mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
	mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_cert_profile(config, &mbedtls_x509_crt_profile_default);
	mbedtls_ssl_conf_ca_chain(config, &identity->ca, NULL);
	mbedtls_ssl_conf_rng(config, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
	/* one session, one connection: nothing is resumed */
	mbedtls_ssl_conf_session_tickets(config, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
	if (identity->has_certificate) {
		r = mbedtls_ssl_conf_own_cert(config, &identity->chain, &identity->key);
		if (r)
			return r;
	}
	if (tls->alpn[0]) {
		r = mbedtls_ssl_conf_alpn_protocols(config, tls->alpn);
		if (r)
			return r;
	}
	r = mbedtls_ssl_setup(&tls->ssl, config);
	if (r)
		return r;
	mbedtls_ssl_set_bio(&tls->ssl, tls, send_bytes, receive_bytes, NULL);
	mbedtls_ssl_set_verify(&tls->ssl, note_certificate, tls);
	return mbedtls_ssl_set_hostname(&tls->ssl, tls->host);
}

static int shake_hands(struct pl_tls *tls, int64_t deadline_ms, struct pl_reason *reason)
{
	for (;;) {
		struct pollfd wait = { .fd = tls->fd };
		int r = mbedtls_ssl_handshake(&tls->ssl);

		if (!r)
			return 0;
		if (!is_again(r))
			return explain(tls, r, reason);
		wait.events = r == MBEDTLS_ERR_SSL_WANT_WRITE ? POLLOUT : POLLIN;
		if (pl_now_ms() >= deadline_ms) {
			pl_reason_set(
				reason,
				"the broker accepted the connection and did not finish the TLS handshake in time");
			return PL_LINK_E_TIMEOUT;
		}
		if (poll(&wait, 1, pl_left_ms(deadline_ms)) < 0 && errno != EINTR)
			return -errno;
	}
}

#define CLEANUP_TLS __attribute__((cleanup(pl_tls_free)))

int pl_tls_open(const struct pl_identity *identity, const char *host, const char *alpn, int *fd, int64_t deadline_ms,
		struct pl_tls **tls_out, struct pl_reason *reason)
{
	CLEANUP_TLS struct pl_tls *tls = calloc(1, sizeof(*tls));
	int r;

	if (!tls)
		return -ENOMEM;
	tls->identity = identity;
	tls->host = host;
	tls->alpn[0] = alpn;
	tls->fd = pl_fd_take(fd);
	tls->over = true;
	mbedtls_ssl_config_init(&tls->config);
	mbedtls_ssl_init(&tls->ssl);
	r = set_up(tls);
	if (r == MBEDTLS_ERR_SSL_ALLOC_FAILED)
		return -ENOMEM;
	if (r) {
		pl_reason_set(reason, "TLS cannot be set up: host name, ALPN or certificate (mbedTLS -0x%04x)",
			      (unsigned int)-r);
		return PL_LINK_E_TLS;
	}
	r = shake_hands(tls, deadline_ms, reason);
	if (r)
		return r;
	tls->over = false;
	*tls_out = tls;
	tls = NULL;
	return 0;
}

int pl_tls_read(struct pl_tls *tls, void *bytes, size_t n, size_t *done_out, struct pl_reason *reason)
{
	int r = mbedtls_ssl_read(&tls->ssl, bytes, n);

	*done_out = 0;
	tls->wants_out = r == MBEDTLS_ERR_SSL_WANT_WRITE;
	if (is_again(r))
		return 0;
	if (r <= 0)
		return explain(tls, r, reason);
	*done_out = (size_t)r;
	return 0;
}

int pl_tls_write(struct pl_tls *tls, const void *bytes, size_t n, size_t *done_out, struct pl_reason *reason)
{
	int r = mbedtls_ssl_write(&tls->ssl, bytes, n);

	*done_out = 0;
	tls->wants_out = r == MBEDTLS_ERR_SSL_WANT_WRITE;
	if (is_again(r))
		return 0;
	if (r < 0)
		return explain(tls, r, reason);
	*done_out = (size_t)r;
	return 0;
}

int pl_tls_fd(const struct pl_tls *tls)
{
	return tls->fd;
}

bool pl_tls_wants_out(const struct pl_tls *tls)
{
	return tls->wants_out;
}

bool pl_tls_has_input(const struct pl_tls *tls)
{
	return mbedtls_ssl_check_pending(&tls->ssl);
}

const char *pl_tls_version(const struct pl_tls *tls)
{
	return mbedtls_ssl_get_version(&tls->ssl);
}

void pl_tls_free(struct pl_tls **tls)
{
	struct pl_tls *old = *tls;

	*tls = NULL;
	if (!old)
		return;
	/* TLS needs no answer to it, and there is nobody to tell if it does not go out */
	if (!old->over)
		(void)mbedtls_ssl_close_notify(&old->ssl);
	mbedtls_ssl_free(&old->ssl);
	mbedtls_ssl_config_free(&old->config);
	pl_fd_close(&old->fd);
	free(old);
}
