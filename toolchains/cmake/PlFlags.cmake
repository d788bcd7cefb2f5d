# SPDX-License-Identifier: Apache-2.0
#
# Compiler and linker flags, each probed: PL_HARDENING_COMPILE and PL_HARDENING_LINK for everything that goes into the
# program, PL_WARNINGS for our own code.
include_guard(GLOBAL)
include(CheckCCompilerFlag)

# Appends to OUT those of ARGN that the compiler knows.
function(pl_probe_compile out)
	set(found ${${out}})
	foreach(flag IN LISTS ARGN)
		string(MAKE_C_IDENTIFIER "PL_HAS${flag}" variable)
		set(CMAKE_REQUIRED_FLAGS "-Werror")
		check_c_compiler_flag("${flag}" ${variable})
		if(${variable})
			list(APPEND found "${flag}")
		endif()
	endforeach()
	set(${out} "${found}" PARENT_SCOPE)
endfunction()

macro(pl_hardening_flags)
	set(CMAKE_REQUIRED_QUIET ON)
	set(PL_HARDENING_COMPILE "")
	pl_probe_compile(PL_HARDENING_COMPILE -fstack-protector-strong -fno-strict-aliasing -fno-delete-null-pointer-checks)
	if(NOT PLIMSOLL_SANITIZE)
		pl_probe_compile(PL_HARDENING_COMPILE -fstack-clash-protection -ftrivial-auto-var-init=zero)
	endif()
	if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
		pl_probe_compile(PL_HARDENING_COMPILE -mbranch-protection=standard)
	elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
		pl_probe_compile(PL_HARDENING_COMPILE -fcf-protection=full)
	endif()
	# Fortified functions exist in glibc only and need an optimising build; the sanitisers do the same work better.
	if(NOT PL_TARGET_MUSL AND NOT PLIMSOLL_SANITIZE)
		list(APPEND PL_HARDENING_COMPILE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
	endif()
	set(PL_HARDENING_LINK -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
	# The musl toolchains make static PIEs by themselves.
	if(NOT PL_TARGET_MUSL)
		list(APPEND PL_HARDENING_LINK -pie)
	endif()
endmacro()

macro(pl_warning_flags)
	set(PL_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wvla -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes
		-Wcast-qual -Wundef -Wswitch-enum -Wnull-dereference)
	if(PLIMSOLL_WERROR)
		list(APPEND PL_WARNINGS -Werror)
	endif()
endmacro()
