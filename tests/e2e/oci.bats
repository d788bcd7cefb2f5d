#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# OCI layouts: every scenario, the table of layers, platforms, names, and that reading changes nothing.

bats_require_minimum_version 1.5.0
load lib/common.bash

setup_file() {
	e2e_setup
	python3 "$ROOT/tests/data/images/scenarios.py" "$BATS_FILE_TMPDIR/scenarios"
	python3 "$ROOT/tests/conformance/layers.py" make "$BATS_FILE_TMPDIR/layers"
	python3 "$ROOT/tests/conformance/users.py" make "$BATS_FILE_TMPDIR/users"
	python3 "$ROOT/tests/data/images/layouts.py" "$BATS_FILE_TMPDIR/layouts"
}

setup() {
	LAYOUT=$BATS_FILE_TMPDIR/scenarios/oci
	OTHERS=$BATS_FILE_TMPDIR/layouts
}

@test "oci: the scenarios come out right" {
	scan_json scenarios "oci:$LAYOUT"
	exits 1
	reports scenarios "$BATS_FILE_TMPDIR/scenarios/expected.json" "$REPORTS/scenarios.json"
}

@test "oci: without verification the verdicts are the same" {
	scan_json unverified --no-verify "oci:$LAYOUT"
	exits 1
	diff <(reports verdicts "$REPORTS/scenarios.json") <(reports verdicts "$REPORTS/unverified.json")
}

@test "oci: the same input gives the same bytes" {
	scan_json again "oci:$LAYOUT"
	reports same "$REPORTS/scenarios.json" "$REPORTS/again.json"
}

@test "oci: the table of layers" {
	PROGRAM=$PLIMSOLL_ASAN scan_json layers "oci:$BATS_FILE_TMPDIR/layers/oci"
	exits 1
	"$ROOT/tests/conformance/layers.py" check "$REPORTS/layers.json"
}

@test "oci: tars of every format that GNU tar writes hold what find and getcap see" {
	[ "$(id -u)" = 0 ] || skip "needs root to make files with owners and capabilities"
	python3 "$ROOT/tests/data/images/gnu_tars.py" "$BATS_TEST_TMPDIR/tree" "$BATS_TEST_TMPDIR/oci"
	PROGRAM=$PLIMSOLL_ASAN scan_json gnu-tars "oci:$BATS_TEST_TMPDIR/oci"
	exits 1
	reports tree "$BATS_TEST_TMPDIR/tree" "$REPORTS/gnu-tars.json"
}

@test "oci: the table of users, by the rule of every engine" {
	PROGRAM=$PLIMSOLL_ASAN scan_json users "oci:$BATS_FILE_TMPDIR/users/oci"
	exits 1
	"$ROOT/tests/conformance/users.py" check "$REPORTS/users.json"
}

@test "oci: a tag, an id and a part of an id name an image" {
	local id
	scan_json one "oci:$LAYOUT:shop:sdk"
	exits 0
	[ "$(field one '.subjects | length')" = 1 ]
	id=$(field one '.subjects[0].id')
	scan_json by-id "oci:$LAYOUT:$id"
	exits 0
	reports same "$REPORTS/one.json" "$REPORTS/by-id.json"
	scan_json by-part "oci:$LAYOUT:${id:7:12}"
	reports same "$REPORTS/one.json" "$REPORTS/by-part.json"
}

@test "oci: --fail-on moves the line" {
	scan_json low --fail-on low "oci:$LAYOUT:setid:other"
	exits 1
	scan_json medium --fail-on medium "oci:$LAYOUT:setid:other"
	exits 0
	scan_json critical --fail-on critical "oci:$LAYOUT:root-on-purpose:1"
	exits 0
}

@test "oci: of an index this machine's platform is judged, absent siblings are no fault" {
	scan_json multi "oci:$OTHERS/multi"
	exits 0
	[ "$(field multi '.subjects | length')" = 1 ]
	[ "$(field multi '.subjects[0].platform')" = "linux/$(field multi '.device.arch')" ]
}

@test "oci: an attestation and a Helm chart are no images" {
	scan_json artifacts "oci:$OTHERS/artifacts"
	exits 0
	[ "$(field artifacts '.subjects | length')" = 1 ]
}

@test "oci: one image under two names is one subject" {
	scan_json twice "oci:$OTHERS/twice"
	exits 0
	[ "$(field twice '.subjects | length')" = 1 ]
	[ "$(field twice '.subjects[0].names | length')" = 2 ]
}

@test "oci: gzip of several members, zstd with skippable frames, media types that lie" {
	PROGRAM=$PLIMSOLL_ASAN scan_json wrapped "oci:$OTHERS/wrapped"
	exits 0
	[ "$(field wrapped '[.subjects[] | select(.verdict == "pass")] | length')" = 5 ]
}

@test "oci: an empty layout is judged and empty" {
	scan_json empty "oci:$OTHERS/empty"
	exits 0
	[ "$(field empty '.summary.subjects')" = 0 ]
}

@test "oci: reading changes nothing in the layout" {
	local before after
	"$E2E/lib/snapshot.py" --age "$BATS_FILE_TMPDIR/scenarios" >"$BATS_TEST_TMPDIR/before"
	scan_json untouched "oci:$LAYOUT"
	"$E2E/lib/snapshot.py" "$BATS_FILE_TMPDIR/scenarios" >"$BATS_TEST_TMPDIR/after"
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "oci: nothing is opened for writing, and no other program is started" {
	command -v strace >/dev/null || skip "no strace"
	strace -f -qq -o "$BATS_TEST_TMPDIR/calls" -e trace=file,network,process "$PLIMSOLL" scan --format json "oci:$LAYOUT" >/dev/null 2>&1 || true
	[ -s "$BATS_TEST_TMPDIR/calls" ]
	run ! grep -E 'O_WRONLY|O_RDWR|O_CREAT|\b(socket|connect|unlink|rename|mkdir|chmod|chown|utime|fork|vfork|clone)[a-z0-9]*\(' "$BATS_TEST_TMPDIR/calls"
	[ "$(grep -c 'execve(' "$BATS_TEST_TMPDIR/calls")" = 1 ]
}

@test "oci: an image that an unprivileged user can read needs no privilege" {
	[ "$(id -u)" = 0 ] || skip "this is not root"
	chmod 755 "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR" "$BATS_SUITE_TMPDIR" "$BATS_FILE_TMPDIR/scenarios" 2>/dev/null || true
	cp "$PLIMSOLL" "$BATS_FILE_TMPDIR/program"
	chmod -R a+rX "$BATS_FILE_TMPDIR"
	su_nobody test -r "$LAYOUT/index.json" || skip "the temporary folder is closed to others"
	PROGRAM="setpriv --reuid=65534 --regid=65534 --clear-groups $BATS_FILE_TMPDIR/program" scan_json nobody "oci:$LAYOUT"
	exits 1
	reports same "$REPORTS/scenarios.json" "$REPORTS/nobody.json"
}

su_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

@test "oci: every report fits the schema" {
	every_report_fits
}
