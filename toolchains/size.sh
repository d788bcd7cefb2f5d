#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# size.sh PROGRAM: how large a stripped program is. text: code and constants; file: padding of segments included.
set -eu
size "$1" | awk -v name="$(basename "$1")" -v bytes="$(wc -c <"$1")" \
	'NR == 2 { printf "%s: text %d, data %d, bss %d, file %d bytes (%.0f KiB)\n", name, $1, $2, $3, bytes, bytes / 1024 }'
