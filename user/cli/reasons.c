// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cli/reasons.h"

#include "svcroute/reason.h"

/* By sr_reason_index(). */
static const struct sr_reason_words reasons[SR_REASON_MAX] = {
	[SR_OK] = {"translated", "translated", "to a backend, or back to a client"},
#define X(code, name, text) [SR_PASS_INDEX_##code] = {"passed", name, text},
	SR_PASS_REASONS(X)
#undef X
#define X(code, name, text, refusal) [SR_DROP_INDEX_##code] = {"dropped", name, text},
		SR_DROP_REASONS(X)
#undef X
#define X(code, name, text) [SR_ANSWER_INDEX_##code] = {"answered", name, text},
			SR_ANSWER_REASONS(X)
#undef X
};

const struct sr_reason_words *sr_reason_words(unsigned int index)
{
	static const struct sr_reason_words unknown = {"?", "?", "?"};

	return index < SR_REASON_MAX ? &reasons[index] : &unknown;
}
