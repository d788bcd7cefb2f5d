#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Fetches what the build needs from outside, once, into the cache folder:
#
#   fetch.sh sources DIR NAME:PACKAGE:MINIMUM:BELOW...   upstream tarballs of Debian source packages
#   fetch.sh sysroot DIR ARCH                            musl and kernel headers of one Debian architecture
#   fetch.sh debs DIR ARCH SUITE PACKAGE...              binary packages and all that they depend on (tests)
#
# It drives apt's own client with a private configuration, so any user may run it and the machine's apt state is
# neither used nor changed. What is fetched is authenticated by the signed index of the machine's own Debian mirror.
# PLIMSOLL_SOURCES names a folder to take the files from instead (nothing is then fetched),
# PLIMSOLL_MIRROR a mirror to use in place of the machine's.
set -euo pipefail

# Stable first; the rolling suite only for what stable has too old.
suites=(trixie sid)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

say() { echo "fetch: $*" >&2; }
die() { say "$@"; exit 1; }

# The first Debian archive of this machine; the security archive has no full index, others are not Debian's.
mirror() {
	if [ -n "${PLIMSOLL_MIRROR:-}" ]; then
		echo "$PLIMSOLL_MIRROR"
		return
	fi
	local uri
	uri=$(
		for list in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list.d/*.sources; do
			[ -r "$list" ] || continue
			sed -n 's/^URIs:[[:space:]]*\([^[:space:]]*\).*/\1/p' "$list"
		done
		for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
			[ -r "$list" ] || continue
			sed -n 's/^deb[[:space:]]\+\(\[[^]]*\][[:space:]]*\)\?\([^[:space:]]*\)[[:space:]].*/\2/p' "$list"
		done
	)
	uri=$(grep -i debian <<<"$uri" | grep -v -i -e security -e '^cdrom:' | head -n 1) || true
	[ -n "$uri" ] || die "no Debian mirror in this machine's apt sources; set PLIMSOLL_MIRROR, or PLIMSOLL_SOURCES to a folder of sources"
	echo "$uri"
}

# A private apt configuration for architecture $1 in folder $2, with the machine's own proxy and login settings.
private_apt() {
	local arch=$1 dir=$2 uri suite
	[ -r "$keyring" ] || die "$keyring is missing: install debian-archive-keyring"
	uri=$(mirror)
	mkdir -p "$dir"/{lists/partial,cache/archives/partial,etc/apt.conf.d,etc/preferences.d}
	: >"$dir/status"
	apt-config dump 2>/dev/null | grep -E '^Acquire::(https?|ForceIPv[46]|Retries|Check-Date)\b' >"$dir/apt.conf" || true
	cat >>"$dir/apt.conf" <<-CONF
		Dir::State "$dir";
		Dir::State::Lists "$dir/lists";
		Dir::State::status "$dir/status";
		Dir::Cache "$dir/cache";
		Dir::Etc "$dir/etc";
		Dir::Etc::sourcelist "$dir/sources.list";
		Dir::Etc::sourceparts "-";
		Dir::Etc::netrc "/etc/apt/auth.conf";
		Dir::Etc::netrcparts "/etc/apt/auth.conf.d";
		APT::Architecture "$arch";
		APT::Architectures { "$arch"; };
		APT::Install-Recommends "false";
		Acquire::Languages "none";
		Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
	CONF
	if [ "$(id -u)" = 0 ]; then
		# The unprivileged download user of apt cannot write into this folder.
		echo 'APT::Sandbox::User "root";' >>"$dir/apt.conf"
	fi
	: >"$dir/sources.list"
	for suite in "${suites[@]}"; do
		local options="signed-by=$keyring"
		# A mirror of the rolling suite may lag behind its Valid-Until; signature and hashes are still checked.
		[ "$suite" != sid ] || options+=" check-valid-until=no"
		if [ "$3" = sources ]; then
			echo "deb-src [$options] $uri $suite main" >>"$dir/sources.list"
		elif [ "$suite" != sid ]; then
			echo "deb [$options] $uri $suite main" >>"$dir/sources.list"
		fi
	done
	export APT_CONFIG=$dir/apt.conf
	apt-get update -qq || die "apt-get update failed for $uri"
}

# The upstream part of a Debian version: no epoch, no revision.
upstream() {
	local version=${1#*:}
	echo "${version%-*}"
}

# Is version $1 at least $2 and below $3?
in_range() {
	dpkg --compare-versions "$1" ge "$2" && dpkg --compare-versions "$1" lt "$3"
}

# The highest Debian version of source package $1 within [$2, $3), from the first suite that has one, and that suite.
choose() {
	local suite version best
	for suite in "${suites[@]}"; do
		best=
		while read -r version; do
			in_range "$(upstream "$version")" "$2" "$3" || continue
			if [ -z "$best" ] || dpkg --compare-versions "$version" gt "$best"; then
				best=$version
			fi
		done < <(apt-cache madison "$1" |
			awk -F ' *[|] *' -v p="$1" -v s="$suite/" '{ sub(/^ +/, "", $1) } $1 == p && index($3, " " s) && /Sources/ { print $2 }')
		if [ -n "$best" ]; then
			echo "$best $suite"
			return
		fi
	done
	return 1
}

# Unpack tarball $2 of version $3 (Debian version $4, origin $5) as dependency $1 of source package $6.
keep_source() {
	local name=$1 tarball=$2 version=$3 debian=$4 origin=$5 package=$6
	local home=$dir/$name-$version tmp
	tmp=$(mktemp -d "$dir/.unpack.XXXXXX")
	tar -C "$tmp" --strip-components=1 --no-same-owner -xf "$tarball"
	rm -rf "$home"
	chmod 755 "$tmp"
	mv "$tmp" "$home"
	[ "$tarball" -ef "$dir/$(basename "$tarball")" ] || cp "$tarball" "$dir/"
	cat >"$home.info.tmp" <<-INFO
		name=$name
		version=$version
		package=$package
		package_version=$debian
		origin=$origin
		file=$(basename "$tarball")
		sha256=$(sha256sum "$tarball" | cut -d ' ' -f 1)
	INFO
	mv "$home.info.tmp" "$home.info"
	say "$name $version ($origin)"
}

# The tarball of name $1 or package $2 within [$3, $4) in the user's folder: "version file".
offline_source() {
	local file base version best=
	for file in "$PLIMSOLL_SOURCES/$2"_*.orig.tar.* "$PLIMSOLL_SOURCES/$2"-[0-9]*.tar.* "$PLIMSOLL_SOURCES/$1"-[0-9]*.tar.*; do
		[ -f "$file" ] || continue
		case $file in *.asc | *.sig) continue ;; esac
		base=$(basename "$file")
		version=$(sed 's/^.*[_-]\([0-9][^_-]*\)\.tar\..*$/\1/; s/\.orig$//' <<<"$base")
		in_range "$version" "$3" "$4" || continue
		if [ -z "$best" ] || dpkg --compare-versions "$version" gt "${best%% *}"; then
			best="$version $file"
		fi
	done
	[ -n "$best" ] && echo "$best"
}

fetch_sources() {
	local entry name package minimum below version suite file
	local missing=()
	if [ -z "${PLIMSOLL_SOURCES:-}" ]; then
		say "reading the source index"
		private_apt "$(dpkg --print-architecture)" "$scratch/apt" sources
	fi
	for entry in "$@"; do
		IFS=: read -r name package minimum below <<<"$entry"
		if [ -n "${PLIMSOLL_SOURCES:-}" ]; then
			if read -r version file < <(offline_source "$name" "$package" "$minimum" "$below"); then
				keep_source "$name" "$file" "$version" "" "folder" "$package"
			else
				missing+=("$name >= $minimum, < $below (${package}_VERSION.orig.tar.* or $name-VERSION.tar.*)")
			fi
			continue
		fi
		if ! read -r version suite < <(choose "$package" "$minimum" "$below"); then
			missing+=("$name: source package $package >= $minimum, < $below")
			continue
		fi
		# Only the tarball: it is all we use, and the .dsc of an older version may be gone from the mirror.
		(mkdir -p "$scratch/$name" && cd "$scratch/$name" &&
			apt-get source -qq --download-only --tar-only "$package=$version" >/dev/null)
		file=$(find "$scratch/$name" -name "*.orig.tar.*" ! -name '*.asc' | head -n 1)
		[ -n "$file" ] || die "apt fetched no tarball of $package $version"
		keep_source "$name" "$file" "$(upstream "$version")" "$version" "debian:$suite" "$package"
	done
	[ ${#missing[@]} = 0 ] || die "not found in ${PLIMSOLL_SOURCES:-${suites[*]}}: $(printf '%s; ' "${missing[@]}")"
}

fetch_sysroot() {
	local arch=$1 triplet musl tmp deb name kernel
	case $arch in
	amd64) musl=x86_64-linux-musl triplet=x86_64-linux-gnu ;;
	arm64) musl=aarch64-linux-musl triplet=aarch64-linux-gnu ;;
	*) die "no sysroot for architecture $arch" ;;
	esac
	mkdir -p "$scratch/debs"
	if [ -n "${PLIMSOLL_SOURCES:-}" ]; then
		for name in musl-dev linux-libc-dev; do
			deb=$(find "$PLIMSOLL_SOURCES" -maxdepth 1 \( -name "${name}_*_$arch.deb" -o -name "${name}_*_all.deb" \) | sort -V | tail -n 1)
			[ -n "$deb" ] || die "${name}_VERSION_$arch.deb is not in $PLIMSOLL_SOURCES"
			cp "$deb" "$scratch/debs/"
		done
	else
		say "reading the $arch package index"
		private_apt "$arch" "$scratch/apt" packages
		(cd "$scratch/debs" && apt-get download -qq musl-dev linux-libc-dev)
	fi
	tmp=$scratch/root
	mkdir -p "$tmp"
	for deb in "$scratch/debs"/*.deb; do
		dpkg-deb -x "$deb" "$tmp"
	done
	# musl's own headers come first; the kernel's are added to the same folder for Landlock, seccomp and the like.
	for name in linux asm-generic; do
		ln -s "../$name" "$tmp/usr/include/$musl/$name"
	done
	kernel=$tmp/usr/include/$triplet/asm
	[ -d "$kernel" ] || die "linux-libc-dev has no headers for $triplet"
	ln -s "../$triplet/asm" "$tmp/usr/include/$musl/asm"
	for deb in "$scratch/debs"/*.deb; do
		dpkg-deb -f "$deb" Package Version | sed 's/^Package: /package=/; s/^Version: /package_version=/'
		echo "file=$(basename "$deb")"
		echo "sha256=$(sha256sum "$deb" | cut -d ' ' -f 1)"
	done >"$tmp/info"
	rm -rf "$dir"
	mkdir -p "$(dirname "$dir")"
	mv "$tmp" "$dir"
	say "sysroot $musl: $(sed -n 's/^package_version=//p' "$dir/info" | paste -sd ' ')"
}

# What apt would install on an empty system is what the packages depend on.
fetch_debs() {
	local arch=$1
	suites=("$2")
	shift 2
	private_apt "$arch" "$scratch/apt" packages
	apt-get install -qq -y --download-only -o Debug::NoLocking=true -o APT::Keep-Downloaded-Packages=true "$@" >/dev/null
	rm -rf "$dir"
	mkdir -p "$dir"
	mv "$scratch"/apt/cache/archives/*.deb "$dir/"
}

[ $# -ge 3 ] || die "usage: fetch.sh sources DIR NAME:PACKAGE:MINIMUM:BELOW... | fetch.sh sysroot DIR ARCH | fetch.sh debs DIR ARCH SUITE PACKAGE..."
verb=$1 dir=$(realpath -m "$2")
shift 2
case $verb in
sources) home=$dir ;;
sysroot | debs) home=$(dirname "$dir") ;;
*) die "unknown command $verb" ;;
esac
mkdir -p "$home"
scratch=$(mktemp -d "$home/.fetch.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
"fetch_$verb" "$@"
