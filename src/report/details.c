/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One image in full as JSON. Values of the environment are left out but for PATH: they are where people put secrets.
 */
#include "report_internal.h"

#include <errno.h>
#include <string.h>

#include "plimsoll/text.h"

static void add_config(struct pl_tree *tree, cJSON *parent, const struct pl_image_config *config)
{
	cJSON *object, *member;

	if (!config) {
		pl_tree_null(tree, parent, "config");
		return;
	}
	object = pl_tree_object(tree, parent, "config");
	pl_tree_foreign(tree, object, "created", *config->created ? config->created : NULL);
	pl_tree_foreign(tree, object, "user", config->user);
	pl_tree_foreign(tree, object, "working_dir", config->working_dir);
	pl_tree_foreign_list(tree, object, "entrypoint", config->entrypoint, config->n_entrypoint);
	pl_tree_foreign_list(tree, object, "cmd", config->cmd, config->n_cmd);
	pl_tree_foreign_list(tree, object, "exposed_ports", config->exposed_ports, config->n_exposed_ports);
	pl_tree_foreign_list(tree, object, "volumes", config->volumes, config->n_volumes);
	pl_tree_foreign_list(tree, object, "healthcheck", config->healthcheck, config->n_healthcheck);
	member = pl_tree_array(tree, object, "environment");
	for (size_t i = 0; i < config->n_env; i++) {
		size_t n = strcspn(config->env[i], "=");
		char name[256];

		snprintf(name, sizeof(name), "%.*s", (int)n, config->env[i]);
		pl_tree_foreign(tree, member, NULL, strcmp(name, "PATH") ? name : config->env[i]);
	}
	member = pl_tree_object(tree, object, "labels");
	for (size_t i = 0; i < config->n_labels; i++) {
		struct pl_escaped key;
		cJSON *value = cJSON_CreateString(pl_escape_str(&key, config->labels[i].value));

		if (!value || !cJSON_AddItemToObject(member, pl_escape_str(&key, config->labels[i].key), value)) {
			cJSON_Delete(value);
			tree->failed = true;
		}
	}
	pl_tree_flag(tree, object, "user_repeated", config->user_repeated);
	pl_tree_flag(tree, object, "string_command", config->string_command);
}

/* Bottom first. The history has entries without a layer between the others, and may be shorter than the layers. */
static void add_layers(struct pl_tree *tree, cJSON *parent, const struct pl_image_config *config)
{
	cJSON *array = pl_tree_array(tree, parent, "layers");
	size_t h = 0;

	for (size_t i = 0; config && i < config->n_diff_ids; i++) {
		cJSON *layer = pl_tree_object(tree, array, NULL);
		struct pl_digest_text digest;

		while (h < config->n_history && config->history[h].empty_layer)
			h++;
		pl_tree_text(tree, layer, "diff_id", pl_digest_format(&config->diff_ids[i], &digest));
		pl_tree_foreign(tree, layer, "created_by",
				h < config->n_history ? config->history[h].created_by : NULL);
		h += h < config->n_history;
	}
}

static void add_users(struct pl_tree *tree, cJSON *parent, const struct pl_image_facts *image)
{
	cJSON *array = pl_tree_array(tree, parent, "users");

	for (unsigned int i = 0; image->user_known && i < PL_USER_RULES; i++) {
		const struct pl_user *user = &image->user[i];
		cJSON *object = pl_tree_object(tree, array, NULL);
		cJSON *groups;

		pl_tree_text(tree, object, "rule", pl_user_rule_name((enum pl_user_rule)i));
		pl_tree_flag(tree, object, "decides", i == (unsigned int)image->user_rule);
		if (user->status == PL_USER_REFUSED) {
			pl_tree_foreign(tree, object, "refusal", user->message);
			continue;
		}
		pl_tree_number(tree, object, "uid", user->uid);
		pl_tree_number(tree, object, "gid", user->gid);
		groups = pl_tree_array(tree, object, "groups");
		for (size_t k = 0; k < user->n_groups; k++)
			pl_tree_number(tree, groups, NULL, user->groups[k]);
		pl_tree_foreign(tree, object, "line", user->line);
	}
}

static void add_files(struct pl_tree *tree, cJSON *parent, const char *key, const struct pl_file_fact *files, size_t n)
{
	cJSON *array = pl_tree_array(tree, parent, key);

	for (size_t i = 0; i < n && i < PL_MAX_REPORT_FILES; i++)
		pl_tree_file(tree, array, &files[i]);
}

static void add_entry(struct pl_tree *tree, cJSON *parent, const struct pl_entry_fact *entry)
{
	static const char *const states[] = { "none", "found", "absent", "unknown" };
	cJSON *object = pl_tree_object(tree, parent, "entry_point");

	pl_tree_foreign_list(tree, object, "argv", entry->argv, entry->n_argv);
	pl_tree_text(tree, object, "state", states[entry->state]);
	pl_tree_text(tree, object, "unknown", entry->unknown);
	pl_tree_foreign(tree, object, "path", entry->path);
	pl_tree_foreign(tree, object, "target", entry->target);
	pl_tree_flag(tree, object, "script", entry->script);
	add_files(tree, object, "code", entry->code, entry->n_code);
}

int pl_report_details(const struct pl_subject *subject, FILE *out)
{
	cJSON *root PL_CLEANUP_TREE = cJSON_CreateObject();
	const struct pl_image_facts *image = subject->image;
	struct pl_tree tree = { 0 };

	pl_tree_text(&tree, root, "schema", "plimsoll.inspect/1");
	pl_tree_tool(&tree, root);
	pl_tree_subject(&tree, pl_tree_object(&tree, root, "subject"), subject, false);
	add_config(&tree, root, image->config);
	add_layers(&tree, root, image->config);
	add_users(&tree, root, image);
	add_entry(&tree, root, &image->entry);
	add_files(&tree, root, "devices", image->devices, image->n_devices);
	add_files(&tree, root, "path_writable", image->path_writable, image->n_path_writable);
	if (tree.failed)
		return -ENOMEM;
	pl_tree_print(root, 0, out);
	fputc('\n', out);
	return 0;
}
