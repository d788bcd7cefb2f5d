# SPDX-License-Identifier: Apache-2.0
#
# The dependencies: one entry each, and nothing about a dependency anywhere else.
#
#   PACKAGE   Debian source package the upstream tarball comes from
#   VERSION   lowest accepted version, and the first one no longer accepted
#   LICENSE   SPDX expression, for the SBOM
#   SOURCES   what is compiled (globs, relative to the unpacked tarball; a path that begins with @ is ours, beside this file)
#   SOURCES_x86_64, SOURCES_aarch64   the same, for one processor only
#   FAST      globs of those that are hot enough to be built for speed where the rest is built for size
#   INCLUDES  folders searched while compiling it
#   DEFINES   definitions while compiling it
#   OPTIONS   further options for its C sources
#   HEADERS   FROM=>TO: a header or a folder of headers that users of the library include, and where they find it
#   SYSTEM    for PLIMSOLL_SYSTEM_DEPS: the header to look for, then the libraries
#   SYSTEM_VERSION   MINIMUM HEADER REGEX: lowest version that will do (a distribution backports fixes), and where it is told:
#                    the first group of each line that matches, joined by dots
#
# The upstream tarball is built as it is, without Debian's patches: a lower bound must therefore be high enough that no
# security fix is only in the patches (cJSON 1.7.18 was such a case).

# Debian 13 has 3.6.6, which misses the client-side fixes of July 2026. 4.x drops the legacy headers: a later step.
pl_dependency(mbedtls
	PACKAGE mbedtls
	VERSION 3.6.7 4.0
	LICENSE "Apache-2.0 OR GPL-2.0-or-later"
	SOURCES library/*.c
	INCLUDES library
	HEADERS include/mbedtls=>mbedtls include/psa=>psa @mbedtls_config.h=>mbedtls/mbedtls_config.h
	SYSTEM mbedtls/ssl.h mbedtls mbedx509 mbedcrypto
	SYSTEM_VERSION 3.6 mbedtls/build_info.h "MBEDTLS_VERSION_STRING +\"([0-9.]+)\"")

# Without TLS of its own (it knows only OpenSSL): it talks to a Unix socket that src/link pumps through mbedTLS.
# 2.1 splits the library and requires cJSON at configure time; nothing in it is worth that to a client.
pl_dependency(mosquitto
	PACKAGE mosquitto
	VERSION 2.0.21 2.1
	LICENSE "EPL-2.0 OR BSD-3-Clause"
	SOURCES lib/*.c
	INCLUDES . lib include deps
	DEFINES WITH_UNIX_SOCKETS VERSION="@VERSION@"
	HEADERS include/mosquitto.h=>mosquitto.h include/mqtt_protocol.h=>mqtt_protocol.h
	SYSTEM mosquitto.h mosquitto
	SYSTEM_VERSION 2.0 mosquitto.h "#define LIBMOSQUITTO_[A-Z]+ +([0-9]+)")

pl_dependency(cjson
	PACKAGE cjson
	VERSION 1.7.19 2
	LICENSE MIT
	SOURCES cJSON.c
	DEFINES CJSON_HIDE_SYMBOLS
	HEADERS cJSON.h=>cjson/cJSON.h
	SYSTEM cjson/cJSON.h cjson
	SYSTEM_VERSION 1.7.15 cjson/cJSON.h "#define CJSON_VERSION_[A-Z]+ +([0-9]+)")

# The high-compression half (lz4hc) is 39 kB and no use on a device.
pl_dependency(lz4
	PACKAGE lz4
	VERSION 1.9.4 2
	LICENSE BSD-2-Clause
	SOURCES lib/lz4.c
	HEADERS lib/lz4.h=>lz4.h
	SYSTEM lz4.h lz4
	SYSTEM_VERSION 1.9.4 lz4.h "#define LZ4_VERSION_[A-Z]+ +([0-9]+)")

# Inflate and the gzip check sum only. The library's own dispatchers name every routine it has, so that all of them would be
# linked; isal_dispatch.c names the few that inflate needs.
pl_dependency(isal
	PACKAGE libisal
	VERSION 2.31 3
	LICENSE BSD-3-Clause
	SOURCES igzip/igzip_inflate.c crc/crc_base.c @deps/isal_dispatch.c
	SOURCES_x86_64
		igzip/igzip_decode_block_stateless_01.asm igzip/igzip_decode_block_stateless_04.asm igzip/rfc1951_lookup.asm
		crc/crc32_gzip_refl_by8.asm
	SOURCES_aarch64
		igzip/aarch64/igzip_decode_huffman_code_block_aarch64.S
		crc/aarch64/crc32_gzip_refl_crc_ext.S crc/aarch64/crc32_gzip_refl_3crc_fold.S
	FAST igzip/igzip_inflate.c
	INCLUDES include igzip crc igzip/aarch64 crc/aarch64
	OPTIONS -include @deps/isal_prelude.h
	HEADERS include/igzip_lib.h=>isa-l/igzip_lib.h include/crc.h=>isa-l/crc.h
	SYSTEM isa-l/igzip_lib.h isal
	SYSTEM_VERSION 2.30 isa-l.h "#define ISAL_[A-Z]+_VERSION +([0-9]+)")

# The decoder, without the formats from before version 1.
pl_dependency(zstd
	PACKAGE libzstd
	VERSION 1.5.5 2
	LICENSE "BSD-3-Clause OR GPL-2.0-only"
	SOURCES lib/common/*.c lib/decompress/*.c
	SOURCES_x86_64 lib/decompress/huf_decompress_amd64.S
	FAST lib/decompress/*.c
	INCLUDES lib lib/common
	DEFINES ZSTD_LEGACY_SUPPORT=0 ZSTD_TRACE=0 XXH_NAMESPACE=ZSTD_ HUF_FORCE_DECOMPRESS_X1=1
		ZSTD_FORCE_DECOMPRESS_SEQUENCES_SHORT=1
	HEADERS lib/zstd.h=>zstd.h lib/zstd_errors.h=>zstd_errors.h
	SYSTEM zstd.h zstd
	SYSTEM_VERSION 1.5.4 zstd.h "#define ZSTD_VERSION_[A-Z]+ +([0-9]+)")
