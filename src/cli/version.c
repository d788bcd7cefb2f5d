/* SPDX-License-Identifier: Apache-2.0 */
/* plimsoll version. */
#include "cli.h"

#include "plimsoll_version.h"

int pl_cmd_version(const struct pl_options *options)
{
	struct pl_output output PL_CLEANUP_OUTPUT = { 0 };
	int r = pl_output_open(&output, NULL);

	(void)options;
	if (r)
		return r;
	fputs("plimsoll " PLIMSOLL_VERSION "\nruleset  " PLIMSOLL_RULESET "\nreport   " PL_REPORT_SCHEMA "\n",
	      output.file);
	return pl_output_commit(&output);
}
