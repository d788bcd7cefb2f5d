/* SPDX-License-Identifier: Apache-2.0 */
#include "plimsoll/path.h"

#include <string.h>

#include "plimsoll/verdict.h"

static size_t drop_last(const char *path, size_t n)
{
	const char *slash = memrchr(path, '/', n);

	return slash ? (size_t)(slash - path) : 0;
}

int pl_path_normalise(const char *raw, size_t n, char out[static PL_MAX_PATH_BYTES], size_t *n_out, unsigned int *flags_out)
{
	const char *end = raw + n;
	size_t at = 0;

	*flags_out = 0;
	while (raw < end) {
		const char *slash = memchr(raw, '/', (size_t)(end - raw));
		size_t len = slash ? (size_t)(slash - raw) : (size_t)(end - raw);

		if (len == 2 && raw[0] == '.' && raw[1] == '.') {
			if (!at)
				*flags_out |= PL_PATH_CLAMPED;
			at = drop_last(out, at);
		} else if (len && !(len == 1 && raw[0] == '.')) {
			if (len > PL_MAX_NAME_BYTES || at + 1 + len >= PL_MAX_PATH_BYTES)
				return PL_BAD_LIMIT;
			if (at)
				out[at++] = '/';
			memcpy(out + at, raw, len);
			at += len;
		}
		raw += len + (slash ? 1 : 0);
	}
	out[at] = 0;
	*n_out = at;
	return 0;
}
