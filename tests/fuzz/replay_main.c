/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target over the files of its corpus, so that every past finding is a test with any compiler:
 * replay_NAME FOLDER-OR-FILE... Each input is copied to a block of its exact size, where a sanitiser sees a read past it;
 * then it is run cut short at a few places, because parsers fail at ends. A folder that is not there has no inputs.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Larger files are no fuzz inputs. */
#define MAX_INPUT_BYTES ((off_t)64 << 20)

static int run_cut(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		return -ENOMEM;
	if (size)
		memcpy(copy, data, size);
	(void)LLVMFuzzerTestOneInput(copy, size);
	free(copy);
	return 0;
}

static int run_bytes(const uint8_t *data, size_t size)
{
	const size_t ends[] = { size, size - size / 4, size / 2, size / 4, size > 0 ? size - 1 : 0, 0 };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		int r = run_cut(data, ends[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

static int read_whole(int fd, uint8_t *data, size_t size)
{
	size_t have = 0;

	while (have < size) {
		ssize_t n = read(fd, data + have, size - have);

		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		have += (size_t)n;
	}
	return 0;
}

static int run_file(int dir, const char *name)
{
	struct stat st;
	uint8_t *data = NULL;
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if (!S_ISREG(st.st_mode) || st.st_size > MAX_INPUT_BYTES)
		r = -EINVAL;
	if (r == 0) {
		data = malloc((size_t)st.st_size + 1);
		r = data ? read_whole(fd, data, (size_t)st.st_size) : -ENOMEM;
	}
	if (r == 0)
		r = run_bytes(data, (size_t)st.st_size);
	free(data);
	close(fd);
	return r;
}

static int run_folder(const char *path, size_t *n_inputs)
{
	const struct dirent *entry;
	DIR *dir = opendir(path);
	int r = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (r == 0 && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		r = run_file(dirfd(dir), entry->d_name);
		if (r < 0)
			fprintf(stderr, "%s/%s: %s\n", path, entry->d_name, strerror(-r));
		else
			*n_inputs += 1;
	}
	closedir(dir);
	return r;
}

int main(int argc, char **argv)
{
	size_t n_inputs = 0;

	(void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++) {
		struct stat st;
		int r;

		if (stat(argv[i], &st) == 0 && S_ISREG(st.st_mode)) {
			r = run_file(AT_FDCWD, argv[i]);
			n_inputs++;
		} else {
			r = run_folder(argv[i], &n_inputs);
		}
		if (r < 0) {
			fprintf(stderr, "%s: %s\n", argv[i], strerror(-r));
			return 1;
		}
	}
	printf("%zu inputs\n", n_inputs);
	return 0;
}
