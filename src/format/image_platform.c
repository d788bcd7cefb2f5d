/* SPDX-License-Identifier: Apache-2.0 */
/* Platforms as containerd normalises and matches them (containerd/platforms: database.go, compare.go). */
#include "plimsoll/image.h"

#include <stdio.h>
#include <string.h>

#include "plimsoll/text.h"

/* No platform that anything runs on has longer parts; what is cut here matches nothing either way. */
#define PART_BYTES 64

struct normal {
	char os[PART_BYTES], architecture[PART_BYTES], variant[PART_BYTES];
};

/* strings.ToLower: beside ASCII, two letters become ASCII ones. */
static void lower(char out[static PART_BYTES], const char *text)
{
	size_t n = 0, left = strlen(text);

	while (left && n < PART_BYTES - 4) {
		uint32_t code = 0;
		size_t len = pl_utf8_decode(text, left, &code);

		if (code == 0x130 || code == 0x212a)
			code = code == 0x130 ? 'i' : 'k';
		else if (code >= 'A' && code <= 'Z')
			code = code - 'A' + 'a';
		n += len ? pl_utf8_encode(code, out + n) : 0;
		text += len ? len : 1;
		left -= len ? len : 1;
	}
	out[n] = 0;
}

static void set(struct normal *normal, const char *architecture, const char *variant)
{
	snprintf(normal->architecture, PART_BYTES, "%s", architecture);
	if (variant != normal->variant)
		snprintf(normal->variant, PART_BYTES, "%s", variant);
}

static bool is(const char *text, const char *a, const char *b, const char *c)
{
	return !strcmp(text, a) || !strcmp(text, b) || !strcmp(text, c);
}

static struct normal normalise(const struct pl_platform *platform)
{
	struct normal normal = { .os = "" };
	const char *variant = normal.variant;

	lower(normal.os, platform->os);
	lower(normal.architecture, platform->architecture);
	lower(normal.variant, platform->variant);
	if (!*normal.os)
		snprintf(normal.os, PART_BYTES, "linux");
	else if (!strcmp(normal.os, "macos"))
		snprintf(normal.os, PART_BYTES, "darwin");
	if (!strcmp(normal.architecture, "i386")) {
		set(&normal, "386", "");
	} else if (is(normal.architecture, "x86_64", "x86-64", "amd64")) {
		set(&normal, "amd64", strcmp(variant, "v1") ? variant : "");
	} else if (is(normal.architecture, "aarch64", "arm64", "arm64")) {
		if (is(variant, "8", "v8", "v8.0"))
			set(&normal, "arm64", "");
		else
			set(&normal, "arm64", is(variant, "9", "9.0", "v9.0") ? "v9" : variant);
	} else if (!strcmp(normal.architecture, "armhf")) {
		set(&normal, "arm", "v7");
	} else if (!strcmp(normal.architecture, "armel")) {
		set(&normal, "arm", "v6");
	} else if (!strcmp(normal.architecture, "arm")) {
		if (!*variant || !strcmp(variant, "7"))
			set(&normal, "arm", "v7");
		else if (is(variant, "5", "6", "8"))
			set(&normal, "arm", *variant == '5' ? "v5" : *variant == '6' ? "v6" : "v8");
	}
	return normal;
}

const char *pl_platform_format(const struct pl_platform *platform, struct pl_arena *arena)
{
	struct normal normal = normalise(platform);

	return pl_arena_printf(arena, "%s/%s%s%s", normal.os, *normal.architecture ? normal.architecture : "unknown",
			       *normal.variant ? "/" : "", normal.variant);
}

/* One platform that would do, in the order of preference. */
static bool fits(const struct normal *image, int *rank, const char *architecture, int major, int minor)
{
	char variant[PART_BYTES];

	if (minor)
		snprintf(variant, sizeof(variant), "v%d.%d", major, minor);
	else
		snprintf(variant, sizeof(variant), "v%d", major);
	--*rank;
	/* what the normal form leaves out */
	if ((major == 8 && !minor && !strcmp(architecture, "arm64")) || (major == 1 && !strcmp(architecture, "amd64")))
		variant[0] = 0;
	return !strcmp(image->architecture, architecture) && !strcmp(image->variant, variant);
}

/* "v9.2" is 9 and 2, "v7" 7 and 0, "" the architecture's first; false for anything else. */
static bool version(const char *variant, int first, int *major, int *minor)
{
	*major = first;
	*minor = 0;
	if (!*variant)
		return true;
	if (variant[0] != 'v' || variant[1] < '1' || variant[1] > '9')
		return false;
	*major = variant[1] - '0';
	if (variant[2] == '.' && variant[3] >= '1' && variant[3] <= '9' && !variant[4])
		*minor = variant[3] - '0';
	return !variant[2] || *minor;
}

static bool try_arm64(const struct normal *image, int *rank, int major, int minor)
{
	if (major < 8 || major > 9 || (major == 9 && minor > 7))
		return false;
	/* Armv9.x has all of Armv8.(x+5) */
	for (; major >= 8; major--, minor = minor > 4 ? 9 : minor + 5)
		for (int i = minor; i >= 0; i--)
			if (fits(image, rank, "arm64", major, i))
				return true;
	for (int i = 8; i >= 5; i--)
		if (fits(image, rank, "arm", i, 0))
			return true;
	return false;
}

int pl_platform_match(const struct pl_platform *host, const struct pl_platform *image)
{
	struct normal h = normalise(host), i = normalise(image);
	int rank = 1000, major, minor;
	bool known = version(h.variant, strcmp(h.architecture, "arm64") ? 1 : 8, &major, &minor);

	if (strcmp(h.os, i.os))
		return 0;
	if (!strcmp(h.architecture, "arm64"))
		return known && try_arm64(&i, &rank, major, minor) ? rank : 0;
	if (!strcmp(h.architecture, i.architecture) && !strcmp(h.variant, i.variant))
		return rank;
	if (known && !minor && !strcmp(h.architecture, "arm"))
		while (--major >= 5)
			if (fits(&i, &rank, "arm", major, 0))
				return rank;
	if (strcmp(h.architecture, "amd64"))
		return 0;
	while (known && !minor && --major >= 1)
		if (fits(&i, &rank, "amd64", major, 0))
			return rank;
	return !strcmp(i.architecture, "386") && !*i.variant ? 1 : 0;
}
