// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "hearing.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const judge_reasons[SR_REASON_MAX] = {[0] = "translated",
#define X(code, name, text) [SR_PASS_INDEX_##code] = name,
							 SR_PASS_REASONS(X)
#undef X
#define X(code, name, text, refusal) [SR_DROP_INDEX_##code] = name,
								 SR_DROP_REASONS(X)
#undef X
};

const char *judge_reason(int reason)
{
	unsigned int index = sr_reason_index(reason);

	return index < SR_REASON_MAX ? judge_reasons[index] : "counted nowhere";
}

const char *judge_verdict(enum kernel_verdict verdict)
{
	static const char *const names[] = {"passed", "dropped", "sent back", "redirected", "returned nonsense"};

	return names[verdict];
}

bool judge_fail(struct judge *judge, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(judge->wrong, sizeof(judge->wrong), "expected %s; it was %s (%s)", text,
		 judge_verdict(judge->got.verdict), judge_reason(judge->got.reason));
	return false;
}

bool judge_same(struct judge *judge, const struct wire_frame *want)
{
	if (want->length == judge->got.out.length && memcmp(want->bytes, judge->got.out.bytes, want->length) == 0)
		return true;
	judge->want = *want;
	judge->has_want = true;
	return judge_fail(judge, "other bytes");
}

bool judge_untouched(struct hearing *hearing, int reason)
{
	struct judge *judge = hearing->judge;

	if (judge->got.verdict != KERNEL_PASS || judge->got.reason != reason)
		return judge_fail(judge, "to pass untouched (%s)", judge_reason(reason));
	return judge_same(judge, hearing->in);
}

bool judge_dropped(struct hearing *hearing, int reason)
{
	if (hearing->judge->got.verdict != KERNEL_DROP || hearing->judge->got.reason != reason)
		return judge_fail(hearing->judge, "a silent drop (%s)", judge_reason(reason));
	return true;
}

bool hearing_probe(struct hearing *hearing, struct wire_frame *frame, struct kernel_result *got)
{
	struct wire_packet packet = {
		.family = hearing->view.family,
		.proto = hearing->tuple.proto,
		.src = hearing->tuple.src,
		.dst = hearing->tuple.dst,
		.sport = hearing->tuple.sport,
		.dport = hearing->tuple.dport,
		.ttl = 64,
		.tcp_flags = FLAG_ACK,
	};

	wire_make(frame, &packet);
	frame->bytes[5] = hearing->at.device == DEVICE_ETH1 ? 0x14 : 4;
	wire_read(&hearing->view, frame);
	hearing->in = frame;
	if (is_xdp(hearing))
		hearing->at.hook = SR_HOOK_FROM_WIRE;
	return kernel_run(&hearing->at, frame, got) == 0;
}
