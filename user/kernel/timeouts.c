// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/timeouts.h"

#include <stdio.h>
#include <time.h>

#include "base/cleanup.h"
#include "svcroute/abi.h"

#define NSEC_PER_SEC  1000000000ull
#define NSEC_PER_MSEC 1000000ull

/* The kernel's default. */
#define TIMEOUTS_ICMP_MSEC 1000

/* Nanoseconds of a jiffy: the resolution of the kernel's coarse clocks. */
static uint64_t timeouts_jiffy(void)
{
	struct timespec resolution;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &resolution) < 0 || resolution.tv_nsec <= 0)
		return NSEC_PER_SEC / 250;
	return resolution.tv_nsec;
}

static uint32_t timeouts_ticks(uint32_t seconds)
{
	uint64_t jiffies = seconds * NSEC_PER_SEC / timeouts_jiffy();

	return (jiffies + (1 << SR_TICK_SHIFT) - 1) >> SR_TICK_SHIFT;
}

void sr_timeouts_get(struct sr_timeouts *out)
{
	*out = (struct sr_timeouts){
		.tcp = timeouts_ticks(7800), /* 2 h 10 min: beyond TCP's keepalive, RFC 5382 REQ-5 */
		.udp = timeouts_ticks(120),  /* RFC 4787 REQ-5 */
		.closing = timeouts_ticks(60),
		.unproven = timeouts_ticks(60),
		.fragments = timeouts_ticks(30), /* as net.ipv4.ipfrag_time */
		.prove_udp = timeouts_ticks(2),
		.grace_new = timeouts_ticks(1), /* a handshake takes less: RFC 6298, section 2.1 */
		.jiffies_per_second = NSEC_PER_SEC / timeouts_jiffy(),
	};
}

uint32_t sr_ticks_now(void)
{
	uint64_t jiffy = timeouts_jiffy();
	uint64_t hz = NSEC_PER_SEC / jiffy;
	struct timespec now;
	uint64_t jiffies;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	/* jiffies64 starts at (u32)(-300 * HZ), so that 32-bit overflows show early. */
	jiffies = (uint32_t)(0 - 300 * hz) + (now.tv_sec * NSEC_PER_SEC + now.tv_nsec) / jiffy;
	return jiffies >> SR_TICK_SHIFT;
}

void sr_flow_clock_get(struct sr_flow_clock *out)
{
	struct sr_timeouts timeouts;

	sr_timeouts_get(&timeouts);
	*out = (struct sr_flow_clock){
		.ticks =
			{
				.now = sr_ticks_now(),
				.tcp = timeouts.tcp,
				.udp = timeouts.udp,
				.closing = timeouts.closing,
				.unproven = timeouts.unproven,
			},
		.jiffies_per_second = timeouts.jiffies_per_second,
	};
}

uint32_t sr_icmp_cost(void)
{
	sr_autofclose FILE *f = fopen("/proc/sys/net/ipv4/icmp_ratelimit", "re");
	uint32_t msec;

	if (!f || fscanf(f, "%u", &msec) != 1)
		msec = TIMEOUTS_ICMP_MSEC;
	return msec * NSEC_PER_MSEC / timeouts_jiffy();
}
