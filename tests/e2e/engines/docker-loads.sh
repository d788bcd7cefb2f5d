#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# docker-loads.sh FOLDER: in a host, loads each archive of a folder; prints "NAME ok" or "NAME refused WHY".
for archive in "$1"/*.tar; do
	name=${archive##*/}
	name=${name%.tar}
	if said=$(docker load --quiet --input "$archive" 2>&1) && ! echo "$said" | grep -qi '^error'; then
		echo "$name ok"
	else
		echo "$name refused $(echo "$said" | tail -n 1)"
	fi
done
