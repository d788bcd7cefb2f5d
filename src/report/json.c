/* SPDX-License-Identifier: Apache-2.0 */
/* plimsoll.report/1 as JSON: schema/plimsoll.report-1.schema.json. */
#include "report_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plimsoll_version.h"

/* All groups of the process: engines put the primary one among the supplementary ones. */
static void add_groups(struct pl_tree *tree, cJSON *parent, const struct pl_user *user)
{
	cJSON *array = pl_tree_array(tree, parent, "groups");
	bool primary = false;

	for (size_t i = 0; i < user->n_groups; i++) {
		if (!primary && user->groups[i] >= user->gid) {
			if (user->groups[i] != user->gid)
				pl_tree_number(tree, array, NULL, user->gid);
			primary = true;
		}
		pl_tree_number(tree, array, NULL, user->groups[i]);
	}
	if (!primary)
		pl_tree_number(tree, array, NULL, user->gid);
}

static void add_drops(struct pl_tree *tree, cJSON *parent, const struct pl_image_facts *image)
{
	const struct pl_entry_fact *entry = &image->entry;
	bool resolved = entry->drop_resolved && entry->drop_user.status == PL_USER_RESOLVED;
	cJSON *drops;

	if (entry->drop == PL_DROP_NONE) {
		pl_tree_null(tree, parent, "drops");
		return;
	}
	drops = pl_tree_object(tree, parent, "drops");
	pl_tree_foreign(tree, drops, "tool", entry->drop_tool);
	pl_tree_foreign(tree, drops, "where", entry->drop_where);
	pl_tree_foreign(tree, drops, "user", entry->drop_spec);
	if (resolved) {
		pl_tree_number(tree, drops, "uid", entry->drop_user.uid);
		pl_tree_number(tree, drops, "gid", entry->drop_user.gid);
	} else {
		pl_tree_null(tree, drops, "uid");
		pl_tree_null(tree, drops, "gid");
	}
	pl_tree_text(tree, drops, "by", entry->drop == PL_DROP_TOOL ? "tool" : "daemon");
}

static void add_user(struct pl_tree *tree, cJSON *parent, const struct pl_image_facts *image)
{
	static const char *const hows[] = { "default", "number", "name" };
	const struct pl_user *user = image->user_known ? &image->user[image->user_rule] : NULL;
	cJSON *object;

	if (!image->config) {
		pl_tree_null(tree, parent, "user");
		return;
	}
	object = pl_tree_object(tree, parent, "user");
	pl_tree_foreign(tree, object, "declared", image->config->user);
	if (user && user->status == PL_USER_RESOLVED) {
		pl_tree_number(tree, object, "uid", user->uid);
		pl_tree_number(tree, object, "gid", user->gid);
		add_groups(tree, object, user);
		pl_tree_text(tree, object, "how", hows[user->how]);
		pl_tree_text(tree, object, "engine", "ok");
	} else {
		pl_tree_null(tree, object, "uid");
		pl_tree_null(tree, object, "gid");
		pl_tree_null(tree, object, "groups");
		pl_tree_null(tree, object, "how");
		pl_tree_foreign(tree, object, "engine", user ? user->message : NULL);
	}
	if (image->kubelet.admitted)
		pl_tree_text(tree, object, "kubelet", "ok");
	else
		pl_tree_foreign(tree, object, "kubelet", image->kubelet.message);
	add_drops(tree, object, image);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_capabilities(struct pl_tree *tree, cJSON *parent, const char *key, uint64_t bits)
{
	const char *names[64];
	char unnamed[64][8];
	cJSON *array = pl_tree_array(tree, parent, key);
	size_t n = 0;

	for (unsigned int bit = 0; bit < 64; bit++) {
		if (!(bits >> bit & 1))
			continue;
		names[n] = pl_capability_name(bit);
		if (!names[n]) {
			snprintf(unnamed[bit], sizeof(unnamed[bit]), "CAP_%u", bit);
			names[n] = unnamed[bit];
		}
		n++;
	}
	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n; i++)
		pl_tree_text(tree, array, NULL, names[i]);
}

static void add_setid(struct pl_tree *tree, cJSON *parent, const struct pl_file_fact *files, size_t n)
{
	cJSON *array = pl_tree_array(tree, parent, "setid");

	for (size_t i = 0; i < n; i++)
		pl_tree_file(tree, array, &files[i]);
}

static void add_file_capabilities(struct pl_tree *tree, cJSON *parent, const struct pl_file_fact *files, size_t n)
{
	cJSON *array = pl_tree_array(tree, parent, "file_capabilities");

	for (size_t i = 0; i < n; i++) {
		const struct pl_file_capability *capability = files[i].capability;
		cJSON *file = pl_tree_object(tree, array, NULL);

		pl_tree_foreign(tree, file, "path", files[i].path);
		add_capabilities(tree, file, "permitted", capability ? capability->permitted : 0);
		add_capabilities(tree, file, "inheritable", capability ? capability->inheritable : 0);
		pl_tree_flag(tree, file, "effective", capability && capability->effective);
		if (capability && capability->revision == 3)
			pl_tree_number(tree, file, "root_uid", capability->root_id);
	}
}

static void add_privileges(struct pl_tree *tree, cJSON *parent, const struct pl_image_facts *image, bool brief)
{
	cJSON *object;

	if (!image->config) {
		pl_tree_null(tree, parent, "privileges");
		return;
	}
	object = pl_tree_object(tree, parent, "privileges");
	pl_tree_flag(tree, object, "complete", image->files_known);
	pl_tree_number(tree, object, "setid_count", (double)image->n_setid);
	pl_tree_number(tree, object, "file_capabilities_count", (double)image->n_file_capabilities);
	if (brief)
		return;
	add_setid(tree, object, image->setid,
		  image->n_setid < PL_MAX_REPORT_FILES ? image->n_setid : PL_MAX_REPORT_FILES);
	add_file_capabilities(tree, object, image->file_capabilities,
			      image->n_file_capabilities < PL_MAX_REPORT_FILES ? image->n_file_capabilities
									       : PL_MAX_REPORT_FILES);
}

static void add_evidence(struct pl_tree *tree, cJSON *parent, const struct pl_evidence *evidence)
{
	cJSON *object = pl_tree_object(tree, parent, "evidence");

	for (const struct pl_evidence *e = evidence; e; e = e->next) {
		switch (e->type) {
		case PL_EVIDENCE_TEXT:
			pl_tree_foreign(tree, object, e->key, e->text);
			break;
		case PL_EVIDENCE_NUMBER:
			pl_tree_number(tree, object, e->key, (double)e->number);
			break;
		case PL_EVIDENCE_FLAG:
			pl_tree_flag(tree, object, e->key, e->number);
			break;
		case PL_EVIDENCE_LIST:
			pl_tree_foreign_list(tree, object, e->key, e->list, e->n_list);
			break;
		}
	}
}

static void add_finding(struct pl_tree *tree, cJSON *array, const struct pl_finding *finding)
{
	const struct pl_check *check = finding->check;
	cJSON *object = pl_tree_object(tree, array, NULL);
	cJSON *references;

	pl_tree_text(tree, object, "check", check->id);
	pl_tree_text(tree, object, "status", pl_status_name(finding->status));
	pl_tree_text(tree, object, "severity", pl_severity_name(finding->severity));
	pl_tree_text(tree, object, "message", finding->message);
	if (finding->because)
		pl_tree_text(tree, object, "because", finding->because->id);
	if (finding->status == PL_STATUS_FAIL)
		pl_tree_text(tree, object, "remediation", finding->fix ? finding->fix : check->remedies[0].text);
	if (finding->waiver)
		pl_tree_text(tree, object, "waiver", finding->waiver);
	add_evidence(tree, object, finding->evidence);
	references = pl_tree_array(tree, object, "references");
	for (size_t i = 0; i < PL_CHECK_REFERENCES && check->references[i]; i++)
		pl_tree_text(tree, references, NULL, check->references[i]);
}

void pl_tree_subject(struct pl_tree *tree, cJSON *object, const struct pl_subject *subject, bool brief)
{
	const struct pl_image_facts *image = subject->image;
	cJSON *findings;

	pl_tree_text(tree, object, "kind", pl_subject_kind_name(subject->kind));
	pl_tree_text(tree, object, "id", *image->id ? image->id : NULL);
	pl_tree_foreign_list(tree, object, "names", image->names, image->n_names);
	pl_tree_foreign(tree, object, "store", image->store);
	pl_tree_foreign(tree, object, "platform", image->platform && *image->platform ? image->platform : NULL);
	pl_tree_text(tree, object, "manifest", image->manifest);
	pl_tree_text(tree, object, "verdict", pl_compliance_name(subject->verdict));
	add_user(tree, object, image);
	add_privileges(tree, object, image, brief);
	findings = pl_tree_array(tree, object, "findings");
	for (size_t i = 0; i < subject->n_findings; i++) {
		enum pl_status status = subject->findings[i].status;

		if (!brief || status == PL_STATUS_FAIL ||
		    (status == PL_STATUS_UNKNOWN && !subject->findings[i].because))
			add_finding(tree, findings, &subject->findings[i]);
	}
}

void pl_tree_tool(struct pl_tree *tree, cJSON *parent)
{
	cJSON *tool = pl_tree_object(tree, parent, "tool");

	pl_tree_text(tree, tool, "name", "plimsoll");
	pl_tree_text(tree, tool, "version", PLIMSOLL_VERSION);
	pl_tree_text(tree, tool, "ruleset", PLIMSOLL_RULESET);
}

static void add_head(struct pl_tree *tree, cJSON *root, const struct pl_report_head *head)
{
	struct pl_digest_text digest;
	cJSON *object;

	pl_tree_text(tree, root, "schema", PL_REPORT_SCHEMA);
	pl_tree_tool(tree, root);
	object = pl_tree_object(tree, root, "device");
	pl_tree_foreign(tree, object, "id", pl_report_device(head));
	pl_tree_foreign(tree, object, "hostname", head->host.nodename);
	pl_tree_foreign(tree, object, "arch", pl_report_arch(head));
	pl_tree_foreign(tree, object, "kernel", head->host.release);
	object = pl_tree_object(tree, root, "time");
	pl_tree_text(tree, object, "utc", head->time);
	pl_tree_text(tree, object, "quality", head->quality);
	pl_tree_text(tree, object, "boot", *head->boot ? head->boot : NULL);
	pl_tree_number(tree, object, "uptime_s", head->uptime_s);
	object = pl_tree_object(tree, root, "policy");
	pl_tree_text(tree, object, "profile", pl_profile_name(head->profile));
	pl_tree_text(tree, object, "fail_on", pl_severity_name(head->fail_on));
	pl_tree_text(tree, object, "digest", pl_digest_format(&head->policy, &digest));
}

void pl_tree_summary(struct pl_tree *tree, cJSON *object, const struct pl_summary *summary)
{
	cJSON *findings;

	pl_tree_text(tree, object, "verdict", pl_compliance_name(pl_summary_verdict(summary)));
	pl_tree_number(tree, object, "subjects", (double)summary->subjects);
	pl_tree_number(tree, object, "pass", (double)summary->pass);
	pl_tree_number(tree, object, "fail", (double)summary->fail);
	pl_tree_number(tree, object, "unknown", (double)summary->unknown);
	findings = pl_tree_object(tree, object, "findings");
	for (int severity = PL_SEVERITY_CRITICAL; severity >= PL_SEVERITY_INFO; severity--) {
		if (summary->findings[severity])
			pl_tree_number(tree, findings, pl_severity_name((enum pl_severity)severity),
				       (double)summary->findings[severity]);
	}
}

struct json_sink {
	struct pl_sink sink;
	FILE *out;
	bool has_subjects;
};

static int json_begin(struct pl_sink *sink, const struct pl_report_head *head)
{
	FILE *out = ((struct json_sink *)sink)->out;
	cJSON *root PL_CLEANUP_TREE = cJSON_CreateObject();
	struct pl_tree tree = { 0 };
	const cJSON *member;

	if (root)
		add_head(&tree, root, head);
	if (!root || tree.failed)
		return -ENOMEM;
	fputs("{\n", out);
	cJSON_ArrayForEach(member, root) {
		fprintf(out, "  \"%s\": ", member->string);
		pl_tree_print(member, 1, out);
		fputs(",\n", out);
	}
	fputs("  \"subjects\": [", out);
	return 0;
}

static int json_subject(struct pl_sink *sink, const struct pl_subject *subject)
{
	struct json_sink *json = (struct json_sink *)sink;
	cJSON *root PL_CLEANUP_TREE = cJSON_CreateObject();
	struct pl_tree tree = { 0 };

	if (root)
		pl_tree_subject(&tree, root, subject, false);
	if (!root || tree.failed)
		return -ENOMEM;
	fputs(json->has_subjects ? ",\n    " : "\n    ", json->out);
	json->has_subjects = true;
	pl_tree_print(root, 2, json->out);
	return 0;
}

static int json_end(struct pl_sink *sink, const struct pl_summary *summary)
{
	struct json_sink *json = (struct json_sink *)sink;
	cJSON *root PL_CLEANUP_TREE = cJSON_CreateObject();
	struct pl_tree tree = { 0 };

	if (root)
		pl_tree_summary(&tree, root, summary);
	if (!root || tree.failed)
		return -ENOMEM;
	fputs(json->has_subjects ? "\n  ],\n  \"summary\": " : "],\n  \"summary\": ", json->out);
	pl_tree_print(root, 1, json->out);
	fputs("\n}\n", json->out);
	return 0;
}

static void json_free(struct pl_sink *sink)
{
	free(sink);
}

int pl_sink_json_new(FILE *out, struct pl_sink **sink_out)
{
	struct json_sink *json = calloc(1, sizeof(*json));

	if (!json)
		return -ENOMEM;
	json->sink = (struct pl_sink){ json_begin, json_subject, json_end, json_free };
	json->out = out;
	*sink_out = &json->sink;
	return 0;
}

static int put_text(const cJSON *root, struct pl_buf *out)
{
	char *text = cJSON_PrintUnformatted(root);
	int r = text ? pl_buf_puts(out, text) : -ENOMEM;

	cJSON_free(text);
	return r;
}

int pl_report_subject_text(const struct pl_subject *subject, bool brief, struct pl_buf *out)
{
	cJSON *root PL_CLEANUP_TREE = cJSON_CreateObject();
	struct pl_tree tree = { 0 };

	if (root)
		pl_tree_subject(&tree, root, subject, brief);
	return root && !tree.failed ? put_text(root, out) : -ENOMEM;
}

int pl_report_posture_text(const struct pl_report_head *head, const struct pl_summary *summary, struct pl_buf *out)
{
	cJSON *root PL_CLEANUP_TREE = cJSON_CreateObject();
	struct pl_digest_text digest;
	struct pl_tree tree = { 0 };

	pl_tree_text(&tree, root, "verdict", pl_compliance_name(pl_summary_verdict(summary)));
	pl_tree_number(&tree, root, "subjects", (double)summary->subjects);
	pl_tree_number(&tree, root, "pass", (double)summary->pass);
	pl_tree_number(&tree, root, "fail", (double)summary->fail);
	pl_tree_number(&tree, root, "unknown", (double)summary->unknown);
	for (unsigned int i = 0; i < PL_SEVERITIES; i++)
		pl_tree_number(&tree, root, pl_severity_name((enum pl_severity)i), (double)summary->findings[i]);
	pl_tree_text(&tree, root, "profile", pl_profile_name(head->profile));
	pl_tree_text(&tree, root, "fail_on", pl_severity_name(head->fail_on));
	pl_tree_text(&tree, root, "policy", pl_digest_format(&head->policy, &digest));
	pl_tree_text(&tree, root, "version", PLIMSOLL_VERSION);
	pl_tree_text(&tree, root, "ruleset", PLIMSOLL_RULESET);
	pl_tree_foreign(&tree, root, "hostname", head->host.nodename);
	pl_tree_foreign(&tree, root, "arch", pl_report_arch(head));
	pl_tree_foreign(&tree, root, "kernel", head->host.release);
	pl_tree_text(&tree, root, "time", head->time);
	pl_tree_text(&tree, root, "time_quality", head->quality);
	pl_tree_number(&tree, root, "uptime_s", head->uptime_s);
	return tree.failed ? -ENOMEM : put_text(root, out);
}
