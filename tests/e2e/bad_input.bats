#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Bad input: the subject becomes unknown with a finding that says what, where and at which offset; all others are judged as
# usual; the exit status is 3; nothing is changed.

bats_require_minimum_version 1.5.0
load lib/common.bash

setup_file() {
	e2e_setup
	python3 "$ROOT/tests/data/images/bad.py" "$BATS_FILE_TMPDIR/bad"
	python3 "$ROOT/tests/data/images/layouts.py" "$BATS_FILE_TMPDIR/layouts"
}

setup() {
	BAD=$BATS_FILE_TMPDIR/bad
	LAYOUT=$BATS_TEST_TMPDIR/layout
}

# A good layout to spoil.
layout() {
	cp -r "$BATS_FILE_TMPDIR/layouts/twice" "$LAYOUT"
}

@test "bad input: each damaged image is unknown for the right reason, the good one beside it passes, exit 3" {
	local name wrong=0
	while IFS=$'\t' read -r name _; do
		PROGRAM=$PLIMSOLL_ASAN scan_json "bad-$name" "oci:$BAD/$name"
		exits 3 || { wrong=1; echo "  $name"; }
	done <"$BAD/cases"
	reports damaged "$BAD/cases" "$REPORTS" || wrong=1
	[ $wrong = 0 ]
}

@test "bad input: everything at once gives the same findings as one by one" {
	local targets=() name
	while IFS=$'\t' read -r name _; do
		targets+=("oci:$BAD/$name")
	done <"$BAD/cases"
	scan_json all "${targets[@]}"
	exits 3
	[ "$(field all '[.subjects[] | select(.verdict == "unknown")] | length')" = "${#targets[@]}" ]
	[ "$(field all .summary.pass)" = "${#targets[@]}" ]
}

@test "bad input: a failed finding beside an unknown one is exit 1" {
	scan_json mixed --fail-on info "oci:$BAD/gzip-truncated" "oci:$BAD/config-missing"
	exits 3
	python3 "$ROOT/tests/data/images/scenarios.py" "$BATS_TEST_TMPDIR/scenarios"
	scan_json failing "oci:$BATS_TEST_TMPDIR/scenarios/oci:root-on-purpose:1" "oci:$BAD/gzip-truncated"
	exits 1
}

@test "bad input: without verification damage that decompresses is not looked for, the rest is" {
	scan_json loose --no-verify "oci:$BAD/tar-corrupt-in-data"
	exits 0
	scan_json strict --no-verify "oci:$BAD/gzip-truncated"
	exits 3
	scan_json manifests --no-verify "oci:$BAD/config-changed"
	exits 3
}

@test "bad input: a layer that grows a thousandfold stops at a limit, soon" {
	local begin=$SECONDS
	python3 "$ROOT/tests/data/images/bomb.py" "$LAYOUT"
	PROGRAM=$PLIMSOLL scan_json bomb --no-verify "oci:$LAYOUT"
	exits 3
	[[ $(finding bomb bomb:1 image-incomplete) = *expansion* ]]
	[ $((SECONDS - begin)) -lt 30 ]
}

@test "bad input: nothing in a damaged store is changed" {
	"$E2E/lib/snapshot.py" --age "$BAD" >"$BATS_TEST_TMPDIR/before"
	scan_json untouched "oci:$BAD/gzip-truncated" "oci:$BAD/config-missing" "oci:$BAD/blob-is-a-fifo" "oci:$BAD/blob-is-a-link"
	"$E2E/lib/snapshot.py" "$BAD" >"$BATS_TEST_TMPDIR/after"
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "bad input: a store that is not there is said to be so" {
	run "$PLIMSOLL" scan "oci:$BATS_TEST_TMPDIR/nowhere"
	[ "$status" -ge 2 ]
	[[ $output = *nowhere* ]]
}

@test "bad input: an index that is missing, cut, deep, a pipe, a link or too large makes the store unknown" {
	layout
	local index=$LAYOUT/index.json spoil
	cp "$index" "$BATS_TEST_TMPDIR/index"
	for spoil in "rm $index" "truncate -s 100 $index" "truncate -s 0 $index" "mkfifo $index" "ln -s $BATS_TEST_TMPDIR/index $index" \
		"truncate -s 1G $index" "mkdir $index" "deep $index" "climb $index"; do
		rm -rf "$index"
		case $spoil in
		truncate* | rm*) cp "$BATS_TEST_TMPDIR/index" "$index" ;;
		esac
		$spoil
		PROGRAM=$PLIMSOLL_ASAN scan_json "index-${spoil%% *}" "oci:$LAYOUT"
		exits 2 3 || { echo "$spoil"; return 1; }
	done
}

deep() {
	python3 -c 'print("{\"manifests\":" + "[" * 100000 + "]" * 100000 + "}")' >"$1"
}

@test "bad input: a layer that may not be read is unknown, and nothing is said of what it holds" {
	[ "$(id -u)" = 0 ] || skip "needs root to become somebody else"
	layout
	local blob
	for blob in "$LAYOUT"/blobs/sha256/*; do
		file_is_json "$blob" || chmod 000 "$blob"
	done
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_SUITE_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/.." 2>/dev/null || true
	cp "$PLIMSOLL" "$BATS_TEST_TMPDIR/program"
	chmod 755 "$BATS_TEST_TMPDIR/program"
	setpriv --reuid=65534 --regid=65534 --clear-groups test -r "$LAYOUT/index.json" || skip "the temporary folder is closed to others"
	PROGRAM="setpriv --reuid=65534 --regid=65534 --clear-groups $BATS_TEST_TMPDIR/program" scan_json closed "oci:$LAYOUT"
	exits 3
	[[ $(finding closed app:1 image-incomplete) = *"ermission denied"* ]]
}

climb() {
	echo '{"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:../../../../etc/passwd","size":9}]}' >"$1"
}

file_is_json() {
	[ "$(head -c 1 "$1")" = "{" ]
}

@test "bad input: every report fits the schema" {
	every_report_fits
}
