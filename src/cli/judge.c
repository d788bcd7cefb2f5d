/* SPDX-License-Identifier: Apache-2.0 */
/* One image from what the arguments name to its verdict. */
#include "cli.h"

#include <string.h>

#include "plimsoll/scan.h"
#include "plimsoll/verdict.h"

/* Sentences and evidence of one image: 30 KiB, more only with thousands of uid-0 accounts. */
#define FINDINGS_BYTES ((size_t)1 << 20)

/* A subject of which only the name is known. */
static void set_unreadable(struct pl_judged *judged, const struct pl_found *found, const char *why)
{
	struct pl_image_facts *facts = &judged->facts;
	const char *id = *facts->id ? facts->id : "";

	judged->name[0] = found->label;
	*facts = (struct pl_image_facts){
		.id = id,
		.names = found->ref ? found->ref->names : judged->name,
		.n_names = found->ref ? found->ref->n_names : 1,
		.store = found->label,
		.platform = "",
		.unreadable = why,
	};
}

static int gather(const struct pl_options *options, const struct pl_found *found, struct pl_judged *judged)
{
	const struct pl_scan_options how = { .no_verify = options->no_verify };
	int r;

	judged->facts = (struct pl_image_facts){ .id = "" };
	if (!found->ref) {
		set_unreadable(judged, found, found->problem);
		return 0;
	}
	r = pl_scan_image(found->store, found->ref, &how, &judged->arena, &judged->facts);
	if (r < 0)
		set_unreadable(judged, found, "there is not enough memory for it");
	return r > 0 ? r : 0;
}

int pl_judge(const struct pl_options *options, const struct pl_found *found, struct pl_judged *judged)
{
	struct pl_subject *subject = &judged->subject;
	int r;

	pl_judged_deinit(judged);
	pl_arena_init(&judged->arena, PL_MAX_SUBJECT_ARENA);
	pl_arena_init(&judged->findings, FINDINGS_BYTES);
	r = gather(options, found, judged);
	if (r)
		return r;
	*subject = (struct pl_subject){ .kind = PL_SUBJECT_IMAGE, .image = &judged->facts };
	r = pl_check_image(&judged->facts, (enum pl_profile)options->profile, &judged->findings, &subject->findings,
			   &subject->n_findings);
	subject->verdict =
		pl_judge_findings(subject->findings, subject->n_findings, (enum pl_severity)options->fail_on);
	/* findings that found no room must not make a pass of it */
	if (r < 0 && subject->verdict == PL_COMPLIANT)
		subject->verdict = PL_UNDECIDED;
	return 0;
}

void pl_judged_deinit(struct pl_judged *judged)
{
	pl_arena_deinit(&judged->arena);
	pl_arena_deinit(&judged->findings);
}
