/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON documents of images, read as the engines read them: Go's encoding/json takes keys in any case (Unicode simple
 * folding), the last of several wins, objects given twice are merged, null changes nothing, a wrong type refuses the whole
 * document. A reader that does otherwise sees another image than the engine runs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plimsoll/arena.h"
#include "plimsoll/digest.h"
#include "plimsoll/reason.h"

struct pl_pair {
	const char *key;
	const char *value;
};

struct pl_history {
	const char *created_by; /* or "" */
	bool empty_layer;
};

/* An image config (OCI image-spec config.md and Docker's own). Absent strings are "", absent lists have n = 0. */
struct pl_image_config {
	const char *created, *architecture, *os, *variant;
	const char *user;
	const char *working_dir;
	const char **env;
	size_t n_env;
	const char **entrypoint;
	size_t n_entrypoint;
	const char **cmd;
	size_t n_cmd;
	const char **exposed_ports; /* "8080/tcp"; these, volumes and labels sorted bytewise, each once */
	size_t n_exposed_ports;
	const char **volumes;
	size_t n_volumes;
	struct pl_pair *labels;
	size_t n_labels;
	const char **healthcheck; /* Healthcheck.Test */
	size_t n_healthcheck;
	struct pl_history *history;
	size_t n_history;
	struct pl_digest *diff_ids; /* bottom first */
	size_t n_diff_ids;
	bool user_repeated;  /* config.User was given more than once, or taken away by a null: readers may disagree */
	bool string_command; /* Entrypoint or Cmd was one string: docker takes it, containerd and podman refuse */
};

/*
 * Decodes a config. Strings live in `arena`; a string that holds a zero byte is PL_BAD_UNSUPPORTED (no engine can pass
 * it to a process).
 * Return: 0, -ENOMEM, PL_BAD_SYNTAX, PL_BAD_TRUNCATED, PL_BAD_LIMIT, PL_BAD_UNSUPPORTED; the reason has the offset.
 */
int pl_image_config_parse(const uint8_t *json, size_t n, struct pl_arena *arena, struct pl_image_config *out,
			  struct pl_reason *reason) __attribute__((warn_unused_result));

struct pl_platform {
	const char *os, *architecture, *variant; /* "" when absent; not normalised */
};

struct pl_descriptor {
	const char *media_type; /* "" when absent */
	struct pl_digest digest;
	int64_t size; /* -1 when absent */
	struct pl_platform platform;
	struct pl_pair *annotations;
	size_t n_annotations;
	const char *artifact_type;
};

enum pl_manifest_kind {
	PL_MANIFEST_IMAGE,
	PL_MANIFEST_INDEX,
	PL_MANIFEST_ARTIFACT, /* its config is no image's config (Helm, WASM, signatures), whatever artifactType says */
	PL_MANIFEST_ATTESTATION, /* in-toto statements beside an image */
};

/* A manifest or an index, told apart by its members when the media type is missing; both at once is PL_BAD_SYNTAX. */
struct pl_manifest {
	enum pl_manifest_kind kind;
	const char *media_type;
	struct pl_descriptor config;
	struct pl_descriptor *layers; /* bottom first */
	size_t n_layers;
	struct pl_descriptor *manifests;
	size_t n_manifests;
	struct pl_pair *annotations;
	size_t n_annotations;
};

/*
 * Decodes either. Every descriptor that a manifest or an index must have carries a digest, else it is PL_BAD_SYNTAX.
 * Return: as pl_image_config_parse; PL_BAD_UNSUPPORTED also for schema 1 and for what is neither of the two.
 */
int pl_manifest_parse(const uint8_t *json, size_t n, struct pl_arena *arena, struct pl_manifest *out,
		      struct pl_reason *reason) __attribute__((warn_unused_result));

/* Whether an index's descriptor leads to statements about another image (BuildKit: annotated so, platform unknown/unknown). */
bool pl_descriptor_is_attestation(const struct pl_descriptor *descriptor);

/* The value of a key, or null. */
const char *pl_pair_get(const struct pl_pair *pairs, size_t n, const char *key);

enum pl_layer_media {
	PL_LAYER_TAR,       /* plain, gzip or zstd: what it is, its first bytes say */
	PL_LAYER_ENCRYPTED, /* "+encrypted" */
	PL_LAYER_EROFS,
	PL_LAYER_FOREIGN, /* nondistributable: may lawfully be absent */
	PL_LAYER_IN_TOTO,
	PL_LAYER_UNKNOWN,
};
enum pl_layer_media pl_layer_media(const char *media_type);

/*
 * "linux/arm/v7" in the normal form of containerd/platforms: aarch64 -> arm64, arm64 v8 -> "", arm "" -> v7, lower case.
 * Return: null when the arena is full.
 */
const char *pl_platform_format(const struct pl_platform *platform, struct pl_arena *arena);
/*
 * How well an image's platform serves the host's (both any form): 0 not at all, else higher is better. A 64-bit ARM host
 * takes arm64 up to its own version, then arm v8 to v5; of equals the first in the index counts.
 */
int pl_platform_match(const struct pl_platform *host, const struct pl_platform *image);
