/* SPDX-License-Identifier: Apache-2.0 */
/* Sparse files in tars, in the four forms that there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plimsoll/limits.h"
#include "plimsoll/verdict.h"
#include "unit/helper_tar.h"

/* An old GNU sparse file: up to four fragments in the header. */
static uint8_t *begin_sparse(const char *fragments, size_t stored, const char *real, char extended)
{
	uint8_t *block = begin_header('S', "s", stored, GNU);

	memcpy(block + 386, fragments, 12 * (strlen(fragments) / 12));
	block[482] = (uint8_t)extended;
	memcpy(block + 483, real, strlen(real));
	return block;
}

#define OCT(n) "0000000000" n " "

static void sparse_gnu(void **state)
{
	uint8_t block[BLOCK] = { 0 };
	struct reading reading;
	bool ended;

	(void)state;
	end_header(begin_sparse(OCT("2") OCT("3") OCT("7") OCT("1"), 4, "00000000012", 0));
	put_raw("abcd", 4);
	fill_block();
	file("next", "x");
	expect("- s=__abc__d__\n- next=x\n");
	/* blocks of more fragments; the first fragment of none at all ends a block */
	end_header(begin_sparse(OCT("0") OCT("1"), 3, "00000000006", 1));
	memcpy(block, OCT("2") OCT("1"), 24);
	block[504] = 1;
	put_raw(block, BLOCK);
	memset(block, 0, BLOCK);
	block[504] = 1;
	put_raw(block, BLOCK);
	memcpy(block, OCT("4") OCT("1"), 24);
	block[504] = 0;
	put_raw(block, BLOCK);
	put_raw("abc", 3);
	fill_block();
	file("next", "x");
	expect("- s=a_b_c_\n- next=x\n");
	/* no data at all; an empty one */
	end_header(begin_sparse("", 0, "00000000003", 0));
	end_header(begin_sparse("", 0, "00000000000", 0));
	file("next", "x");
	expect("- s=___\n- s\n- next=x\n");
	/* engines have no name for this type, and that is said */
	end_header(begin_sparse("", 0, "00000000003", 0));
	open_tar(&reading, made.len, 0);
	assert_int_equal(pl_tar_next(reading.tar, &reading.entry, &ended, NULL), 0);
	assert_non_null(strstr(reading.entry.refusal, "unhandled tar header type 83"));
	assert_int_equal(reading.entry.size, 3);
	close_tar(&reading);
	pl_buf_clear(&made);
}

static void sparse_gnu_refused(void **state)
{
	static const struct {
		const char *fragments, *real;
	} bad[] = { { OCT("2") OCT("3"), "00000000004" },                   /* beyond the end */
		    { OCT("4") OCT("1") OCT("2") OCT("2"), "00000000012" }, /* out of order */
		    { OCT("1") OCT("2") OCT("2") OCT("1"), "00000000012" }, /* one on the other */
		    { OCT("x") OCT("3"), "00000000012" },
		    { OCT("1") OCT("x"), "00000000012" },
		    { OCT("1") OCT("3"), "x" },
		    { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" OCT("3"), "00000000012" },
		    { OCT("1") OCT("3"), "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" } };
	uint8_t *block, more[BLOCK] = { [504] = 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		block = begin_sparse(bad[i].fragments, 3, bad[i].real, 0);
		if (i == sizeof(bad) / sizeof(bad[0]) - 1)
			block[494] = 0xff;
		end_header(block);
		zero_blocks(1);
		expect_refusal(PL_BAD_SYNTAX, "offset 0: the map of a sparse file makes no sense");
	}
	for (size_t stored = 2; stored <= 4; stored += 2) {
		end_header(begin_sparse(OCT("1") OCT("3"), stored, "00000000012", 0));
		zero_blocks(1);
		expect_refusal(PL_BAD_SYNTAX, "more or less data than its map says");
	}
	/* star has such a type too, and another map */
	block = begin_header('S', "s", 0, USTAR);
	end_header(block);
	expect_refusal(PL_BAD_SYNTAX, "the map of a sparse file");
	end_header(begin_sparse("", 0, "00000000003", 1));
	put_raw("", 1);
	expect_refusal(PL_BAD_TRUNCATED, "offset 513: ends within the map of a sparse file");
	end_header(begin_sparse("", 0, "00000000003", 1));
	for (size_t i = 0; i <= PL_MAX_TAR_META_BYTES / BLOCK; i++)
		put_raw(more, BLOCK);
	expect_refusal(PL_BAD_LIMIT, "tar-meta-bytes");
}

static void sparse_pax(void **state)
{
	(void)state;
	/* 0.0, 0.1 with and without a version, 1.0 */
	pax('x', "GNU.sparse.size", "10", "GNU.sparse.numblocks", "2", "GNU.sparse.offset", "2", "GNU.sparse.numbytes",
	    "3", "GNU.sparse.offset", "7", "GNU.sparse.numbytes", "1", NULL);
	file("s", "abcd");
	pax('x', "GNU.sparse.size", "10", "GNU.sparse.numblocks", "2", "GNU.sparse.map", "2,3,7,1", "GNU.sparse.name",
	    "t", NULL);
	file("s", "abcd");
	pax('x', "GNU.sparse.major", "0", "GNU.sparse.minor", "1", "GNU.sparse.realsize", "3", "GNU.sparse.numblocks",
	    "0", NULL);
	file("s", "");
	pax('x', "GNU.sparse.major", "1", "GNU.sparse.minor", "0", "GNU.sparse.realsize", "10", "GNU.sparse.name", "t",
	    NULL);
	header('0', "s", BLOCK + 4);
	put_raw("2\n2\n3\n7\n1\n", 10);
	fill_block();
	put_raw("abcd", 4);
	fill_block();
	pax('x', "GNU.sparse.major", "1", "GNU.sparse.minor", "0", "GNU.sparse.realsize", "2", NULL);
	header('0', "s", BLOCK);
	put_raw("0\n", 2);
	fill_block();
	file("next", "x");
	expect("- s=__abc__d__\n- t=__abc__d__\n- s=___\n- t=__abc__d__\n- s=__\n- next=x\n");
	/* the name of a sparse file outdoes even the long one; records of versions that nobody knows mean nothing */
	body('L', "long", 4);
	pax('x', "GNU.sparse.size", "1", "GNU.sparse.numblocks", "1", "GNU.sparse.map", "0,1", "GNU.sparse.name", "t",
	    NULL);
	file("s", "a");
	pax('x', "GNU.sparse.major", "2", "GNU.sparse.minor", "0", "GNU.sparse.size", "9", "GNU.sparse.name", "t",
	    NULL);
	file("s", "a");
	pax('x', "GNU.sparse.size", "9", "GNU.sparse.name", "t", NULL);
	file("s", "a");
	/* records of fragments outdo a map in one record; a size that says nothing leaves the header's */
	pax('x', "GNU.sparse.numblocks", "1", "GNU.sparse.offset", "0", "GNU.sparse.map", "5,3", "GNU.sparse.numbytes",
	    "1", "size", "1", NULL);
	file("s", "a");
	expect("- t=a\n- s=a\n- s=a\n- s=a\n");
}

/* A map in front of the content that takes more than a block. */
static void sparse_map_of_blocks(void **state)
{
	PL_CLEANUP_BUF struct pl_buf map = { 0 }, expected = { 0 };

	(void)state;
	pl_buf_init(&map, 65536);
	pl_buf_init(&expected, 65536);
	assert_int_equal(pl_buf_puts(&map, "300\n"), 0);
	assert_int_equal(pl_buf_puts(&expected, "- s="), 0);
	for (int i = 0; i < 300; i++) {
		assert_int_equal(pl_buf_printf(&map, "%d\n1\n", 2 * i), 0);
		assert_int_equal(pl_buf_puts(&expected, "d_"), 0);
	}
	assert_int_equal(pl_buf_puts(&expected, "\n- next=x\n"), 0);
	pax('x', "GNU.sparse.major", "1", "GNU.sparse.minor", "0", "GNU.sparse.realsize", "600", NULL);
	header('0', "s", (map.len + BLOCK - 1) / BLOCK * BLOCK + 300);
	put_raw(map.data, map.len);
	fill_block();
	for (int i = 0; i < 300; i++)
		put_raw("d", 1);
	fill_block();
	file("next", "x");
	expect((char *)expected.data);
}

static void sparse_pax_refused(void **state)
{
	static const char *const maps[] = { "0,1,", ",", "0", "0,x", "0,2", "1,1", "-1,1", "0,1,1,0" };
	static const char *const contents[] = { "x\n", "-1\n", "2\n0\n1\n", "1\n0\n\n1\n", "1\n0\n2\n", "1" };

	(void)state;
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		pax('x', "GNU.sparse.size", "1", "GNU.sparse.numblocks", "1", "GNU.sparse.map", maps[i], NULL);
		file("s", "a");
		expect_refusal(PL_BAD_SYNTAX, "the map of a sparse file makes no sense");
	}
	pax('x', "GNU.sparse.size", "1", "GNU.sparse.map", "0,1", NULL);
	file("s", "a");
	expect_refusal(PL_BAD_SYNTAX, "the map");
	pax('x', "GNU.sparse.size", "x", "GNU.sparse.numblocks", "1", "GNU.sparse.map", "0,1", NULL);
	file("s", "a");
	expect_refusal(PL_BAD_SYNTAX, "the map");
	pax('x', "GNU.sparse.numbytes", "0", NULL);
	expect_refusal(PL_BAD_SYNTAX, "out of order");
	pax('x', "GNU.sparse.offset", "0", "GNU.sparse.offset", "0", NULL);
	expect_refusal(PL_BAD_SYNTAX, "out of order");
	pax('x', "GNU.sparse.offset", "0,1", NULL);
	expect_refusal(PL_BAD_SYNTAX, "out of order");
	pax('x', "GNU.sparse.offset", "0", "GNU.sparse.numblocks", "1", NULL);
	file("s", "a");
	expect_refusal(PL_BAD_SYNTAX, "the map");
	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		pax('x', "GNU.sparse.major", "1", "GNU.sparse.minor", "0", "GNU.sparse.realsize", "1", NULL);
		header('0', "s", BLOCK + 1);
		put_raw(contents[i], strlen(contents[i]));
		fill_block();
		put_raw("a", 1);
		fill_block();
		expect_refusal(PL_BAD_SYNTAX, "the map of a sparse file makes no sense");
	}
	/* for what has no content */
	pax('x', "GNU.sparse.size", "0", "GNU.sparse.numblocks", "0", "GNU.sparse.major", "0", "GNU.sparse.minor", "0",
	    NULL);
	header('5', "s", 0);
	expect_refusal(PL_BAD_SYNTAX, "no regular file");
	/* no file system takes such a name, and no engine notices before that */
	RECORDS('x', "25 GNU.sparse.name=a\0b\n1"
		     "\n");
	pl_buf_clear(&made);
	RECORDS('x',
		"24 GNU.sparse.name=a\0bc\n22 GNU.sparse.major=0\n22 GNU.sparse.minor=0\n26 GNU.sparse.numblocks=0\n");
	file("s", "");
	expect_refusal(PL_BAD_SYNTAX, "a zero byte in a name");
}

/* A hole costs nothing to hold, however large, and can be given up on. */
static void enormous_hole(void **state)
{
	struct reading reading;
	const uint8_t *bytes;
	bool ended;
	size_t n;

	(void)state;
	pax('x', "GNU.sparse.size", "9223372036854775807", "GNU.sparse.numblocks", "1", "GNU.sparse.map",
	    "9223372036854775806,1", NULL);
	file("s", "z");
	file("next", "x");
	open_tar(&reading, made.len, 0);
	assert_int_equal(pl_tar_next(reading.tar, &reading.entry, &ended, NULL), 0);
	assert_true(reading.entry.size == INT64_MAX);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(pl_tar_read(reading.tar, &bytes, &n, NULL), 0);
		assert_true(n > 0 && n <= 65536);
		assert_int_equal(bytes[0] | bytes[n - 1], 0);
	}
	assert_int_equal(pl_tar_next(reading.tar, &reading.entry, &ended, NULL), 0);
	assert_string_equal(reading.entry.name, "next");
	close_tar(&reading);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sparse_gnu),           TEST(sparse_gnu_refused), TEST(sparse_pax),
		TEST(sparse_map_of_blocks), TEST(sparse_pax_refused), TEST(enormous_hole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
