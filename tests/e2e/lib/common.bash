# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the end-to-end tests share. A file's setup_file calls e2e_setup, and its last test every_report_fits.

ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
E2E=$ROOT/tests/e2e
PLIMSOLL=${PLIMSOLL:-$ROOT/build/host/plimsoll}
# The tests leave nothing in the source tree.
export PYTHONDONTWRITEBYTECODE=1
# Hostile input goes to the sanitised program where there is one.
PLIMSOLL_ASAN=${PLIMSOLL_ASAN:-$ROOT/build/host-asan/plimsoll}
PLIMSOLL_X86_64=${PLIMSOLL_X86_64:-$ROOT/build/x86_64-musl/plimsoll}
PLIMSOLL_ARM64=${PLIMSOLL_ARM64:-$ROOT/build/arm64-musl/plimsoll}
[ -x "$PLIMSOLL_ASAN" ] || PLIMSOLL_ASAN=$PLIMSOLL
SCHEMA=$ROOT/schema/plimsoll.report-1.schema.json
REPORTS=${BATS_FILE_TMPDIR:-}/reports

e2e_setup() {
	# The tests of a file stand on each other's shoulders.
	export BATS_NO_PARALLELIZE_WITHIN_FILE=true
	mkdir -p "$REPORTS"
	[ -x "$PLIMSOLL" ] || {
		echo "no program at $PLIMSOLL: build the preset host, or set PLIMSOLL" >&2
		return 1
	}
}

# scan_json NAME ARGUMENT...: the report goes to $REPORTS/NAME.json, the messages to NAME.err, the exit status to $status.
# PROGRAM may name another program, or a command that runs one.
scan_json() {
	local name=$1
	shift
	mkdir -p "$REPORTS"
	status=0
	# shellcheck disable=SC2086
	timeout -k 5 120 ${PROGRAM:-$PLIMSOLL} scan --format json --no-progress "$@" >"$REPORTS/$name.json" 2>"$REPORTS/$name.err" || status=$?
	[ -s "$REPORTS/$name.json" ] || rm -f "$REPORTS/$name.json"
	if [ $status -gt 3 ] || [ $status = 2 ]; then
		cat "$REPORTS/$name.err"
	fi
}

reports() {
	python3 "$E2E/lib/reports.py" "$@"
}

# exits STATUS...: the last scan ended with one of them.
exits() {
	local wanted
	for wanted; do
		[ "$status" != "$wanted" ] || return 0
	done
	echo "exit status $status, expected $*"
	return 1
}

every_report_fits() {
	compgen -G "$REPORTS/*.json" >/dev/null || skip "no report was made"
	reports validate "$SCHEMA" "$REPORTS"/*.json
}

# field NAME FILTER: of the report NAME.
field() {
	jq -r "$2" "$REPORTS/$1.json"
}

# finding NAME IMAGE CHECK: "STATUS MESSAGE" of one check of the subject with that id or name.
finding() {
	jq -r --arg id "$2" --arg check "$3" '.subjects[] | select(.id == $id or (.names | any(. == $id or . == "docker.io/" + $id))) |
		.findings[] | select(.check == $check) | .status + " " + .message' "$REPORTS/$1.json"
}
