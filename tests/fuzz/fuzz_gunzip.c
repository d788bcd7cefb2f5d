/* SPDX-License-Identifier: Apache-2.0 */
/* The gzip stream, whatever its first bytes say. */
#include "fuzz/stream_twice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	stream_twice(pl_stream_gunzip, data, size);
	return 0;
}
