# SPDX-License-Identifier: Apache-2.0
#
# Static x86-64 programs with musl.
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(PL_DEBIAN_ARCH amd64)
include("${CMAKE_CURRENT_LIST_DIR}/cmake/PlMusl.cmake")
