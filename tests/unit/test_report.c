/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writers against golden files: tests/data/report/. PL_UPDATE_GOLDEN=1 in the environment writes them anew; look at the
 * difference before you commit it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "helper_facts.h"
#include "plimsoll/check.h"
#include "plimsoll/report.h"

static void fix_name(struct sample *s, const char *name, const char *id)
{
	s->names[0] = name;
	s->facts.id = id;
}

static void passing(struct sample *s)
{
	s->names[1] = "docker.io/library/app:latest";
	s->facts.n_names = 2;
}

static void root(struct sample *s)
{
	fix_name(s, "docker.io/library/alpine:3.20",
		 "sha256:aa00000000000000000000000000000000000000000000000000000000000000");
	sample_resolve(s, "", PL_USER_DEFAULT, 0, 0);
	sample_kubelet(s, "container has runAsNonRoot and image will run as root");
	s->files[0] = (struct pl_file_fact){ .path = "/bin/bbsuid", .mode = 04111, .certain = true };
	s->facts.setid = s->files;
	s->facts.n_setid = 1;
}

static void root_elsewhere(struct sample *s)
{
	root(s);
	s->facts.store = "oci:/srv/images";
	s->names[0] = "3.20";
}

static void refused(struct sample *s)
{
	fix_name(s, "registry.example.org/a/rather/long/path/to/rich:1",
		 "sha256:bb00000000000000000000000000000000000000000000000000000000000000");
	sample_refuse(s, "rich", "unable to find user rich: no matching entries in passwd file");
	sample_kubelet(
		s, "container has runAsNonRoot and image has non-numeric user (rich), cannot verify user is non-root");
}

static void named(struct sample *s)
{
	fix_name(s, "docker.io/library/named:1",
		 "sha256:cc00000000000000000000000000000000000000000000000000000000000000");
	sample_resolve(s, "app", PL_USER_NAME, 1654, 1654);
	sample_kubelet(
		s, "container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root");
	s->capability = (struct pl_file_capability){ .revision = 2, .effective = true, .permitted = 1 << 13 };
	s->files[0] = (struct pl_file_fact){
		.path = "/bin/ping", .mode = 0755, .certain = true, .capability = &s->capability
	};
	s->facts.file_capabilities = s->files;
	s->facts.n_file_capabilities = 1;
}

static void dropping(struct sample *s)
{
	fix_name(s, "docker.io/library/postgres:17",
		 "sha256:dd00000000000000000000000000000000000000000000000000000000000000");
	sample_resolve(s, "", PL_USER_DEFAULT, 0, 0);
	sample_kubelet(s, "container has runAsNonRoot and image will run as root");
	s->facts.entry.drop = PL_DROP_TOOL;
	s->facts.entry.drop_tool = "gosu";
	s->facts.entry.drop_spec = "postgres";
	s->facts.entry.drop_where = "/usr/local/bin/docker-entrypoint.sh:318";
	s->facts.entry.drop_resolved = true;
	s->facts.entry.drop_user =
		(struct pl_user){ .status = PL_USER_RESOLVED, .how = PL_USER_NAME, .uid = 999, .gid = 999 };
}

static void damaged(struct sample *s)
{
	fix_name(s, "docker.io/library/damaged:1",
		 "sha256:ee00000000000000000000000000000000000000000000000000000000000000");
	sample_incomplete(s);
}

static void unreadable(struct sample *s)
{
	s->names[0] = "oci:/srv/gone";
	s->facts = (struct pl_image_facts){ .id = "",
					    .names = s->names,
					    .n_names = 1,
					    .store = "oci:/srv/gone",
					    .platform = "",
					    .unreadable = "/srv/gone: No such file or directory" };
}

static void hostile(struct sample *s)
{
	fix_name(s, "evil\033[31m/\xc3\x28\xe2\x80\xae:1\n",
		 "sha256:ff00000000000000000000000000000000000000000000000000000000000000");
	sample_refuse(s, "\"x\\y\"\x7f", "unable to find user \"x\\y\"\x7f: no matching entries in passwd file");
	sample_kubelet(s, "container has runAsNonRoot and image has non-numeric user (\"x\\y\"\x7f), cannot verify "
			  "user is non-root");
}

typedef void shape(struct sample *sample);
static shape *const shapes[] = {
	passing, root, root_elsewhere, refused, named, dropping, damaged, unreadable, hostile
};

static void set_head(struct pl_report_head *head)
{
	*head = (struct pl_report_head){ .device = "gw-0042",
					 .time = "2026-11-23T21:00:00Z",
					 .quality = "synced",
					 .boot = "01234567-89ab-cdef-0123-456789abcdef",
					 .uptime_s = 12.5,
					 .profile = PL_PROFILE_RESTRICTED,
					 .fail_on = PL_SEVERITY_MEDIUM };
	strcpy(head->host.nodename, "gw-0042");
	strcpy(head->host.machine, "aarch64");
	strcpy(head->host.release, "6.12.0");
	/* the real one changes with the catalogue, which is no change of the writers */
	head->policy.algorithm = PL_DIGEST_SHA256;
}

static void write_report(struct pl_sink *sink, shape *const *list, size_t n)
{
	struct pl_summary summary = { 0 };
	struct pl_report_head head;

	set_head(&head);
	assert_int_equal(sink->begin(sink, &head), 0);
	for (size_t i = 0; i < n; i++) {
		struct pl_arena arena PL_CLEANUP_ARENA = { 0 };
		struct pl_subject subject;
		struct sample sample;

		pl_arena_init(&arena, 1 << 20);
		sample_init(&sample);
		list[i](&sample);
		subject = (struct pl_subject){ .kind = PL_SUBJECT_IMAGE, .image = &sample.facts };
		assert_int_equal(pl_check_image(&sample.facts, PL_PROFILE_RESTRICTED, &arena, &subject.findings,
						&subject.n_findings),
				 0);
		subject.verdict = pl_judge_findings(subject.findings, subject.n_findings, PL_SEVERITY_MEDIUM);
		pl_summary_add(&summary, &subject);
		assert_int_equal(sink->subject(sink, &subject), 0);
	}
	assert_int_equal(sink->end(sink, &summary), 0);
}

static void compare(const char *name, const char *text, size_t n)
{
	char path[512];
	char *golden = NULL;
	size_t size = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/report/%s", PL_TEST_DATA, name);
	if (getenv("PL_UPDATE_GOLDEN")) {
		file = fopen(path, "w");
		assert_non_null(file);
		assert_int_equal(fwrite(text, 1, n, file), n);
		fclose(file);
		return;
	}
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s is missing", path);
	golden = calloc(1, (size_t)1 << 20);
	size = fread(golden, 1, ((size_t)1 << 20) - 1, file);
	fclose(file);
	if (size != n || memcmp(golden, text, n) != 0)
		fail_msg("%s differs; this is what there is now:\n%s", path, text);
	free(golden);
}

static void table(const char *name, unsigned int columns, bool color, bool verbose)
{
	const struct pl_table_style style = { .columns = columns, .color = color, .verbose = verbose };
	PL_CLEANUP_SINK struct pl_sink *sink = NULL;
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	assert_non_null(out);
	assert_int_equal(pl_sink_table_new(out, &style, &sink), 0);
	write_report(sink, shapes, sizeof(shapes) / sizeof(*shapes));
	fclose(out);
	compare(name, text, n);
	/* nothing foreign reaches the terminal as it is, and nothing is wider than it */
	if (!color)
		assert_null(strchr(text, '\033'));
	free(text);
}

static void tables(void **state)
{
	(void)state;
	table("table.txt", 0, false, false);
	table("table-60.txt", 60, false, false);
	table("table-80.txt", 80, false, false);
	table("table-140.txt", 140, false, false);
	table("table-verbose.txt", 0, false, true);
	table("table-color.txt", 120, true, false);
}

static void json(void **state)
{
	PL_CLEANUP_SINK struct pl_sink *sink = NULL;
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	(void)state;
	assert_int_equal(pl_sink_json_new(out, &sink), 0);
	write_report(sink, shapes, sizeof(shapes) / sizeof(*shapes));
	fclose(out);
	compare("report.json", text, n);
	free(text);
}

static void json_of_nothing(void **state)
{
	PL_CLEANUP_SINK struct pl_sink *sink = NULL;
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	(void)state;
	assert_int_equal(pl_sink_json_new(out, &sink), 0);
	write_report(sink, NULL, 0);
	fclose(out);
	compare("report-empty.json", text, n);
	free(text);
}

static void texts(void **state)
{
	struct pl_arena arena PL_CLEANUP_ARENA = { 0 };
	struct pl_buf full PL_CLEANUP_BUF = { 0 }, brief PL_CLEANUP_BUF = { 0 }, small PL_CLEANUP_BUF = { 0 };
	struct pl_summary summary = { .subjects = 3, .fail = 1, .unknown = 2 };
	struct pl_report_head head;
	struct pl_subject subject;
	struct sample sample;

	(void)state;
	pl_arena_init(&arena, 1 << 20);
	pl_buf_init(&full, 1 << 20);
	pl_buf_init(&brief, 1 << 20);
	pl_buf_init(&small, 100);
	sample_init(&sample);
	root(&sample);
	subject = (struct pl_subject){ .kind = PL_SUBJECT_IMAGE, .image = &sample.facts };
	assert_int_equal(pl_check_image(&sample.facts, PL_PROFILE_RESTRICTED, &arena, &subject.findings,
					&subject.n_findings),
			 0);
	assert_int_equal(pl_report_subject_text(&subject, false, &full), 0);
	assert_int_equal(pl_report_subject_text(&subject, true, &brief), 0);
	assert_int_equal(pl_report_subject_text(&subject, true, &small), -27);
	assert_true(brief.len < full.len);
	assert_null(strchr((const char *)full.data, '\n'));
	assert_non_null(strstr((const char *)full.data, "\"path\":\"/bin/bbsuid\",\"mode\":\"4111\""));
	assert_non_null(strstr((const char *)brief.data, "\"setid_count\":1"));
	assert_null(strstr((const char *)brief.data, "\"status\":\"pass\""));
	pl_buf_clear(&brief);
	set_head(&head);
	assert_int_equal(pl_report_posture_text(&head, &summary, &brief), 0);
	assert_non_null(strstr((const char *)brief.data, "\"verdict\":\"fail\",\"subjects\":3"));
}

/* A path longer than one escaped piece, with a character across every seam: nothing is lost and nothing torn. */
static void long_names(void **state)
{
	struct pl_arena arena PL_CLEANUP_ARENA = { 0 };
	struct pl_buf text PL_CLEANUP_BUF = { 0 };
	struct pl_subject subject;
	struct sample sample;
	char path[2001] = "";

	(void)state;
	for (size_t shift = 0; shift < 3; shift++) {
		size_t n_euros = 0;
		const char *at;

		pl_arena_init(&arena, 1 << 20);
		pl_buf_init(&text, 1 << 20);
		memset(path, 'a', shift);
		path[shift] = 0;
		while (strlen(path) + 3 < sizeof(path))
			memcpy(path + strlen(path), "\xe2\x82\xac", 4);
		sample_init(&sample);
		root(&sample);
		sample.files[0].path = path;
		subject = (struct pl_subject){ .kind = PL_SUBJECT_IMAGE, .image = &sample.facts };
		assert_int_equal(pl_report_subject_text(&subject, false, &text), 0);
		at = strstr((const char *)text.data, "\"path\":\"");
		assert_non_null(at);
		for (at += 8 + shift; !strncmp(at, "\xe2\x82\xac", 3); at += 3)
			n_euros++;
		assert_int_equal(*at, '"');
		assert_int_equal(n_euros, (strlen(path) - shift) / 3);
		pl_buf_deinit(&text);
		pl_arena_deinit(&arena);
	}
}

static size_t allocations_left;

static void *failing_malloc(size_t size)
{
	return allocations_left-- ? malloc(size) : NULL;
}

/* Each allocation fails once: an error and no crash, and with the sanitiser no leak. */
static void memory_runs_out(void **state)
{
	cJSON_Hooks hooks = { .malloc_fn = failing_malloc, .free_fn = free };
	struct pl_arena arena PL_CLEANUP_ARENA = { 0 };
	struct pl_subject subject;
	struct sample sample;
	int r = -12;

	(void)state;
	pl_arena_init(&arena, 1 << 20);
	sample_init(&sample);
	dropping(&sample);
	subject = (struct pl_subject){ .kind = PL_SUBJECT_IMAGE, .image = &sample.facts };
	assert_int_equal(pl_check_image(&sample.facts, PL_PROFILE_RESTRICTED, &arena, &subject.findings,
					&subject.n_findings),
			 0);
	cJSON_InitHooks(&hooks);
	for (size_t n = 0; r; n++) {
		struct pl_buf text PL_CLEANUP_BUF = { 0 };

		pl_buf_init(&text, 1 << 20);
		allocations_left = n;
		r = pl_report_subject_text(&subject, false, &text);
		assert_true(!r || r == -12);
		assert_true(n < 10000);
	}
	cJSON_InitHooks(NULL);
}

static void wrapping(void **state)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	(void)state;
	pl_print_wrapped(out, "one two three", 2, 0, 9);
	pl_print_wrapped(out, "averylongword x", 2, 0, 9);
	pl_print_wrapped(out, "a\nb", 0, 0, 0);
	fputs("12345", out);
	pl_print_wrapped(out, "beside and below", 3, 5, 12);
	pl_print_wrapped(out, "", 3, 0, 20);
	fclose(out);
	assert_string_equal(text, "  one two\n  three\n  averylongword\n  x\na\nb\n12345beside\n   and below\n\n");
	free(text);
}

static void columns(void **state)
{
	(void)state;
	assert_int_equal(pl_text_columns(""), 0);
	assert_int_equal(pl_text_columns("abc"), 3);
	assert_int_equal(pl_text_columns("\xe2\x82\xac"), 1);
	assert_int_equal(pl_text_columns("\xe6\x97\xa5\xe6\x9c\xac"), 4);
	assert_int_equal(pl_text_columns("e\xcc\x81"), 1);
	assert_int_equal(pl_text_columns("\xff\xff"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables),   cmocka_unit_test(json),       cmocka_unit_test(json_of_nothing),
		cmocka_unit_test(texts),    cmocka_unit_test(long_names), cmocka_unit_test(memory_runs_out),
		cmocka_unit_test(wrapping), cmocka_unit_test(columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
