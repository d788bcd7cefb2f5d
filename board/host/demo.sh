#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# demo.sh: builds plimsoll for this machine and for arm64, judges a handful of images (and whatever stores this machine has),
# publishes the verdicts to a private broker over mutual TLS, and shows what a subscriber of that broker received.
# Everything happens in a temporary folder; nothing is left running. --no-setup: do not look for missing packages.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
started=$SECONDS
device=gw-0042
export PYTHONDONTWRITEBYTECODE=1

# What the images are, in the order in which they are told.
images=(
	"alpine-like:3|a base image: no USER"
	"shop:sdk|an SDK-built .NET image: USER 1654"
	"shop:name|the same with USER app"
	"shop:forgotten|the same with USER forgotten"
	"chiseled-app:1|a base that sets USER already"
	"user-absent:1|USER rich, whom passwd does not know"
	"user-number:1|USER 4242:4242, without a passwd line"
	"root-by-alias:1|USER toor, who has uid 0"
	"setid:root|set-user-id programs of root"
	"capable:net|a program with file capabilities"
	"drops:gosu|an entry point that starts as root and drops by gosu"
)

bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$'\033[1m' plain=$'\033[0m'
fi

say() {
	printf '\n%s== %s%s\n' "$bold" "$*" "$plain"
}

# step WHAT COMMAND...: quietly, unless it fails.
step() {
	local what=$1 begin=$SECONDS
	shift
	printf '   %-44s' "$what"
	if ! "$@" >"$work/log" 2>&1 </dev/null; then
		echo "FAILED"
		tail -n 40 "$work/log"
		exit 1
	fi
	echo "$((SECONDS - begin)) s"
}

build() {
	cmake --preset "$1" && cmake --build --preset "$1" --parallel
}

exited() {
	case $1 in
	0) echo "0: all compliant" ;;
	1) echo "1: a finding fails an image" ;;
	3) echo "3: nothing failed, something is unknown" ;;
	*) echo "$1" ;;
	esac
}

clean_up() {
	[ "$(type -t broker_stop)" != function ] || broker_stop "$work"
	rm -rf "$work"
}

work=$(mktemp -d "${TMPDIR:-/tmp}/plimsoll-demo.XXXXXX")
trap clean_up EXIT
trap 'exit 130' INT TERM

say "Building"
if [ "${1:-}" != --no-setup ]; then
	toolchains/setup.sh demo
fi
step "for this machine" build host
step "for arm64, static" build arm64-musl
program=$root/build/host/plimsoll
arm64=$root/build/arm64-musl/plimsoll

say "Images"
step "made from nothing, as an OCI layout" python3 tests/data/images/scenarios.py "$work/images" "${images[@]%%|*}"
for row in "${images[@]}"; do
	printf '   %-18s %s\n' "${row%%|*}" "${row#*|}"
done

say "plimsoll scan oci:$work/images/oci"
begin=$SECONDS status=0
"$program" scan "oci:$work/images/oci" || status=$?
echo
echo "   exit status $(exited $status), $((SECONDS - begin)) s"

say "plimsoll scan (the stores of this machine)"
begin=$SECONDS status=0
"$program" scan || status=$?
echo "   exit status $(exited $status), $((SECONDS - begin)) s"

say "A broker on loopback: TLS, client certificates, each device may write below its own name only"
# shellcheck source=tests/e2e/lib/broker.sh
. tests/e2e/lib/broker.sh
step "certificates" broker_pki "$work" "$device"
broker_start "$work"
broker_watch "$work" "$work/received"
echo "   mosquitto on 127.0.0.1:$BROKER_PORT, and a subscriber to everything"

say "plimsoll publish"
begin=$SECONDS status=0
"$program" publish -v --host localhost --port "$BROKER_PORT" --cafile "$work/ca.crt" --cert "$work/$device.crt" --key "$work/$device.key" \
	"oci:$work/images/oci" || status=$?
echo "   exit status $(exited $status), $((SECONDS - begin)) s"
# shellcheck disable=SC2317 # called by wait_for
all_there() {
	[ "$(wc -l <"$work/received")" -gt ${#images[@]} ]
}
wait_for 5 all_there || { echo "   the subscriber did not receive everything"; exit 1; }

say "What the subscriber received"
python3 - "$work/received" <<-'PY'
	import json, sys

	for line in open(sys.argv[1]):
	    message = json.loads(line)
	    payload = message["payload"]
	    event = json.loads(payload) if isinstance(payload, str) else payload
	    data = event.get("data", event)
	    size = len(payload) if isinstance(payload, str) else len(json.dumps(payload, separators=(",", ":")))
	    name = (data.get("names") or [""])[0]
	    print(f"   {message['topic']:34} {size:6} bytes  {data.get('verdict', ''):8} {name}")
	    last = event
	print("\n   the posture, retained:")
	print("\n".join("   " + text for text in json.dumps(last, indent=2).split("\n")))
PY

say "The arm64 program"
echo "   $arm64"
echo "   $(toolchains/size.sh "$arm64")"
run_arm64() {
	if [ "$(uname -m)" = aarch64 ]; then
		"$arm64" "$@"
	else
		qemu-aarch64-static "$arm64" "$@"
	fi
}
if [ "$(uname -m)" = aarch64 ] || command -v qemu-aarch64-static >/dev/null; then
	"$program" scan --format json "oci:$work/images/oci" >"$work/here.json" || true
	run_arm64 scan --format json "oci:$work/images/oci" >"$work/arm64.json" || true
	python3 tests/e2e/lib/reports.py same "$work/here.json" "$work/arm64.json" >/dev/null &&
		echo "   it says the same about the images, byte for byte"
fi

say "Done in $((SECONDS - started)) s; nothing is left running"
