# SPDX-License-Identifier: Apache-2.0
#
# PL_CACHE_DIR: where fetched sources, sysroots and built dependencies are kept and shared by all build trees.
# -DPLIMSOLL_CACHE, then the environment's PLIMSOLL_CACHE, then the user's cache folder.
if(PLIMSOLL_CACHE)
	set(PL_CACHE_DIR "${PLIMSOLL_CACHE}")
elseif(DEFINED ENV{PLIMSOLL_CACHE})
	set(PL_CACHE_DIR "$ENV{PLIMSOLL_CACHE}")
elseif(DEFINED ENV{XDG_CACHE_HOME})
	set(PL_CACHE_DIR "$ENV{XDG_CACHE_HOME}/plimsoll")
elseif(DEFINED ENV{HOME})
	set(PL_CACHE_DIR "$ENV{HOME}/.cache/plimsoll")
else()
	message(FATAL_ERROR "set PLIMSOLL_CACHE: there is no HOME to keep fetched sources under")
endif()
# Sources taken from a folder of the user's; fetch.sh reads the environment.
if(PLIMSOLL_SOURCES)
	set(ENV{PLIMSOLL_SOURCES} "${PLIMSOLL_SOURCES}")
endif()
