// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "flows.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../packet/world.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "crowd.h"
#include "kernel/maps.h"

#define HERE	   "198.51.100.7:90"
#define THERE	   "198.51.100.8:90"
#define CLUSTER_IP "10.96.0.10:80"
#define NOBODY	   "10.96.0.11:80"

/* As long as a small answer; the wrapper wants 96 bytes at least. */
#define FLOWS_PAYLOAD 64

/* Who talks to whom, and which programs see it. */
static const struct flow {
	const char *client, *frontend, *backend;
	enum sr_frontend_kind kind;
	enum hook hook, answer_hook;
	const char *program, *answer_program;
	enum device device;
	enum sample asks, answers;
} flows[] = {
	{CLIENT ":1234", HERE, POD1 ":8080", SR_FRONTEND_EXTERNAL_IP, HOOK_XDP, HOOK_TC, "sr_xdp_uplink", "sr_to_wire",
	 DEVICE_ETH0, SAMPLE_TO_POD_HERE, NUM_SAMPLES},
	{CLIENT ":1234", THERE, REMOTE ":8080", SR_FRONTEND_EXTERNAL_IP, HOOK_XDP, HOOK_XDP, "sr_xdp_uplink",
	 "sr_xdp_uplink", DEVICE_ETH0, SAMPLE_TO_POD_THERE, SAMPLE_FROM_THERE},
	{POD1 ":1234", CLUSTER_IP, POD2 ":8080", SR_FRONTEND_CLUSTER_IP, HOOK_TC, HOOK_TC, "sr_from_pod", "sr_to_pod",
	 DEVICE_POD1, SAMPLE_POD_CALLS, SAMPLE_POD_ANSWERS},
};

/* Those that are chosen among consistently. */
static const struct agreed {
	const char *frontend;
	uint16_t endpoints;
	enum sample begins;
} agreed[] = {
	{"198.51.100.9:93", 3, SAMPLE_NEW_OF_3},
	{"198.51.100.9:94", 10, SAMPLE_NEW_OF_10},
	{"198.51.100.9:95", 100, SAMPLE_NEW_OF_100},
	{"198.51.100.9:96", 1000, SAMPLE_NEW_OF_1000},
};

/* By sample, family (4, 6) and protocol (TCP, UDP). */
static struct frame frames[NUM_SAMPLES][2][2];

static struct frame *flows_place(enum sample sample, int family, int proto)
{
	return &frames[sample][family == 6][proto == IPPROTO_UDP];
}

struct frame flows_frame(enum sample sample, int family, int proto)
{
	return *flows_place(sample, family, proto);
}

struct sr_tuple flows_tuple(enum sample sample, int family, int proto)
{
	const struct frame *frame = flows_place(sample, family, proto);
	struct sr_tuple tuple = {.proto = proto};
	const uint8_t *ip = frame->bytes + 14;

	if (family == 6) {
		memcpy(&tuple.src, ip + 8, 32);
		memcpy(&tuple.sport, ip + 40, 4);
		return tuple;
	}
	tuple.src.word[2] = tuple.dst.word[2] = htonl(0xffff);
	memcpy(&tuple.src.word[3], ip + 12, 4);
	memcpy(&tuple.dst.word[3], ip + 16, 4);
	memcpy(&tuple.sport, ip + 20, 4);
	return tuple;
}

static void flows_add_endpoint(struct sr_service *service, const struct sr_hostport *to)
{
	if (sr_service_add_endpoint(service, &(struct sr_endpoint){.addr = to->addr,
								   .port = to->port,
								   .weight = 1,
								   .flags = SR_BACKEND_IN_CLUSTER,
								   .id = SR_NO_ID}) < 0)
		abort();
}

static struct sr_service *flows_add_frontend(struct sr_services *services, const char *frontend, uint8_t kind,
					     int family, int proto)
{
	struct sr_hostport at = world_hostport(frontend, family, proto);
	struct sr_service *service = sr_services_add(services);

	if (!service || sr_string_set(&service->namespace, "bench") < 0 ||
	    sr_string_set(&service->name, frontend) < 0 || sr_string_set(&service->port_name, "") < 0 ||
	    sr_string_set(&service->origin, "bench") < 0)
		abort();
	service->family = family;
	service->proto = proto;
	if (sr_service_add_frontend(service, &(struct sr_frontend_spec){.at = at, .kind = kind}) < 0)
		abort();
	return service;
}

static void flows_add_service(struct sr_services *services, const struct flow *flow, int family, int proto)
{
	struct sr_hostport to = world_hostport(flow->backend, family, proto);

	flows_add_endpoint(flows_add_frontend(services, flow->frontend, flow->kind, family, proto), &to);
}

static void flows_add_agreed(struct sr_services *services, const struct agreed *which)
{
	struct sr_service *service =
		flows_add_frontend(services, which->frontend, SR_FRONTEND_EXTERNAL_IP, 4, IPPROTO_TCP);
	struct sr_hostport to = world_hostport(POD1 ":8080", 4, IPPROTO_TCP);

	service->flags = SR_SERVICE_MAGLEV;
	for (uint16_t i = 0; i < which->endpoints; i++) {
		to.port = htons(8080 + i);
		flows_add_endpoint(service, &to);
	}
}

/* Beside what there is. */
static int flows_apply(struct sr_services *desired)
{
	sr_autoservices struct sr_services nothing = {};
	sr_autoplan struct sr_plan plan = {};
	struct sr_error err = {};

	sr_services_sort(desired);
	if (sr_plan_make(&plan, &nothing, desired, NULL, &err) < 0 || sr_maps_apply(run_datapath(), &plan, &err) < 0) {
		fprintf(stderr, "bench: %s\n", err.text);
		return -1;
	}
	return 0;
}

static int flows_program(uint32_t other_services)
{
	sr_autoservices struct sr_services desired = {};

	for (size_t i = 0; i < ARRAY_SIZE(flows); i++)
		for (int way = 0; way < 4; way++)
			flows_add_service(&desired, &flows[i], way & 1 ? 6 : 4, way & 2 ? IPPROTO_UDP : IPPROTO_TCP);
	for (size_t i = 0; i < ARRAY_SIZE(agreed); i++)
		flows_add_agreed(&desired, &agreed[i]);
	for (int way = 0; way < 4; way++)
		flows_add_frontend(&desired, NOBODY, SR_FRONTEND_CLUSTER_IP, way & 1 ? 6 : 4,
				   way & 2 ? IPPROTO_UDP : IPPROTO_TCP);
	crowd_add_services(&desired, 0, other_services);
	return flows_apply(&desired);
}

int flows_add_others(uint32_t from, uint32_t to)
{
	sr_autoservices struct sr_services desired = {};

	crowd_add_services(&desired, from, to);
	return flows_apply(&desired);
}

static struct frame flows_data(const char *from, const char *to)
{
	return packet(from, to, .flags = ACK, .seq = 2, .ack = 5001, .payload_size = FLOWS_PAYLOAD);
}

static struct frame flows_beginning(const char *from, const char *to)
{
	return packet(from, to, .flags = SYN, .seq = 1, .payload_size = FLOWS_PAYLOAD);
}

static const char *flows_ask(const struct flow *flow, int flags)
{
	struct frame frame = packet(flow->client, flow->frontend, .flags = flags, .seq = 1, .ack = 5001);

	run_once(flow->hook, run_program(flow->hook, flow->program), flow->device, &frame);
	return frame_source(&frame);
}

/* A whole handshake; UDP is as good as that, some seconds later. */
static void flows_establish(const struct flow *flow)
{
	const char *client = flows_ask(flow, SYN);
	struct frame answer = packet(flow->backend, client, .flags = SYN | ACK, .seq = 5000, .ack = 2);
	struct frame *asks = flows_place(flow->asks, world.family, world.proto);

	run_once(flow->answer_hook, run_program(flow->answer_hook, flow->answer_program), flow->device, &answer);
	flows_ask(flow, ACK);
	*asks = flows_data(flow->client, flow->frontend);
	if (flow->answers != NUM_SAMPLES)
		*flows_place(flow->answers, world.family, world.proto) = flows_data(flow->backend, client);
}

static void flows_each_way(void (*visit)(const struct flow *flow))
{
	for (int way = 0; way < 4; way++) {
		world.family = way & 1 ? 6 : 4;
		world.proto = way & 2 ? IPPROTO_UDP : IPPROTO_TCP;
		for (size_t i = 0; i < ARRAY_SIZE(flows); i++)
			visit(&flows[i]);
		*flows_place(SAMPLE_NEW_HERE, world.family, world.proto) = flows_beginning(CLIENT ":1", HERE);
		for (size_t i = 0; i < ARRAY_SIZE(agreed); i++)
			*flows_place(agreed[i].begins, world.family, world.proto) =
				flows_beginning(CLIENT ":1", agreed[i].frontend);
		*flows_place(SAMPLE_NEW_FROM_POD, world.family, world.proto) = flows_beginning(POD1 ":1", CLUSTER_IP);
		*flows_place(SAMPLE_REFUSED, world.family, world.proto) = flows_beginning(POD1 ":1", NOBODY);
		*flows_place(SAMPLE_FOREIGN, world.family, world.proto) = flows_data(CLIENT ":1234", POD2 ":443");
	}
}

static void flows_ask_again(const struct flow *flow)
{
	flows_ask(flow, ACK);
}

int flows_start(uint32_t other_services)
{
	struct sr_error err = {};
	struct sr_usage usage;

	if (flows_program(other_services) < 0)
		return -1;
	flows_each_way(flows_establish);
	usleep(2600000);
	flows_each_way(flows_ask_again);

	if (sr_maps_usage(run_datapath(), &usage, &err) < 0 || usage.connections < 4 * ARRAY_SIZE(flows)) {
		fprintf(stderr, "bench: %u connections are established\n", usage.connections);
		return -1;
	}
	return 0;
}
