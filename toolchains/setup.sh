#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# setup.sh [build|demo|test|all]: installs from apt what a fresh Debian 12 or 13 lacks to build plimsoll, show it, or test it.
# Does nothing, quickly, when everything is there. Needs root or sudo only when something is missing.
set -euo pipefail

# group, package, why. "a|b": the first that this release has. "?command": not needed where that command is there already,
# from wherever (Docker's own packages and Debian's exclude each other).
packages='
build  ca-certificates               a package mirror may be reached over TLS
build  debian-archive-keyring        verifies the sources that fetch.sh takes from Debian
build  gcc                           the compiler
build  libc6-dev                     C library headers of the host presets
build  gcc-@CROSS@-linux-gnu         the compiler of the other processor
build  binutils                      strip, objcopy, size
build  cmake                         the build system
build  ninja-build                   what it drives
build  nasm                          x86-64 assembly of ISA-L
build  dpkg-dev                      unpacking what fetch.sh takes from Debian
build  bzip2                         tarballs
build  xz-utils                      tarballs
build  pkg-config|pkgconf            PLIMSOLL_SYSTEM_DEPS
build  qemu-user-static|qemu-user    runs the arm64 program here
build  git                           which files belong to the project
test   libcmocka-dev                 unit tests
test   bats                          end-to-end tests
test   clang                         libFuzzer, and a second set of warnings
test   libclang-rt-14-dev|libclang-rt-19-dev  its sanitisers and libFuzzer
test   clang-tidy                    lint
test   clang-format                  lint
test   cppcheck                      lint
demo   jq                            reading reports
demo   python3                       making fixtures
test   python3-jsonschema            reports are checked against their schema
demo   mosquitto                     the broker of the link tests
demo   mosquitto-clients             its subscriber
demo   openssl                       certificates of the tests
test   libcap2-bin                   setcap and getcap in fixtures
test   attr                          getfattr
demo   zstd                          zstd layers
test   isal                          igzip, the yardstick of the benchmark
test   valgrind                      memory checks
test   procps                        ps in tests
test   iproute2                      ss in tests
test   netcat-openbsd                listeners that misbehave
test   time                          peak memory in the benchmark
test   strace                        that a scan writes nothing
'

say() { echo "setup: $*"; }

group=${1:-all}
case $group in
build | demo | test | all) ;;
*)
	echo "usage: setup.sh [build|demo|test|all]" >&2
	exit 2
	;;
esac

# Each group needs those before it.
case $group in
build) wanted=build ;;
demo) wanted='build demo' ;;
*) wanted='build demo test' ;;
esac

case $(uname -m) in
aarch64) cross=x86-64 ;;
*) cross=aarch64 ;;
esac

installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Is one of the alternatives, or the command, there?
satisfied() {
	local alternative command=${1#*\?}
	if [ "$command" != "$1" ] && command -v "$command" >/dev/null; then
		return 0
	fi
	for alternative in ${2//|/ }; do
		if installed "$alternative"; then
			return 0
		fi
	done
	return 1
}

# The alternative of $1 that this release has.
available() {
	local alternative
	for alternative in ${1//|/ }; do
		if apt-cache show --no-all-versions "$alternative" 2>/dev/null | grep -q '^Package:'; then
			echo "$alternative"
			return
		fi
	done
	echo "${1%%|*}"
}

lacking=()
while read -r row_group row _; do
	[[ " $wanted " == *" $row_group "* ]] || continue
	row=${row//@CROSS@/$cross}
	satisfied "$row" "${row%%\?*}" || lacking+=("${row%%\?*}")
done <<<"$packages"
if [ ${#lacking[@]} = 0 ]; then
	say "everything for $wanted is installed"
	exit 0
fi

if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || { say "packages are missing: run this as root, or install sudo" >&2; exit 1; }
	say "packages are missing: asking sudo"
	exec sudo "$0" "$group"
fi

export DEBIAN_FRONTEND=noninteractive
lock=(-o DPkg::Lock::Timeout=600)
say "updating the package lists"
apt-get -qq "${lock[@]}" update || say "some package lists could not be updated; trying with what there is"
missing=()
for row in "${lacking[@]}"; do
	missing+=("$(available "$row")")
done
say "installing ${missing[*]}"
started=$SECONDS
# A service that a package starts by itself would be in the way of the tests' own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
	trap 'rm -f "$policy"' EXIT
fi
apt-get -qq "${lock[@]}" install -y --no-remove --no-install-recommends "${missing[@]}" >/dev/null
say "done in $((SECONDS - started)) s"
