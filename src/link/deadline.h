/* SPDX-License-Identifier: Apache-2.0 */
/* Points in time after which nobody waits any longer, on the clock that only goes forward. */
#pragma once

#include <limits.h>
#include <stdint.h>
#include <time.h>

static inline int64_t pl_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What is left until then, for poll(2): 0 when it is over. */
static inline int pl_left_ms(int64_t deadline_ms)
{
	int64_t left = deadline_ms - pl_now_ms();

	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}
