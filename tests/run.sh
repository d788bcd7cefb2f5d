#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Sets this machine up, builds everything and runs all tests. See --help.
set -uo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 2
started=$SECONDS
jobs=$(nproc)
logs=build/logs

usage() {
	cat <<-'HELP'
		usage: tests/run.sh [--only PART]... [--fuzz] [--bench] [--no-setup]

		Builds plimsoll for this machine (plain and sanitised), for x86-64 and for arm64 (both static), and runs the tests.
		  --only PART   setup, build, lint, unit or e2e; may be given more than once. What a part needs is built.
		  --fuzz        also run each fuzz target for 30 s (PLIMSOLL_FUZZ_SECONDS)
		  --bench       also run the benchmarks
		  --no-setup    do not look for missing packages
		Build trees are under build/, logs under build/logs/. The last line says how many tests passed, failed and were skipped;
		a step that fails (a build, a lint rule) counts as a failed test.
	HELP
}

only=() fuzz=0 bench=0 setup=1
while [ $# -gt 0 ]; do
	case $1 in
	--only)
		case ${2:-} in
		setup | build | lint | unit | e2e) only+=("$2") ;;
		*)
			echo "run.sh: --only wants setup, build, lint, unit or e2e" >&2
			exit 2
			;;
		esac
		shift
		;;
	--fuzz) fuzz=1 ;;
	--bench) bench=1 ;;
	--no-setup) setup=0 ;;
	-h | --help)
		usage
		exit 0
		;;
	*)
		usage >&2
		exit 2
		;;
	esac
	shift
done

# Is this part wanted? Everything is, unless --only names some; --fuzz and --bench alone do not switch the rest off.
wants() {
	local part
	[ ${#only[@]} -gt 0 ] || return 0
	for part in "${only[@]}"; do
		[ "$part" != "$1" ] || return 0
	done
	return 1
}

passed=0 failed=0 skipped=0
lint_ran=0
summary=()

note() {
	summary+=("$(printf '%-28s %-42s %5d s' "$1" "$2" "$3")")
}

# step NAME LOG COMMAND...: runs it, its output in a log; a failure shows the end of the log and counts as a failed test.
step() {
	local name=$1 log=$logs/$2.log begin=$SECONDS
	shift 2
	echo "== $name"
	if "$@" >"$log" 2>&1 </dev/null; then
		note "$name" ok $((SECONDS - begin))
		echo "   ok, $((SECONDS - begin)) s"
		return 0
	fi
	failed=$((failed + 1))
	note "$name" "FAILED, see $log" $((SECONDS - begin))
	{ grep -E '(error|Error):|undefined reference' "$log" || tail -n 40 "$log"; } | head -n 40 | sed 's/^/   | /'
	echo "   FAILED, $((SECONDS - begin)) s, see $log"
	return 1
}

# count NAME SECONDS PASSED FAILED SKIPPED
count() {
	passed=$((passed + $3)) failed=$((failed + $4)) skipped=$((skipped + $5))
	note "$1" "$3 passed, $4 failed, $5 skipped" "$2"
	echo "   $3 passed, $4 failed, $5 skipped, $2 s"
}

built=" "
# Configures and builds a preset once in a run.
build() {
	case $built in *" $1 "*) return 0 ;; esac
	built+="$1 "
	step "configure $1" "configure-$1" cmake --preset "$1" &&
		step "build $1" "build-$1" cmake --build --preset "$1" --parallel "$jobs" -- -k 0
}

# What ctest's report says: "passed failed skipped".
ctest_counts() {
	python3 - "$1" <<-'PY'
		import sys, xml.etree.ElementTree as tree
		counts = {"run": 0, "fail": 0, "notrun": 0, "disabled": 0}
		try:
		    for case in tree.parse(sys.argv[1]).getroot().iter("testcase"):
		        status, why = case.get("status"), case.find("skipped")
		        # A program that is not there is "not run" to ctest, like a test that skips itself.
		        if status == "notrun" and "SKIP" not in (why.get("message", "") if why is not None else ""):
		            status = "fail"
		        counts[status] += 1
		except (OSError, tree.ParseError):
		    pass
		print(counts["run"], counts["fail"], counts["notrun"] + counts["disabled"])
	PY
}

run_ctest() {
	local preset=$1 begin=$SECONDS report=$root/$logs/ctest-$1.xml counts status=0
	echo "== tests of $preset"
	rm -f "$report"
	ctest --preset "$preset" --parallel "$jobs" --no-tests=ignore --output-junit "$report" >"$logs/ctest-$preset.log" 2>&1 || status=1
	read -ra counts <<<"$(ctest_counts "$report")"
	if [ $status != 0 ]; then
		grep -vE '^(Looked in|/?[^ ]*/tests/[^ ]*$|Could not find|Unable)' "$logs/ctest-$preset.log" | tail -n 60 | sed 's/^/   | /'
		[ "${counts[1]}" -gt 0 ] || counts[1]=1
	fi
	count "tests of $preset" $((SECONDS - begin)) "${counts[@]}"
}

run_bats() {
	local begin=$SECONDS log=$logs/e2e.log ok bad skip plan status
	echo "== end-to-end tests"
	bats --tap tests/e2e/*.bats 2>&1 </dev/null | tee "$log" | grep --line-buffered -E '^(ok|not ok|#)' | sed -u 's/^/   /'
	status=${PIPESTATUS[0]}
	plan=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' "$log" | head -n 1)
	skip=$(grep -cE '^ok .*# skip' "$log")
	ok=$(($(grep -cE '^ok ' "$log") - skip))
	bad=$(grep -cE '^not ok ' "$log")
	# What was planned but never reported was cut off.
	[ $((ok + bad + skip)) -ge "${plan:-0}" ] || bad=$((${plan:-0} - ok - skip))
	if [ "$status" != 0 ] && [ "$bad" = 0 ]; then
		bad=1
		tail -n 20 "$log" | sed 's/^/   | /'
	fi
	count "end-to-end tests" $((SECONDS - begin)) "$ok" "$bad" "$skip"
}

run_lint() {
	local begin=$SECONDS log=$logs/lint.log counts
	echo "== lint"
	tests/lint/lint.sh build/host-clang >"$log" 2>&1
	grep -v '^ok' "$log" | sed '$d; s/^/   /'
	read -ra counts <<<"$(sed -n '$s/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' "$log")"
	[ ${#counts[@]} = 3 ] || counts=(0 1 0)
	# Rules are not tests: only a breach counts.
	failed=$((failed + counts[1]))
	note lint "${counts[0]} rules kept, ${counts[1]} broken, ${counts[2]} skipped" $((SECONDS - begin))
	echo "   ${counts[0]} rules kept, ${counts[1]} broken, ${counts[2]} skipped, $((SECONDS - begin)) s"
	lint_ran=1
}

run_fuzz() {
	local program name seconds=${PLIMSOLL_FUZZ_SECONDS:-30} work dictionary begin
	for program in build/host-clang/tests/fuzz_*; do
		[ -x "$program" ] || continue
		name=${program##*/fuzz_}
		work=build/fuzz/$name
		mkdir -p "$work/corpus"
		dictionary=()
		[ ! -f "tests/fuzz/$name.dict" ] || dictionary=("-dict=tests/fuzz/$name.dict")
		begin=$SECONDS
		# Found inputs go to the first folder; the project's corpus only seeds.
		[ ! -d "tests/fuzz/corpus/$name" ] || set -- "tests/fuzz/corpus/$name"
		if step "fuzz $name, $seconds s" "fuzz-$name" "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
			-artifact_prefix="$work/" -print_final_stats=1 "${dictionary[@]}" "$work/corpus" "$@"; then
			sed -n 's/^stat::\(number_of_executed_units\|average_exec_per_sec\): */   \1 /p' "$logs/fuzz-$name.log"
		fi
		set --
	done
}

mkdir -p "$logs"
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export ASAN_OPTIONS=${ASAN_OPTIONS:-strict_string_checks=1:detect_stack_use_after_return=1}
# Where the end-to-end tests find the programs.
export PLIMSOLL=${PLIMSOLL:-$root/build/host/plimsoll}
export PLIMSOLL_ASAN=$root/build/host-asan/plimsoll
export PLIMSOLL_X86_64=$root/build/x86_64-musl/plimsoll
export PLIMSOLL_ARM64=$root/build/arm64-musl/plimsoll

if [ $setup = 1 ]; then
	echo "== setup"
	begin=$SECONDS
	if toolchains/setup.sh test; then
		note setup ok $((SECONDS - begin))
	else
		failed=$((failed + 1))
		note setup FAILED $((SECONDS - begin))
	fi
fi

if wants build || wants unit; then
	build host
	build host-asan
fi
if wants build || wants e2e; then
	build host
	build host-asan
	build x86_64-musl
	build arm64-musl
	for target in x86_64-musl arm64-musl; do
		[ ! -f "build/$target/plimsoll" ] || echo "   $target: $(toolchains/size.sh "build/$target/plimsoll")"
	done
fi
if wants lint || [ $fuzz = 1 ]; then
	build host-clang
fi
if wants lint; then
	run_lint
fi
if wants unit; then
	for preset in host host-asan; do
		[ ! -f "build/$preset/CTestTestfile.cmake" ] || run_ctest "$preset"
	done
fi
if wants e2e && compgen -G 'tests/e2e/*.bats' >/dev/null; then
	run_bats
fi
if [ $fuzz = 1 ]; then
	run_fuzz
fi
if [ $bench = 1 ]; then
	if [ -x tests/bench/run.sh ]; then
		echo "== bench"
		begin=$SECONDS
		if tests/bench/run.sh; then note bench ok $((SECONDS - begin)); else
			failed=$((failed + 1))
			note bench FAILED $((SECONDS - begin))
		fi
	else
		echo "== bench: there are none"
	fi
fi

echo
printf '%s\n' "${summary[@]}"
printf '%-28s %-42s %5d s\n\n' "in all" "" $((SECONDS - started))
echo "$passed passed, $failed failed, $skipped skipped"
# Nothing run is no success, where there was something to run.
[ "$failed" = 0 ] && { [ "$passed" -gt 0 ] || [ $lint_ran = 1 ] || { ! wants unit && ! wants e2e; }; }
