/* SPDX-License-Identifier: Apache-2.0 */
/* Data roots of real Docker daemons against what the daemons themselves said of their images. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "helper_store.h"

#define FACTS_BYTES ((size_t)1 << 20)

static bool has_name(const struct pl_image_ref *ref, const char *name)
{
	/* those of the default registry are shown short and kept full */
	const char *full = strncmp(name, "fix/", 4) ? name : in("docker.io", "%s", name);

	for (size_t i = 0; i < ref->n_names; i++)
		if (!strcmp(ref->names[i], full))
			return true;
	return false;
}

static const char *member(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItem(object, name)->valuestring;
}

static void compare_names(const struct pl_image_ref *ref, const cJSON *said)
{
	const cJSON *tags = cJSON_GetObjectItem(said, "RepoTags"), *digests = cJSON_GetObjectItem(said, "RepoDigests"),
		    *name;

	cJSON_ArrayForEach(name, tags)
		assert_true(has_name(ref, name->valuestring));
	cJSON_ArrayForEach(name, digests)
		assert_true(has_name(ref, name->valuestring));
	assert_int_equal(ref->n_names, cJSON_GetArraySize(tags) + cJSON_GetArraySize(digests));
	for (size_t i = 0; i + 1 < ref->n_names; i++)
		assert_true(strcmp(ref->names[i], ref->names[i + 1]) < 0);
}

static void compare_image(struct opened *opened, const cJSON *said)
{
	const struct pl_image_ref *ref = find_ref(opened, member(said, "Id"));
	const cJSON *layers = cJSON_GetObjectItem(cJSON_GetObjectItem(said, "RootFS"), "Layers");
	const struct pl_image *image = &opened->image;

	compare_names(ref, said);
	assert_null(ref->problem);
	if (read_image(opened, ref))
		fail_msg("%s: %s", member(said, "Id"), opened->reason.text);
	assert_string_equal(text_of(&image->id), member(said, "Id"));
	assert_string_equal(image->config.user, member(cJSON_GetObjectItem(said, "Config"), "User"));
	assert_string_equal(image->platform, in("linux", "%s", member(said, "Architecture")));
	assert_int_equal(image->n_layers, cJSON_GetArraySize(layers));
	for (size_t i = 0; i < image->n_layers; i++) {
		assert_int_equal(image->layers[i].kind, PL_LAYER_DIRECTORY);
		assert_int_equal(image->layers[i].whiteouts, PL_WHITEOUTS_OVERLAY);
		assert_int_equal(image->layers[i].uid_base, 0);
		assert_string_equal(text_of(&image->layers[i].diff_id),
				    cJSON_GetArrayItem(layers, (int)i)->valuestring);
	}
	assert_int_equal(pl_store_recheck(opened->store, image, &opened->reason), 0);
}

/* What `docker images` shows: what has a name, and what is not another one's parent. */
static bool is_shown(const cJSON *said, const cJSON *all)
{
	const cJSON *other;

	if (cJSON_GetArraySize(cJSON_GetObjectItem(said, "RepoTags")) ||
	    cJSON_GetArraySize(cJSON_GetObjectItem(said, "RepoDigests")))
		return true;
	cJSON_ArrayForEach(other, all)
		if (!strcmp(member(other, "Parent"), member(said, "Id")))
			return false;
	return true;
}

static cJSON *read_facts(const char *path)
{
	char *text = malloc(FACTS_BYTES);
	FILE *file = fopen(path, "r");
	cJSON *json;

	assert_non_null(text);
	assert_non_null(file);
	json = cJSON_ParseWithLength(text, fread(text, 1, FACTS_BYTES, file));
	fclose(file);
	free(text);
	assert_non_null(json);
	return json;
}

static void real_store(const char *name)
{
	CLEANUP_TMP char *dir = tmp_new();
	CLEANUP_OPENED struct opened opened = { 0 };
	const cJSON *said;
	cJSON *all;
	size_t n = 0;

	if (!unpack(name, dir)) {
		skip();
		return;
	}
	all = read_facts(in(dir, "facts/images.json"));
	open_store(&opened, "docker", in(dir, "var/lib/docker"));
	cJSON_ArrayForEach(said, all) {
		if (!is_shown(said, all))
			continue;
		compare_image(&opened, said);
		n++;
	}
	assert_int_equal(opened.n, n);
	assert_int_equal(n, 11);
	cJSON_Delete(all);
}

static void real_docker_20(void **state)
{
	(void)state;
	real_store("docker-20.10.24-overlay2");
}

static void real_docker_28(void **state)
{
	(void)state;
	real_store("docker-28.5.2-overlay2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_docker_20),
		cmocka_unit_test(real_docker_28),
	};

	return cmocka_run_group_tests_name("store, engines", tests, NULL, NULL);
}
