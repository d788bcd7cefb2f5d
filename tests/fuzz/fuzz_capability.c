/* SPDX-License-Identifier: Apache-2.0 */
/* The attribute security.capability: a revision has one length, and what is read says what was written. */
#include <stdlib.h>

#include "plimsoll/capability.h"
#include "plimsoll/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t sizes[] = { 0, 12, 20, 24 };
	struct pl_file_capability capability;
	int r = pl_file_capability_parse(data, size, &capability);

	if (r && r != PL_BAD_SYNTAX)
		abort();
	if (r)
		return 0;
	if (capability.revision < 1 || capability.revision > 3 || size != sizes[capability.revision] ||
	    capability.effective != (data[0] & 1) || (uint8_t)capability.permitted != data[4] ||
	    (uint8_t)capability.inheritable != data[8] || (capability.revision < 3 && capability.root_id))
		abort();
	for (unsigned int bit = 0; bit < 64; bit++) {
		const char *name = pl_capability_name(bit);

		if (!name != (bit >= PL_CAPABILITIES) || (name && pl_capability_bit(name) != (int)bit))
			abort();
	}
	return 0;
}
