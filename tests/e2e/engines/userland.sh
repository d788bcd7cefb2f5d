#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# userland.sh TREE FILE: a tar of a tree of mktree.sh without its engine, which is a small real Debian, for `docker import`.
tar --create --file "$2" --directory "$1" --numeric-owner --sort=name --xattrs --exclude='./usr/*bin/docker*' \
	--exclude='./usr/*bin/containerd*' --exclude='./usr/*bin/runc' --exclude=./usr/bin/ctr --exclude='./usr/local/*' \
	--exclude=./usr/libexec --exclude=./usr/lib/docker --exclude=./usr/lib/docker.io .
