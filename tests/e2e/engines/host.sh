#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A "host" for an engine: a tree of mktree.sh as the root of mount, pid, net, ipc, uts and cgroup namespaces of its own. Engines
# find everything at their usual places, several generations run side by side, and with the host's first process ends all
# that was started in it. The user namespace is the machine's own: root is root.
#
#   host.sh up DIR TREE [v1|v2]   DIR keeps what the host writes: DIR/docker is its /var/lib/docker, DIR/share its /share
#                                 (the way in and out), DIR/up all else; TREE is never written. Not on overlayfs.
#   host.sh in DIR COMMAND...     runs a command in it, as root
#   host.sh pid DIR               its first process; /proc/PID/root is its root
#   host.sh down DIR              ends it. Nothing is left but DIR
#   host.sh can v1|v2             whether this machine can give a host that version of cgroups
#
# A host that nobody ends is gone after PLIMSOLL_HOST_SECONDS (900).
set -euo pipefail

controllers="cpu cpuacct cpuset memory devices freezer blkio pids"

# Where the machine's cgroup hierarchies are mounted.
hierarchies() {
	awk '{ for (i = 7; $i != "-"; i++); if ($(i + 1) ~ /^cgroup2?$/) print $5 }' /proc/self/mountinfo
}

# The host's own group in each of them.
groups_of() {
	local hierarchy
	for hierarchy in $(hierarchies); do
		echo "$hierarchy/plimsoll-$(stat -c %i "$1")"
	done
}

remove_groups() {
	local group
	for group in $(groups_of "$1"); do
		[ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
	done
}

# In the new namespaces: makes the root, then becomes the first process.
first_process() {
	local dir=$1 tree=$2 version=$3 name group
	mount --make-rprivate /
	mount -t overlay -o "lowerdir=$tree,upperdir=$dir/up,workdir=$dir/work" overlay "$dir/root"
	cd "$dir/root"
	mkdir -p proc sys dev run tmp old share var/lib/docker var/lib/containerd var/tmp
	mount -t proc proc proc
	mount -t sysfs sysfs sys
	mount -t tmpfs -o mode=755 tmpfs dev
	for name in null:3 zero:5 full:7 random:8 urandom:9; do
		mknod -m 666 "dev/${name%:*}" c 1 "${name#*:}"
	done
	mkdir dev/pts dev/shm dev/mqueue
	mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
	ln -s pts/ptmx dev/ptmx
	ln -s /proc/self/fd dev/fd
	mount -t tmpfs tmpfs dev/shm
	mount -t tmpfs -o mode=755 tmpfs run
	mount -t tmpfs -o mode=1777 tmpfs tmp
	mount -t tmpfs -o mode=1777 tmpfs var/tmp
	if [ "$version" = v1 ]; then
		mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
		for name in $controllers; do
			mkdir "sys/fs/cgroup/$name"
			mount -t cgroup -o "$name" cgroup "sys/fs/cgroup/$name" 2>/dev/null || rmdir "sys/fs/cgroup/$name"
		done
		for group in sys/fs/cgroup/*; do
			mkdir -p "$group/init"
			[ "${group##*/}" != cpuset ] || fill_cpuset "$group/init" "$group"
			echo $$ >"$group/init/cgroup.procs"
		done
	else
		# as an init system does: processes in a child, containers beside it
		mount -t cgroup2 cgroup2 sys/fs/cgroup
		mkdir -p sys/fs/cgroup/init
		echo $$ >sys/fs/cgroup/init/cgroup.procs
	fi
	mount --bind "$dir/docker" var/lib/docker
	mount --bind "$dir/containerd" var/lib/containerd
	mount --bind "$dir/share" share
	hostname plimsoll-test
	pivot_root . old
	cd /
	PATH=/usr/sbin:/usr/bin:/sbin:/bin
	umount -l /old
	# as an init system leaves it, and CRI engines want it
	mount --make-rshared /
	echo ready >/share/.ready
	if [ -x /usr/bin/tini-static ]; then
		exec /usr/bin/tini-static -s -- /bin/sleep 999999999
	fi
	exec /usr/bin/tini -s -- /bin/sleep 999999999
}

fill_cpuset() {
	cat "$2/cpuset.cpus" >"$1/cpuset.cpus"
	cat "$2/cpuset.mems" >"$1/cpuset.mems"
}

up() {
	local dir tree=$2 version=${3:-v2} group outer
	dir=$(realpath "$1")
	mkdir -p "$dir"/{docker,containerd,share,up,work,root}
	rm -f "$dir/share/.ready"
	remove_groups "$dir"
	for group in $(groups_of "$dir"); do
		mkdir -p "$group"
		[ ! -e "$group/cpuset.cpus" ] || [ -e "$group/cgroup.controllers" ] || fill_cpuset "$group" "${group%/*}"
	done
	# Entered before the cgroup namespace is made, so that these groups are its roots.
	setsid bash -c 'dir=$1; shift; for group in $1; do echo $$ >"$group/cgroup.procs" || exit 1; done; shift; exec "$@"' - \
		"$dir" "$(groups_of "$dir")" \
		timeout -k 5 "${PLIMSOLL_HOST_SECONDS:-900}" \
		unshare --mount --uts --ipc --net --pid --cgroup --fork --kill-child \
		"$0" first "$dir" "$tree" "$version" </dev/null >"$dir/host.log" 2>&1 3>&- 4>&- &
	outer=$!
	for _ in $(seq 200); do
		[ ! -s "$dir/share/.ready" ] || break
		kill -0 $outer 2>/dev/null || break
		sleep 0.05
	done
	if [ ! -s "$dir/share/.ready" ] || ! find_first "$outer" >"$dir/pid"; then
		kill $outer 2>/dev/null || true
		cat "$dir/host.log" >&2
		remove_groups "$dir"
		return 1
	fi
	echo $outer >"$dir/outer"
	# What waits outside is still in the group that is the host's root; out of it, or no controller can be passed down.
	for group in $(groups_of "$dir"); do
		if [ -d "$group/init" ]; then
			for pid in $(cat "$group/cgroup.procs"); do
				echo "$pid" >"$group/init/cgroup.procs" 2>/dev/null || true
			done
		fi
		[ -e "$group/cgroup.controllers" ] || continue
		for name in $(cat "$group/cgroup.controllers"); do
			echo "+$name" >"$group/cgroup.subtree_control" 2>/dev/null || true
		done
	done
}

# timeout, unshare, the first process: each the only child of the one before.
find_first() {
	local pid=$1
	pid=$(tr -d ' ' <"/proc/$pid/task/$pid/children") && [ -n "$pid" ] &&
		pid=$(tr -d ' ' <"/proc/$pid/task/$pid/children") && [ -n "$pid" ] && echo "$pid"
}

inside() {
	local dir=$1 group
	shift
	# into its groups too, or a daemon started here would see a path outside of them
	for group in $(groups_of "$dir"); do
		if [ -d "$group/init" ]; then
			echo $$ >"$group/init/cgroup.procs"
		elif [ -d "$group" ]; then
			echo $$ >"$group/cgroup.procs"
		fi
	done
	exec nsenter -t "$(cat "$dir/pid")" -m -u -i -n -p -C -r -w -- \
		env -i PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DOCKER_BUILDKIT=0 "$@"
}

down() {
	local dir=$1 group file
	if [ -s "$dir/pid" ]; then
		kill -9 "$(cat "$dir/pid")" 2>/dev/null || true
		# A frozen process does not die in version 1.
		for group in $(groups_of "$dir"); do
			[ -d "$group" ] || continue
			find "$group" -name freezer.state 2>/dev/null | while read -r file; do
				echo THAWED >"$file" 2>/dev/null || true
			done
		done
		for _ in $(seq 100); do
			kill -0 "$(cat "$dir/outer")" 2>/dev/null || break
			sleep 0.05
		done
	fi
	rm -f "$dir/pid" "$dir/outer"
	remove_groups "$dir"
}

can() {
	case $1 in
	v2) hierarchies | while read -r path; do [ ! -e "$path/cgroup.procs" ] || [ ! -e "$path/cgroup.controllers" ] || echo yes; done | grep -q yes ;;
	v1) grep -qE ' - cgroup [^ ]+ ([^ ]*,)?devices' /proc/self/mountinfo ;;
	esac
}

verb=$1
shift
case $verb in
up) up "$@" ;;
in) inside "$@" ;;
pid) cat "$1/pid" ;;
down) down "$@" ;;
can) can "$@" ;;
first) first_process "$@" ;;
*)
	echo "host.sh: up, in, pid, down or can" >&2
	exit 2
	;;
esac
