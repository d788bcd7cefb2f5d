#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures plimsoll against its budgets (ratios to other programs in the same run, peak memory, size), prints a table and
# leaves the figures in build/bench.json. Never fails on a figure: it fails only when something cannot be measured.
#   tests/bench/run.sh [--runs N] [--megabytes N]
# As root: a private mount namespace lends this machine's own /usr to a store as an unpacked layer.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
for preset in x86_64-musl arm64-musl; do
	echo "bench: building $preset"
	cmake --preset "$preset" >/dev/null
	cmake --build --preset "$preset" >/dev/null
done
exec unshare --mount --propagation private python3 tests/bench/bench.py --json build/bench.json "$@"
