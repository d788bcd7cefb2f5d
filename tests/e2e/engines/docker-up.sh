#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# docker-up.sh [DRIVER]: in a host, starts containerd and dockerd and waits until they answer. No network of containers.
set -u
driver=${1:-overlay2}

wait_until() {
	tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ $tries -lt 300 ] || return 1
		sleep 0.1
	done
}

mkdir -p /etc/docker
# From version 29 on containerd's own image store is the default.
case $(dockerd --version) in
*' '2[4-9].* | *' '[3-9][0-9].*) echo '{"features":{"containerd-snapshotter":false}}' >/etc/docker/daemon.json ;;
*) echo '{}' >/etc/docker/daemon.json ;;
esac
setsid containerd >/share/containerd.log 2>&1 </dev/null &
wait_until ctr version || { tail -n 5 /share/containerd.log >&2; exit 1; }
setsid dockerd --containerd /run/containerd/containerd.sock --iptables=false --bridge=none --storage-driver "$driver" \
	>/share/dockerd.log 2>&1 </dev/null &
echo $! >/run/dockerd.pid
wait_until docker version || { tail -n 5 /share/dockerd.log >&2; exit 1; }
