/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Read before each source of ISA-L. Inflate has a short cut for streams that igzip itself wrote with its default tables; no
 * engine writes such layers, and the tables are 40 kB. It is tried when more input is at hand than those tables' header is
 * long. That length is made greater here than any 32-bit count of input, so that the compiler sees that the short cut is
 * never taken and drops it with its tables.
 */
#pragma once

#include "igzip_lib.h"

#define deflate_hdr_count deflate_hdr_count + (UINT64_C(1) << 32)

/* Stands in for the tables where a compiler keeps the dead reference. */
static struct isal_hufftables hufftables_default;
