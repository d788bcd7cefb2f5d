/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon.h"

#include <string.h>

static const struct {
	const char *name;
	bool config;
} options[] = {
	{ "--data-root", false },  { "--graph", false },           { "-g", false },
	{ "--config-file", true }, { "--delta-data-root", false },
};

/* The argument after the one that ends at *at, or null. */
static const char *take_next(const char *arguments, size_t n, size_t *at)
{
	const char *argument = arguments + *at;

	if (*at >= n)
		return NULL;
	*at += strlen(argument) + 1;
	return argument;
}

/* What the argument gives to the option: "" when that is the next argument, null when it is another option. */
static const char *value_in(const char *argument, const char *option)
{
	size_t n = strlen(option);

	if (strncmp(argument, option, n) != 0)
		return NULL;
	argument += n;
	if (*argument == '=')
		return argument + 1;
	return !*argument || option[1] != '-' ? argument : NULL;
}

bool pl_daemon_next_option(const char *arguments, size_t n, size_t *at, struct pl_daemon_option *out)
{
	const char *argument;

	while ((argument = take_next(arguments, n, at))) {
		for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
			const char *value = value_in(argument, options[i].name);

			if (value && !*value)
				value = take_next(arguments, n, at);
			if (!value)
				continue;
			*out = (struct pl_daemon_option){ value, options[i].config };
			return true;
		}
	}
	return false;
}
