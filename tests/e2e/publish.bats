#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Publishing to a real broker, and every way in which it can be refused: exit code 4, a message that names the cause, within
# the time given.

bats_require_minimum_version 1.5.0

here=$BATS_TEST_DIRNAME

setup_file() {
	# shellcheck source=lib/broker.sh
	. "$here/lib/broker.sh"
	: "${PLIMSOLL:?names the program under test}"
	export dir=$BATS_FILE_TMPDIR RUNTIME_DIRECTORY=$BATS_FILE_TMPDIR/run
	mkdir "$RUNTIME_DIRECTORY"
	broker_pki "$dir"
	pki_issue "$dir" elsewhere elsewhere server DNS:elsewhere.example,IP:10.1.2.3
	pki_issue "$dir" expired localhost server DNS:localhost 20200101000000Z 20210101000000Z
	pki_issue "$dir" future localhost server DNS:localhost 20480101000000Z 20490101000000Z
	pki_issue "$dir" wrongusage localhost client DNS:localhost
	pki_issue "$dir" old-device gw-0042 client "" 20200101000000Z 20210101000000Z
	pki_issue "$dir" new-device gw-0042 client "" 20480101000000Z 20490101000000Z
	pki_issue "$dir" wild-device 'gw\+' client
	pki_issue "$dir" nameless-device "" client
	pki_init "$dir/other" "somebody else's CA"
	pki_issue "$dir/other" gw-0042 gw-0042 client
	openssl pkcs8 -topk8 -passout pass:secret -in "$dir/gw-0042.key" -out "$dir/encrypted.key"
	echo "no certificate" >"$dir/garbage"
	cp "$dir/gw-0042.key" "$dir/open.key"
	chmod 644 "$dir/open.key"
	python3 "$here/lib/layout.py" "$dir/layout" root= number=1654 name=app
	python3 "$here/lib/layout.py" "$dir/large" many=1654:600
	broker_start "$dir"
	export main_port=$BROKER_PORT main_log=$BROKER_LOG
}

teardown_file() {
	# shellcheck source=lib/broker.sh
	. "$here/lib/broker.sh"
	broker_stop "$dir"
	# no private socket is left behind
	[ -z "$(ls -A "$RUNTIME_DIRECTORY")" ]
}

setup() {
	. "$here/lib/broker.sh"
	BROKER_PORT=$main_port BROKER_LOG=$main_log
	device=("--cafile" "$dir/ca.crt" "--cert" "$dir/gw-0042.crt" "--key" "$dir/gw-0042.key")
}

teardown() {
	# a watcher would make a subscriber for the tests that want none
	[ -z "${WATCH_PID:-}" ] || kill "$WATCH_PID"
}

# One of the servers of lib/bad_server.py; its port is then BROKER_PORT.
bad_server() {
	local out
	out=$(mktemp "$BATS_TEST_TMPDIR/port.XXXXXX")
	python3 -W ignore "$here/lib/bad_server.py" "$@" >"$out" 3>&- &
	echo $! >>"$dir/pids"
	wait_for 10 test -s "$out"
	BROKER_PORT=$(cat "$out")
}

bad_tls_server() {
	bad_server "$1" "$dir/server.crt" "$dir/server.key"
}

# Publishes the layout with the options given after those for the broker.
publish() {
	run -"${expected:-1}" timeout 60 "${program[@]:-$PLIMSOLL}" publish --host localhost --port "$BROKER_PORT" --timeout 2 \
		"${device[@]}" "$@" "oci:${layout:-$dir/layout}"
	echo "$output"
}

# Publishing fails, says TEXT, and takes no longer than its time.
refused() {
	local text=$1 begin=$SECONDS
	shift
	expected=4 publish "$@"
	[[ $output == *"$text"* ]]
	[ $((SECONDS - begin)) -le 6 ]
}

@test "every image is a message, and the posture one more, as the schema has them" {
	broker_watch "$dir" "$BATS_TEST_TMPDIR/got"
	publish
	[[ $output == "gw-0042 at localhost:$BROKER_PORT (MQTT 5, TLSv1.3): 4 of 4 messages delivered" ]]
	wait_for 5 grep -q posture "$BATS_TEST_TMPDIR/got"
	run -0 python3 "$here/lib/messages.py" "$BATS_TEST_TMPDIR/got" gw-0042
	[ "$output" = "3 subjects, posture fail" ]
}

@test "the posture is retained, subjects are not" {
	publish
	broker_retained "$dir" plimsoll/v1/gw-0042/posture | grep -q '"verdict":"fail"'
	run ! broker_retained "$dir" plimsoll/v1/gw-0042/subject
}

@test "nobody listening to the subjects is said, and no fault" {
	publish
	[[ $output == *"3 messages reached nobody"* ]]
	[[ $output == *"1 of 4 messages delivered"* ]]
}

@test "by address, with ALPN, and below another root" {
	broker_watch "$dir" "$BATS_TEST_TMPDIR/got"
	publish --host 127.0.0.1 --tls-alpn mqtt
	[[ $output == *"4 of 4 messages delivered"* ]]
	refused "other/root/v1/gw-0042/subject: Not authorized (reason 0x87)" --topic-root other/root
}

@test "TLS 1.2" {
	export OPENSSL_CONF=$BATS_TEST_TMPDIR/openssl.cnf
	printf '%s\n' openssl_conf=a '[a]' ssl_conf=b '[b]' system_default=c '[c]' MaxProtocol=TLSv1.2 >"$OPENSSL_CONF"
	broker_start "$dir"
	unset OPENSSL_CONF
	broker_watch "$dir" "$BATS_TEST_TMPDIR/got"
	publish
	[[ $output == *"(MQTT 5, TLSv1.2): 4 of 4 messages delivered"* ]]
	device=("--cafile" "$dir/ca.crt" "--device" gw-0042)
	refused "requires a client certificate and none is configured"
}

@test "RSA and P-384 keys on both sides" {
	local kind
	[ -e "$dir/rsa.key" ] || (umask 077 && openssl genrsa -out "$dir/rsa.key" 2048)
	[ -e "$dir/p384.key" ] || (umask 077 && openssl ecparam -name secp384r1 -genkey -noout -out "$dir/p384.key")
	for kind in rsa p384; do
		pki_issue "$dir" "$kind" localhost server DNS:localhost
		BROKER_SERVER=$kind broker_start "$dir"
		pki_issue "$dir" "$kind" "$kind-device" client
		publish --cert "$dir/$kind.crt" --key "$dir/$kind.key"
		[[ $output == *"$kind-device at localhost:"*"1 of 4 messages delivered"* ]]
	done
}

@test "MQTT 3.1.1 when asked for" {
	broker_watch "$dir" "$BATS_TEST_TMPDIR/got"
	publish --mqtt 3.1.1
	[[ $output == *"(MQTT 3.1.1, TLSv1.3): 4 of 4 messages acknowledged"* ]]
	wait_for 5 grep -q posture "$BATS_TEST_TMPDIR/got"
	run -0 python3 "$here/lib/messages.py" "$BATS_TEST_TMPDIR/got" gw-0042 v311=1
}

@test "MQTT 3.1.1 when the broker knows no more" {
	bad_tls_server old
	publish
	[[ $output == *"(MQTT 3.1.1, TLSv1.3): 4 of 4 messages acknowledged"* ]]
	refused "it does not speak this version of MQTT (CONNACK 0x01)" --mqtt 5
}

@test "a broker that takes one message at a time gets one at a time" {
	bad_tls_server one
	publish
	[[ $output == *"4 of 4 messages delivered"* ]]
}

@test "a subject that is too large is published in brief" {
	broker_watch "$dir" "$BATS_TEST_TMPDIR/got"
	layout=$dir/large publish
	wait_for 5 grep -q posture "$BATS_TEST_TMPDIR/got"
	run -0 python3 "$here/lib/messages.py" "$BATS_TEST_TMPDIR/got" gw-0042
	[ "$output" = "1 subjects, posture fail" ]
	grep -q 'brief' "$BATS_TEST_TMPDIR/got"
}

@test "scan --publish does both" {
	broker_watch "$dir" "$BATS_TEST_TMPDIR/got"
	run -1 --separate-stderr "$PLIMSOLL" scan --publish --format json --host localhost --port "$BROKER_PORT" "${device[@]}" \
		"oci:$dir/layout"
	python3 -c 'import json, sys; r = json.load(sys.stdin); assert len(r["subjects"]) == 3 and r["device"]["id"] == "gw-0042"' \
		<<<"$output"
	wait_for 5 grep -q posture "$BATS_TEST_TMPDIR/got"
	python3 "$here/lib/messages.py" "$BATS_TEST_TMPDIR/got" gw-0042
}

@test "scan --publish writes its report though the broker is not there" {
	run -4 --separate-stderr "$PLIMSOLL" scan --publish --format json --host localhost --port 1 "${device[@]}" "oci:$dir/layout"
	python3 -c 'import json, sys; assert len(json.load(sys.stdin)["subjects"]) == 3' <<<"$output"
	[[ $stderr == *"nothing listens there"* ]]
}

@test "the static arm64 program publishes" {
	[ -x "${PLIMSOLL_ARM64:-}" ] || skip "no arm64 build"
	command -v qemu-aarch64-static >/dev/null || skip "no qemu-aarch64-static"
	broker_watch "$dir" "$BATS_TEST_TMPDIR/got"
	program=(qemu-aarch64-static "$PLIMSOLL_ARM64")
	publish
	[[ $output == *"4 of 4 messages delivered"* ]]
}

@test "the static x86-64 program publishes" {
	[ -x "${PLIMSOLL_X86_64:-}" ] || skip "no x86_64-musl build"
	broker_watch "$dir" "$BATS_TEST_TMPDIR/got"
	program=("$PLIMSOLL_X86_64")
	publish
	[[ $output == *"4 of 4 messages delivered"* ]]
	refused "the name does not resolve" --host no-such-host.invalid
}

@test "the sanitised program publishes, and is refused, without a complaint" {
	[ -x "${PLIMSOLL_ASAN:-}" ] || skip "no host-asan build"
	program=("$PLIMSOLL_ASAN")
	publish
	refused "no CA of ours has signed it" --cafile "$dir/other/ca.crt"
	refused "Not authorized (reason 0x87)" --topic-root elsewhere
	bad_tls_server leave
	refused "Server shutting down (reason 0x8b)"
}

# -- refused before a connection: the files

@test "refused: no client certificate" {
	device=(--cafile "$dir/ca.crt")
	refused "no client certificate"
}

@test "refused: key that does not fit" {
	refused "monitor.key does not fit client certificate" --key "$dir/monitor.key"
}

@test "refused: client certificate out of its time" {
	refused "has expired (2021-01-01T00:00:00Z)" --cert "$dir/old-device.crt" --key "$dir/old-device.key"
	refused "is not valid yet (from 2048-01-01T00:00:00Z)" --cert "$dir/new-device.crt" --key "$dir/new-device.key"
}

@test "refused: a CN that is no device id" {
	refused '"gw+" cannot be a device id' --cert "$dir/wild-device.crt" --key "$dir/wild-device.key"
	refused "has no CN" --cert "$dir/nameless-device.crt" --key "$dir/nameless-device.key"
	refused "the client certificate's CN, gw-0042" --device gw-0043
}

@test "refused: files that are not what they should be" {
	refused "nowhere.crt: No such file" --cafile "$dir/nowhere.crt"
	refused "not a regular file" --cert "$dir"
	refused "garbage: no certificate in PEM form" --cafile "$dir/garbage"
	refused "garbage: no RSA, P-256 or P-384 key in PEM form" --key "$dir/garbage"
	refused "encrypted.key is encrypted" --key "$dir/encrypted.key"
	: >"$dir/empty"
	refused "empty: the file is empty" --cert "$dir/empty"
}

@test "a private key that everyone can read is warned about" {
	publish --key "$dir/open.key"
	[[ $output == *"warning: private key"*"open.key is accessible to everyone on this machine (mode 0644)"* ]]
}

# -- refused on the way to the broker

@test "refused: name that does not resolve" {
	refused "no-such-host.invalid:$BROKER_PORT: the name does not resolve" --host no-such-host.invalid
}

@test "refused: name servers that do not answer" {
	[ "$(id -u)" = 0 ] || skip "needs root, for a resolv.conf of its own"
	unshare -m true 2>/dev/null || skip "no mount namespaces here"
	python3 -c 'import socket, time; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(("127.0.0.9", 53)); time.sleep(60)' 3>&- &
	echo $! >>"$dir/pids"
	# that address and port, as the kernel writes them
	wait_for 5 grep -q 0900007F:0035 /proc/net/udp
	echo "nameserver 127.0.0.9" >"$BATS_TEST_TMPDIR/resolv.conf"
	program=(unshare -m sh -c 'mount --bind "$0" /etc/resolv.conf && exec "$@"' "$BATS_TEST_TMPDIR/resolv.conf" "$PLIMSOLL")
	refused "the name was not resolved in time: no name server answers" --host broker.example
}

@test "refused: nothing listening" {
	refused "localhost:1: nothing listens there (connection refused)" --port 1
}

@test "refused: handshake that stalls" {
	bad_server stall
	refused "did not finish the TLS handshake in time"
}

@test "refused: a port that does not speak TLS" {
	local plain
	plain=$(free_port)
	broker_start "$dir" "listener $plain 127.0.0.1" "allow_anonymous true"
	refused "during the TLS handshake" --port "$plain"
	[[ $output == *"is this the broker's TLS port?"* ]]
	bad_server banner
	refused "what answered does not speak TLS"
	bad_server close
	refused "is this the broker's TLS port?"
}

@test "refused: TLS 1.1 only" {
	bad_tls_server tls11
	refused "it speaks neither TLS 1.2 nor TLS 1.3"
}

# -- refused by TLS

@test "refused: wrong CA" {
	refused 'no CA of ours has signed it (its issuer is "plimsoll test CA")' --cafile "$dir/other/ca.crt"
}

@test "refused: wrong host name" {
	BROKER_SERVER=elsewhere broker_start "$dir"
	refused "it is for elsewhere.example, 10.1.2.3, not for localhost"
	refused "it is for elsewhere.example, 10.1.2.3, not for 127.0.0.1" --host 127.0.0.1
}

@test "refused: broker's certificate out of its time" {
	BROKER_SERVER=expired broker_start "$dir"
	refused "it has expired (2021-01-01T00:00:00Z)"
	BROKER_SERVER=future broker_start "$dir"
	refused "it is not valid before 2048-01-01T00:00:00Z"
}

@test "refused: a client's certificate as the broker's" {
	bad_server mute "$dir/wrongusage.crt" "$dir/wrongusage.key"
	refused "it is not a server's certificate"
}

@test "refused: the broker wants a client certificate" {
	device=(--cafile "$dir/ca.crt" --device gw-0042)
	refused "requires a client certificate and none is configured"
}

@test "refused: the broker does not know our CA" {
	refused "does not know the CA that signed our client certificate" --cert "$dir/other/gw-0042.crt" --key "$dir/other/gw-0042.key"
}

# -- refused by MQTT

@test "refused: ACL denial" {
	refused "4 of 4 messages refused: the broker refuses the message on x/v1/gw-0042/subject: Not authorized (reason 0x87)" \
		--topic-root x
}

@test "refused: payload over the broker's limit" {
	# told in CONNACK, so that nothing is sent
	broker_start "$dir" "max_packet_size 1000"
	refused "and the broker takes packets of 1000 at most"
	# told by PUBACK 0x95, over which libmosquitto drops the connection
	broker_start "$dir" "message_size_limit 1000"
	refused "Packet too large (reason 0x95)"
}

@test "a message that the broker cannot take does not keep the others" {
	broker_start "$dir" "max_packet_size 1500"
	refused "and the broker takes packets of 1500 at most"
	broker_retained "$dir" plimsoll/v1/gw-0042/posture | grep -q '"subjects":3'
}

@test "refused: connection refused by the broker" {
	bad_tls_server refuse
	refused "the broker refuses the connection: Banned (CONNACK 0x8a) (it says: not today)"
	bad_tls_server rude
	refused "the broker refuses the connection: Banned (CONNACK 0x8a)"
	[[ $output != *$'\e'* ]]
}

@test "refused: quota" {
	bad_tls_server full
	refused "Quota exceeded (reason 0x97)"
}

@test "refused: no answer to the connection request, none to a message" {
	bad_tls_server mute
	refused "did not answer the MQTT connection request in time"
	bad_tls_server deaf
	refused "did not acknowledge 4 of 4 messages in time"
}

@test "refused: a broker that hangs" {
	broker_start "$dir"
	kill -STOP "$BROKER_PID"
	refused "did not finish the TLS handshake in time"
}

@test "refused: a broker that dies mid-way" {
	local images=() i
	for i in $(seq 1500); do images+=("image-$i=1654"); done
	python3 "$here/lib/layout.py" "$BATS_TEST_TMPDIR/long" "${images[@]}"
	broker_start "$dir"
	(tail --pid="$BROKER_PID" -n +1 -f "$BROKER_LOG" | grep -q -m 1 "Received PUBLISH from gw-0042" && kill -KILL "$BROKER_PID") 3>&- &
	layout=$BATS_TEST_TMPDIR/long refused "messages are not acknowledged"
}

@test "refused: a broker that ends the session" {
	bad_tls_server leave
	refused "the broker ended the session: Server shutting down (reason 0x8b)"
}

@test "refused: packets without measure, and bytes that are no MQTT" {
	bad_tls_server huge
	refused "over plimsoll's limit mqtt-in-bytes (65536)"
	bad_tls_server babble
	refused "the broker"
}

# -- wrong usage

@test "usage: what publishing needs" {
	run -2 "$PLIMSOLL" publish
	run -2 "$PLIMSOLL" publish --host localhost
	run -2 "$PLIMSOLL" publish --host localhost --cafile "$dir/ca.crt" --cert "$dir/gw-0042.crt"
	expected=2 publish --topic-root 'a/#'
	[[ $output == *"topic root"* ]]
}
