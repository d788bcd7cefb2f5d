# SPDX-License-Identifier: Apache-2.0
#
# The common part of the musl toolchain files: Debian's own gcc for the processor, with musl and the kernel headers from a
# private sysroot in the cache. The caller sets CMAKE_SYSTEM_PROCESSOR and PL_DEBIAN_ARCH.
include("${CMAKE_CURRENT_LIST_DIR}/PlCache.cmake")

set(CMAKE_SYSTEM_NAME Linux)
set(PL_TARGET_NAME ${CMAKE_SYSTEM_PROCESSOR}-linux-musl)
set(PL_TARGET_MUSL ON)
set(PL_SYSROOT "${PL_CACHE_DIR}/sysroot/${PL_TARGET_NAME}")
set(CMAKE_SYSROOT_INFO "${PL_SYSROOT}/info")

if(NOT EXISTS "${PL_SYSROOT}/info")
	file(MAKE_DIRECTORY "${PL_CACHE_DIR}")
	file(LOCK "${PL_CACHE_DIR}/sysroot.lock" GUARD FILE TIMEOUT 600)
	if(NOT EXISTS "${PL_SYSROOT}/info")
		execute_process(COMMAND "${CMAKE_CURRENT_LIST_DIR}/../fetch.sh" sysroot "${PL_SYSROOT}" ${PL_DEBIAN_ARCH} RESULT_VARIABLE _result)
		if(NOT _result EQUAL 0)
			message(FATAL_ERROR "the sysroot of ${PL_TARGET_NAME} could not be fetched (see above)")
		endif()
	endif()
	file(LOCK "${PL_CACHE_DIR}/sysroot.lock" RELEASE)
endif()

set(CMAKE_C_COMPILER ${CMAKE_SYSTEM_PROCESSOR}-linux-gnu-gcc)
set(CMAKE_ASM_COMPILER ${CMAKE_C_COMPILER})
execute_process(COMMAND ${CMAKE_C_COMPILER} -print-file-name=include OUTPUT_VARIABLE PL_GCC_INCLUDE
	OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE _result)
if(NOT _result EQUAL 0)
	message(FATAL_ERROR "${CMAKE_C_COMPILER} is missing: run toolchains/setup.sh build")
endif()

# gcc finds start files and libraries in the folder of -B before its own; only its built-in headers are kept. A static PIE
# costs little over a fixed address and gives address-space randomisation.
set(PL_MUSL_LIB "${PL_SYSROOT}/usr/lib/${PL_TARGET_NAME}")
set(CMAKE_C_FLAGS_INIT
	"-fPIE -nostdinc -isystem ${PL_SYSROOT}/usr/include/${PL_TARGET_NAME} -isystem ${PL_GCC_INCLUDE}")
set(CMAKE_ASM_FLAGS_INIT "${CMAKE_C_FLAGS_INIT}")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static-pie -B${PL_MUSL_LIB} -L${PL_MUSL_LIB}")
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES PLIMSOLL_CACHE)

# Nothing of the build machine's may be found.
set(CMAKE_FIND_ROOT_PATH "${PL_SYSROOT}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
