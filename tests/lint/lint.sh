#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# lint.sh [--fix] [BUILD]: the rules of the house. BUILD is a build tree configured with clang (default build/host-clang, then
# build/host), for its compile commands. --fix formats the sources in place instead of only complaining.
# The last line is "N passed, N failed, N skipped".
set -uo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit 2
fix=0
if [ "${1:-}" = --fix ]; then
	fix=1
	shift
fi
build=${1:-}
for candidate in build/host-clang build/host; do
	[ -n "$build" ] || [ ! -f "$candidate/compile_commands.json" ] || build=$candidate
done

passed=0 failed=0 skipped=0
jobs=$(nproc)
log=$(mktemp)
trap 'rm -f "$log"' EXIT

rule() {
	local name=$1 started=$SECONDS
	shift
	if "$@" >"$log" 2>&1; then
		passed=$((passed + 1))
		echo "ok    $name ($((SECONDS - started)) s)"
	else
		failed=$((failed + 1))
		echo "FAIL  $name ($((SECONDS - started)) s)"
		head -n 60 "$log" | sed 's/^/      /'
		[ "$(wc -l <"$log")" -le 60 ] || echo "      ... $(wc -l <"$log") lines in all"
	fi
}

skip() {
	skipped=$((skipped + 1))
	echo "skip  $1: $2"
}

# Our C files, as git knows or would take them.
sources() {
	git ls-files --cached --others --exclude-standard -- "$@" | while read -r path; do [ ! -f "$path" ] || echo "$path"; done
}

# Every header compiles by itself: public ones with what an embedder has, module headers with the build's folders.
headers_alone() {
	local flags status=0 header
	flags=$(python3 - "$build/compile_commands.json" <<-'PY'
		import json, shlex, sys
		found = []
		for entry in json.load(open(sys.argv[1])):
		    words = shlex.split(entry["command"])
		    for i, word in enumerate(words):
		        if word == "-isystem":
		            found.append(f"-isystem {words[i + 1]}")
		        elif word.startswith("-I"):
		            found.append(word)
		print(" ".join(dict.fromkeys(found)))
	PY
	)
	for header in $(sources 'include/*.h' 'src/*.h'); do
		# shellcheck disable=SC2086 # a list of flags
		cc -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Werror -fsyntax-only -include "$header" $flags -x c /dev/null || status=1
		grep -q '^#pragma once' "$header" || { echo "$header: no #pragma once"; status=1; }
	done
	return $status
}

format() {
	local status=0 path places
	for path in $(sources 'src/*.[ch]' 'include/*.h' 'tests/*.[ch]' 'toolchains/*.[ch]'); do
		places=$(clang-format --dry-run "$path" 2>&1 | grep -c 'should be clang-formatted')
		[ "$places" = 0 ] || { echo "$path: $places places (lint.sh --fix lays them out)"; status=1; }
	done
	return $status
}

# One source, unless nothing that it may depend on has changed since it was last found clean. The notes that lead to a finding
# are long and left out: clang-tidy -p BUILD FILE shows them.
tidy_one() {
	local stamp="$1/tidy/${3//\//_}" key
	key="$2 $(sha256sum <"$3")"
	[ "$(cat "$stamp" 2>/dev/null)" != "$key" ] || return 0
	if clang-tidy --quiet -p "$1" "$3" 2>/dev/null >"$stamp.log"; then
		echo "$key" >"$stamp"
		return 0
	fi
	grep -E ' (error|warning): ' "$stamp.log" | sort -u
	return 1
}
export -f tidy_one

tidy() {
	local key
	mkdir -p "$build/tidy"
	key=$(sources '*.h' .clang-tidy CMakeLists.txt toolchains | xargs cat | sha256sum)
	sources 'src/*.c' | xargs -r -P "$jobs" -I '{}' bash -c 'tidy_one "$@"' tidy "$build" "$key" '{}'
}

check_cpp() {
	local files
	mapfile -t files < <(sources 'src/*.c')
	[ ${#files[@]} -gt 0 ] || return 0
	# It does not know the cleanup attribute and would call every owned local a leak; the sanitiser looks for those.
	cppcheck --quiet -j "$jobs" --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
		--suppress=missingInclude --suppress=missingIncludeSystem --suppress=unknownMacro --suppress=memleak \
		--suppress=resourceLeak --suppress=normalCheckLevelMaxBranches \
		-D_GNU_SOURCE -D__linux__ -Iinclude -Isrc "${files[@]}"
}

shell_syntax() {
	local status=0 script
	for script in $(sources '*.sh' '.ci/run'); do
		bash -n "$script" || status=1
		if head -n 1 "$script" | grep -q '^#!' && [ ! -x "$script" ]; then
			echo "$script: not executable"
			status=1
		fi
	done
	return $status
}

if [ $fix = 1 ]; then
	sources 'src/*.[ch]' 'include/*.h' 'tests/*.[ch]' 'toolchains/*.[ch]' | xargs -r clang-format -i
	echo "formatted"
fi

for name in banned owned includes sizes licence names; do
	rule "$name" python3 tests/lint/source_rules.py "$root" "$name"
done
rule "shell syntax" shell_syntax
if command -v clang-format >/dev/null; then
	# The layout of the same options changes between versions; the sources follow the oldest supported one.
	version=$(clang-format --version | sed 's/.*version \([0-9]*\).*/\1/')
	if [ "$version" = 14 ]; then
		rule format format
	else
		skip format "the sources are laid out by clang-format 14, here is $version"
	fi
else
	skip format "no clang-format"
fi
if [ -n "$build" ]; then
	rule "headers alone" headers_alone
else
	skip "headers alone" "no build tree: configure the preset host-clang"
fi
if [ -z "$build" ]; then
	skip clang-tidy "no build tree: configure the preset host-clang"
elif command -v clang-tidy >/dev/null; then
	rule clang-tidy tidy
else
	skip clang-tidy "not installed"
fi
if command -v cppcheck >/dev/null; then
	rule cppcheck check_cpp
else
	skip cppcheck "not installed"
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
