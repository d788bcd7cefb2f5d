#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# mktree.sh SUITE: prints the path of a directory that holds Docker as Debian's SUITE (bookworm, trixie, forky …) has it, fit to
# be the root of a host (host.sh). Made once, from packages that apt verifies, and kept in PLIMSOLL_CACHE (default
# ~/.cache/plimsoll), which may be removed at any time. No maintainer script runs: the packages are only unpacked.
# Exit 3: this suite cannot be had here, and why on standard error.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
suite=$1
packages=(docker.io containerd runc tini busybox-static passwd mount libcap2-bin)
cache=${PLIMSOLL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/plimsoll}/engines
# Another recipe makes another tree.
recipe=$(cat "$0" "$here/runc.sh" | sha256sum | cut -c 1-12)
tree=$cache/$suite-$recipe

sorry() {
	echo "$suite: $*" >&2
	exit 3
}

if [ "$(id -u)" != 0 ]; then
	sorry "a tree with its owners needs root"
fi
mkdir -p "$cache"
exec 9>"$cache/$suite.lock"
flock 9
if [ -d "$tree" ]; then
	echo "$tree"
	exit
fi
find "$cache" -mindepth 1 -maxdepth 1 -name "$suite-*" -exec rm -rf {} +

arch=$(dpkg --print-architecture)
scratch=$(mktemp -d "$cache/.$suite.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
# Later releases have the client in a package of its own, and the small init as well.
case $suite in
bullseye | bookworm) ;;
*) packages+=(docker-cli) ;;
esac
"$here/../../../toolchains/fetch.sh" debs "$scratch/debs" "$arch" "$suite" "${packages[@]}" 2>"$scratch/log" ||
	sorry "its packages cannot be fetched: $(tail -n 1 "$scratch/log")"

root=$scratch/root
mkdir -p "$root"/{usr/bin,usr/sbin,usr/lib,usr/lib64,proc,sys,dev,run,tmp,root,old,share,etc,var/lib,var/tmp,usr/local/sbin}
for name in bin sbin lib lib64; do
	ln -s "usr/$name" "$root/$name"
done
chmod 1777 "$root/tmp" "$root/var/tmp"
for deb in "$scratch"/debs/*.deb; do
	dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$root" --keep-directory-symlink --numeric-owner \
		--exclude='./usr/share/*' --exclude='./usr/lib/*/gconv' --exclude='./usr/lib/systemd' --exclude='./lib/systemd' \
		--exclude='./usr/bin/containerd-stress' --exclude='./usr/bin/containerd-shim' --exclude='./usr/bin/containerd-shim-runc-v1' \
		--exclude='./usr/bin/perl*' --exclude='./usr/lib/*/perl*' --exclude='./usr/lib/*/libperl*' --exclude=./usr/bin/dnet \
		--exclude='./usr/sbin/ovrouter' --exclude='./usr/lib/git-core' -f -
done
# What maintainer scripts would have left, as far as anybody looks at it.
cat >"$root/etc/passwd" <<-'FILE'
	root:x:0:0:root:/root:/bin/sh
	daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
	www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
	nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
FILE
cat >"$root/etc/group" <<-'FILE'
	root:x:0:
	daemon:x:1:
	shadow:x:42:
	www-data:x:33:
	nogroup:x:65534:
FILE
: >"$root/etc/resolv.conf"
echo '127.0.0.1 localhost' >"$root/etc/hosts"
chroot "$root" /bin/busybox --list | while read -r name; do
	[ -e "$root/usr/bin/$name" ] || [ -e "$root/usr/sbin/$name" ] || ln -s busybox "$root/usr/bin/$name"
done
[ -e "$root/usr/bin/busybox" ] || [ -e "$root/bin/busybox" ] || sorry "busybox is not where it was expected"
ldconfig -r "$root" 2>/dev/null || true
install -m 755 "$here/runc.sh" "$root/usr/local/sbin/runc"
[ -e "$root/usr/bin/tini-static" ] || [ -e "$root/usr/bin/tini" ] || sorry "there is no tini"
chmod 755 "$root"
mv "$root" "$tree"
echo "$tree"
