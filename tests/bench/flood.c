// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "flood.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "../packet/world.h"
#include "flows.h"

/* Rounds are many batches: more SYNs than may begin flows, and a handful of clients. */
#define FLOOD_BATCHES 20
#define FLOOD_CLIENTS 10

#define FLOOD_VIP     "198.51.100.7:90"
#define FLOOD_BACKEND POD1 ":8080"

#define AT_TCP	   34 /* of an IPv4 frame */
#define AT_DST	   30
#define AT_ACK	   (AT_TCP + 8)
#define AT_FLAGS   (AT_TCP + 13)
#define SERVER_ISN 7000

static bool flood_is_for_backend(const struct frame *frame)
{
	struct sr_addr pod = world_addr(POD1, 4);

	return memcmp(frame->bytes + AT_DST, &pod.word[3], 4) == 0;
}

static struct frame flood_through(enum hook hook, const char *program, struct frame frame)
{
	run_once(hook, run_program(hook, program), DEVICE_ETH0, &frame);
	return frame;
}

/* As Linux does: it resets what it did not ask for, and sends its SYN anew. */
static struct frame flood_say_syn(const char *client)
{
	const struct frame syn = packet(client, FLOOD_VIP, .flags = SYN, .seq = 100, .payload_size = 64);
	struct frame out = flood_through(HOOK_XDP, "sr_xdp_uplink", syn);
	uint32_t ack;

	if (flood_is_for_backend(&out) || out.bytes[AT_FLAGS] != (SYN | ACK))
		return out;
	memcpy(&ack, out.bytes + AT_ACK, sizeof(ack));
	flood_through(HOOK_XDP, "sr_xdp_uplink",
		      packet(client, FLOOD_VIP, .flags = RST, .seq = ntohl(ack), .payload_size = 64));
	return flood_through(HOOK_XDP, "sr_xdp_uplink", syn);
}

static bool flood_shake_hands(int i)
{
	struct frame out, wanted;
	char client[32];

	snprintf(client, sizeof(client), "192.0.2.%d:%d", 1 + i % 250, 2000 + i / 250);
	out = flood_say_syn(client);
	if (!flood_is_for_backend(&out))
		return false;
	out = flood_through(HOOK_TC, "sr_to_wire",
			    packet(FLOOD_BACKEND, client, .flags = SYN | ACK, .seq = SERVER_ISN, .ack = 101));
	wanted = packet(FLOOD_VIP, client, .flags = SYN | ACK, .seq = SERVER_ISN, .ack = 101);
	if (memcmp(out.bytes + 26, wanted.bytes + 26, 12) != 0)
		return false;
	out = flood_through(HOOK_XDP, "sr_xdp_uplink",
			    packet(client, FLOOD_VIP, .flags = ACK, .seq = 101, .ack = SERVER_ISN + 1));
	return flood_is_for_backend(&out);
}

void flood_measure(int rounds, struct samples *ns, struct samples *empty, struct samples *completed)
{
	struct frame syn = flows_frame(SAMPLE_NEW_HERE, 4, IPPROTO_TCP);
	struct frame foreign = flows_frame(SAMPLE_FOREIGN, 4, IPPROTO_TCP);
	int program = run_program(HOOK_XDP, "sr_xdp_uplink"), nothing = run_program(HOOK_XDP, "empty");
	int client = 0;

	world.family = 4;
	world.proto = IPPROTO_TCP;
	for (int round = 0; round < rounds; round++) {
		double sum = 0;
		int done = 0;

		for (int batch = 0; batch < FLOOD_BATCHES; batch++) {
			sum += run_time_flood(HOOK_XDP, program, DEVICE_ETH0, &syn);
			for (int i = 0; i < FLOOD_CLIENTS; i++)
				done += flood_shake_hands(client++);
		}
		samples_add(ns, sum / FLOOD_BATCHES);
		samples_add(empty, run_time(HOOK_XDP, nothing, DEVICE_ETH0, &foreign));
		samples_add(completed, (double)done / (FLOOD_BATCHES * FLOOD_CLIENTS));
	}
}
