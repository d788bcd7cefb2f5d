/* SPDX-License-Identifier: Apache-2.0 */
/* JSON trees: building them without a test at every step, and printing them for people. */
#include "report_internal.h"

#include <string.h>

#include "plimsoll/text.h"

/* A container of plain values goes on one line when they are no longer than this together. */
#define ONE_LINE_BYTES 400
/* A piece of foreign text that pl_escape never has to cut: each byte can become four. */
#define ESCAPE_PIECE ((PL_ESCAPED_BYTES - 4) / 4)
/* The longest foreign text: a whole path, a whole passwd line. */
#define FOREIGN_BYTES ((size_t)256 << 10)

static cJSON *add(struct pl_tree *tree, cJSON *parent, const char *key, cJSON *item)
{
	bool added = parent && item &&
		     (key ? cJSON_AddItemToObjectCS(parent, key, item) : cJSON_AddItemToArray(parent, item));

	if (added)
		return item;
	cJSON_Delete(item);
	tree->failed = true;
	return NULL;
}

cJSON *pl_tree_object(struct pl_tree *tree, cJSON *parent, const char *key)
{
	return add(tree, parent, key, cJSON_CreateObject());
}

cJSON *pl_tree_array(struct pl_tree *tree, cJSON *parent, const char *key)
{
	return add(tree, parent, key, cJSON_CreateArray());
}

void pl_tree_text(struct pl_tree *tree, cJSON *parent, const char *key, const char *text)
{
	add(tree, parent, key, text ? cJSON_CreateString(text) : cJSON_CreateNull());
}

/* How many bytes from the start can be escaped on their own, without tearing a character apart. */
static size_t piece(const char *bytes, size_t n)
{
	size_t take = ESCAPE_PIECE;

	if (n <= take)
		return n;
	for (int i = 0; i < 3 && ((unsigned char)bytes[take] & 0xc0) == 0x80; i++)
		take--;
	return take;
}

void pl_tree_foreign(struct pl_tree *tree, cJSON *parent, const char *key, const char *bytes)
{
	struct pl_buf text PL_CLEANUP_BUF = { .max = FOREIGN_BYTES };
	struct pl_escaped escaped;
	size_t n = bytes ? strlen(bytes) : 0;

	if (!bytes || n <= ESCAPE_PIECE) {
		pl_tree_text(tree, parent, key, bytes ? pl_escape(&escaped, bytes, n) : NULL);
		return;
	}
	while (n) {
		size_t take = piece(bytes, n);

		if (pl_buf_puts(&text, pl_escape(&escaped, bytes, take)) < 0) {
			tree->failed |= text.len < FOREIGN_BYTES - PL_ESCAPED_BYTES;
			break;
		}
		bytes += take;
		n -= take;
	}
	pl_tree_text(tree, parent, key, (const char *)text.data);
}

void pl_tree_number(struct pl_tree *tree, cJSON *parent, const char *key, double number)
{
	add(tree, parent, key, cJSON_CreateNumber(number));
}

void pl_tree_file(struct pl_tree *tree, cJSON *array, const struct pl_file_fact *fact)
{
	cJSON *file = pl_tree_object(tree, array, NULL);
	char mode[8];

	snprintf(mode, sizeof(mode), "%04o", fact->mode & 07777);
	pl_tree_foreign(tree, file, "path", fact->path);
	pl_tree_text(tree, file, "mode", mode);
	pl_tree_number(tree, file, "uid", fact->uid);
	pl_tree_number(tree, file, "gid", fact->gid);
}

void pl_tree_flag(struct pl_tree *tree, cJSON *parent, const char *key, bool flag)
{
	add(tree, parent, key, cJSON_CreateBool(flag));
}

void pl_tree_null(struct pl_tree *tree, cJSON *parent, const char *key)
{
	add(tree, parent, key, cJSON_CreateNull());
}

void pl_tree_foreign_list(struct pl_tree *tree, cJSON *parent, const char *key, const char *const *list, size_t n)
{
	cJSON *array = pl_tree_array(tree, parent, key);

	for (size_t i = 0; i < n; i++)
		pl_tree_foreign(tree, array, NULL, list[i]);
}

void pl_tree_free(cJSON **root)
{
	cJSON_Delete(*root);
	*root = NULL;
}

static void print_string(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fputc('\\', out);
		if (c < 0x20)
			fprintf(out, "\\u%04x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

static void print_number(double number, FILE *out)
{
	if (number >= -1e15 && number <= 1e15 && (double)(long long)number == number)
		fprintf(out, "%lld", (long long)number);
	else
		fprintf(out, "%.15g", number);
}

static bool fits_one_line(const cJSON *item)
{
	const cJSON *child;
	size_t n = 0;

	cJSON_ArrayForEach(child, item) {
		if (cJSON_IsArray(child) || cJSON_IsObject(child))
			return false;
		n += cJSON_IsString(child) ? strlen(child->valuestring) : 8;
	}
	return n <= ONE_LINE_BYTES;
}

/* Goes as deep as this folder builds, which is seven levels. */
static void print_container(const cJSON *item, unsigned int depth, FILE *out)
{
	const char *brackets = cJSON_IsObject(item) ? "{}" : "[]";
	bool flat = fits_one_line(item);
	const cJSON *child;

	fputc(brackets[0], out);
	cJSON_ArrayForEach(child, item) {
		if (child != item->child)
			fputc(',', out);
		if (!flat)
			fprintf(out, "\n%*s", (int)(2 * depth + 2), "");
		else if (child != item->child || cJSON_IsObject(item))
			fputc(' ', out);
		if (cJSON_IsObject(item)) {
			print_string(child->string, out);
			fputs(": ", out);
		}
		pl_tree_print(child, depth + 1, out);
	}
	if (item->child && !flat)
		fprintf(out, "\n%*s", (int)(2 * depth), "");
	else if (item->child && cJSON_IsObject(item))
		fputc(' ', out);
	fputc(brackets[1], out);
}

void pl_tree_print(const cJSON *item, unsigned int depth, FILE *out)
{
	if (cJSON_IsArray(item) || cJSON_IsObject(item))
		print_container(item, depth, out);
	else if (cJSON_IsString(item))
		print_string(item->valuestring, out);
	else if (cJSON_IsNumber(item))
		print_number(item->valuedouble, out);
	else
		fputs(cJSON_IsTrue(item) ? "true" : cJSON_IsFalse(item) ? "false" : "null", out);
}
