/* SPDX-License-Identifier: Apache-2.0 */
/* Where results go, and what the terminal can show. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plimsoll/fd.h"
#include "plimsoll/log.h"
#include "plimsoll/text.h"

static int fault(const char *path, int error)
{
	if (path)
		pl_log(PL_LOG_ERROR, "%s: %s", pl_escape_str(&(struct pl_escaped){ 0 }, path), strerror(error));
	else
		pl_log(PL_LOG_ERROR, "standard output: %s", strerror(error));
	return PL_EXIT_FAULT;
}

/* The permissions that a file made by the shell's ">" would have. */
static mode_t plain_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

static int open_temporary(struct pl_output *output, const char *path)
{
	PL_CLEANUP_FD int fd = -1;
	int error;

	/* a link stays a link: what it leads to is replaced */
	output->path = realpath(path, NULL);
	if (!output->path && errno == ENOENT)
		output->path = strdup(path);
	if (!output->path || asprintf(&output->temporary, "%s.XXXXXX", output->path) < 0) {
		output->temporary = NULL;
		return fault(path, errno);
	}
	fd = mkostemp(output->temporary, O_CLOEXEC);
	if (fd < 0) {
		error = errno;
		free(output->temporary);
		output->temporary = NULL;
		return fault(path, error);
	}
	if (fchmod(fd, plain_mode()) < 0)
		return fault(path, errno);
	output->file = fdopen(fd, "w");
	if (!output->file)
		return fault(path, errno);
	(void)!pl_fd_take(&fd); /* the stream's now */
	return 0;
}

int pl_output_open(struct pl_output *output, const char *path)
{
	struct stat st;

	*output = (struct pl_output){ 0 };
	if (!path) {
		output->file = stdout;
		return 0;
	}
	/* a pipe or a device is written to: putting a file in its place would take it away from its readers */
	if (stat(path, &st) < 0 || S_ISREG(st.st_mode))
		return open_temporary(output, path);
	output->path = strdup(path);
	output->file = output->path && !S_ISDIR(st.st_mode) ? fopen(path, "we") : NULL;
	return output->file ? 0 : fault(path, S_ISDIR(st.st_mode) ? EISDIR : errno);
}

int pl_output_commit(struct pl_output *output)
{
	FILE *file = output->file;
	bool failed;

	errno = 0;
	/* ferror first: a write that failed long ago leaves no trace in the last flush */
	failed = ferror(file) | fflush(file);
	if (!failed && output->temporary)
		failed = fsync(fileno(file)) < 0;
	if (file != stdout) {
		output->file = NULL;
		failed |= fclose(file) != 0;
	}
	if (!failed && output->temporary) {
		failed = rename(output->temporary, output->path) < 0;
		if (!failed) {
			free(output->temporary);
			output->temporary = NULL;
		}
	}
	return failed ? fault(output->path, errno ? errno : EIO) : 0;
}

void pl_output_close(struct pl_output *output)
{
	if (output->file && output->file != stdout)
		fclose(output->file);
	if (output->temporary)
		unlink(output->temporary);
	free(output->temporary);
	free(output->path);
	*output = (struct pl_output){ 0 };
}

static bool is_set(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value;
}

bool pl_wants_color(const struct pl_options *options, FILE *file)
{
	const char *term = getenv("TERM");

	if (options->color != PL_COLOR_AUTO)
		return options->color == PL_COLOR_ALWAYS;
	return !is_set("NO_COLOR") && term && strcmp(term, "dumb") != 0 && isatty(fileno(file));
}

unsigned int pl_terminal_columns(FILE *file)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;

	/* a width that somebody asked for counts even where there is no terminal */
	if (columns && *columns >= '1' && *columns <= '9' && strlen(columns) < 5)
		return (unsigned int)strtoul(columns, NULL, 10);
	if (!ioctl(fileno(file), TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	return 0;
}
