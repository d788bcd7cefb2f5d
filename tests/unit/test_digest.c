/* SPDX-License-Identifier: Apache-2.0 */
#include "plimsoll/digest.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* FIPS 180-4, of no bytes and of "abc" */
#define EMPTY_256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC_256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABC_512                                                            \
	"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" \
	"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"

static bool parses(const char *text)
{
	struct pl_digest digest;
	bool is = pl_digest_parse(text, strlen(text), &digest);

	assert_int_equal(is, digest.algorithm != PL_DIGEST_NONE);
	return is;
}

static void what_is_a_digest(void **state)
{
	(void)state;
	assert_true(parses("sha256:" ABC_256));
	assert_true(parses("sha512:" ABC_512));
	assert_false(parses(""));
	assert_false(parses("sha256:"));
	assert_false(parses(ABC_256));
	assert_false(parses("sha256:" ABC_512));
	assert_false(parses("sha512:" ABC_256));
	assert_false(parses("sha256:" ABC_256 "0"));
	assert_false(parses(" sha256:" ABC_256));
	assert_false(parses("sha256:" ABC_256 "\n"));
	assert_false(parses("SHA256:" ABC_256));
	assert_false(parses("sha384:" ABC_256));
	assert_false(parses("sha256:BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	assert_false(parses("sha256:../../bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	assert_false(parses("sha256:ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
}

static void cut_short(void **state)
{
	const char *text = "sha256:" ABC_256;
	struct pl_digest digest;

	(void)state;
	for (size_t n = 0; n < strlen(text); n++)
		assert_false(pl_digest_parse(text, n, &digest));
	for (size_t n = 0; n < 64; n++)
		assert_false(pl_digest_parse_hex(PL_DIGEST_SHA256, ABC_256, n, &digest));
	assert_false(pl_digest_parse_hex(PL_DIGEST_NONE, "", 0, &digest));
	assert_true(pl_digest_parse_hex(PL_DIGEST_SHA256, ABC_256, 64, &digest));
}

static void there_and_back(void **state)
{
	struct pl_digest digest, other;
	struct pl_digest_text text;

	(void)state;
	assert_true(pl_digest_parse("sha512:" ABC_512, 135, &digest));
	assert_string_equal(pl_digest_format(&digest, &text), "sha512:" ABC_512);
	assert_true(pl_digest_parse_hex(PL_DIGEST_SHA256, ABC_256, 64, &other));
	assert_string_equal(pl_digest_format(&other, &text), "sha256:" ABC_256);
	assert_false(pl_digest_equal(&digest, &other));
	digest = other;
	assert_true(pl_digest_equal(&digest, &other));
	digest.bytes[31] ^= 1;
	assert_false(pl_digest_equal(&digest, &other));
	digest = (struct pl_digest){ 0 };
	assert_string_equal(pl_digest_format(&digest, &text), "");
}

static void of_bytes(void **state)
{
	struct pl_digest digest, read;
	struct pl_digest_text text;

	(void)state;
	assert_int_equal(pl_digest_bytes(PL_DIGEST_NONE, "", 0, &digest), -EINVAL);
	assert_int_equal(pl_digest_bytes(PL_DIGEST_SHA256, NULL, 0, &digest), 0);
	assert_string_equal(pl_digest_format(&digest, &text), "sha256:" EMPTY_256);
	assert_int_equal(pl_digest_bytes(PL_DIGEST_SHA256, "abc", 3, &digest), 0);
	assert_string_equal(pl_digest_format(&digest, &text), "sha256:" ABC_256);
	/* what was computed equals what was read, the bytes that do not count included */
	assert_true(pl_digest_parse_hex(PL_DIGEST_SHA256, ABC_256, 64, &read));
	assert_true(pl_digest_equal(&digest, &read));
	assert_int_equal(pl_digest_bytes(PL_DIGEST_SHA512, "abc", 3, &digest), 0);
	assert_string_equal(pl_digest_format(&digest, &text), "sha512:" ABC_512);
}

static void of_pieces(void **state)
{
	PL_CLEANUP_HASH struct pl_hash *hash = NULL;
	struct pl_digest digest;
	struct pl_digest_text text;

	(void)state;
	assert_int_equal(pl_hash_new(PL_DIGEST_NONE, &hash), -EINVAL);
	assert_null(hash);
	assert_int_equal(pl_hash_new(PL_DIGEST_SHA256, &hash), 0);
	pl_hash_update(hash, "a", 1);
	pl_hash_update(hash, NULL, 0);
	pl_hash_update(hash, "bc", 2);
	pl_hash_finish(hash, &digest);
	assert_string_equal(pl_digest_format(&digest, &text), "sha256:" ABC_256);
	/* a hash that is over gives nothing, and nothing equals no digest */
	pl_hash_update(hash, "more", 4);
	pl_hash_finish(hash, &digest);
	assert_int_equal(digest.algorithm, PL_DIGEST_NONE);
}

static void chains(void **state)
{
	struct pl_digest none = { 0 }, first, second, chain;
	struct pl_digest_text text;

	(void)state;
	assert_true(pl_digest_parse_hex(PL_DIGEST_SHA256, ABC_256, 64, &first));
	assert_true(pl_digest_parse_hex(PL_DIGEST_SHA256, EMPTY_256, 64, &second));
	assert_int_equal(pl_digest_chain(&none, &first, &chain), 0);
	assert_true(pl_digest_equal(&chain, &first));
	/* printf 'sha256:ba78… sha256:e3b0…' | sha256sum */
	assert_int_equal(pl_digest_chain(&first, &second, &chain), 0);
	assert_string_equal(pl_digest_format(&chain, &text),
			    "sha256:dd8ddd90bdf3ccbd91abd3f399218c9d93e91246734fab743933f42048ac3e2c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_a_digest), cmocka_unit_test(cut_short), cmocka_unit_test(there_and_back),
		cmocka_unit_test(of_bytes),         cmocka_unit_test(of_pieces), cmocka_unit_test(chains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
