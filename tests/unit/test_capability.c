/* SPDX-License-Identifier: Apache-2.0 */
#include "plimsoll/capability.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plimsoll/verdict.h"

/* cap_net_raw+ep, as setcap writes it: `getfattr -e hex -n security.capability` */
static const uint8_t ping[20] = { 1, 0, 0, 2, 0, 0x20 };

static void revision_2(void **state)
{
	struct pl_file_capability capability;

	(void)state;
	assert_int_equal(pl_file_capability_parse(ping, sizeof(ping), &capability), 0);
	assert_int_equal(capability.revision, 2);
	assert_true(capability.effective);
	assert_int_equal(capability.permitted, 1 << 13);
	assert_int_equal(capability.inheritable, 0);
	assert_int_equal(capability.root_id, 0);
}

static void the_upper_half(void **state)
{
	/* permitted: 40 (checkpoint_restore) and 0; inheritable: 32 (mac_override) and 31; bits that have no name stay */
	const uint8_t bytes[20] = { 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0x80, 0, 1, 0, 0x80, 1, 0, 0, 0 };
	struct pl_file_capability capability;

	(void)state;
	assert_int_equal(pl_file_capability_parse(bytes, sizeof(bytes), &capability), 0);
	assert_false(capability.effective);
	assert_true(capability.permitted == (1ULL << 63 | 1ULL << 40 | 1));
	assert_true(capability.inheritable == (1ULL << 32 | 1ULL << 31));
}

static void revisions_1_and_3(void **state)
{
	const uint8_t one[12] = { 1, 0, 0, 1, 0, 0x20 };
	const uint8_t three[24] = { 1, 0, 0, 3, 0, 0x20, [20] = 0xa0, 0x86, 1, 0 };
	struct pl_file_capability capability;

	(void)state;
	assert_int_equal(pl_file_capability_parse(one, sizeof(one), &capability), 0);
	assert_int_equal(capability.revision, 1);
	assert_int_equal(capability.permitted, 1 << 13);
	assert_int_equal(pl_file_capability_parse(three, sizeof(three), &capability), 0);
	assert_int_equal(capability.revision, 3);
	assert_int_equal(capability.root_id, 100000);
	assert_true(capability.effective);
}

static void refused(void **state)
{
	struct pl_file_capability capability;

	(void)state;
	assert_int_equal(pl_file_capability_parse(NULL, 0, &capability), PL_BAD_SYNTAX);
	for (unsigned int revision = 0; revision < 256; revision++) {
		const size_t right[] = { 0, 12, 20, 24 };

		for (size_t n = 0; n <= 32; n++) {
			uint8_t bytes[32] = { 1, 0, 0, (uint8_t)revision };
			int expected = revision >= 1 && revision <= 3 && n == right[revision] ? 0 : PL_BAD_SYNTAX;

			assert_int_equal(pl_file_capability_parse(bytes, n, &capability), expected);
		}
	}
	/* the kernel looks at the revision and one flag, whatever else is set (security/commoncap.c) */
	assert_int_equal(pl_file_capability_parse((uint8_t[20]){ 0xfe, 0xff, 0xff, 2 }, 20, &capability), 0);
	assert_false(capability.effective);
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(pl_capability_name(0), "CAP_CHOWN");
	assert_string_equal(pl_capability_name(13), "CAP_NET_RAW");
	assert_string_equal(pl_capability_name(21), "CAP_SYS_ADMIN");
	assert_string_equal(pl_capability_name(40), "CAP_CHECKPOINT_RESTORE");
	assert_null(pl_capability_name(41));
	assert_null(pl_capability_name(~0u));
	assert_int_equal(pl_capability_bit("cap_net_raw"), 13);
	assert_int_equal(pl_capability_bit("NET_RAW"), 13);
	assert_int_equal(pl_capability_bit("net_rawest"), -1);
	assert_int_equal(pl_capability_bit("CAP_"), -1);
	assert_int_equal(pl_capability_bit(""), -1);
	for (unsigned int bit = 0; bit < PL_CAPABILITIES; bit++)
		assert_int_equal(pl_capability_bit(pl_capability_name(bit)), bit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(revision_2), cmocka_unit_test(the_upper_half), cmocka_unit_test(revisions_1_and_3),
		cmocka_unit_test(refused),    cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
