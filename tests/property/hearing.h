/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A packet before the judge, and the plainest judgements. */
#ifndef TESTS_PROPERTY_HEARING_H
#define TESTS_PROPERTY_HEARING_H

#include "judge.h"

struct hearing {
	struct judge *judge;
	struct kernel_hook at;
	const struct wire_frame *in;
	struct wire_view view;
	struct tuple tuple;
	struct rules_port *port;
	enum rules_frontend kind;
	bool is_second_choice; /* another may have been made before it, unseen */
};

#define FLAG_FIN 0x01
#define FLAG_SYN 0x02
#define FLAG_RST 0x04
#define FLAG_ACK 0x10

static inline bool is_xdp(const struct hearing *hearing)
{
	return hearing->at.hook == SR_HOOK_XDP_UPLINK;
}

static inline bool is_inbound(const struct hearing *hearing)
{
	return hearing->at.hook != SR_HOOK_TO_WIRE && hearing->at.hook != SR_HOOK_TO_POD;
}

/* Does the frame bear the device's own link address? */
static inline bool is_for_us(const struct hearing *hearing)
{
	const uint8_t *to = hearing->in->bytes;

	return to[0] == 2 && !to[1] && !to[2] && !to[3] && !to[4] &&
	       to[5] == (hearing->at.device == DEVICE_ETH1 ? 0x14 : 4);
}

static inline enum rules_caller hearing_caller(const struct hearing *hearing)
{
	if (hearing->at.hook == SR_HOOK_FROM_POD)
		return CALLER_POD;
	return is_inbound(hearing) ? CALLER_WIRE : CALLER_HOST;
}

const char *judge_verdict(enum kernel_verdict verdict);
/* Say what was expected; false. */
bool judge_fail(struct judge *judge, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* It came out as these bytes. */
bool judge_same(struct judge *judge, const struct wire_frame *want);
bool judge_untouched(struct hearing *hearing, int reason);
bool judge_dropped(struct hearing *hearing, int reason);
/* Send a packet of the same flow by tc, whole and in good health: it becomes the one that is heard. */
bool hearing_probe(struct hearing *hearing, struct wire_frame *frame, struct kernel_result *got);

#endif
