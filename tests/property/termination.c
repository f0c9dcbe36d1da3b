// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "termination.h"

#include <netinet/in.h>

#include "refusal.h"
#include "translation.h"

#define TERMINATION_FLAGS 12 /* where TCP has its data offset and flags */

bool is_terminated(const struct hearing *hearing, const struct flow *flow)
{
	return hearing->judge->options.terminate && hearing->view.proto == IPPROTO_TCP && flow->port &&
	       !rules_endpoint(flow->port, flow->endpoint) &&
	       (hearing->view.tcp_flags & (FLAG_SYN | FLAG_ACK)) != FLAG_SYN;
}

/* The backend's packet is the client's reset: its numbers are what the client expects. */
static void make_reset(struct wire_frame *frame, const struct wire_view *view)
{
	uint8_t *flags = frame->bytes + view->l4 + TERMINATION_FLAGS;
	uint8_t was[2] = {flags[0], flags[1]};

	flags[0] &= 0xf0;
	flags[1] = (flags[1] & FLAG_ACK) | FLAG_RST;
	wire_sum_update(frame->bytes + view->l4 + wire_sum_place(IPPROTO_TCP), was, flags, sizeof(was));
}

bool judge_terminated(struct hearing *hearing, const struct flow *flow, bool is_reply)
{
	struct hearing reset = *hearing;
	struct wire_frame frame;

	if (is_xdp(hearing))
		return judge_untouched(hearing, SR_PASS_TO_TC);
	if (!is_reply)
		return judge_reset(hearing, SR_DROP_TERMINATED);
	frame = *hearing->in;
	if (hearing->view.part != WIRE_LATER)
		make_reset(&frame, &hearing->view);
	reset.in = &frame;
	return judge_translated(&reset, flow, true);
}
