#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Docker stores, made by the dockerd of several Debian releases and read from outside while it runs. What plimsoll says must be
# what dockerd itself says, and what lies in the overlay that dockerd itself mounts.

bats_require_minimum_version 1.5.0
load lib/common.bash

# A variant is a release, the version of cgroups its engine is used with, and a graph driver.
variants="bookworm:v1:overlay2 trixie:v2:overlay2 trixie:v2:vfs"
# One more with PLIMSOLL_E2E_SUITE=forky, or whatever release is newer than these.
more=${PLIMSOLL_E2E_SUITE:+$PLIMSOLL_E2E_SUITE:v2:overlay2}

setup_file() {
	local variant
	e2e_setup
	[ "$(id -u)" = 0 ] || return 0
	python3 "$ROOT/tests/data/images/scenarios.py" "$BATS_FILE_TMPDIR/scenarios"
	python3 "$ROOT/tests/conformance/layers.py" make "$BATS_FILE_TMPDIR/layers"
	python3 "$ROOT/tests/data/images/extra_layer.py" "$BATS_FILE_TMPDIR/layer.tar"
	# Engines side by side; each leaves what the tests look at.
	for variant in $variants $more; do
		(set -E && trap 'echo "failed ($?): $BASH_COMMAND"' ERR && collect "$variant") >"$BATS_FILE_TMPDIR/collect-${variant//:/-}.log" 2>&1 3>&- &
	done
	wait
}

teardown_file() {
	local variant
	for variant in $variants $more; do
		"$E2E/engines/host.sh" down "$(place "$variant")" 2>/dev/null || true
	done
}

# Where a variant's things are.
place() {
	echo "$BATS_FILE_TMPDIR/$1" | tr : -
}

in_host() {
	"$E2E/engines/host.sh" in "$dir" "$@"
}

skip_variant() {
	echo "$*" >"$dir/skip"
}

# Everything that needs the engine. What must not happen stops it, and "done" is never written.
collect() {
	set -e
	local suite=${1%%:*} cgroups driver=${1##*:} tree dir
	cgroups=${1#*:}
	cgroups=${cgroups%:*}
	dir=$(place "$1")
	mkdir -p "$dir/share/truth"
	if ! "$E2E/engines/host.sh" can "$cgroups"; then
		[ "$cgroups" = v1 ] && cgroups=v2 || cgroups=v1
		"$E2E/engines/host.sh" can "$cgroups" || { skip_variant "no control groups here"; return; }
	fi
	tree=$("$E2E/engines/mktree.sh" "$suite" 2>"$dir/tree.err") || { skip_variant "no tree of $(tail -n 1 "$dir/tree.err")"; return; }
	unshare --mount --pid --net --cgroup --fork true || { skip_variant "this machine gives no namespaces"; return; }
	[ "$(stat --file-system --format %T "$dir")" != overlayfs ] || { skip_variant "$dir is on overlayfs, TMPDIR should not be"; return; }
	"$E2E/engines/host.sh" up "$dir" "$tree" "$cgroups"
	cp "$E2E"/engines/docker-*.sh "$BATS_FILE_TMPDIR/scenarios/docker.tar" "$BATS_FILE_TMPDIR/layer.tar" "$dir/share/"
	"$E2E/engines/userland.sh" "$tree" "$dir/share/debian.tar"
	in_host /share/docker-up.sh "$driver"
	in_host docker load --quiet --input /share/docker.tar
	in_host /share/docker-fill.sh
	wanted "$driver" >"$dir/share/truth/wanted"
	in_host docker image inspect --format '{{.Id}}' real/app:number real/app:name real/committed:1 >>"$dir/share/truth/wanted"
	if [ "$driver" = overlay2 ]; then
		cp -r "$BATS_FILE_TMPDIR/layers/docker" "$dir/share/layers"
		in_host /share/docker-loads.sh /share/layers >"$dir/share/truth/loads"
	fi
	in_host /share/docker-truth.sh /share/truth
	look_into_mounts
	[ "$driver" != overlay2 ] || look_into_a_container
	read_store
	[ "$1" != trixie:v2:overlay2 ] || save
	[ "$driver" != overlay2 ] || churn
	in_host /share/docker-down.sh
	[ "$driver" != overlay2 ] || spoil
	touch "$dir/done"
}

# Containers are started for every USER string, not for every file list.
wanted() {
	jq -r --arg driver "$1" 'to_entries | map(select($driver == "overlay2")) | unique_by(.value.declared + (.value.user | tostring))[].key' \
		"$BATS_FILE_TMPDIR/scenarios/expected.json"
}

# What the engine's own mounts hold, by this machine's find and getcap.
look_into_mounts() {
	local id path
	while read -r id path; do
		cd "/proc/$("$E2E/engines/host.sh" pid "$dir")/root/$path"
		find . -type f -perm /6000 -printf '%m %U:%G /%P\0' >"$dir/share/truth/${id#sha256:}.setid"
		getcap -n -r . 2>/dev/null | sed 's/^\.//' >"$dir/share/truth/${id#sha256:}.caps"
	done <"$dir/share/truth/mounted"
	cd /
}

# The same for a container's own mount, once: the two ways to look must agree.
look_into_a_container() {
	local id merged
	id=$(in_host docker image inspect --format '{{.Id}}' real/app:number)
	in_host docker run --detach --name looked-at --network none --entrypoint /bin/busybox real/app:number sleep 1000
	merged=$(in_host docker inspect --format '{{.GraphDriver.Data.MergedDir}}' looked-at)
	(cd "/proc/$("$E2E/engines/host.sh" pid "$dir")/root/$merged" && find . -type f -perm /6000 -printf '%m %U:%G /%P\0') >"$dir/merged.setid"
	cmp <(tr '\0' '\n' <"$dir/merged.setid" | sort) <(tr '\0' '\n' <"$dir/share/truth/${id#sha256:}.setid" | sort)
	in_host docker rm --force looked-at
}

# From outside, with the daemon running; another program reads the same afterwards.
read_store() {
	"$E2E/lib/snapshot.py" --age "$dir/docker" >"$dir/before"
	scan_json "${dir##*/}" "docker:[$dir/docker]"
	"$E2E/lib/snapshot.py" "$dir/docker" >"$dir/after"
	echo "$status" >"$dir/status"
	PROGRAM=$PLIMSOLL_ASAN scan_json "${dir##*/}-asan" "docker:[$dir/docker]"
	if [ -x "$PLIMSOLL_ARM64" ] && command -v qemu-aarch64-static >/dev/null; then
		PROGRAM="qemu-aarch64-static $PLIMSOLL_ARM64" scan_json "${dir##*/}-arm64" "docker:[$dir/docker]"
	fi
}

# What Docker saves from version 25 on is an OCI layout in a tar: the same images, to be streamed instead of walked. Some of
# the layer table it cannot read back itself.
save() {
	# shellcheck disable=SC2046
	in_host docker save --output /share/saved.tar $(in_host docker image ls --format '{{.Repository}}:{{.Tag}}' | grep -vE '<none>|^layers/')
	mkdir "$dir/saved"
	tar -x -C "$dir/saved" -f "$dir/share/saved.tar"
	scan_json "${dir##*/}-saved" "oci:$dir/saved"
}

# Images come and go while the store is read, over and over.
churn() {
	local end=$((SECONDS + 6)) round=0
	in_host sh -c 'while [ ! -e /share/enough ]; do
		docker load --quiet --input /share/docker.tar; docker rmi --force setid:root setid:hard-links setid:changed-above groups:name drops:gosu
	done' >"$dir/churn.log" 2>&1 3>&- &
	while [ $SECONDS -lt $end ]; do
		round=$((round + 1))
		scan_json "${dir##*/}-churn-$round" "docker:[$dir/docker]"
	done
	touch "$dir/share/enough"
	wait $!
	echo "$round" >"$dir/rounds"
}

# With the engine gone, damage of every kind.
spoil() {
	scan_json "${dir##*/}-whole" "docker:[$dir/docker]"
	"$E2E/lib/spoil_docker.py" "$dir/docker" "$dir/share/truth/images.json" >"$dir/spoiled"
	"$E2E/lib/snapshot.py" --age "$dir/docker" >"$dir/spoiled-before"
	PROGRAM=$PLIMSOLL_ASAN scan_json "${dir##*/}-spoiled" "docker:[$dir/docker]"
	"$E2E/lib/snapshot.py" "$dir/docker" >"$dir/spoiled-after"
}

# Skips the test where the variant could not be had, fails it where it was had and went wrong.
need() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	dir=$(place "$1")
	report=$REPORTS/${dir##*/}.json
	truth=$dir/share/truth
	[ ! -e "$dir/skip" ] || skip "$1: $(cat "$dir/skip")"
	[ -e "$dir/done" ] || {
		tail -n 20 "$dir.log" "$BATS_FILE_TMPDIR/collect-${1//:/-}.log" 2>/dev/null
		return 1
	}
}

names_users_files() {
	need "$1"
	reports engine "$truth" "$BATS_FILE_TMPDIR/scenarios/expected.json" "$report"
}

verdicts() {
	need "$1"
	[ "$(cat "$dir/status")" = 1 ]
	reports scenarios "$BATS_FILE_TMPDIR/scenarios/expected.json" "$report"
}

real_images() {
	need "$1"
	local name=${dir##*/}
	field "$name" '.subjects[] | select(.names | any(contains("real/"))) | (.names | join(" ")) + " " + .verdict'
	[[ $(finding "$name" real/debian:imported image-user-root) = "fail runs as root"* ]]
	[[ $(finding "$name" real/runtime:1 image-app-user-unused) = fail* ]]
	[[ $(finding "$name" real/app:number image-user-root) = pass* ]]
	[[ $(finding "$name" real/app:number image-file-capabilities) = fail* ]]
	[[ $(finding "$name" real/app:name image-user-not-numeric) = *"non-numeric user (app)"* ]]
	[[ $(finding "$name" real/app:name image-setid-files) = pass* ]]
	[[ $(finding "$name" real/app:name image-file-capabilities) = pass* ]]
	[ "$(field "$name" '[.subjects[] | select(.names | index("registry.example.com:5000/team/app:v1"))] | length')" = 1 ]
	[ "$(field "$name" '[.subjects[] | select(.names | length == 0)] | length')" -ge 1 ]
}

nothing_changed() {
	need "$1"
	[ -s "$dir/before" ]
	diff "$dir/before" "$dir/after"
}

layer_table() {
	need "$1"
	"$ROOT/tests/conformance/layers.py" docker "${1%%:*}" "$truth"
}

other_programs() {
	need "$1"
	reports same "$report" "$REPORTS/${dir##*/}-asan.json"
	[ -e "$REPORTS/${dir##*/}-arm64.json" ] || skip "no arm64 program, or no qemu-aarch64-static"
	reports same "$report" "$REPORTS/${dir##*/}-arm64.json"
}

# Of an image that is there the verdict is right or unknown; never is what was half removed called good.
never_wrong() {
	need "$1"
	[ "$(cat "$dir/rounds")" -ge 5 ]
	reports churn "$report" "$REPORTS/${dir##*/}"-churn-*.json
}

@test "docker 20.10 (bookworm): names, ids, users, set-id files and capabilities are the engine's own" {
	names_users_files bookworm:v1:overlay2
}

@test "docker 26.1 (trixie): names, ids, users, set-id files and capabilities are the engine's own" {
	names_users_files trixie:v2:overlay2
}

@test "docker 26.1 (trixie), vfs driver: names, ids, users, set-id files and capabilities are the engine's own" {
	names_users_files trixie:v2:vfs
}

@test "docker 20.10 (bookworm): the scenarios come out right" {
	verdicts bookworm:v1:overlay2
}

@test "docker 26.1 (trixie): the scenarios come out right" {
	verdicts trixie:v2:overlay2
}

@test "docker 26.1 (trixie), vfs driver: the scenarios come out right" {
	verdicts trixie:v2:vfs
}

@test "docker 20.10 (bookworm): imported, built, committed and dangling images" {
	real_images bookworm:v1:overlay2
}

@test "docker 26.1 (trixie): imported, built, committed and dangling images" {
	real_images trixie:v2:overlay2
}

@test "docker 26.1 (trixie), vfs driver: imported, built, committed and dangling images" {
	real_images trixie:v2:vfs
}

@test "docker 20.10 (bookworm): reading changes nothing in the store" {
	nothing_changed bookworm:v1:overlay2
}

@test "docker 26.1 (trixie): reading changes nothing in the store" {
	nothing_changed trixie:v2:overlay2
}

@test "docker 26.1 (trixie), vfs driver: reading changes nothing in the store" {
	nothing_changed trixie:v2:vfs
}

@test "docker 20.10 (bookworm): the table of layers is what its overlay shows" {
	layer_table bookworm:v1:overlay2
}

@test "docker 26.1 (trixie): the table of layers is what its overlay shows" {
	layer_table trixie:v2:overlay2
}

@test "docker 20.10 (bookworm): the sanitised and the arm64 program give the same bytes" {
	other_programs bookworm:v1:overlay2
}

@test "docker 26.1 (trixie): the sanitised and the arm64 program give the same bytes" {
	other_programs trixie:v2:overlay2
}

@test "docker 20.10 (bookworm): while images come and go, verdicts are right or unknown" {
	never_wrong bookworm:v1:overlay2
}

@test "docker 26.1 (trixie): while images come and go, verdicts are right or unknown" {
	never_wrong trixie:v2:overlay2
}

damaged() {
	need "$1"
	reports spoiled "$REPORTS/${dir##*/}-whole.json" "$REPORTS/${dir##*/}-spoiled.json" "$dir/spoiled"
	diff "$dir/spoiled-before" "$dir/spoiled-after"
}

@test "docker 20.10 (bookworm): damaged images are unknown, the others are judged as before" {
	damaged bookworm:v1:overlay2
}

@test "docker 26.1 (trixie): damaged images are unknown, the others are judged as before" {
	damaged trixie:v2:overlay2
}

@test "docker 26.1 (trixie): what it saves, streamed as tars, gives the users and files of its unpacked layers" {
	need trixie:v2:overlay2
	reports alike "$report" "$REPORTS/${dir##*/}-saved.json"
}

@test "docker of the release in PLIMSOLL_E2E_SUITE: all of the above" {
	[ -n "$more" ] || skip "PLIMSOLL_E2E_SUITE is not set"
	names_users_files "$more"
	verdicts "$more"
	real_images "$more"
	nothing_changed "$more"
	layer_table "$more"
	never_wrong "$more"
	damaged "$more"
}

@test "docker: every report fits the schema" {
	every_report_fits
}
