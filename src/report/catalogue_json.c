/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue as JSON. */
#include "report_internal.h"

#include <errno.h>

static void add_check(struct pl_tree *tree, cJSON *array, const struct pl_check *check)
{
	static const enum pl_profile profiles[] = { PL_PROFILE_BASELINE, PL_PROFILE_CIS, PL_PROFILE_RESTRICTED };
	cJSON *object = pl_tree_object(tree, array, NULL);
	cJSON *member;

	pl_tree_text(tree, object, "id", check->id);
	pl_tree_text(tree, object, "kind", pl_subject_kind_name(check->kind));
	pl_tree_text(tree, object, "severity", pl_severity_name(check->severity));
	member = pl_tree_array(tree, object, "profiles");
	for (size_t i = 0; i < sizeof(profiles) / sizeof(*profiles); i++) {
		if (check->profiles & profiles[i])
			pl_tree_text(tree, member, NULL, pl_profile_name(profiles[i]));
	}
	pl_tree_text(tree, object, "title", check->title);
	pl_tree_text(tree, object, "why", check->why);
	pl_tree_text(tree, object, "how", check->how);
	member = pl_tree_object(tree, object, "remediation");
	for (size_t i = 0; i < PL_CHECK_REMEDIES && check->remedies[i].where; i++)
		pl_tree_text(tree, member, check->remedies[i].where, check->remedies[i].text);
	member = pl_tree_array(tree, object, "references");
	for (size_t i = 0; i < PL_CHECK_REFERENCES && check->references[i]; i++)
		pl_tree_text(tree, member, NULL, check->references[i]);
}

int pl_report_checks(const struct pl_check *only, FILE *out)
{
	cJSON *root PL_CLEANUP_TREE = cJSON_CreateObject();
	struct pl_tree tree = { 0 };
	const struct pl_check *checks;
	cJSON *array;
	size_t n;

	pl_tree_text(&tree, root, "schema", "plimsoll.checks/1");
	pl_tree_tool(&tree, root);
	array = pl_tree_array(&tree, root, "checks");
	checks = pl_checks(&n);
	for (size_t i = 0; i < n; i++) {
		if (!only || only == &checks[i])
			add_check(&tree, array, &checks[i]);
	}
	if (tree.failed)
		return -ENOMEM;
	pl_tree_print(root, 0, out);
	fputc('\n', out);
	return 0;
}
