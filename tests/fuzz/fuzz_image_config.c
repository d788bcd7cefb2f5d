/* SPDX-License-Identifier: Apache-2.0 */
/* Image configs: any bytes. What is decoded must be whole, and whatever is decoded must be well-formed JSON. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plimsoll/account.h"
#include "plimsoll/image.h"
#include "plimsoll/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t total;

static void touch(const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		total += strlen(list[i]);
}

static void check_sorted(const char *const *list, size_t n)
{
	touch(list, n);
	for (size_t i = 1; i < n; i++)
		if (strcmp(list[i - 1], list[i]) >= 0)
			abort();
}

static void check(const struct pl_image_config *c, struct pl_arena *arena)
{
	const char *const alone[] = { c->created, c->architecture, c->os, c->variant, c->user, c->working_dir };
	struct pl_kubelet kubelet;

	touch(alone, sizeof(alone) / sizeof(alone[0]));
	touch(c->env, c->n_env);
	touch(c->entrypoint, c->n_entrypoint);
	touch(c->cmd, c->n_cmd);
	touch(c->healthcheck, c->n_healthcheck);
	check_sorted(c->exposed_ports, c->n_exposed_ports);
	check_sorted(c->volumes, c->n_volumes);
	for (size_t i = 0; i < c->n_labels; i++) {
		touch(&c->labels[i].value, 1);
		if (i && strcmp(c->labels[i - 1].key, c->labels[i].key) >= 0)
			abort();
	}
	for (size_t i = 0; i < c->n_history; i++)
		touch(&c->history[i].created_by, 1);
	for (size_t i = 0; i < c->n_diff_ids; i++)
		if (c->diff_ids[i].algorithm == PL_DIGEST_NONE)
			abort();
	(void)!pl_user_kubelet(c->user, arena, &kubelet);
}

/* Return: whether the reader takes all of it. */
static bool is_json(const uint8_t *data, size_t size, enum pl_json_trailing trailing, struct pl_arena *arena)
{
	struct pl_json json;
	int64_t number;
	int r;

	pl_json_init(&json, data, size, trailing);
	while (!(r = pl_json_next(&json, NULL)) && json.token != PL_JSON_END) {
		if (json.offset >= size)
			abort();
		if (json.token == PL_JSON_NUMBER)
			(void)!pl_json_int64(&json, &number);
		if (json.token == PL_JSON_STRING)
			(void)!pl_json_text(&json, arena, NULL);
		if (json.token == PL_JSON_KEY && pl_json_key_is(&json, "skip") && pl_json_skip(&json, NULL))
			return false;
	}
	return !r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PL_CLEANUP_ARENA struct pl_arena arena = { .blocks = NULL };
	struct pl_image_config config;
	struct pl_reason reason = { 0 };
	bool whole, first;
	int r;

	pl_arena_init(&arena, (size_t)1 << 20);
	whole = is_json(data, size, PL_JSON_ONLY, &arena);
	first = is_json(data, size, PL_JSON_FIRST, &arena);
	pl_arena_deinit(&arena);
	pl_arena_init(&arena, (size_t)1 << 20);
	r = pl_image_config_parse(data, size, &arena, &config, &reason);
	if ((whole && !first) || (!r && !whole) || (r && !reason.text[0]))
		abort();
	if (!r)
		check(&config, &arena);
	return 0;
}
