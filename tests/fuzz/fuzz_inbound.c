/* SPDX-License-Identifier: Apache-2.0 */
/* The look at the broker's packets: in one piece or in any two, the verdict and what is remembered are the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "link/inbound.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct pl_inbound whole = PL_INBOUND_INIT;
	struct pl_inbound pieces = PL_INBOUND_INIT;
	size_t cut = n ? bytes[0] % n : 0;
	int expected = pl_inbound_feed(&whole, bytes, n);
	int r = pl_inbound_feed(&pieces, bytes, cut);

	if (!r)
		r = pl_inbound_feed(&pieces, bytes + cut, n - cut);
	if (r != expected)
		abort();
	if (!r &&
	    (pieces.connack != whole.connack || pieces.puback != whole.puback || pieces.puback_id != whole.puback_id))
		abort();
	return 0;
}
