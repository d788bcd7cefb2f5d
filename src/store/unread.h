/* SPDX-License-Identifier: Apache-2.0 */
/* Whether stores that cannot be read yet hold anything: as little knowledge of them as that takes. */
#pragma once

#include <stdbool.h>

/* `dir` is containerd's root: some snapshotter has unpacked something. (As Docker's helper it only has blobs.) */
bool pl_containerd_holds_images(int dir);
/* `dir` is a graph root of podman, buildah or CRI-O: its list of images has one. */
bool pl_storage_holds_images(int dir);
