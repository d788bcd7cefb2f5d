/* SPDX-License-Identifier: Apache-2.0 */
/* USER strings against passwd and group files: SPEC, a zero byte, PASSWD, a zero byte, GROUP; by every rule. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plimsoll/account.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Takes what stands before the next zero byte off the front; a file that is not there is absent. */
static struct pl_account_file take(const uint8_t **data, size_t *size)
{
	const uint8_t *end = *size ? memchr(*data, 0, *size) : NULL;
	size_t n = end ? (size_t)(end - *data) : *size;
	struct pl_account_file file = { .bytes = *size ? *data : NULL, .n = n };

	*data += end ? n + 1 : n;
	*size -= end ? n + 1 : n;
	return file;
}

static void check(const struct pl_user *user)
{
	if (user->status == PL_USER_REFUSED) {
		if (!user->message || user->uid || user->n_groups || pl_user_is_root(user))
			abort();
		return;
	}
	if (user->message || (uint32_t)user->raw_uid != user->uid || (uint32_t)user->raw_gid != user->gid)
		abort();
	if ((user->oddities & PL_USER_UID_CUT) ? user->raw_uid == user->uid : user->raw_uid != user->uid)
		abort();
	if ((user->oddities & PL_USER_NO_ENTRY) && (user->name || user->how != PL_USER_NUMBER))
		abort();
	for (size_t i = 1; i < user->n_groups; i++)
		if (user->groups[i - 1] >= user->groups[i])
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PL_CLEANUP_ARENA struct pl_arena arena = { .blocks = NULL };
	struct pl_account_file spec = take(&data, &size), passwd = take(&data, &size);
	struct pl_account_file group = { .bytes = size ? data : NULL, .n = size };
	struct pl_account account;
	struct pl_kubelet kubelet;
	struct pl_user user;
	char *text;

	pl_arena_init(&arena, (size_t)4 << 20);
	text = pl_arena_strndup(&arena, (const char *)spec.bytes, spec.n);
	if (!text)
		return 0;
	for (unsigned int rule = 0; rule < PL_USER_RULES; rule++) {
		struct pl_reason reason = { 0 };
		int r = pl_user_resolve(rule, text, &passwd, &group, &arena, &user, &reason);

		if (r && r != -ENOMEM)
			abort();
		if (!r)
			check(&user);
	}
	for (size_t at = 0; pl_passwd_next(&passwd, &at, &account);)
		if (!account.line_len || account.name_len > account.line_len || (!account.uid_is_number && account.uid))
			abort();
	if (!pl_user_kubelet(text, &arena, &kubelet) && kubelet.admitted == (kubelet.message != NULL))
		abort();
	return 0;
}
