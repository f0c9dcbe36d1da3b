/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A connection as people see it: who called whom, who answers, how far it has
 * come; and a filter, which says what connections are meant.
 */
#ifndef SVCROUTE_MODEL_FLOW_H
#define SVCROUTE_MODEL_FLOW_H

#include "model/addr.h"
#include "svcroute/conn_rank.h"

/* How far a connection has come. What each is called depends on the protocol. */
enum sr_flow_state {
	SR_FLOW_NEW,
	SR_FLOW_ANSWERED,
	SR_FLOW_PROVEN,
	SR_FLOW_ENDING, /* one side has said so */
	SR_FLOW_ENDED,
	SR_FLOW_RESET,
	SR_FLOW_STATES,
};

/* The datapath's clock. */
struct sr_flow_clock {
	struct sr_conn_clock ticks;
	uint32_t jiffies_per_second;
};

struct sr_flow {
	struct sr_hostport client;
	struct sr_hostport frontend; /* what it called */
	struct sr_hostport backend;  /* who answers */
	struct sr_hostport source;   /* whom the backend sees: the client, or us */
	uint8_t proto;
	uint8_t family; /* 4 or 6 */
	enum sr_flow_state state;
	bool of_service;   /* false: it was given another port only, for the sake of a service's connection */
	bool backend_gone; /* it goes on with one that gets no new connections; the kernel's tables say so */
	uint32_t service;  /* index in sr_services */
	uint32_t age;	   /* seconds since the first packet */
	uint32_t idle;	   /* seconds since the last packet, to within a few */
	uint32_t left;	   /* seconds of silence until it is forgotten */
};

/* What a connection is, by either half of it. */
void sr_flow_read(struct sr_flow *out, const struct sr_conn *half, const struct sr_flow_clock *clock);

/* Has it been heard of in the time that it may be silent? */
bool sr_flow_is_live(const struct sr_flow_clock *clock, const struct sr_conn *half);

/* All that the next one may return, each once; ends in NULL. */
extern const char *const sr_flow_state_names[];

/* As conntrack(8) calls it: "SYN_SENT". Where no connection can be in the state, NULL. */
const char *sr_flow_state_name(uint8_t proto, enum sr_flow_state state);

/* Addresses of a network, and ports from `low` to `high`. */
struct sr_flow_end {
	struct sr_cidr network;
	bool has_network; /* false: any address */
	uint16_t low;	  /* host byte order; 0: any port */
	uint16_t high;
};

/* What is not given matches everything. */
struct sr_flow_filter {
	struct sr_flow_end client;
	struct sr_flow_end frontend;
	struct sr_flow_end backend;
	uint8_t proto;
	uint8_t family;
	uint32_t states; /* a bit for each protocol and state; 0: any */
};

/* Add a state by its name, in whatever case and of whatever protocol. -EINVAL: there is none of that name. */
int sr_flow_filter_add_state(struct sr_flow_filter *filter, const char *name);
bool sr_flow_filter_matches(const struct sr_flow_filter *filter, const struct sr_flow *flow);

#endif
