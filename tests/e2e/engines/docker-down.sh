#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# In a host, ends dockerd as a service manager would and waits for it.
pid=$(cat /run/dockerd.pid) && kill "$pid"
tries=0
while kill -0 "$pid" 2>/dev/null && [ $tries -lt 200 ]; do
	tries=$((tries + 1))
	sleep 0.05
done
