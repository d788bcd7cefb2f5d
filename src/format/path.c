/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cleans a name as Go's filepath.Clean("/" + name) does. It goes from the end to the beginning, where a ".." only has to be
 * counted: nothing that it takes away is ever written, so the name may be as long as it likes.
 */
#include "plimsoll/path.h"

#include <stdbool.h>
#include <string.h>

#include "plimsoll/verdict.h"

static bool is(const char *component, size_t n, const char *dots)
{
	return n == strlen(dots) && !memcmp(component, dots, n);
}

static unsigned int flags_of(const char *name, size_t n)
{
	const char *slash = n ? memrchr(name, '/', n) : NULL;
	size_t base = slash ? (size_t)(slash - name) + 1 : 0;
	unsigned int flags = n && name[0] == '/' ? PL_PATH_ABSOLUTE : 0;

	if (base == n || is(name + base, n - base, ".") || is(name + base, n - base, ".."))
		flags |= PL_PATH_DIRECTORY;
	return flags;
}

int pl_path_normalise(const char *name, size_t n, char out[static PL_MAX_PATH_BYTES], size_t *n_out,
		      unsigned int *flags_out)
{
	unsigned int flags = flags_of(name, n);
	size_t at = PL_MAX_PATH_BYTES - 1, taken_away = 0;

	out[at] = 0;
	while (n) {
		const char *slash = memrchr(name, '/', n);
		const char *component = slash ? slash + 1 : name;
		size_t len = n - (size_t)(component - name);

		n = slash ? (size_t)(slash - name) : 0;
		if (!len || is(component, len, "."))
			continue;
		if (is(component, len, "..")) {
			flags |= PL_PATH_DOTDOT;
			taken_away++;
			continue;
		}
		if (taken_away) {
			taken_away--;
			continue;
		}
		if (len > PL_MAX_NAME_BYTES || len + (out[at] != 0) > at)
			return PL_BAD_LIMIT;
		if (out[at])
			out[--at] = '/';
		at -= len;
		memcpy(out + at, component, len);
	}
	if (taken_away)
		flags |= PL_PATH_CLAMPED;
	*n_out = PL_MAX_PATH_BYTES - 1 - at;
	memmove(out, out + at, *n_out + 1);
	if (flags_out)
		*flags_out = flags;
	return 0;
}
