/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An instance's programs, on trial: a private copy of them reads the instance's
 * own services, endpoints and devices, and writes to tables of its own, which
 * begin with those connections and clients that can matter to one flow. What is
 * loaded is not touched, nor does a packet leave.
 */
#ifndef SVCROUTE_KERNEL_TRACER_H
#define SVCROUTE_KERNEL_TRACER_H

#include "kernel/datapath.h"
#include "model/packet.h"

struct sr_tracer;

/* -EPROTO: the loaded programs are of another svcroute than this one, and cannot be copied. */
int sr_tracer_open(struct sr_tracer **out, struct sr_datapath *datapath, const struct sr_tuple *about,
		   struct sr_error *err);
void sr_tracer_close(struct sr_tracer *tracer);
static inline void sr_tracer_cleanup(struct sr_tracer **tracer)
{
	sr_tracer_close(*tracer);
}
#define sr_autotracer __attribute__((cleanup(sr_tracer_cleanup)))

/* The copy, to be read like any instance: sr_conns_find(). The tracer's. */
struct sr_datapath *sr_tracer_copy(struct sr_tracer *tracer);

/* "sr_from_pod", as it runs on a device, and the packet that it meets there. */
struct sr_trial {
	const char *program;
	uint32_t ifindex;
	uint32_t ingress; /* by which the packet came to this host; 0: by none */
	struct sr_packet packet;
};

enum sr_verdict {
	SR_VERDICT_PASS,
	SR_VERDICT_DROP,
	SR_VERDICT_BACK,     /* out by the device that it came in by: XDP_TX */
	SR_VERDICT_REDIRECT, /* past the stack: tc */
};

struct sr_trial_end {
	int reason; /* enum sr_code: what the program counted it by */
	enum sr_verdict verdict;
	struct sr_packet packet;
};

int sr_tracer_run(struct sr_tracer *tracer, const struct sr_trial *trial, struct sr_trial_end *out,
		  struct sr_error *err);

/* What a client of a service (index in sr_services) was given last, within the timeout. */
bool sr_tracer_affinity(const struct sr_datapath *datapath, const struct sr_addr *client, uint32_t service,
			uint32_t timeout, uint32_t *backend, uint32_t *seconds);

/* Is an address with services ours alone, so that its other ports are refused (bpf/lookup.h)? */
bool sr_tracer_is_whole(const struct sr_datapath *datapath, const struct sr_addr *addr);

/* A device of ours, as the programs know it; false: it is none. */
bool sr_tracer_device(const struct sr_datapath *datapath, uint32_t ifindex, struct sr_device *out);

#endif
