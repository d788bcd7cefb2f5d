/* SPDX-License-Identifier: Apache-2.0 */
/* What the arguments of a running dockerd say about where its images are. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct pl_daemon_option {
	const char *value; /* inside the arguments */
	bool config;       /* it is a configuration file, else a data root */
};

/*
 * The next option of interest in `arguments` (n bytes, as /proc/PID/cmdline has them, with a zero byte after them); *at
 * starts at 0. Written as pflag reads them: "--data-root X", "--data-root=X", "-g X", "-gX", "-g=X".
 * Return: false at the end.
 */
bool pl_daemon_next_option(const char *arguments, size_t n, size_t *at, struct pl_daemon_option *out);
