/* SPDX-License-Identifier: Apache-2.0 */
/* JSON trees as this folder builds them. */
#pragma once

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

#include "plimsoll/report.h"

/*
 * A tree under construction. What there is no memory for is left out and `failed` set, so that only the end need look.
 * Keys are string constants. `parent` may be null: then nothing is done.
 */
struct pl_tree {
	bool failed;
};

/* `key` null: the parent is an array. */
cJSON *pl_tree_object(struct pl_tree *tree, cJSON *parent, const char *key);
cJSON *pl_tree_array(struct pl_tree *tree, cJSON *parent, const char *key);
/* Our own words, which are UTF-8; null gives null. */
void pl_tree_text(struct pl_tree *tree, cJSON *parent, const char *key, const char *text);
/* An image author's bytes, in the form of pl_escape and of any length; null gives null. */
void pl_tree_foreign(struct pl_tree *tree, cJSON *parent, const char *key, const char *bytes);
/* A file with its mode and owner, into an array. */
void pl_tree_file(struct pl_tree *tree, cJSON *array, const struct pl_file_fact *fact);
void pl_tree_number(struct pl_tree *tree, cJSON *parent, const char *key, double number);
void pl_tree_flag(struct pl_tree *tree, cJSON *parent, const char *key, bool flag);
void pl_tree_null(struct pl_tree *tree, cJSON *parent, const char *key);
/* A list of an image author's strings. */
void pl_tree_foreign_list(struct pl_tree *tree, cJSON *parent, const char *key, const char *const *list, size_t n);

void pl_tree_free(cJSON **root);
#define PL_CLEANUP_TREE __attribute__((cleanup(pl_tree_free)))

/* Prints a tree for people, as if `depth` levels deep; no line break at the end. */
void pl_tree_print(const cJSON *item, unsigned int depth, FILE *out);

/* What several reports have: a subject, and the members "tool" and "policy". */
void pl_tree_subject(struct pl_tree *tree, cJSON *object, const struct pl_subject *subject, bool brief);
void pl_tree_tool(struct pl_tree *tree, cJSON *parent);
void pl_tree_summary(struct pl_tree *tree, cJSON *object, const struct pl_summary *summary);
