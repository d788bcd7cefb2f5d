/* SPDX-License-Identifier: Apache-2.0 */
/* How a check answers. */
#include "check_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "plimsoll/text.h"

__attribute__((format(printf, 2, 0))) static const char *format_text(struct pl_judging *judging, const char *format,
								     va_list args)
{
	struct pl_reason sentence = { 0 };
	char *text;

	pl_reason_vset(&sentence, format, args);
	text = pl_arena_strdup(judging->arena, sentence.text);
	if (!text)
		judging->error = -ENOMEM;
	return text ? text : "";
}

void pl_say(struct pl_judging *judging, enum pl_status status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	judging->finding->message = format_text(judging, format, args);
	va_end(args);
	judging->finding->status = status;
}

void pl_say_fail(struct pl_judging *judging, enum pl_severity severity, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	judging->finding->message = format_text(judging, format, args);
	va_end(args);
	judging->finding->status = PL_STATUS_FAIL;
	judging->finding->severity = severity;
}

void pl_say_fix(struct pl_judging *judging, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	judging->finding->fix = format_text(judging, format, args);
	va_end(args);
}

void pl_say_unknown_as(struct pl_judging *judging, const char *id, const char *reason)
{
	const struct pl_check *cause = pl_check_find(id);

	pl_say(judging, PL_STATUS_UNKNOWN, "%s", reason);
	if (cause != judging->finding->check)
		judging->finding->because = cause;
}

const char *pl_part(struct pl_judging *judging, const char *format, ...)
{
	const char *text;
	va_list args;

	va_start(args, format);
	text = format_text(judging, format, args);
	va_end(args);
	return text;
}

const char *pl_shown(struct pl_judging *judging, const char *text)
{
	struct pl_escaped escaped;

	return pl_part(judging, "%s", pl_escape_str(&escaped, text));
}

const char **pl_items(struct pl_judging *judging, size_t n)
{
	const char **items = pl_arena_calloc(judging->arena, n, sizeof(*items));

	if (!items)
		judging->error = -ENOMEM;
	return items;
}

/* Puts one more piece of evidence where its key belongs. */
static struct pl_evidence *add_evidence(struct pl_judging *judging, const char *key, enum pl_evidence_type type)
{
	struct pl_evidence **at = &judging->finding->evidence;
	struct pl_evidence *evidence = pl_arena_alloc(judging->arena, sizeof(*evidence));

	if (!evidence) {
		judging->error = -ENOMEM;
		return &judging->spare;
	}
	while (*at && strcmp((*at)->key, key) < 0)
		at = &(*at)->next;
	*evidence = (struct pl_evidence){ .key = key, .type = type, .next = *at };
	*at = evidence;
	return evidence;
}

void pl_evidence_text(struct pl_judging *judging, const char *key, const char *text)
{
	add_evidence(judging, key, PL_EVIDENCE_TEXT)->text = text;
}

void pl_evidence_number(struct pl_judging *judging, const char *key, int64_t number)
{
	add_evidence(judging, key, PL_EVIDENCE_NUMBER)->number = number;
}

void pl_evidence_flag(struct pl_judging *judging, const char *key, bool flag)
{
	add_evidence(judging, key, PL_EVIDENCE_FLAG)->number = flag;
}

void pl_evidence_list(struct pl_judging *judging, const char *key, const char *const *list, size_t n)
{
	struct pl_evidence *evidence = add_evidence(judging, key, PL_EVIDENCE_LIST);

	evidence->list = list;
	evidence->n_list = n;
}
