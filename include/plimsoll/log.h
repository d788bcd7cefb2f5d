/* SPDX-License-Identifier: Apache-2.0 */
/* What the program tells the person at the terminal, on standard error; results never go this way. */
#pragma once

enum pl_log_level { PL_LOG_ERROR, PL_LOG_WARNING, PL_LOG_INFO, PL_LOG_DEBUG };

/* What is said from now on: this level and the graver ones. Starts at PL_LOG_WARNING. */
void pl_log_set_level(enum pl_log_level level);

/* One line, "plimsoll: warning: ..."; foreign bytes go through pl_escape first. errno is kept. */
void pl_log(enum pl_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
