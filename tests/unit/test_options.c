/* SPDX-License-Identifier: Apache-2.0 */
/* The command line, and the file that results go to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* The program's own files are in no library. */
#include "cli/options.c"
#include "cli/output.c"
#include "cli/suggest.c"

int pl_cmd_scan(const struct pl_options *o)
{
	return o->help;
}

int pl_cmd_inspect(const struct pl_options *o)
{
	return o->help;
}

int pl_cmd_checks(const struct pl_options *o)
{
	return o->help;
}

int pl_cmd_publish(const struct pl_options *o)
{
	return o->help;
}

int pl_cmd_version(const struct pl_options *o)
{
	return o->help;
}

/* Takes a line apart at blanks, parses it, and keeps the words for as long as the options may point to them. */
static int parse(const char *line, struct pl_options *out, struct pl_reason *reason)
{
	static char words[512];
	static char *argv[32];
	int argc = 0;
	char *save = NULL;

	snprintf(words, sizeof(words), "plimsoll %s", line);
	for (char *word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	reason->text[0] = 0;
	return pl_options_parse(argc, argv, out, reason);
}

static void accepted(void **state)
{
	struct pl_options o;
	struct pl_reason reason;

	(void)state;
	assert_int_equal(parse("scan", &o, &reason), 0);
	assert_string_equal(o.command->name, "scan");
	assert_int_equal(o.fail_on, PL_SEVERITY_MEDIUM);
	assert_int_equal(o.profile, PL_PROFILE_RESTRICTED);
	assert_int_equal(o.port, 8883);
	assert_string_equal(o.root, "/");
	assert_int_equal(o.n_arguments, 0);

	assert_int_equal(parse("scan a --format json -vv --output=x.json b -- --c", &o, &reason), 0);
	assert_int_equal(o.format, PL_FORMAT_JSON);
	assert_int_equal(o.verbose, 2);
	assert_string_equal(o.output, "x.json");
	assert_int_equal(o.n_arguments, 3);
	assert_string_equal(o.arguments[0], "a");
	assert_string_equal(o.arguments[1], "b");
	assert_string_equal(o.arguments[2], "--c");

	assert_int_equal(parse("scan -fjson -ox -", &o, &reason), 0);
	assert_int_equal(o.format, PL_FORMAT_JSON);
	assert_string_equal(o.output, "x");
	assert_string_equal(o.arguments[0], "-");

	assert_int_equal(
		parse("scan --fail-on high --profile restricted --only images --no-verify --no-progress --color never",
		      &o, &reason),
		0);
	assert_int_equal(o.fail_on, PL_SEVERITY_HIGH);
	assert_true(o.no_verify && o.no_progress);
	assert_int_equal(o.color, PL_COLOR_NEVER);

	assert_int_equal(parse("publish --host b --port 1 --cafile c --cert d --key e --mqtt 3.1.1 --timeout 7", &o,
			       &reason),
			 0);
	assert_int_equal(o.port, 1);
	assert_int_equal(o.mqtt_version, PL_LINK_MQTT_3_1_1);
	assert_int_equal(o.timeout_s, 7);

	assert_int_equal(parse("checks --help a b c", &o, &reason), 0);
	assert_true(o.help);
}

static void refused(void **state)
{
	static const struct {
		const char *line, *sentence;
	} rows[] = {
		{ "", "which command?" },
		{ "scna", "there is no command \"scna\"; did you mean scan?" },
		{ "xyzzyxyzzy", "there is no command \"xyzzyxyzzy\"; see plimsoll --help" },
		{ "--format json scan", "there is no command \"--format\"" },
		{ "scan --formt json", "scan does not take the option --formt; did you mean --format?" },
		{ "scan --form json", "did you mean --format?" },
		{ "scan -x", "scan does not take the option -x; see plimsoll scan --help" },
		{ "scan --output", "--output needs a value: FILE" },
		{ "scan -o", "-o needs a value: FILE" },
		{ "scan --output=", "--output needs a value that is not empty" },
		{ "scan --no-verify=yes", "--no-verify takes no value" },
		{ "scan --format yaml", "--format yaml: must be one of: table, json" },
		{ "scan --format sarif", "--format sarif is not yet there; this version has: table, json" },
		{ "scan --profile cis", "--profile cis is not yet there" },
		{ "scan --only host", "--only host is not yet there; this version has: images" },
		{ "scan --fail-on none", "--fail-on none: must be one of: info, low, medium, high, critical" },
		{ "publish --port 0", "--port 0: must be a number from 1 to 65535" },
		{ "publish --port 65536", "must be a number" },
		{ "publish --port 1x", "must be a number" },
		{ "publish --port -1", "must be a number" },
		{ "publish --port 99999999999999999999", "must be a number" },
		{ "publish --format json", "publish does not take the option --format" },
		{ "checks a b", "checks takes one argument: \"b\" is too much" },
		{ "version x", "version takes no argument: \"x\" is too much" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct pl_reason reason;
		struct pl_options o;

		if (parse(rows[i].line, &o, &reason) != PL_EXIT_USAGE || !strstr(reason.text, rows[i].sentence))
			fail_msg("%s: %s", rows[i].line, reason.text);
	}
}

/* Each option is in the help of each command that takes it, and no line is too long. */
static void help(void **state)
{
	(void)state;
	for (const struct pl_command *c = pl_commands(); c->name; c++) {
		char *text = NULL;
		size_t n = 0;
		FILE *out = open_memstream(&text, &n);

		pl_options_help(c, out);
		fclose(out);
		for (size_t i = 0; i < N_OPTIONS; i++) {
			char name[64];

			snprintf(name, sizeof(name), " --%s", all_options[i].name);
			if (all_options[i].commands & c->bit)
				assert_non_null(strstr(text, name));
		}
		for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
			assert_true(strcspn(line, "\n") <= 80);
		free(text);
	}
}

static void suggestions(void **state)
{
	static const char *const words[] = { "image-user-root", "image-user-alias", "scan" };

	(void)state;
	assert_string_equal(pl_suggest("image-user-rot", words, 3), "image-user-root");
	assert_string_equal(pl_suggest("scn", words, 3), "scan");
	assert_null(pl_suggest("publish", words, 3));
	assert_null(pl_suggest("", words, 3));
	assert_null(pl_suggest("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", words, 3));
}

static int in_folder(void **state)
{
	char *folder = strdup("/tmp/plimsoll-output-XXXXXX");

	*state = folder;
	return !folder || !mkdtemp(folder) || chdir(folder);
}

static int out_of_folder(void **state)
{
	char command[64];
	const char *const left[] = { "report.json", "link", "other" };

	for (size_t i = 0; i < 3; i++)
		unlink(left[i]);
	snprintf(command, sizeof(command), "%s", (char *)*state);
	/* fails when something was left behind */
	if (chdir("/") || rmdir(command))
		return -1;
	free(*state);
	return 0;
}

static void expect_file(const char *path, const char *text)
{
	char content[64] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_true(fread(content, 1, sizeof(content) - 1, file) < sizeof(content));
	fclose(file);
	assert_string_equal(content, text);
}

static void put_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void file_at_once(void **state)
{
	struct pl_output output;
	struct stat st;

	(void)state;
	umask(022);
	put_file("report.json", "old");
	assert_int_equal(pl_output_open(&output, "report.json"), 0);
	fputs("new", output.file);
	fflush(output.file);
	expect_file("report.json", "old");
	assert_int_equal(pl_output_commit(&output), 0);
	pl_output_close(&output);
	expect_file("report.json", "new");
	assert_int_equal(stat("report.json", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);

	/* given up half-way: the old one stays, nothing is left */
	assert_int_equal(pl_output_open(&output, "report.json"), 0);
	fputs("half", output.file);
	pl_output_close(&output);
	expect_file("report.json", "new");
}

static void link_stays_a_link(void **state)
{
	struct pl_output output;
	struct stat st;

	(void)state;
	put_file("other", "old");
	assert_int_equal(symlink("other", "link"), 0);
	assert_int_equal(pl_output_open(&output, "link"), 0);
	fputs("new", output.file);
	assert_int_equal(pl_output_commit(&output), 0);
	pl_output_close(&output);
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	expect_file("other", "new");
}

static void no_file(void **state)
{
	struct pl_output output;
	struct stat st;

	(void)state;
	assert_int_equal(pl_output_open(&output, "no/such/folder/x"), PL_EXIT_FAULT);
	pl_output_close(&output);
	assert_int_equal(pl_output_open(&output, "/"), PL_EXIT_FAULT);
	pl_output_close(&output);
	/* a device is written to, never replaced; that it is full is noticed */
	assert_int_equal(pl_output_open(&output, "/dev/full"), 0);
	fputs("x", output.file);
	assert_int_equal(pl_output_commit(&output), PL_EXIT_FAULT);
	pl_output_close(&output);
	assert_int_equal(stat("/dev/full", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted),
		cmocka_unit_test(refused),
		cmocka_unit_test(help),
		cmocka_unit_test(suggestions),
		cmocka_unit_test_setup_teardown(file_at_once, in_folder, out_of_folder),
		cmocka_unit_test_setup_teardown(link_stays_a_link, in_folder, out_of_folder),
		cmocka_unit_test_setup_teardown(no_file, in_folder, out_of_folder),
	};

	unsetenv("COLUMNS");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
