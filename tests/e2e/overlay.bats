#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Random images against the kernel's own overlay of their layers.

load lib/common.bash

# Overlayfs on overlayfs is refused, so the folder must lie on another file system; and only root may mount.
overlay_works() {
	local at=$BATS_TEST_TMPDIR/try
	mkdir -p "$at/a" "$at/b" "$at/merged"
	mount -t overlay overlay -o "lowerdir=$at/a:$at/b" "$at/merged" 2>/dev/null && umount "$at/merged"
}

@test "overlay: 150 random images are what the kernel makes of them" {
	overlay_works || skip "overlayfs cannot be mounted here"
	command -v zstd >/dev/null || skip "zstd is missing"
	timeout 300 python3 "$E2E/overlay_differential.py" "$PLIMSOLL_ASAN" "$BATS_TEST_TMPDIR/images" 1 150
}
