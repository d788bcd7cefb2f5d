/* SPDX-License-Identifier: Apache-2.0 */
/* What can be wrong with an input. Functions that judge input return 0, -errno (our side failed) or one of these. */
#pragma once

enum pl_verdict {
	PL_BAD_TRUNCATED = 1, /* it ends before it should */
	PL_BAD_SYNTAX,        /* it breaks the rules of its format */
	PL_BAD_LIMIT,         /* it crosses a limit of plimsoll/limits.h */
	PL_BAD_UNSUPPORTED,   /* well formed, but of a kind that is not read here */
	PL_BAD_DIGEST,        /* its bytes are not those that its digest names */
	PL_BAD_MISSING,       /* it names something that is not there */
	PL_BAD_CHANGED,       /* it changed while it was read */
};
