/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every limit on what comes from outside, with its reason.
 *
 * Crossing one makes the subject `unknown` and names the limit as it is written here without `PL_MAX_`, in lower case
 * with hyphens (PL_MAX_PATH_BYTES is "path-bytes"). A limit is never silent.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* A message for people, with its terminator. Long enough for a store, an image, a layer digest and a sentence. */
#define PL_MAX_REASON 1024

/* A path inside an image: the kernel refuses more in one call (PATH_MAX), so no engine could have extracted it. */
#define PL_MAX_PATH_BYTES 4096
/* One component of a path: NAME_MAX of every file system an engine keeps layers on. */
#define PL_MAX_NAME_BYTES 255
/* Directories below one another: PATH_MAX leaves room for 2048 components of one letter. */
#define PL_MAX_PATH_DEPTH 2048

/* Manifests and indexes: distribution servers and engines refuse more than 4 MiB. */
#define PL_MAX_MANIFEST_BYTES ((size_t)4 << 20)
/* An image config. Engines take what a registry serves as a manifest's config; 4 MiB holds 125 layers of long history. */
#define PL_MAX_CONFIG_BYTES ((size_t)4 << 20)
/* Nesting of JSON values; Go's decoder stops at 10000, an image config needs 5. Deeper is judged unknown. */
#define PL_MAX_JSON_DEPTH 64
/* What the decoded form of one document may take in memory. */
#define PL_MAX_JSON_ARENA ((size_t)8 << 20)
/* An engine's own JSON list of names (repositories.json): about 40,000 references. */
#define PL_MAX_STORE_LIST_BYTES ((size_t)8 << 20)

/* Layers of one image: docker stops at 125, overlayfs at 128 or 500 by version; 512 covers all of them. */
#define PL_MAX_LAYERS 512
/* Nested indexes in an OCI layout (image-spec sets no bound; real ones nest twice). */
#define PL_MAX_INDEX_DEPTH 8
/* Indexes that one name of an OCI layout leads to: real ones are 2. */
#define PL_MAX_INDEXES 64
/* Manifests, indexes and configs read while one OCI layout is listed: 25 KiB for each of PL_MAX_STORE_IMAGES. */
#define PL_MAX_LISTING_BYTES ((uint64_t)256 << 20)
/* Images of one store: beyond it the store is reported as not fully read. */
#define PL_MAX_STORE_IMAGES 10000
/* Names of all images of one store: four for each. */
#define PL_MAX_STORE_NAMES 40000

/* passwd and group. Engines stop at 10 MiB (moby/sys user v0.4.1); real ones are under 100 KiB. */
#define PL_MAX_ACCOUNT_BYTES ((size_t)1 << 20)
/* What engines themselves refuse in passwd and group (moby/sys:user/user.go maxUserFileBytes). */
#define PL_ENGINE_ACCOUNT_BYTES ((size_t)10485760)
/* A passwd line that ends Go's line scanner (bufio.MaxScanTokenSize). */
#define PL_ENGINE_PASSWD_LINE_BYTES ((size_t)65536)
/* Supplementary groups of one user: the kernel's NGROUPS_MAX. */
#define PL_MAX_GROUPS 65536

/* Entry point scripts are read this far: docker-library's longest is 13 KiB. */
#define PL_MAX_SCRIPT_BYTES ((size_t)64 << 10)
/* Links followed while a path is resolved inside an image: the kernel's own number (MAXSYMLINKS). */
#define PL_MAX_LINKS 40

/* PAX records and GNU long names of one tar entry: Go's archive/tar maxSpecialFileSize. */
#define PL_MAX_TAR_META_BYTES ((size_t)1 << 20)
/* Entries of one layer. The largest public images hold about 400,000 in all their layers. */
#define PL_MAX_LAYER_ENTRIES ((uint64_t)4000000)
/* Bytes of one layer after decompression. Gateways have no layer of 64 GiB. */
#define PL_MAX_LAYER_BYTES ((uint64_t)64 << 30)
/* Bytes out for each byte in, over a whole blob: deflate cannot exceed 1032, zstd can. Zeros reach this honestly, so it
 * only bounds what a small blob may cost: below PL_RATIO_FREE_BYTES of output it is not looked at. */
#define PL_MAX_EXPANSION 2000
#define PL_RATIO_FREE_BYTES ((uint64_t)1 << 30)
/* zstd window: 2^25 covers every level of the encoders that engines use, and `zstd` up to -20. */
#define PL_MAX_ZSTD_WINDOW_LOG 25

/* Memory for the kept entries of one image: 10,000 entries and more. A base image keeps under 200. */
#define PL_MAX_KEPT_ARENA ((size_t)2 << 20)
/* Content of kept files of one image: passwd and group at their largest, and 16 scripts at theirs. */
#define PL_MAX_KEPT_CONTENT ((size_t)3 << 20)
/* Bytes looked at while the paths of one tar layer are led over its own links: a second's work. A distribution's base image
 * needs 1 MiB. */
#define PL_MAX_LINK_BYTES ((uint64_t)512 << 20)
/* Symbolic links remembered while one tar layer is read (8 bytes each, so that a path through one is noticed). */
#define PL_MAX_LAYER_LINKS 65536
/* Passes over a compressed layer for entries that only its own links and scripts name. */
#define PL_MAX_PASSES 4
/* Names of directories still to be walked in an unpacked layer. */
#define PL_MAX_WALK_BYTES ((size_t)1 << 20)

/* One MQTT payload. The smallest limit among brokers of the large clouds is 128 KiB; 32 KiB leaves room for bridges. */
#define PL_MAX_PAYLOAD_BYTES ((size_t)32 << 10)
/* One packet from the broker: a command of ours fits twice. libmosquitto itself would allocate up to 256 MiB. */
#define PL_MAX_MQTT_IN_BYTES ((uint32_t)64 << 10)
/* Messages on their way at a time: every broker takes 10 or more, and each is held in memory twice. */
#define PL_MAX_WINDOW 8
/* A PEM file of certificates: Debian's bundle of all public roots is 220 KiB. */
#define PL_MAX_PEM_BYTES ((size_t)1 << 20)
/* Addresses of the broker that are tried. */
#define PL_MAX_ADDRESSES 8
