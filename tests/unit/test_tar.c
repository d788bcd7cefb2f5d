/* SPDX-License-Identifier: Apache-2.0 */
/* The tar reader on headers made by hand, one rule each. PAX, sparse files and the tars of others have tests of their own. */
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

static void ends(void **state)
{
	(void)state;
	expect("");
	zero_blocks(1);
	expect("");
	zero_blocks(2);
	expect("");
	file("a", "x");
	expect("- a=x\n");
	file("a", "x");
	zero_blocks(1);
	expect("- a=x\n");
	file("a", "x");
	zero_blocks(2);
	expect("- a=x\n");
	/* nothing behind two zero blocks counts */
	file("a", "x");
	zero_blocks(2);
	file("hidden", "y");
	put_raw("junk", 4);
	expect("- a=x\n");
	/* content without the blanks behind it */
	header('0', "a", 3);
	put_raw("abc", 3);
	expect("- a=abc\n");
	file("a", "x");
	zero_blocks(1);
	file("b", "y");
	expect_refusal(PL_BAD_SYNTAX, "offset 1024: one zero block, and then data");
	zero_blocks(1);
	put_raw("", 1);
	expect_refusal(PL_BAD_TRUNCATED, "offset 513: ends within a header");
}

static void cut_short(void **state)
{
	size_t whole;

	(void)state;
	pax('x', "path", "from-pax", "SCHILY.xattr.user.x", "1", NULL);
	header('0', "name", 700);
	for (int i = 0; i < 700; i++)
		put_raw("c", 1);
	fill_block();
	whole = made.len; /* blocks: pax, its body, header, two of content */
	assert_int_equal(whole, 5 * BLOCK);
	for (size_t n = 0; n < whole; n++) {
		bool at_end = n == 0 || n >= 3 * BLOCK + 700;
		/* a body that ends with its blanks missing is the end as well: so it is for Go */
		bool no_entry = n >= BLOCK + strlen("17 path=from-pax\n25 SCHILY.xattr.user.x=1\n") && n <= 2 * BLOCK;

		for (int content = 0; content <= 1; content++) {
			struct pl_reason reason;
			struct pl_buf out;
			int r = list(n, n % 2 ? 0 : 100, content, &out, &reason);

			assert_int_equal(r, at_end || no_entry ? 0 : PL_BAD_TRUNCATED);
			pl_buf_deinit(&out);
		}
	}
	expect("- from-pax="
	       "ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
	       "cccc"
	       "ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
	       "cccc"
	       "ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
	       "cccc"
	       "ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
	       "cccc"
	       "ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
	       "cccc"
	       "ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
	       "cccc"
	       "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\n");
}

static void types(void **state)
{
	uint8_t *block;

	(void)state;
	header('0', "zero/", 0); /* with this type a slash makes no directory */
	header('\0', "old", 0);
	header('\0', "olddir/", 3); /* and so it has no content */
	link_header('1', "hard", "to");
	link_header('2', "sym", "../to");
	block = begin_header('3', "char", 0, USTAR);
	memcpy(block + 329, "0000005\0000000001", 16);
	end_header(block);
	block = begin_header('4', "block", 0, GNU);
	memcpy(block + 329, "0000010\0000000000", 16);
	end_header(block);
	header('5', "dir/", 0);
	header('6', "fifo", 0);
	expect("- zero/\n- old\nd olddir/\nh hard -> to\nl sym -> ../to\nc char 5,1\nb block 8,0\nd dir/\np fifo\n");
	/* V7 has no device numbers: engines make 0:0 of it, which overlayfs takes for a whiteout */
	block = begin_header('3', "char", 0, V7);
	memcpy(block + 329, "0000005\0000000001", 16);
	end_header(block);
	expect("c char 0,0\n");
	/* mknod(2) takes 12 bits and 20 bits: 4096, 1048579 */
	block = begin_header('3', "char", 0, USTAR);
	memcpy(block + 329, "0010000\0004000003", 16);
	end_header(block);
	expect("c char 0,3\n");
}

/* A size where no content is: what follows is the next header, for every engine. */
static void header_only_types_carry_nothing(void **state)
{
	(void)state;
	for (char type = '1'; type <= '6'; type++) {
		char expected[64];

		header(type, "a", 512);
		file("hidden?", "no");
		snprintf(expected, sizeof(expected), "%c a%s\n- hidden?=no\n", "hlcbdp"[type - '1'],
			 type == '3' || type == '4' ? " 0,0" : "");
		expect(expected);
		/* by PAX neither, and not if it is negative */
		pax('x', "size", "-7", NULL);
		header(type, "a", 0);
		file("hidden?", "no");
		expect(expected);
	}
}

static void types_that_engines_refuse(void **state)
{
	(void)state;
	for (int type = 1; type < 256; type++) {
		char says[80];

		if (strchr("0123456gxLKS", type))
			continue;
		header((char)type, "a", 0);
		snprintf(says, sizeof(says), "offset 0: engines refuse this image: unhandled tar header type %d", type);
		expect_refusal(PL_BAD_UNSUPPORTED, says);
	}
}

static void formats(void **state)
{
	static const enum magic all[] = { V7, USTAR, GNU, STAR };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		uint8_t *block = begin_header('0', "n", 0, all[i]);

		memcpy(block + 345, "pre/fix", 7);
		if (all[i] == GNU)
			memcpy(block + 345, "00000000007\00000000000006", 23); /* times, not a prefix */
		end_header(block);
		expect(all[i] == V7 || all[i] == GNU ? "- n\n" : "- pre/fix/n\n");
	}
}

/* Fields that are full have no terminator. */
static void full_fields(void **state)
{
	static const struct {
		enum magic magic;
		size_t prefix;
	} rows[] = { { V7, 0 }, { USTAR, 155 }, { STAR, 131 }, { GNU, 155 } };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		uint8_t *block = begin_header('2', "", 0, rows[i].magic);
		char expected[BLOCK], *at = expected + 2;

		memset(block, 'n', 100);
		memset(block + 157, 'l', 100);
		memset(block + 345, 'p', rows[i].prefix);
		end_header(block);
		memcpy(expected, "l ", 2);
		memset(at, 'p', rows[i].prefix);
		at += rows[i].prefix;
		if (rows[i].prefix)
			*at++ = '/';
		memset(at, 'n', 100);
		memcpy(at + 100, " -> ", 4);
		memset(at + 104, 'l', 100);
		memcpy(at + 204, "\n", 2);
		/* GNU: a prefix that Go of before 1.8 wrote, as the times there are none */
		expect(expected);
	}
}

static void gnu_prefix(void **state)
{
	uint8_t *block = begin_header('0', "n", 0, GNU);

	(void)state;
	memcpy(block + 345, "not\xc3\xa4scii", 10);
	end_header(block);
	expect("- n\n");
	/* only the second time is none: the prefix begins at the first */
	block = begin_header('0', "n", 0, GNU);
	memcpy(block + 345, "000000000001x", 13);
	end_header(block);
	expect("- 000000000001x/n\n");
	block = begin_header('0', "n", 0, STAR);
	memcpy(block + 476, "x", 1);
	end_header(block);
	expect_refusal(PL_BAD_SYNTAX, "a number");
}

static void check_sum(void **state)
{
	uint8_t *block;
	int sum = 0;

	(void)state;
	file("a", "x");
	made.data[0]++;
	expect_refusal(PL_BAD_SYNTAX, "offset 0: no tar header: its check sum is wrong");
	file("a", "x");
	put_raw("not a tar", 9);
	fill_block();
	expect_refusal(PL_BAD_SYNTAX, "offset 1024: no tar header");
	/* as some old writers summed */
	block = begin_header('0', "\xff\xfe", 0, V7);
	put_check_sum(block);
	memset(block + 148, ' ', 8);
	for (int i = 0; i < BLOCK; i++)
		sum += (int8_t)block[i];
	snprintf((char *)block + 148, 8, "%o", (unsigned int)sum);
	put_raw(block, BLOCK);
	expect("- \xff\xfe\n");
	block = begin_header('0', "a", 0, V7);
	put_check_sum(block);
	memcpy(block + 148, "00009", 5);
	put_raw(block, BLOCK);
	expect_refusal(PL_BAD_SYNTAX, "check sum");
}

/* Every field holds numbers the same way; the gid is as good as any. */
static void gid(const char *field, size_t n, const char *expected)
{
	uint8_t *block = begin_header('0', "a", 0, USTAR);

	memset(block + 116, 0, 8);
	memcpy(block + 116, field, n);
	end_header(block);
	if (expected)
		expect(expected);
	else
		expect_refusal(PL_BAD_SYNTAX, "a number in the header is none, or too large");
}

#define GID(field, expected) gid(field, sizeof(field) - 1, expected)

static void numbers(void **state)
{
	(void)state;
	GID("", "- a 644 1000:0\n");
	GID("        ", "- a 644 1000:0\n");
	GID("144", "- a\n");
	GID("  144  ", "- a\n");
	GID("\0\0 144 \0", "- a\n");
	GID("00000144", "- a\n");
	GID("144\0xyz", "- a\n");
	GID("77777777", "- a 644 1000:16777215\n");
	GID("148", NULL);
	GID("1 44", NULL);
	GID("-144", NULL);
	GID("+144", NULL);
	GID("0x44", NULL);
	GID("144\t", NULL);
	/* base 256 */
	GID("\x80\0\0\0\0\0\0\x64", "- a\n");
	GID("\x80\0\0\0\xff\xff\xff\xfe", "- a 644 1000:4294967294\n");
	GID("\x80\0\0\1\0\0\0\x64", "- a\n");
	/* minus 2, cut to 32 bits by chown; and the one that chown leaves alone, as 0 and as minus 1 */
	GID("\xff\xff\xff\xff\xff\xff\xff\xfe", "- a 644 1000:4294967294\n");
	GID("\xff\xff\xff\xff\xff\xff\xff\xff", "- a 644 1000:0\n");
	GID("\x80\0\0\0\xff\xff\xff\xff", "- a 644 1000:0\n");
	GID("\xbf\xff\xff\xff\xff\xff\xff\xff", "- a 644 1000:0\n");
	GID("\xc0\0\0\0\0\0\0\0", "- a 644 1000:0\n");
}

static void sizes(void **state)
{
	static const char *const bad[] = { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
					   "\x80\0\0\1\0\0\0\0\0\0\0\0", "\x80\0\0\0\x80\0\0\0\0\0\0\0",
					   "\xc0\0\0\0\0\0\0\0\0\0\0\0" };
	uint8_t *block;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		block = begin_header('0', "a", 0, GNU);
		memcpy(block + 124, bad[i], 12);
		end_header(block);
		zero_blocks(2);
		expect_refusal(PL_BAD_SYNTAX, i ? "a number in the header" : "a negative size");
	}
	/* eight exbibytes less one: cut short, not read, not held */
	block = begin_header('0', "a", 0, GNU);
	memcpy(block + 124, "\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12);
	end_header(block);
	zero_blocks(3);
	expect_refusal(PL_BAD_TRUNCATED, "offset 2048: ends within the content of an entry");
	block = begin_header('0', "a", 0, USTAR);
	memcpy(block + 124, "777777777777", 12);
	end_header(block);
	expect_refusal(PL_BAD_TRUNCATED, "offset 512: ends within");
	/* the header's own size must make sense even where PAX has the last word */
	pax('x', "size", "0", NULL);
	block = begin_header('0', "a", 0, GNU);
	memcpy(block + 124, bad[0], 12);
	end_header(block);
	expect_refusal(PL_BAD_SYNTAX, "a negative size");
}

static void modes(void **state)
{
	uint8_t *block = begin_header('0', "a", 0, USTAR);

	(void)state;
	memcpy(block + 100, "0104755", 7);
	end_header(block);
	block = begin_header('0', "b", 0, GNU);
	memcpy(block + 100, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
	end_header(block);
	expect("- a 4755 1000:100\n- b 7777 1000:100\n");
}

/* What is not read of an entry is passed over, wherever its reader stopped. */
static void partly_read(void **state)
{
	(void)state;
	header('0', "a", 1500);
	for (int i = 0; i < 1500; i++)
		put_raw("a", 1);
	fill_block();
	pax('x', "GNU.sparse.size", "700", "GNU.sparse.numblocks", "1", "GNU.sparse.map", "100,500", NULL);
	header('0', "s", 500);
	for (int i = 0; i < 500; i++)
		put_raw("s", 1);
	fill_block();
	file("next", "x");
	for (size_t chunk = 0; chunk < 300; chunk += 37) {
		for (int reads = 0; reads < 60; reads += 3) {
			struct reading reading;
			const uint8_t *bytes;
			bool ended;
			size_t n;

			open_tar(&reading, made.len, chunk);
			for (int entry = 0; entry < 3; entry++) {
				assert_int_equal(pl_tar_next(reading.tar, &reading.entry, &ended, NULL), 0);
				assert_false(ended);
				for (int i = 0; i < reads; i++)
					assert_int_equal(pl_tar_read(reading.tar, &bytes, &n, NULL), 0);
			}
			assert_string_equal(reading.entry.name, "next");
			assert_int_equal(pl_tar_next(reading.tar, &reading.entry, &ended, NULL), 0);
			assert_true(ended);
			assert_int_equal(pl_tar_read(reading.tar, &bytes, &n, NULL), 0);
			assert_int_equal(n, 0);
			close_tar(&reading);
		}
	}
}

static void offsets(void **state)
{
	struct reading reading;
	bool ended;

	(void)state;
	file("a", "x");
	pax('x', "path", "b", NULL);
	file("n", "");
	for (size_t chunk = 0; chunk < 700; chunk += 50) {
		open_tar(&reading, made.len, chunk);
		assert_int_equal(pl_tar_next(reading.tar, &reading.entry, &ended, NULL), 0);
		assert_int_equal(pl_tar_offset(reading.tar), 0);
		assert_int_equal(pl_tar_next(reading.tar, &reading.entry, &ended, NULL), 0);
		assert_int_equal(pl_tar_offset(reading.tar), 4 * BLOCK);
		close_tar(&reading);
	}
}

/* A digest over the whole is checked when what follows the end is drained, and no sooner. */
static void draining(void **state)
{
	struct pl_stream *below, *stream;
	struct pl_digest digest;
	struct pl_tar_entry entry;
	struct pl_tar *tar;
	bool ended = false;

	(void)state;
	file("a", "x");
	zero_blocks(20);
	assert_int_equal(pl_digest_bytes(PL_DIGEST_SHA256, made.data, made.len, &digest), 0);
	for (int bad = 0; bad <= 1; bad++) {
		made.data[made.len - 1] = (uint8_t)bad;
		assert_int_equal(pl_stream_memory(made.data, made.len, 100, &below), 0);
		assert_int_equal(pl_stream_verify(below, &digest, &stream), 0);
		assert_int_equal(pl_tar_new(stream, &tar), 0);
		while (!ended)
			assert_int_equal(pl_tar_next(tar, &entry, &ended, NULL), 0);
		ended = false;
		assert_int_equal(pl_tar_drain(tar, NULL), bad ? PL_BAD_DIGEST : 0);
		pl_tar_free(&tar);
		pl_stream_free(&stream);
	}
}

/* What the stream says below is what the tar says. */
static void stream_failures(void **state)
{
	struct pl_digest wrong = { .algorithm = PL_DIGEST_SHA256 };
	struct pl_reason reason = { 0 };
	struct pl_stream *below, *stream;
	struct pl_tar_entry entry;
	struct pl_tar *tar;
	bool ended;

	(void)state;
	file("a", "x");
	assert_int_equal(pl_stream_memory(made.data, made.len, 100, &below), 0);
	assert_int_equal(pl_stream_verify(below, &wrong, &stream), 0);
	assert_int_equal(pl_tar_new(stream, &tar), 0);
	assert_int_equal(pl_tar_next(tar, &entry, &ended, &reason), 0);
	assert_int_equal(pl_tar_next(tar, &entry, &ended, &reason), PL_BAD_DIGEST);
	assert_false(ended);
	assert_non_null(strstr(reason.text, "sha256:"));
	pl_tar_free(&tar);
	pl_stream_free(&stream);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ends),
		TEST(cut_short),
		TEST(types),
		TEST(header_only_types_carry_nothing),
		TEST(types_that_engines_refuse),
		TEST(formats),
		TEST(full_fields),
		TEST(gnu_prefix),
		TEST(check_sum),
		TEST(numbers),
		TEST(sizes),
		TEST(modes),
		TEST(partly_read),
		TEST(offsets),
		TEST(draining),
		TEST(stream_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
