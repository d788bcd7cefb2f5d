/* SPDX-License-Identifier: Apache-2.0 */
/* What the kubelet makes of an image's USER string, which reaches it through CRI without a look into any file. */
#include "plimsoll/account.h"

#include <errno.h>
#include <string.h>

#include "format/go_text.h"

/* Of a name no more than this goes into the message. */
#define SHOWN_BYTES 512

int pl_user_kubelet(const char *spec, struct pl_arena *arena, struct pl_kubelet *out)
{
	size_t n = strcspn(spec, ":");
	int64_t uid = 0;

	*out = (struct pl_kubelet){ 0 };
	/* neither a number nor a name counts as uid 0 */
	if (n && pl_go_int(spec, n, &uid) != PL_GO_INT)
		out->message = pl_arena_printf(
			arena,
			"container has runAsNonRoot and image has non-numeric user (%.*s), cannot verify "
			"user is non-root",
			n < SHOWN_BYTES ? (int)n : SHOWN_BYTES, spec);
	else if (!n || !uid)
		out->message = pl_arena_strdup(arena, "container has runAsNonRoot and image will run as root");
	else if ((out->version_dependent = uid < 0 || uid > INT32_MAX))
		out->message =
			pl_arena_printf(arena,
					"container has runAsNonRoot and image has an invalid user id (%lld). (Must be "
					"1-(2147483647)): must be between 0 and 2147483647, inclusive",
					(long long)uid);
	else
		out->admitted = true;
	return out->admitted || out->message ? 0 : -ENOMEM;
}
