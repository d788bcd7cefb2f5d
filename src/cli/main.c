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

static int help(const struct pl_command *command)
{
	pl_options_help(command, stdout);
	return fflush(stdout) || ferror(stdout) ? PL_EXIT_FAULT : PL_EXIT_COMPLIANT;
}

int main(int argc, char **argv)
{
	struct pl_reason reason = { 0 };
	struct pl_options options;
	int r;

	/* a reader that went away is a failed write, which has an exit code */
	signal(SIGPIPE, SIG_IGN);
	if (argc == 2 && is_any(argv[1], "--help", "-h", "help"))
		return help(NULL);
	if (argc == 2 && is_any(argv[1], "--version", "-V", "version"))
		return pl_cmd_version(NULL);
	r = pl_options_parse(argc, argv, &options, &reason);
	if (r) {
		pl_log(PL_LOG_ERROR, "%s", reason.text);
		return r;
	}
	if (options.help)
		return help(options.command);
	pl_log_set_level(options.verbose > 1 ? PL_LOG_DEBUG : options.verbose ? PL_LOG_INFO : PL_LOG_WARNING);
	return options.command->run(&options);
}
