/* SPDX-License-Identifier: Apache-2.0 */
/* Extended headers of tars: PAX records, global headers, GNU long names. */
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

static void pax_fields(void **state)
{
	(void)state;
	pax('x', "path", "long/name", "linkpath", "long/link", "uid", "5", "gid", "6", "mtime", "1.5", "atime", "-1",
	    "ctime", "+0.", "uname", "root", "comment", "a=b", NULL);
	link_header('2', "n", "l");
	file("next", "is as ever");
	expect("l long/name -> long/link 644 5:6\n- next=is as ever\n");
	/* empty values leave the header's; of two the last counts, empty too */
	pax('x', "path", "", "uid", "", "size", "", "mtime", "", NULL);
	file("n", "x");
	pax('x', "path", "one", "path", "two", NULL);
	file("n", "x");
	pax('x', "path", "one", "path", "", NULL);
	file("n", "x");
	expect("- n=x\n- two=x\n- n=x\n");
	/* the last header counts, and wholly */
	pax('x', "path", "one", "uid", "7", "SCHILY.xattr.user.x", "1", NULL);
	pax('x', "path", "two", NULL);
	file("n", "x");
	expect("- two=x\n");
	/* an empty header is one too */
	pax('x', "path", "one", NULL);
	body('x', "", 0);
	file("n", "x");
	expect("- n=x\n");
	/* only a header's own type decides, and a slash at the end of the name that PAX gives */
	pax('x', "path", "d/", NULL);
	header('\0', "n", 0);
	pax('x', "path", "d", NULL);
	header('\0', "n/", 0);
	expect("d d/\n- d\n");
}

static void pax_owners(void **state)
{
	static const struct {
		const char *uid, *line;
	} rows[] = { { "0", "- a 644 0:100\n" },
		     { "+5", "- a 644 5:100\n" },
		     { "0005", "- a 644 5:100\n" },
		     { "4294967296", "- a 644 0:100\n" },
		     { "4294967295", "- a 644 0:100\n" },
		     { "-1", "- a 644 0:100\n" },
		     { "-2", "- a 644 4294967294:100\n" },
		     { "9223372036854775807", "- a 644 0:100\n" },
		     { "-9223372036854775808", "- a 644 0:100\n" },
		     { "9223372036854775808", NULL },
		     { "-9223372036854775809", NULL },
		     { "99999999999999999999999", NULL },
		     { "1.0", NULL },
		     { " 5", NULL },
		     { "5 ", NULL },
		     { "1_0", NULL },
		     { "0x5", NULL },
		     { "-", NULL } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		pax('x', "uid", rows[i].uid, NULL);
		header('0', "a", 0);
		if (rows[i].line)
			expect(rows[i].line);
		else
			expect_refusal(PL_BAD_SYNTAX, "a PAX uid, gid or size is no number");
	}
	/* one that a later record puts right was never wrong */
	pax('x', "uid", "x", "uid", "5", NULL);
	header('0', "a", 0);
	expect("- a 644 5:100\n");
	pax('x', "uid", "x", NULL);
	pax('x', "gid", "5", NULL);
	header('0', "a", 0);
	expect("- a 644 1000:5\n");
}

static void pax_times(void **state)
{
	static const char *const bad[] = { "x", ".5", "1.x", "1.-5", "1..5", "99999999999999999999", "1 ", "-" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		pax('x', i % 2 ? "mtime" : "ctime", bad[i], NULL);
		header('0', "a", 0);
		expect_refusal(PL_BAD_SYNTAX, "a PAX time is none");
	}
}

/* Who skips by the header's size finds another entry than engines do: the classic way to hide one. */
static void pax_size_decides(void **state)
{
	struct reading reading;
	struct pl_buf out;
	bool ended;

	(void)state;
	pax('x', "size", "1024", NULL);
	header('0', "a", 0);
	file("hidden", "as content");
	file("b", "seen");
	assert_int_equal(list(made.len, 0, false, &out, NULL), 0);
	assert_string_equal((char *)out.data, "- a\n- b\n");
	pl_buf_deinit(&out);
	open_tar(&reading, made.len, 0);
	assert_int_equal(pl_tar_next(reading.tar, &reading.entry, &ended, NULL), 0);
	assert_int_equal(reading.entry.size, 1024);
	close_tar(&reading);
	pl_buf_clear(&made);
	pax('x', "size", "0", NULL);
	header('0', "a", 1024);
	file("b", "seen");
	expect("- a\n- b=seen\n");
	pax('x', "size", "-1", NULL);
	header('0', "a", 0);
	expect_refusal(PL_BAD_SYNTAX, "a negative size");
}

static void pax_syntax(void **state)
{
	(void)state;
	RECORDS('x', "10 path=a\n011 path=b\n+11 path=c\n");
	file("n", "x");
	RECORDS('x', "5 a=\n");
	file("n", "x");
	RECORDS('x', "18 path=a\nlines\n\n\n");
	file("n", "x");
	expect("- c=x\n- n=x\n- a\nlines\n\n=x\n");
	RECORDS('x', "path=a\n");
	expect_refusal(PL_BAD_SYNTAX, "offset 0: a PAX record without a length");
	RECORDS('x', "9 path=a\n junk");
	expect_refusal(PL_BAD_SYNTAX, "length of a PAX record");
	RECORDS('x', "9 path=a\n\0\0\0");
	expect_refusal(PL_BAD_SYNTAX, "without a length");
	RECORDS('x', "99 path=a\n");
	expect_refusal(PL_BAD_SYNTAX, "length of a PAX record");
	RECORDS('x', "-9 path=a\n");
	expect_refusal(PL_BAD_SYNTAX, "length of a PAX record");
	RECORDS('x', "4 a=\n");
	expect_refusal(PL_BAD_SYNTAX, "length of a PAX record");
	RECORDS('x', "000000005 a=b\n");
	expect_refusal(PL_BAD_SYNTAX, "length of a PAX record");
	RECORDS('x', "99999999999999999999 a=b\n");
	expect_refusal(PL_BAD_SYNTAX, "length of a PAX record");
	RECORDS('x', " 9 path=a\n");
	expect_refusal(PL_BAD_SYNTAX, "length of a PAX record");
	RECORDS('x', "8 path=a\n");
	expect_refusal(PL_BAD_SYNTAX, "line feed");
	RECORDS('x', "8 patha\n");
	expect_refusal(PL_BAD_SYNTAX, "without \"=\"");
	RECORDS('x', "5 =a\n");
	expect_refusal(PL_BAD_SYNTAX, "without a key");
	RECORDS('x', "7 a\0b=\n");
	expect_refusal(PL_BAD_SYNTAX, "zero byte");
	RECORDS('x', "11 path=a\0\n");
	expect_refusal(PL_BAD_SYNTAX, "zero byte");
	RECORDS('x', "11 gname=\0\n");
	expect_refusal(PL_BAD_SYNTAX, "zero byte");
	/* other values may hold any byte */
	RECORDS('x', "13 comment=\0\n");
	file("n", "x");
	expect("- n=x\n");
	/* even one that no entry follows, or that belongs to nothing */
	RECORDS('g', "junk");
	expect_refusal(PL_BAD_SYNTAX, "without a length");
}

static void xattrs(void **state)
{
	static const uint8_t capability[20] = { 1, 0, 0, 2, 0, 0x20, 0, '\n' };
	PL_CLEANUP_BUF struct pl_buf records = { 0 };
	struct reading reading;
	const uint8_t *value;
	bool ended;
	size_t n;

	(void)state;
	pl_buf_init(&records, 4096);
	record(&records, "SCHILY.xattr.security.capability", "early", 5);
	record(&records, "SCHILY.xattr.security.capability", capability, sizeof(capability));
	record(&records, "SCHILY.xattr.user.empty", "", 0);
	record(&records, "SCHILY.xattr.", "no name", 7);
	record(&records, "path", "named", 5);
	record(&records, "LIBARCHIVE.xattr.user.other", "eA", 2);
	body('x', records.data, records.len);
	file("n", "x");
	file("next", "x");
	body('x', records.data, records.len);
	body('x', "", 0);
	file("forgotten", "x");
	body('g', records.data, records.len);
	file("n", "x");
	for (size_t chunk = 0; chunk < 600; chunk += 33) {
		open_tar(&reading, made.len, chunk);
		assert_int_equal(pl_tar_next(reading.tar, &reading.entry, &ended, NULL), 0);
		assert_string_equal(reading.entry.name, "named");
		assert_true(pl_tar_xattr(reading.tar, "security.capability", &value, &n));
		assert_int_equal(n, sizeof(capability));
		assert_memory_equal(value, capability, n);
		assert_true(pl_tar_xattr(reading.tar, "user.empty", &value, &n));
		assert_int_equal(n, 0);
		assert_false(pl_tar_xattr(reading.tar, "user.other", &value, &n));
		assert_false(pl_tar_xattr(reading.tar, "security.capabilit", &value, &n));
		assert_false(pl_tar_xattr(reading.tar, "security.capability2", &value, &n));
		assert_true(pl_tar_xattr(reading.tar, "", &value, &n));
		assert_memory_equal(value, "no name", n);
		for (int i = 0; i < 4; i++) {
			assert_int_equal(pl_tar_next(reading.tar, &reading.entry, &ended, NULL), 0);
			assert_false(ended);
			assert_false(pl_tar_xattr(reading.tar, "security.capability", &value, &n));
		}
		close_tar(&reading);
	}
}

static void global_headers(void **state)
{
	(void)state;
	pax('g', "comment", "of git archive", NULL);
	file("n", "x");
	expect("g ././@meta 0 0:0\n- n=x\n");
	/* its records count for nothing but its own name, and all that came before an entry is forgotten by it */
	pax('x', "path", "lost", "uid", "5", NULL);
	body('L', "lost too", 8);
	pax('g', "path", "etc/.wh.passwd", "uid", "5", "size", "512", NULL);
	file("n", "x");
	expect("g etc/.wh.passwd 0 0:0\n- n=x\n");
}

static void long_names(void **state)
{
	(void)state;
	body('L', "long name\0 ignored", 18);
	body('K', "long link\0", 10);
	link_header('2', "n", "l");
	link_header('2', "n", "l");
	expect("l long name -> long link\nl n -> l\n");
	/* they outdo PAX, whichever comes first, except when empty */
	body('L', "gnu", 4);
	pax('x', "path", "pax", "linkpath", "pax", NULL);
	body('K', "gnu", 4);
	link_header('2', "n", "l");
	pax('x', "path", "pax", NULL);
	body('L', "", 0);
	header('5', "n", 0);
	body('L', "one", 3);
	body('L', "two", 3);
	header('5', "n", 0);
	body('L', "one", 3);
	body('L', "\0two", 4);
	header('5', "n", 0);
	expect("l gnu -> gnu\nd pax\nd two\nd n\n");
	/* nor does an end have a name */
	body('L', "one", 3);
	expect("");
	body('L', "dir/", 4);
	header('\0', "n", 0);
	expect("d dir/\n");
}

static void meta_limit(void **state)
{
	char *big = calloc(1, PL_MAX_TAR_META_BYTES + 1);

	(void)state;
	assert_non_null(big);
	memset(big, 'n', PL_MAX_TAR_META_BYTES);
	body('L', big, PL_MAX_TAR_META_BYTES);
	header('0', "n", 0);
	for (size_t chunk = 0; chunk < 2 * 70000; chunk += 70000) {
		struct pl_buf out;

		assert_int_equal(list(made.len, chunk, true, &out, NULL), 0);
		assert_int_equal(out.len, PL_MAX_TAR_META_BYTES + 3);
		pl_buf_deinit(&out);
	}
	pl_buf_clear(&made);
	/* all of an entry's together, and claimed ones before a byte of them is read */
	body('L', big, PL_MAX_TAR_META_BYTES / 2);
	body('K', big, PL_MAX_TAR_META_BYTES / 2);
	header('0', "n", 0);
	{
		struct pl_buf out;

		assert_int_equal(list(made.len, 0, true, &out, NULL), 0);
		pl_buf_deinit(&out);
	}
	pl_buf_clear(&made);
	body('L', big, PL_MAX_TAR_META_BYTES / 2);
	header('x', "x", PL_MAX_TAR_META_BYTES / 2 + 1);
	{
		struct pl_reason reason;
		struct pl_buf out;

		assert_int_equal(list(made.len, 0, true, &out, &reason), PL_BAD_LIMIT);
		assert_non_null(strstr(reason.text, "tar-meta-bytes"));
		pl_buf_deinit(&out);
	}
	pl_buf_clear(&made);
	header('x', "x", PL_MAX_TAR_META_BYTES + 1);
	expect_refusal(PL_BAD_LIMIT, "offset 0: over plimsoll's limit tar-meta-bytes");
	free(big);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pax_fields), TEST(pax_owners),     TEST(pax_times),  TEST(pax_size_decides), TEST(pax_syntax),
		TEST(xattrs),     TEST(global_headers), TEST(long_names), TEST(meta_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
