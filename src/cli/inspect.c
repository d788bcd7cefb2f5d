/* SPDX-License-Identifier: Apache-2.0 */
/* plimsoll inspect. */
#include "cli.h"

#include "plimsoll/log.h"

int pl_cmd_inspect(const struct pl_options *options)
{
	pl_log(PL_LOG_ERROR, "%s is not built yet", options->command->name);
	return PL_EXIT_FAULT;
}
