#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The static programs, arm64 under qemu-user: the same bytes about the same stores. docker.bats does the same with Docker's
# stores, publish.bats publishes with them.

bats_require_minimum_version 1.5.0
load lib/common.bash

setup_file() {
	e2e_setup
	python3 "$ROOT/tests/data/images/scenarios.py" "$BATS_FILE_TMPDIR/scenarios"
	python3 "$ROOT/tests/conformance/layers.py" make "$BATS_FILE_TMPDIR/layers"
	python3 "$ROOT/tests/data/images/bad.py" "$BATS_FILE_TMPDIR/bad"
	# Which image of an index is judged depends on the machine; everything else does not.
	stores=("oci:$BATS_FILE_TMPDIR/scenarios/oci" "oci:$BATS_FILE_TMPDIR/layers/oci")
	while IFS=$'\t' read -r name _; do
		stores+=("oci:$BATS_FILE_TMPDIR/bad/$name")
	done <"$BATS_FILE_TMPDIR/bad/cases"
	scan_json here "${stores[@]}"
	if [ -x "$PLIMSOLL_X86_64" ] && [ "$(uname -m)" = x86_64 ]; then
		PROGRAM=$PLIMSOLL_X86_64 scan_json x86_64 "${stores[@]}"
	fi
	if has_arm64; then
		PROGRAM="$(arm64)" scan_json arm64 "${stores[@]}"
	fi
}

has_arm64() {
	[ -x "$PLIMSOLL_ARM64" ] && { [ "$(uname -m)" = aarch64 ] || command -v qemu-aarch64-static >/dev/null; }
}

arm64() {
	if [ "$(uname -m)" = aarch64 ]; then
		echo "$PLIMSOLL_ARM64"
	else
		echo "qemu-aarch64-static $PLIMSOLL_ARM64"
	fi
}

need_arm64() {
	has_arm64 || skip "no arm64 program at $PLIMSOLL_ARM64, or no qemu-aarch64-static"
}

@test "static x86-64: the same bytes as the build for this machine" {
	[ "$(uname -m)" = x86_64 ] || skip "this machine is no x86-64"
	[ -x "$PLIMSOLL_X86_64" ] || skip "no program at $PLIMSOLL_X86_64"
	reports same "$REPORTS/here.json" "$REPORTS/x86_64.json"
}

@test "arm64: the same bytes as the build for this machine" {
	need_arm64
	reports same "$REPORTS/here.json" "$REPORTS/arm64.json"
	[ "$(field arm64 .device.arch)" = arm64 ]
}

@test "arm64: is a static program" {
	[ -x "$PLIMSOLL_ARM64" ] || skip "no program at $PLIMSOLL_ARM64"
	readelf -hl "$PLIMSOLL_ARM64" >"$BATS_TEST_TMPDIR/headers"
	grep -q 'Machine:.*AArch64' "$BATS_TEST_TMPDIR/headers"
	run ! grep -q INTERP "$BATS_TEST_TMPDIR/headers"
}

@test "static: every report fits the schema" {
	every_report_fits
}
