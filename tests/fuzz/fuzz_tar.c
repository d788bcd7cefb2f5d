/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tar reader: entries keep what their contract promises, and how the bytes come and whether content is read or passed
 * over does not matter. The names go through the normaliser.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plimsoll/path.h"
#include "plimsoll/stream.h"
#include "plimsoll/tar.h"

/* Of one entry and of all; holes are as large as they like. */
#define CONTENT_BYTES 65536
#define ALL_BYTES ((uint64_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	int verdict;
	uint64_t entries, hash, content;
};

static void mix(struct outcome *outcome, const void *bytes, size_t n)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < n; i++)
		outcome->hash = (outcome->hash ^ at[i]) * 0x100000001b3u;
}

static void check_path(const char *name, size_t n)
{
	char path[PL_MAX_PATH_BYTES], again[PL_MAX_PATH_BYTES];
	unsigned int flags;
	size_t path_n, again_n;

	if (pl_path_normalise(name, n, path, &path_n, NULL))
		return;
	if (strlen(path) != path_n || path_n > n || path[0] == '/' || strstr(path, "//") || !strncmp(path, "../", 3) ||
	    strstr(path, "/../") || strstr(path, "/./") || (path_n && path[path_n - 1] == '/'))
		abort();
	if (pl_path_normalise(path, path_n, again, &again_n, &flags) || strcmp(path, again) != 0 ||
	    flags & ~(unsigned int)PL_PATH_DIRECTORY)
		abort();
}

static void check_entry(struct outcome *outcome, const struct pl_tar *tar, const struct pl_tar_entry *entry)
{
	const uint32_t numbers[] = { (uint32_t)entry->type, entry->mode, entry->uid, entry->gid,
				     entry->major,          entry->minor };
	const uint8_t *value;
	size_t n;

	if (strlen(entry->name) != entry->name_len || strlen(entry->link) != entry->link_len || entry->mode > 07777 ||
	    entry->uid == UINT32_MAX || entry->gid == UINT32_MAX || entry->major > 0xfff || entry->minor > 0xfffff ||
	    (entry->type != PL_TAR_REGULAR && entry->size) || entry->size > INT64_MAX || pl_tar_offset(tar) % 512)
		abort();
	check_path(entry->name, entry->name_len);
	check_path(entry->link, entry->link_len);
	mix(outcome, entry->name, entry->name_len);
	mix(outcome, entry->link, entry->link_len);
	mix(outcome, numbers, sizeof(numbers));
	mix(outcome, &entry->size, sizeof(entry->size));
	if (pl_tar_xattr(tar, "security.capability", &value, &n))
		mix(outcome, value, n);
	outcome->entries++;
}

static int read_content(struct outcome *outcome, struct pl_tar *tar, struct pl_reason *reason)
{
	size_t have = 0;

	while (have < CONTENT_BYTES && outcome->content < ALL_BYTES) {
		const uint8_t *bytes;
		size_t n;
		int r = pl_tar_read(tar, &bytes, &n, reason);

		if (r || !n)
			return r;
		if (n > CONTENT_BYTES - have)
			n = CONTENT_BYTES - have;
		mix(outcome, bytes, n);
		have += n;
		outcome->content += n;
	}
	return 0;
}

static struct outcome run(const uint8_t *data, size_t size, size_t chunk, bool content)
{
	struct outcome outcome = { .hash = 0xcbf29ce484222325u };
	PL_CLEANUP_STREAM struct pl_stream *stream = NULL;
	PL_CLEANUP_TAR struct pl_tar *tar = NULL;
	struct pl_reason reason = { 0 };
	struct pl_tar_entry entry;
	bool end = false;

	if (pl_stream_memory(data, size, chunk, &stream) || pl_tar_new(stream, &tar))
		abort();
	while (!outcome.verdict) {
		outcome.verdict = pl_tar_next(tar, &entry, &end, &reason);
		if (outcome.verdict || end)
			break;
		check_entry(&outcome, tar, &entry);
		if (content)
			outcome.verdict = read_content(&outcome, tar, &reason);
	}
	if (outcome.verdict < 0 || (outcome.verdict && (end || !reason.text[0])))
		abort();
	return outcome;
}

static void check(const uint8_t *data, size_t size)
{
	size_t chunk = size ? 1 + data[size - 1] * (size_t)5 : 1;
	struct outcome whole = run(data, size, 0, true), pieces = run(data, size, chunk, true),
		       passed = run(data, size, chunk, false);

	if (whole.verdict != pieces.verdict || whole.entries != pieces.entries || whole.hash != pieces.hash)
		abort();
	if (whole.verdict != passed.verdict || whole.entries != passed.entries)
		abort();
}

/* Puts right the check sums of headers, which no mutation would ever hit. Return: whether one was wrong. */
static bool mend(uint8_t *data, size_t size)
{
	bool mended = false;

	for (uint8_t *block = data; size >= 512; block += 512, size -= 512) {
		uint8_t old[8];
		unsigned int sum = 0;

		if (memcmp(block + 257, "ustar", 5) != 0)
			continue;
		memcpy(old, block + 148, sizeof(old));
		memset(block + 148, ' ', sizeof(old));
		for (int i = 0; i < 512; i++)
			sum += block[i];
		snprintf((char *)block + 148, sizeof(old), "%06o", sum);
		mended |= memcmp(old, block + 148, 6) != 0;
	}
	return mended;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		return 0;
	check(data, size);
	if (size)
		memcpy(copy, data, size);
	if (mend(copy, size))
		check(copy, size);
	free(copy);
	return 0;
}
