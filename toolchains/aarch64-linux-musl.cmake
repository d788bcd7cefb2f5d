# SPDX-License-Identifier: Apache-2.0
#
# Static arm64 programs with musl; run here by qemu-user.
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(PL_DEBIAN_ARCH arm64)
include("${CMAKE_CURRENT_LIST_DIR}/cmake/PlMusl.cmake")
if(NOT CMAKE_HOST_SYSTEM_PROCESSOR STREQUAL CMAKE_SYSTEM_PROCESSOR)
	set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static)
endif()
