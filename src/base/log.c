/* SPDX-License-Identifier: Apache-2.0 */
#include "plimsoll/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static enum pl_log_level shown = PL_LOG_WARNING;

void pl_log_set_level(enum pl_log_level level)
{
	shown = level;
}

void pl_log(enum pl_log_level level, const char *format, ...)
{
	static const char *const names[] = { "error: ", "warning: ", "", "debug: " };
	int saved = errno;
	char line[2048];
	va_list args;

	if (level > shown)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	/* one call, so that lines of several processes do not mix */
	fprintf(stderr, "plimsoll: %s%s\n", names[level], line);
	errno = saved;
}
