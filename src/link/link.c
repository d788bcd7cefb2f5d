/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The MQTT session. libmosquitto keeps what it cannot send and sends it again after the next CONNACK, without a bound
 * and with properties of yesterday: so it is given nothing before CONNACK, never more than a small window, and a client
 * of its own for each connection.
 */
#include "plimsoll/link.h"

#include <errno.h>
#include <limits.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <poll.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deadline.h"
#include "dial.h"
#include "identity.h"
#include "plimsoll/fd.h"
#include "plimsoll/limits.h"
#include "plimsoll/log.h"
#include "plimsoll/text.h"
#include "private_socket.h"
#include "pump.h"
#include "tls.h"

/* AWS takes no topic longer than this; others take more. */
#define TOPIC_BYTES 256
/* Root and device must leave room for "/v1/", the kind, and a little more. */
#define ROOT_BYTES 64
/* How long a goodbye may take. */
#define GOODBYE_MS 2000
/* libmosquitto wants mosquitto_loop_misc() at least once a second. */
#define TURN_MS 1000

struct flight {
	int id; /* libmosquitto's, never 0 while under way */
	bool retain;
	char topic[TOPIC_BYTES];
};

struct pl_link {
	struct pl_link_config config;
	struct pl_identity identity;
	struct pl_tls *tls;
	struct pl_pump pump;
	struct mosquitto *client;
	bool up;    /* CONNACK said yes, and nothing has ended it */
	bool ended; /* libmosquitto has told so */
	bool five;  /* MQTT 5 */
	/* What the broker said of itself. */
	uint16_t window;
	uint32_t max_packet_bytes; /* 0: no limit */
	int connack;               /* its reason code, -1: none yet */
	int end_code;              /* of on_disconnect */
	struct pl_reason said;     /* the broker's own words, when it refuses */
	struct flight flights[PL_MAX_WINDOW];
	size_t n_flights;
	struct pl_link_counts counts;
	struct pl_reason refusal; /* of the first message that was refused */
	char description[48];
};

/* The broker's Reason String, which is the broker's to choose. */
static void note_words(struct pl_link *link, const mosquitto_property *properties)
{
	struct pl_escaped escaped;
	char *words = NULL;

	mosquitto_property_read_string(properties, MQTT_PROP_REASON_STRING, &words, false);
	pl_reason_set(&link->said, "%s%s%s", words ? " (it says: " : "", pl_escape_str(&escaped, words),
		      words ? ")" : "");
	free(words);
}

static void on_connect(struct mosquitto *client, void *context, int code, int flags,
		       const mosquitto_property *properties)
{
	struct pl_link *link = context;
	uint16_t receive_maximum = UINT16_MAX;
	uint8_t retain_available = 1;

	(void)client;
	(void)flags;
	link->connack = code;
	link->up = !code;
	note_words(link, properties);
	mosquitto_property_read_int16(properties, MQTT_PROP_RECEIVE_MAXIMUM, &receive_maximum, false);
	mosquitto_property_read_int32(properties, MQTT_PROP_MAXIMUM_PACKET_SIZE, &link->max_packet_bytes, false);
	mosquitto_property_read_byte(properties, MQTT_PROP_RETAIN_AVAILABLE, &retain_available, false);
	link->window = receive_maximum < PL_MAX_WINDOW ? receive_maximum : PL_MAX_WINDOW;
	if (!link->window)
		link->window = 1;
	if (link->up && !retain_available)
		pl_log(PL_LOG_WARNING,
		       "the broker keeps no retained messages: who subscribes later will not see the posture");
}

static void on_disconnect(struct mosquitto *client, void *context, int code, const mosquitto_property *properties)
{
	struct pl_link *link = context;

	(void)client;
	/* there are none: libmosquitto frees those of a DISCONNECT before it calls */
	(void)properties;
	/* libmosquitto tells it twice when the broker has said why, the second time without */
	if (link->ended)
		return;
	link->ended = true;
	link->up = false;
	link->end_code = code;
}

static struct flight *find_flight(struct pl_link *link, int id)
{
	for (size_t i = 0; i < PL_MAX_WINDOW; i++)
		if (link->flights[i].id == id)
			return &link->flights[i];
	return NULL;
}

static void refuse(struct pl_link *link, const struct flight *flight, int code)
{
	struct pl_escaped topic;

	if (!link->counts.refused++)
		pl_reason_set(&link->refusal, "the broker refuses the message on %s: %s (reason 0x%02x)%s",
			      pl_escape_str(&topic, flight->topic), mosquitto_reason_string(code), (unsigned int)code,
			      link->said.text);
}

static void on_publish(struct mosquitto *client, void *context, int id, int code, const mosquitto_property *properties)
{
	struct pl_link *link = context;
	struct flight *flight = find_flight(link, id);

	(void)client;
	if (!flight)
		return;
	note_words(link, properties);
	if (code == MQTT_RC_NO_MATCHING_SUBSCRIBERS && !flight->retain)
		link->counts.unheard++;
	else if (code == MQTT_RC_SUCCESS || code == MQTT_RC_NO_MATCHING_SUBSCRIBERS)
		link->counts.delivered++;
	else
		refuse(link, flight, code);
	flight->id = 0;
	link->n_flights--;
}

static const char *connack_text(int code)
{
	/* those of MQTT 3.1.1 (section 3.2.2.3); the ones of MQTT 5 begin at 0x80 */
	static const char *const old[] = {
		[1] = "it does not speak this version of MQTT",
		[2] = "it does not accept the client id",
		[3] = "it is unavailable",
		[4] = "it does not accept user name or password",
		[5] = "it does not authorise us",
	};

	return code < (int)(sizeof(old) / sizeof(*old)) ? old[code] : mosquitto_reason_string(code);
}

/*
 * The sentence about a connection that has ended. What the broker said goes before what TLS and TCP saw, which is in
 * `reason` already, or not (empty).
 */
static int explain_end(struct pl_link *link, int verdict, struct pl_reason *reason)
{
	/*
	 * libmosquitto drops the connection over reason codes that it does not expect there, such as "packet too large"
	 */
	const struct pl_inbound *inbound = &link->pump.inbound;
	/*
	 * it does not tell of a CONNACK that it cannot read, which the one of a 3.1.1 broker is to a client that speaks
	 * 5
	 */
	int connack = link->connack < 0 ? inbound->connack : link->connack;
	struct flight *refused = inbound->puback >= MQTT_RC_UNSPECIFIED && inbound->puback_id
					 ? find_flight(link, inbound->puback_id)
					 : NULL;

	if (connack > 0) {
		link->connack = connack;
		pl_reason_set(reason, "the broker refuses the connection: %s (CONNACK 0x%02x)%s", connack_text(connack),
			      (unsigned int)connack, link->said.text);
		return PL_LINK_E_REFUSED;
	}
	if (refused) {
		refuse(link, refused, inbound->puback);
		*reason = link->refusal;
		return PL_LINK_E_REFUSED;
	}
	if (link->ended && link->end_code >= MQTT_RC_UNSPECIFIED) {
		pl_reason_set(reason, "the broker ended the session: %s (reason 0x%02x)",
			      mosquitto_reason_string(link->end_code), (unsigned int)link->end_code);
		verdict = PL_LINK_E_LOST;
	} else if (!verdict) {
		pl_reason_set(reason, "the MQTT session ended: %s",
			      link->end_code > 0 ? mosquitto_strerror(link->end_code) : "the broker closed it");
		verdict = PL_LINK_E_LOST;
	}
	if (link->n_flights)
		pl_reason_prefix(reason, "%zu of %zu messages are not acknowledged", link->n_flights,
				 link->counts.handed_over);
	return verdict;
}

/*
 * One turn of the loop: waits for something to do, no longer than to the deadline, and does it.
 * Return: what pl_pump_run says; libmosquitto's own errors come by on_disconnect().
 */
static int turn(struct pl_link *link, int64_t deadline_ms, struct pl_reason *reason)
{
	int left_ms = pl_left_ms(deadline_ms);
	struct pollfd fds[3];
	int r, wait_ms;

	wait_ms = pl_pump_poll(&link->pump, fds, left_ms < TURN_MS ? left_ms : TURN_MS);
	fds[2] = (struct pollfd){ .fd = mosquitto_socket(link->client), .events = POLLIN };
	if (mosquitto_want_write(link->client))
		fds[2].events |= POLLOUT;
	if (poll(fds, 3, wait_ms) < 0 && errno != EINTR)
		return -errno;
	if (mosquitto_want_write(link->client))
		(void)mosquitto_loop_write(link->client, 1);
	r = pl_pump_run(&link->pump, reason);
	/*
	 * also when that was the end: what the broker said last is delivered by now and says more than the end itself
	 */
	(void)mosquitto_loop_read(link->client, 1);
	(void)mosquitto_loop_misc(link->client);
	return r;
}

static int turn_connected(struct pl_link *link, int64_t deadline_ms, struct pl_reason *reason)
{
	int r = turn(link, deadline_ms, reason);

	return r < 0 || (!r && !link->ended) ? r : explain_end(link, r, reason);
}

static int check_topic(const char *what, const char *topic, size_t max, struct pl_reason *reason)
{
	size_t n = strlen(topic);
	struct pl_escaped escaped;

	if (n && n <= max && topic[0] != '/' && topic[n - 1] != '/' &&
	    mosquitto_pub_topic_check(topic) == MOSQ_ERR_SUCCESS &&
	    mosquitto_validate_utf8(topic, (int)n) == MOSQ_ERR_SUCCESS)
		return 0;
	pl_reason_set(reason,
		      "%s \"%s\": 1 to %zu bytes of UTF-8 without +, # and control characters, no / at the ends", what,
		      pl_escape_str(&escaped, topic), max);
	return PL_LINK_E_MESSAGE;
}

int pl_link_new(const struct pl_link_config *config, struct pl_link **link_out, struct pl_reason *reason)
{
	PL_CLEANUP_LINK struct pl_link *link = NULL;
	int r;

	if (!config->host || !config->host[0] || !config->port || !config->ca_file ||
	    !config->cert_file != !config->key_file || config->keepalive_s < 5 || !config->timeout_ms) {
		pl_reason_set(reason, "host, port, CA file and times are needed, and certificate and key together");
		return -EINVAL;
	}
	r = check_topic("topic root", config->root, ROOT_BYTES, reason);
	if (r)
		return r;
	link = calloc(1, sizeof(*link));
	if (!link)
		return -ENOMEM;
	link->config = *config;
	link->pump = (struct pl_pump)PL_PUMP_INIT;
	pl_identity_init(&link->identity);
	if (psa_crypto_init() != PSA_SUCCESS) {
		pl_reason_set(reason, "the cryptographic library does not start: no random numbers?");
		return -EIO;
	}
	r = pl_identity_load(&link->identity, config->ca_file, config->cert_file, config->key_file, config->device,
			     reason);
	if (r)
		return r;
	*link_out = link;
	link = NULL;
	return 0;
}

const char *pl_link_device(const struct pl_link *link)
{
	return link->identity.device;
}

static void properties_free(mosquitto_property **properties)
{
	mosquitto_property_free_all(properties);
}
#define CLEANUP_PROPERTIES __attribute__((cleanup(properties_free)))

/* libmosquitto's return codes for what cannot fail but for memory. */
static int of_library(int code)
{
	return code == MOSQ_ERR_SUCCESS ? 0 : code == MOSQ_ERR_NOMEM ? -ENOMEM : -EINVAL;
}

static int new_client(struct pl_link *link)
{
	link->client = mosquitto_new(link->identity.device, true, link);
	if (!link->client)
		return -errno;
	mosquitto_connect_v5_callback_set(link->client, on_connect);
	mosquitto_disconnect_v5_callback_set(link->client, on_disconnect);
	mosquitto_publish_v5_callback_set(link->client, on_publish);
	return of_library(mosquitto_int_option(link->client, MOSQ_OPT_PROTOCOL_VERSION,
					       link->five ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311));
}

/* Makes libmosquitto connect to the pump. */
static int join(struct pl_link *link, struct pl_reason *reason)
{
	PL_CLEANUP_PRIVATE_SOCKET struct pl_private_socket private = PL_PRIVATE_SOCKET_INIT;
	CLEANUP_PROPERTIES mosquitto_property *properties = NULL;
	int r;

	r = new_client(link);
	if (!r && link->five)
		r = of_library(
			mosquitto_property_add_int32(&properties, MQTT_PROP_MAXIMUM_PACKET_SIZE, PL_MAX_MQTT_IN_BYTES));
	if (!r)
		r = pl_private_socket_listen(&private, reason);
	if (r)
		return r;
	/* port 0: the host is a path */
	r = mosquitto_connect_bind_v5(link->client, private.address.sun_path, 0, link->config.keepalive_s, NULL,
				      properties);
	if (r) {
		pl_reason_set(reason, "libmosquitto does not connect to our private socket: %s",
			      r == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(r));
		return -EIO;
	}
	return pl_private_socket_accept(&private, &link->pump.fd, reason);
}

static void hang_up(struct pl_link *link)
{
	link->up = false;
	if (link->client)
		mosquitto_destroy(link->client);
	link->client = NULL;
	pl_pump_deinit(&link->pump);
	pl_tls_free(&link->tls);
	link->pump = (struct pl_pump)PL_PUMP_INIT;
	memset(link->flights, 0, sizeof(link->flights));
	link->n_flights = 0;
}

/* One attempt with one version of MQTT. */
static int attempt(struct pl_link *link, int64_t deadline_ms, struct pl_reason *reason)
{
	PL_CLEANUP_FD int fd = -1;
	int r;

	link->ended = false;
	link->connack = -1;
	link->said.text[0] = 0;
	link->max_packet_bytes = 0;
	r = pl_dial(link->config.host, link->config.port, deadline_ms, &fd, reason);
	if (r)
		return r;
	r = pl_tls_open(&link->identity, link->config.host, link->config.alpn, &fd, deadline_ms, &link->tls, reason);
	if (r)
		return r;
	link->pump.tls = link->tls;
	r = join(link, reason);
	while (!r && !link->up) {
		if (pl_now_ms() >= deadline_ms) {
			pl_reason_set(reason, "the broker did not answer the MQTT connection request in time");
			return PL_LINK_E_TIMEOUT;
		}
		r = turn_connected(link, deadline_ms, reason);
	}
	if (r == PL_LINK_E_LOST)
		pl_reason_prefix(reason, "no answer to the MQTT connection request");
	return r;
}

int pl_link_connect(struct pl_link *link, struct pl_reason *reason)
{
	int64_t deadline_ms = pl_now_ms() + link->config.timeout_ms;
	struct pl_escaped host;
	int r;

	mosquitto_lib_init();
	link->five = link->config.version != PL_LINK_MQTT_3_1_1;
	r = attempt(link, deadline_ms, reason);
	if (r == PL_LINK_E_REFUSED && link->config.version == PL_LINK_MQTT_AUTO &&
	    (link->connack == MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION ||
	     link->connack == CONNACK_REFUSED_PROTOCOL_VERSION)) {
		hang_up(link);
		link->five = false;
		r = attempt(link, deadline_ms, reason);
	}
	if (r) {
		hang_up(link);
		pl_reason_prefix(reason, "broker %s:%u", pl_escape_str(&host, link->config.host), link->config.port);
		return r;
	}
	link->counts.reasons_known = link->five;
	snprintf(link->description, sizeof(link->description), "MQTT %s, %s", link->five ? "5" : "3.1.1",
		 pl_tls_version(link->tls));
	return 0;
}

const char *pl_link_describe(const struct pl_link *link)
{
	return link->description;
}

/* Until no more than `n` messages are under way. Time counts from the last answer. */
static int wait_for_room(struct pl_link *link, size_t n, struct pl_reason *reason)
{
	int64_t deadline_ms = pl_now_ms() + link->config.timeout_ms;
	size_t before = link->n_flights;
	int r;

	while (link->n_flights > n) {
		if (link->n_flights < before) {
			before = link->n_flights;
			deadline_ms = pl_now_ms() + link->config.timeout_ms;
		}
		if (pl_now_ms() >= deadline_ms) {
			pl_reason_set(reason, "the broker did not acknowledge %zu of %zu messages in time",
				      link->n_flights, link->counts.handed_over);
			return PL_LINK_E_TIMEOUT;
		}
		r = turn_connected(link, deadline_ms, reason);
		if (r)
			return r;
	}
	return 0;
}

static int add_properties(const struct pl_link_message *message, mosquitto_property **properties)
{
	int r;

	/* 1: UTF-8 text, as all JSON is */
	r = of_library(mosquitto_property_add_byte(properties, MQTT_PROP_PAYLOAD_FORMAT_INDICATOR, 1));
	if (!r && message->expiry_s)
		r = of_library(
			mosquitto_property_add_int32(properties, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, message->expiry_s));
	if (!r && message->content_type)
		r = of_library(
			mosquitto_property_add_string(properties, MQTT_PROP_CONTENT_TYPE, message->content_type));
	return r;
}

static int hand_over(struct pl_link *link, const struct pl_link_message *message, struct flight *flight,
		     struct pl_reason *reason)
{
	CLEANUP_PROPERTIES mosquitto_property *properties = NULL;
	struct pl_escaped topic;
	int r = 0;

	if (link->five)
		r = add_properties(message, &properties);
	if (r)
		return r;
	pl_escape_str(&topic, flight->topic);
	r = mosquitto_publish_v5(link->client, &flight->id, flight->topic, (int)message->n, message->payload, 1,
				 message->retain, properties);
	switch (r) {
	case MOSQ_ERR_SUCCESS:
		flight->retain = message->retain;
		link->n_flights++;
		link->counts.handed_over++;
		return 0;
	case MOSQ_ERR_OVERSIZE_PACKET:
		flight->id = 0;
		pl_reason_set(reason, "the message on %s has %zu bytes, and the broker takes packets of %u at most",
			      topic.text, message->n, link->max_packet_bytes);
		return PL_LINK_E_MESSAGE;
	case MOSQ_ERR_QOS_NOT_SUPPORTED:
		flight->id = 0;
		pl_reason_set(reason, "the broker acknowledges no messages (its maximum QoS is 0)");
		return PL_LINK_E_REFUSED;
	default:
		flight->id = 0;
		pl_reason_set(reason, "the message on %s was not sent: %s", topic.text, mosquitto_strerror(r));
		return r == MOSQ_ERR_NOMEM ? -ENOMEM : PL_LINK_E_LOST;
	}
}

int pl_link_publish(struct pl_link *link, const struct pl_link_message *message, struct pl_reason *reason)
{
	struct flight *flight;
	char topic[TOPIC_BYTES + 1];
	int r;

	if (!link->up) {
		pl_reason_set(reason, "there is no connection to the broker");
		return PL_LINK_E_LOST;
	}
	if (message->n > PL_MAX_PAYLOAD_BYTES) {
		pl_reason_limit(reason, "payload-bytes", PL_MAX_PAYLOAD_BYTES);
		return PL_LINK_E_MESSAGE;
	}
	snprintf(topic, sizeof(topic), "%s/v1/%s/%s", link->config.root, link->identity.device, message->topic);
	r = check_topic("topic", topic, TOPIC_BYTES - 1, reason);
	if (r)
		return r;
	r = wait_for_room(link, link->window - 1u, reason);
	if (r)
		return r;
	flight = find_flight(link, 0);
	memcpy(flight->topic, topic, strlen(topic) + 1);
	return hand_over(link, message, flight, reason);
}

int pl_link_flush(struct pl_link *link, struct pl_reason *reason)
{
	int r = wait_for_room(link, 0, reason);

	if (r || !link->counts.refused)
		return r;
	*reason = link->refusal;
	if (link->counts.handed_over > 1)
		pl_reason_prefix(reason, "%zu of %zu messages refused", link->counts.refused, link->counts.handed_over);
	return PL_LINK_E_REFUSED;
}

struct pl_link_counts pl_link_counts(const struct pl_link *link)
{
	return link->counts;
}

/* DISCONNECT, and what is still before it, gets on its way. */
static void say_goodbye(struct pl_link *link)
{
	int64_t deadline_ms = pl_now_ms() + GOODBYE_MS;
	struct pl_reason unused;

	if (mosquitto_disconnect_v5(link->client, MQTT_RC_NORMAL_DISCONNECTION, NULL) != MOSQ_ERR_SUCCESS)
		return;
	while (!(link->pump.up_ended && pl_pump_is_idle(&link->pump)) && pl_now_ms() < deadline_ms)
		if (turn(link, deadline_ms, &unused))
			break;
}

void pl_link_free(struct pl_link **link)
{
	struct pl_link *old = *link;

	*link = NULL;
	if (!old)
		return;
	if (old->up)
		say_goodbye(old);
	hang_up(old);
	pl_identity_deinit(&old->identity);
	free(old);
}
