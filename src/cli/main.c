/* SPDX-License-Identifier: Apache-2.0 */
/* plimsoll: finds the command, and hands over. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "plimsoll/log.h"

static bool is_any(const char *word, const char *a, const char *b, const char *c)
{
	return !strcmp(word, a) || !strcmp(word, b) || !strcmp(word, c);
}

int main(int argc, char **argv)
{
	struct pl_reason reason = { 0 };
	struct pl_options options;
	int r;

	/* a reader that went away is a failed write, which has an exit code */
	signal(SIGPIPE, SIG_IGN);
	if (argc == 2 && is_any(argv[1], "--help", "-h", "help")) {
		pl_options_help(NULL, stdout);
		return PL_EXIT_COMPLIANT;
	}
	if (argc == 2 && is_any(argv[1], "--version", "-V", "version"))
		return pl_cmd_version(NULL);
	r = pl_options_parse(argc, argv, &options, &reason);
	if (r) {
		pl_log(PL_LOG_ERROR, "%s", reason.text);
		return r;
	}
	if (options.help) {
		pl_options_help(options.command, stdout);
		return PL_EXIT_COMPLIANT;
	}
	pl_log_set_level(options.verbose > 1 ? PL_LOG_DEBUG : options.verbose ? PL_LOG_INFO : PL_LOG_WARNING);
	return options.command->run(&options);
}
