/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line. One row for each option, from which the parser and the help come; one row for each command.
 */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plimsoll/link.h"
#include "plimsoll/text.h"

enum { SCAN = 1 << 0, INSPECT = 1 << 1, CHECKS = 1 << 2, PUBLISH = 1 << 3, VERSION = 1 << 4 };

enum kind { SWITCH, COUNT, TEXT, NUMBER, CHOICE };

/* One word of a CHOICE. A word with the value LATER is known, but not built yet. */
struct choice {
	const char *word;
	int value;
};
#define LATER (-1)

struct option {
	const char *name;
	char letter;
	enum kind kind;
	const char *argument; /* how the help calls it */
	const char *help;
	unsigned int commands;
	size_t offset; /* of the field in struct pl_options */
	const struct choice *choices;
	unsigned int max; /* of a NUMBER; the least is 1 */
};

static const struct choice formats[] = {
	{ "table", PL_FORMAT_TABLE }, { "json", PL_FORMAT_JSON }, { "sarif", LATER }, { "junit", LATER }, { NULL, 0 },
};
static const struct choice colors[] = {
	{ "auto", PL_COLOR_AUTO },
	{ "always", PL_COLOR_ALWAYS },
	{ "never", PL_COLOR_NEVER },
	{ NULL, 0 },
};
static const struct choice severities[] = {
	{ "info", PL_SEVERITY_INFO }, { "low", PL_SEVERITY_LOW },           { "medium", PL_SEVERITY_MEDIUM },
	{ "high", PL_SEVERITY_HIGH }, { "critical", PL_SEVERITY_CRITICAL }, { NULL, 0 },
};
static const struct choice profiles[] = {
	{ "restricted", PL_PROFILE_RESTRICTED },
	{ "baseline", LATER },
	{ "cis", LATER },
	{ NULL, 0 },
};
static const struct choice kinds[] = {
	{ "images", 1 << PL_SUBJECT_IMAGE },
	{ "containers", LATER },
	{ "host", LATER },
	{ NULL, 0 },
};
static const struct choice mqtt_versions[] = {
	{ "auto", PL_LINK_MQTT_AUTO },
	{ "5", PL_LINK_MQTT_5 },
	{ "3.1.1", PL_LINK_MQTT_3_1_1 },
	{ NULL, 0 },
};

#define FIELD(field) offsetof(struct pl_options, field)
#define JUDGING (SCAN | INSPECT | PUBLISH)
#define BROKER (SCAN | PUBLISH)
#define EVERY_COMMAND (~0u)
#define HELP_INDENT 29

static const struct option all_options[] = {
	{ "format", 'f', CHOICE, "table|json", "How results are written (default: table)", SCAN | INSPECT | CHECKS,
	  FIELD(format), formats, 0 },
	{ "output", 'o', TEXT, "FILE", "Write results there, at once when complete, instead of to standard output",
	  SCAN | INSPECT | CHECKS, FIELD(output), NULL, 0 },
	{ "fail-on", 0, CHOICE, "SEVERITY",
	  "The mildest finding that fails an image: info, low, medium, high or critical "
	  "(default: medium)",
	  JUDGING, FIELD(fail_on), severities, 0 },
	{ "profile", 0, CHOICE, "NAME", "Which checks apply: restricted (default)", JUDGING, FIELD(profile), profiles,
	  0 },
	{ "only", 0, CHOICE, "KIND", "Judge only this kind of subject: images", SCAN | PUBLISH, FIELD(only), kinds, 0 },
	{ "root", 0, TEXT, "DIR", "Look for stores below DIR: a mounted disk, a backup", JUDGING, FIELD(root), NULL,
	  0 },
	{ "no-verify", 0, SWITCH, NULL, "Do not hold layers against their digests", JUDGING, FIELD(no_verify), NULL,
	  0 },
	{ "device", 0, TEXT, "ID", "The device id in the report (default: the host's name)", JUDGING, FIELD(device),
	  NULL, 0 },
	{ "publish", 0, SWITCH, NULL, "Publish the results as well, as `plimsoll publish` does", SCAN, FIELD(publish),
	  NULL, 0 },
	{ "host", 0, TEXT, "NAME", "The MQTT broker", BROKER, FIELD(host), NULL, 0 },
	{ "port", 'p', NUMBER, "N", "Its port (default: 8883)", BROKER, FIELD(port), NULL, 65535 },
	{ "cafile", 0, TEXT, "FILE", "The roots that the broker's certificate may end at (PEM)", BROKER, FIELD(ca_file),
	  NULL, 0 },
	{ "cert", 0, TEXT, "FILE", "This device's certificate (PEM); its CN is the device id", BROKER, FIELD(cert_file),
	  NULL, 0 },
	{ "key", 0, TEXT, "FILE", "This device's private key (PEM)", BROKER, FIELD(key_file), NULL, 0 },
	{ "tls-alpn", 0, TEXT, "NAME", "The protocol to ask for in the TLS handshake", BROKER, FIELD(alpn), NULL, 0 },
	{ "topic-root", 0, TEXT, "NAME", "What topics begin with (default: plimsoll)", BROKER, FIELD(topic_root), NULL,
	  0 },
	{ "mqtt", 0, CHOICE, "VERSION", "MQTT version: auto, 5 or 3.1.1 (default: auto)", BROKER, FIELD(mqtt_version),
	  mqtt_versions, 0 },
	{ "timeout", 0, NUMBER, "SECONDS", "How long the broker may take for one step (default: 20)", BROKER,
	  FIELD(timeout_s), NULL, 3600 },
	{ "color", 0, CHOICE, "WHEN", "auto (default), always or never; NO_COLOR is honoured",
	  SCAN | INSPECT | CHECKS | PUBLISH, FIELD(color), colors, 0 },
	{ "no-progress", 0, SWITCH, NULL, "Say nothing on the terminal while at work", JUDGING, FIELD(no_progress),
	  NULL, 0 },
	{ "verbose", 'v', COUNT, NULL, "Say more: also what does not weigh; twice: what happens", EVERY_COMMAND,
	  FIELD(verbose), NULL, 0 },
	{ "help", 'h', SWITCH, NULL, "This help", EVERY_COMMAND, FIELD(help), NULL, 0 },
};
#define N_OPTIONS (sizeof(all_options) / sizeof(*all_options))

static const char target_help[] = "TARGET is docker:[ROOT], docker:[ROOT]NAME, oci:PATH[:TAG], or a bare NAME, which "
				  "is looked up in every store found. Without a target every store of this machine is "
				  "judged.\n\nExit codes: 0 all compliant; 1 a finding at or above --fail-on; 2 wrong "
				  "usage; 3 nothing failed but something is unknown; 4 a fault of plimsoll or the "
				  "system.";

static const struct pl_command commands[] = {
	{ "scan", SCAN, "[TARGET...]", "Judge images, now", target_help, UINT32_MAX, pl_cmd_scan },
	{ "inspect", INSPECT, "TARGET", "One image in full: config, layers, user, entry point, what it keeps",
	  target_help, 1, pl_cmd_inspect },
	{ "checks", CHECKS, "[ID]", "The catalogue of checks, or one check explained", NULL, 1, pl_cmd_checks },
	{ "publish", PUBLISH, "[TARGET...]", "Scan once and publish over MQTT with TLS", target_help, UINT32_MAX,
	  pl_cmd_publish },
	{ "version", VERSION, "", "Version, ruleset and schema", NULL, 0, pl_cmd_version },
	{ NULL, 0, NULL, NULL, NULL, 0, NULL },
};

const struct pl_command *pl_commands(void)
{
	return commands;
}

static const struct pl_command *find_command(const char *name, struct pl_reason *reason)
{
	const char *names[sizeof(commands) / sizeof(*commands)];
	const char *meant;
	size_t n = 0;

	for (const struct pl_command *c = commands; c->name; c++) {
		if (!strcmp(c->name, name))
			return c;
		names[n++] = c->name;
	}
	meant = pl_suggest(name, names, n);
	pl_reason_set(reason, "there is no command \"%s\"%s%s%s", pl_escape_str(&(struct pl_escaped){ 0 }, name),
		      meant ? "; did you mean " : "; see plimsoll --help", meant ? meant : "", meant ? "?" : "");
	return NULL;
}

static const struct option *find_option(const char *name, size_t n, char letter, const struct pl_command *command)
{
	for (size_t i = 0; i < N_OPTIONS; i++) {
		const struct option *o = &all_options[i];

		if (!(o->commands & command->bit))
			continue;
		if (letter ? o->letter == letter : strlen(o->name) == n && !memcmp(o->name, name, n))
			return o;
	}
	return NULL;
}

static int refuse_option(const char *given, const struct pl_command *command, struct pl_reason *reason)
{
	const char *names[N_OPTIONS];
	const char *meant = NULL;
	size_t n = 0;

	for (size_t i = 0; i < N_OPTIONS; i++) {
		if (all_options[i].commands & command->bit)
			names[n++] = all_options[i].name;
	}
	if (given[1] == '-')
		meant = pl_suggest(given + 2, names, n);
	pl_reason_set(reason, "%s does not take the option %s%s%s%s", command->name,
		      pl_escape_str(&(struct pl_escaped){ 0 }, given), meant ? "; did you mean --" : "; see plimsoll ",
		      meant ? meant : command->name, meant ? "?" : " --help");
	return PL_EXIT_USAGE;
}

static int set_choice(const struct option *o, const char *value, int *field, struct pl_reason *reason)
{
	char words[128] = "";

	for (const struct choice *c = o->choices; c->word; c++) {
		if (c->value != LATER) {
			strncat(words, *words ? ", " : "", sizeof(words) - strlen(words) - 1);
			strncat(words, c->word, sizeof(words) - strlen(words) - 1);
		}
	}
	for (const struct choice *c = o->choices; c->word; c++) {
		if (strcmp(c->word, value))
			continue;
		if (c->value == LATER) {
			pl_reason_set(reason, "--%s %s is not yet there; this version has: %s", o->name, value, words);
			return PL_EXIT_USAGE;
		}
		*field = c->value;
		return 0;
	}
	pl_reason_set(reason, "--%s %s: must be one of: %s", o->name, pl_escape_str(&(struct pl_escaped){ 0 }, value),
		      words);
	return PL_EXIT_USAGE;
}

static int set_number(const struct option *o, const char *value, unsigned int *field, struct pl_reason *reason)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || errno || number < 1 || number > o->max) {
		pl_reason_set(reason, "--%s %s: must be a number from 1 to %u", o->name,
			      pl_escape_str(&(struct pl_escaped){ 0 }, value), o->max);
		return PL_EXIT_USAGE;
	}
	*field = (unsigned int)number;
	return 0;
}

static int set_option(const struct option *o, const char *value, struct pl_options *out, struct pl_reason *reason)
{
	void *field = (char *)out + o->offset;

	switch (o->kind) {
	case SWITCH:
		*(bool *)field = true;
		return 0;
	case COUNT:
		++*(unsigned int *)field;
		return 0;
	case TEXT:
		if (!*value) {
			pl_reason_set(reason, "--%s needs a value that is not empty", o->name);
			return PL_EXIT_USAGE;
		}
		*(const char **)field = value;
		return 0;
	case NUMBER:
		return set_number(o, value, field, reason);
	case CHOICE:
		return set_choice(o, value, field, reason);
	}
	return 0;
}

static bool takes_value(const struct option *o)
{
	return o->kind != SWITCH && o->kind != COUNT;
}

/* One "--name", "--name=value" or "--name value". *i moves on when the next word was the value. */
static int parse_long(int argc, char **argv, int *i, struct pl_options *out, struct pl_reason *reason)
{
	const char *name = argv[*i] + 2;
	const char *equals = strchr(name, '=');
	const struct option *o = find_option(name, equals ? (size_t)(equals - name) : strlen(name), 0, out->command);
	const char *value = equals ? equals + 1 : NULL;

	if (!o)
		return refuse_option(argv[*i], out->command, reason);
	if (!takes_value(o) && value) {
		pl_reason_set(reason, "--%s takes no value", o->name);
		return PL_EXIT_USAGE;
	}
	if (takes_value(o) && !value) {
		if (*i + 1 >= argc) {
			pl_reason_set(reason, "--%s needs a value: %s", o->name, o->argument);
			return PL_EXIT_USAGE;
		}
		value = argv[++*i];
	}
	return set_option(o, value, out, reason);
}

/* "-v", "-vv", "-f json", "-fjson". */
static int parse_short(int argc, char **argv, int *i, struct pl_options *out, struct pl_reason *reason)
{
	for (const char *at = argv[*i] + 1; *at; at++) {
		const struct option *o = find_option(NULL, 0, *at, out->command);
		const char *value = NULL;
		int r;

		if (!o)
			return refuse_option(argv[*i], out->command, reason);
		if (takes_value(o)) {
			value = at[1] ? at + 1 : *i + 1 < argc ? argv[++*i] : NULL;
			if (!value) {
				pl_reason_set(reason, "-%c needs a value: %s", o->letter, o->argument);
				return PL_EXIT_USAGE;
			}
		}
		r = set_option(o, value, out, reason);
		if (r || value)
			return r;
	}
	return 0;
}

int pl_options_parse(int argc, char **argv, struct pl_options *out, struct pl_reason *reason)
{
	const struct pl_link_config link = PL_LINK_CONFIG_INIT;
	bool ended = false;
	int r = 0;

	*out = (struct pl_options){
		.fail_on = PL_SEVERITY_MEDIUM,
		.profile = PL_PROFILE_RESTRICTED,
		.only = ~0,
		.root = "/",
		.port = link.port,
		.topic_root = link.root,
		.timeout_s = link.timeout_ms / 1000,
	};
	if (argc < 2) {
		pl_reason_set(reason, "which command? See plimsoll --help");
		return PL_EXIT_USAGE;
	}
	out->command = find_command(argv[1], reason);
	if (!out->command)
		return PL_EXIT_USAGE;
	out->arguments = argv + 2;
	for (int i = 2; i < argc && !r; i++) {
		char *word = argv[i];

		if (!ended && !strcmp(word, "--"))
			ended = true;
		else if (!ended && word[0] == '-' && word[1] == '-')
			r = parse_long(argc, argv, &i, out, reason);
		else if (!ended && word[0] == '-' && word[1])
			r = parse_short(argc, argv, &i, out, reason);
		else
			out->arguments[out->n_arguments++] = word;
	}
	if (!r && !out->help && out->n_arguments > out->command->max_arguments) {
		pl_reason_set(reason, "%s takes %s: \"%s\" is too much; see plimsoll %s --help", out->command->name,
			      out->command->max_arguments ? "one argument" : "no argument",
			      pl_escape_str(&(struct pl_escaped){ 0 }, out->arguments[out->command->max_arguments]),
			      out->command->name);
		r = PL_EXIT_USAGE;
	}
	return r;
}

/* Beside the `n` columns that are taken, or below them when they reach too far. */
static void help_text(const char *text, int n, unsigned int columns, FILE *out)
{
	if (n > HELP_INDENT) {
		fputc('\n', out);
		n = 0;
	}
	pl_print_wrapped(out, text, HELP_INDENT, n < 0 ? 0 : (unsigned int)n, columns);
}

static void help_of_option(const struct option *o, unsigned int columns, FILE *out)
{
	const char letter[] = { '-', o->letter, ',', 0 };
	int n = fprintf(out, "  %-3s --%s%s%s ", o->letter ? letter : "", o->name, o->argument ? " " : "",
			o->argument ? o->argument : "");

	help_text(o->help, n, columns, out);
}

void pl_options_help(const struct pl_command *command, FILE *out)
{
	unsigned int columns = pl_terminal_columns(out);

	if (!columns || columns > 100)
		columns = columns ? 100 : 80;
	if (!command) {
		fputs("plimsoll: does each container image on this machine run without root?\n\n"
		      "usage: plimsoll COMMAND [OPTION...]\n\n",
		      out);
		for (const struct pl_command *c = commands; c->name; c++) {
			int n = fprintf(out, "  %s %s ", c->name, c->arguments);

			help_text(c->purpose, n, columns, out);
		}
		fputs("\nplimsoll COMMAND --help tells the options of a command.\n", out);
		return;
	}
	fprintf(out, "%s\n\nusage: plimsoll %s [OPTION...]%s%s\n\n", command->purpose, command->name,
		*command->arguments ? " " : "", command->arguments);
	for (size_t i = 0; i < N_OPTIONS; i++) {
		if (all_options[i].commands & command->bit)
			help_of_option(&all_options[i], columns, out);
	}
	if (command->details) {
		fputc('\n', out);
		pl_print_wrapped(out, command->details, 0, 0, columns);
	}
}
