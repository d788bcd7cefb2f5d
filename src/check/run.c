/* SPDX-License-Identifier: Apache-2.0 */
/* All checks put to one subject, and what their answers make together. */
#include "check_internal.h"

#include <errno.h>

#include "plimsoll/buf.h"

/* What a check that ran out of memory said may lack anything: only that something is wrong can be relied on. */
static void distrust(struct pl_finding *finding)
{
	if (finding->status != PL_STATUS_FAIL)
		finding->status = PL_STATUS_UNKNOWN;
	finding->message = "there is not enough memory for its findings";
	finding->fix = finding->waiver = NULL;
	finding->evidence = NULL;
}

int pl_check_image(const struct pl_image_facts *image, enum pl_profile profile, struct pl_arena *arena,
		   const struct pl_finding **findings_out, size_t *n_out)
{
	struct pl_judging judging = { .image = image, .arena = arena };
	const struct pl_check *checks;
	struct pl_finding *findings;
	size_t n, n_findings = 0;
	int r = 0;

	checks = pl_checks(&n);
	findings = pl_arena_calloc(arena, n, sizeof(*findings));
	if (!findings)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (checks[i].kind != PL_SUBJECT_IMAGE || !(checks[i].profiles & profile))
			continue;
		judging.finding = &findings[n_findings++];
		*judging.finding = (struct pl_finding){ .check = &checks[i], .severity = checks[i].severity };
		judging.error = 0;
		if (image->unreadable)
			pl_say_unknown_as(&judging, "image-unreadable", image->unreadable);
		else
			checks[i].judge(&judging);
		if (judging.error)
			distrust(judging.finding);
		r = judging.error ? judging.error : r;
	}
	*findings_out = findings;
	*n_out = n_findings;
	return r;
}

enum pl_compliance pl_judge_findings(const struct pl_finding *findings, size_t n, enum pl_severity fail_on)
{
	enum pl_compliance verdict = PL_COMPLIANT;

	for (size_t i = 0; i < n; i++) {
		if (findings[i].status == PL_STATUS_FAIL && findings[i].severity >= fail_on)
			return PL_VIOLATES;
		if (findings[i].status == PL_STATUS_UNKNOWN)
			verdict = PL_UNDECIDED;
	}
	return verdict;
}

int pl_policy_digest(enum pl_profile profile, enum pl_severity fail_on, struct pl_digest *out)
{
	struct pl_buf text PL_CLEANUP_BUF = { .max = 64 << 10 };
	const struct pl_check *checks;
	size_t n;
	int r;

	checks = pl_checks(&n);
	r = pl_buf_printf(&text, "profile %s\nfail-on %s\n", pl_profile_name(profile), pl_severity_name(fail_on));
	for (size_t i = 0; i < n && !r; i++) {
		if (checks[i].profiles & profile)
			r = pl_buf_printf(&text, "%s %s\n", checks[i].id, pl_severity_name(checks[i].severity));
	}
	return r ? r : pl_digest_bytes(PL_DIGEST_SHA256, text.data, text.len, out);
}
