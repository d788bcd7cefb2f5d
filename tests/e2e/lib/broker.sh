# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# A private MQTT broker with TLS on loopback, and the certificates for it. To be sourced by bash; needs openssl, mosquitto,
# mosquitto-clients and python3. Everything lies in one folder, DIR, which the caller makes and removes.
#
#   pki_init DIR [CN]                      a CA: DIR/ca.crt DIR/ca.key
#   pki_issue DIR NAME CN server|client [SANS [START END]]
#                                          DIR/NAME.crt DIR/NAME.key (made unless there), signed by DIR's CA; SANS like
#                                          "DNS:localhost,IP:127.0.0.1", times like 20250101000000Z
#   broker_pki DIR [DEVICE]                what broker, device and watcher need: ca, server, DEVICE (gw-0042), monitor
#   broker_start DIR [LINE...]             starts mosquitto on a free port. LINEs are added to its configuration, after the
#                                          listener's own. Sets BROKER_PORT, BROKER_PID and BROKER_LOG. A device may write
#                                          only below plimsoll/v1/<its CN>/, "monitor" reads everything. BROKER_SERVER names
#                                          another certificate than "server"
#   broker_watch DIR FILE [TOPIC]          writes every message that comes from now on to FILE, one line of JSON each: topic,
#                                          qos, retain, payload and (MQTT 5) properties as mosquitto_sub -F %j has them.
#                                          Sets WATCH_PID
#   broker_retained DIR TOPIC              prints the payload of a topic's retained message; fails when there is none
#   broker_stop DIR                        ends every process that the functions above have started for DIR
#   wait_for SECONDS COMMAND...            runs COMMAND until it succeeds
#
# A caller ends with, for instance: trap 'broker_stop "$dir"; rm -rf "$dir"' EXIT

wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

port_open() {
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

pki_key() {
	(umask 077 && openssl ecparam -name prime256v1 -genkey -noout -out "$1")
}

pki_init() {
	local dir=$1 cn=${2:-plimsoll test CA}
	mkdir -p "$dir"
	: >"$dir/index.txt"
	cat >"$dir/ca.cnf" <<-CONF
		[ca]
		default_ca = here
		[here]
		new_certs_dir = $dir
		database = $dir/index.txt
		rand_serial = yes
		default_md = sha256
		default_days = 30
		policy = any
		unique_subject = no
		[any]
		commonName = optional
		[req]
		distinguished_name = any
		[authority]
		basicConstraints = critical, CA:true
		keyUsage = critical, keyCertSign, cRLSign
		subjectKeyIdentifier = hash
	CONF
	pki_key "$dir/ca.key"
	openssl req -config "$dir/ca.cnf" -new -x509 -key "$dir/ca.key" -subj "/CN=$cn" -extensions authority -days 30 -out "$dir/ca.crt"
}

pki_issue() {
	local dir=$1 name=$2 cn=$3 usage=$4 sans=${5:-} start=${6:-} end=${7:-}
	[ -e "$dir/$name.key" ] || pki_key "$dir/$name.key"
	{
		echo "[extensions]"
		echo "extendedKeyUsage = ${usage}Auth"
		echo "keyUsage = critical, digitalSignature"
		[ -z "$sans" ] || echo "subjectAltName = $sans"
	} >"$dir/$name.ext"
	openssl req -config "$dir/ca.cnf" -new -key "$dir/$name.key" -subj "/${cn:+CN=$cn}" -out "$dir/$name.csr"
	if ! openssl ca -config "$dir/ca.cnf" -batch -notext -extfile "$dir/$name.ext" -extensions extensions \
		-cert "$dir/ca.crt" -keyfile "$dir/ca.key" ${start:+-startdate "$start" -enddate "$end"} \
		-in "$dir/$name.csr" -out "$dir/$name.crt" 2>"$dir/$name.log"; then
		cat "$dir/$name.log" >&2
		return 1
	fi
	rm -f "$dir/$name.ext" "$dir/$name.csr" "$dir/$name.log"
}

broker_pki() {
	local dir=$1 device=${2:-gw-0042}
	pki_init "$dir"
	pki_issue "$dir" server localhost server DNS:localhost,IP:127.0.0.1,IP:::1
	pki_issue "$dir" "$device" "$device" client
	pki_issue "$dir" monitor monitor client
}

broker_start() {
	local dir=$1
	shift
	BROKER_PORT=$(free_port)
	BROKER_LOG=$dir/broker-$BROKER_PORT.log
	cat >"$dir/broker.acl" <<-ACL
		pattern write plimsoll/v1/%u/#
		pattern read plimsoll/v1/%u/cmd/#
		user monitor
		topic read #
	ACL
	{
		cat <<-CONF
			user $(id -un)
			log_dest stderr
			log_type all
			listener $BROKER_PORT 127.0.0.1
			cafile $dir/ca.crt
			certfile $dir/${BROKER_SERVER:-server}.crt
			keyfile $dir/${BROKER_SERVER:-server}.key
			require_certificate true
			use_identity_as_username true
			acl_file $dir/broker.acl
		CONF
		printf '%s\n' "$@"
	} >"$dir/broker.conf"
	# descriptor 3 is bats' own: a process that keeps it keeps bats waiting
	PATH=$PATH:/usr/sbin mosquitto -c "$dir/broker.conf" 2>"$BROKER_LOG" 3>&- &
	BROKER_PID=$!
	echo "$BROKER_PID" >>"$dir/pids"
	wait_for 5 port_open "$BROKER_PORT" || {
		cat "$BROKER_LOG" >&2
		return 1
	}
}

# What makes mosquitto_sub the watcher: MONITOR, its options.
monitor() {
	MONITOR=(-h localhost -p "$BROKER_PORT" --cafile "$1/ca.crt" --cert "$1/monitor.crt" --key "$1/monitor.key" -V 5 -q 1)
}

subscribed() {
	grep -q "Received SUBSCRIBE from $1\$" "$BROKER_LOG"
}

broker_watch() {
	local dir=$1 file=$2 topic=${3:-#} id=watch-$RANDOM
	monitor "$dir"
	# what was retained before is not news (-R)
	mosquitto_sub "${MONITOR[@]}" -i "$id" -t "$topic" -F %j -R >"$file" 3>&- &
	WATCH_PID=$!
	echo "$WATCH_PID" >>"$dir/pids"
	wait_for 5 subscribed "$id"
}

broker_retained() {
	monitor "$1"
	mosquitto_sub "${MONITOR[@]}" -t "$2" -C 1 -W 2 -F %p --retained-only
}

# Ended, though perhaps nobody has collected it yet.
gone() {
	local state
	state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null)
	[ -z "$state" ] || [ "$state" = Z ]
}

broker_stop() {
	local dir=$1 pid
	[ -e "$dir/pids" ] || return 0
	while read -r pid; do
		# one that a test has stopped takes no other signal
		kill -CONT "$pid" 2>/dev/null || continue
		kill "$pid" 2>/dev/null || true
		wait_for 5 gone "$pid" || kill -KILL "$pid"
	done <"$dir/pids"
	rm -f "$dir/pids"
}
