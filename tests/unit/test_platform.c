/* SPDX-License-Identifier: Apache-2.0 */
/* Platforms: their normal form, and which of an index's images a host would run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plimsoll/image.h"

/* "os/architecture/variant" as they stand. */
static struct pl_platform platform_of(const char *text, char buffer[static 256])
{
	struct pl_platform platform = { .os = buffer, .architecture = "", .variant = "" };

	strncpy(buffer, text, 255);
	buffer[255] = 0;
	for (char *at = buffer; (at = strchr(at, '/'));) {
		*at++ = 0;
		*(*platform.architecture ? &platform.variant : &platform.architecture) = at;
	}
	return platform;
}

static void normal_forms(void **state)
{
	static const struct {
		const char *text, *normal;
	} rows[] = {
		{ "linux/arm64", "linux/arm64" },
		{ "linux/arm64/v8", "linux/arm64" },
		{ "linux/arm64/8", "linux/arm64" },
		{ "linux/arm64/v8.0", "linux/arm64" },
		{ "linux/arm64/v8.2", "linux/arm64/v8.2" },
		{ "linux/arm64/9.0", "linux/arm64/v9" },
		{ "linux/aarch64", "linux/arm64" },
		{ "Linux/AARCH64/V8", "linux/arm64" },
		{ "linux/arm", "linux/arm/v7" },
		{ "linux/arm/7", "linux/arm/v7" },
		{ "linux/arm/5", "linux/arm/v5" },
		{ "linux/arm/6", "linux/arm/v6" },
		{ "linux/arm/8", "linux/arm/v8" },
		{ "linux/arm/v6", "linux/arm/v6" },
		{ "linux/armhf", "linux/arm/v7" },
		{ "linux/armhf/v6", "linux/arm/v7" },
		{ "linux/armel", "linux/arm/v6" },
		{ "linux/x86_64", "linux/amd64" },
		{ "linux/x86-64/v1", "linux/amd64" },
		{ "linux/amd64/v3", "linux/amd64/v3" },
		{ "linux/i386/x", "linux/386" },
		{ "linux/riscv64", "linux/riscv64" },
		{ "macOS/arm64", "darwin/arm64" },
		{ "unknown/unknown", "unknown/unknown" },
		{ "/arm64", "linux/arm64" },
		{ "linux", "linux/unknown" },
		/* two letters outside ASCII whose lower case is inside */
		{ "L\xc4\xb0nux/arm64", "linux/arm64" },
		{ "plan\xe2\x84\xaa/arm64", "plank/arm64" },
	};
	PL_CLEANUP_ARENA struct pl_arena arena = { .blocks = NULL }, full = { .blocks = NULL };

	(void)state;
	pl_arena_init(&arena, 1 << 16);
	pl_arena_init(&full, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char buffer[256];
		const struct pl_platform platform = platform_of(rows[i].text, buffer);

		assert_string_equal(pl_platform_format(&platform, &arena), rows[i].normal);
		assert_null(pl_platform_format(&platform, &full));
	}
}

static int match(const char *host, const char *image)
{
	char buffers[2][256];
	const struct pl_platform h = platform_of(host, buffers[0]), i = platform_of(image, buffers[1]);

	return pl_platform_match(&h, &i);
}

/* Each row: a host and what it takes, best first, then what it does not take. */
static void best_first(void **state)
{
	static const struct {
		const char *host, *takes[12], *refuses[8];
	} rows[] = {
		{ "linux/arm64",
		  { "linux/arm64", "linux/arm/v8", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5" },
		  { "linux/amd64", "linux/arm64/v8.1", "linux/arm64/v9", "linux/arm/v4", "windows/arm64",
		    "unknown/unknown", "linux" } },
		{ "linux/aarch64/v8.2",
		  { "linux/arm64/v8.2", "linux/arm64/v8.1", "linux/arm64/v8", "linux/arm/v8", "linux/arm",
		    "linux/arm/v6" },
		  { "linux/arm64/v8.3", "linux/arm64/v9" } },
		{ "linux/arm64/v9.1",
		  { "linux/arm64/v9.1", "linux/arm64/v9", "linux/arm64/v8.6", "linux/arm64/v8.1", "linux/arm64",
		    "linux/arm/v8", "linux/arm/v5" },
		  { "linux/arm64/v9.2", "linux/arm64/v8.7", "linux/arm/v9" } },
		{ "linux/arm64/v9.7",
		  { "linux/arm64/v9.7", "linux/arm64/v8.9", "linux/arm64" },
		  { "linux/arm64/v9.8" } },
		{ "linux/arm64/v9.8", { 0 }, { "linux/arm64/v9.8", "linux/arm64" } },
		{ "linux/arm/v7", { "linux/armhf", "linux/armel", "linux/arm/v5" }, { "linux/arm64", "linux/arm/v8" } },
		{ "linux/arm/v5", { "linux/arm/v5" }, { "linux/arm/v6" } },
		{ "linux/amd64", { "linux/x86_64", "linux/386" }, { "linux/amd64/v2", "linux/arm64", "linux/386/x" } },
		{ "linux/amd64/v3",
		  { "linux/amd64/v3", "linux/amd64/v2", "linux/amd64", "linux/i386" },
		  { "linux/amd64/v4" } },
		{ "linux/riscv64", { "linux/riscv64" }, { "linux/riscv64/v1", "linux/amd64" } },
		{ "linux/arm64/v10", { 0 }, { "linux/arm64", "linux/arm64/v10" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int before = 1 << 30;

		for (size_t k = 0; k < 12 && rows[i].takes[k]; k++) {
			int rank = match(rows[i].host, rows[i].takes[k]);

			if (rank <= 0 || rank >= before)
				fail_msg("%s takes %s: %d", rows[i].host, rows[i].takes[k], rank);
			before = rank;
		}
		for (size_t k = 0; k < 8 && rows[i].refuses[k]; k++)
			if (match(rows[i].host, rows[i].refuses[k]))
				fail_msg("%s takes %s", rows[i].host, rows[i].refuses[k]);
	}
}

static void long_parts_match_nothing(void **state)
{
	char text[300];

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "linux/arm64", 11);
	text[250] = 0;
	assert_int_equal(match("linux/arm64", text), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normal_forms),
		cmocka_unit_test(best_first),
		cmocka_unit_test(long_parts_match_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
