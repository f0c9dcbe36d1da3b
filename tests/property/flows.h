/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The model's memory: which flow was given which endpoint, as the packets showed it. */
#ifndef TESTS_PROPERTY_FLOWS_H
#define TESTS_PROPERTY_FLOWS_H

#include "rules.h"
#include "wire.h"

struct tuple {
	struct sr_addr src, dst;
	uint16_t sport, dport;
	uint8_t proto;
};

struct flow {
	struct tuple client;  /* as the client sends it */
	struct tuple backend; /* as the backend gets it */
	bool snat;	      /* it bears an address of ours */
	bool past;	      /* it passes the stack by */
	bool host_client, host_backend;
	enum device device; /* by which its first packet came */
	bool from_pod;
	const struct rules_port *port;	    /* NULL: the backend was called directly */
	uint64_t endpoint;		    /* identity */
	bool fin_client, fin_server, reset; /* reset: at any time */
	bool gone;
	struct flow *next[2];
};

#define FLOWS_MAX 8192

void flows_clear(void);
struct flow *flows_add(const struct flow *flow);
/* The flow of a packet; `*is_reply` says which of its halves. */
struct flow *flows_find(const struct tuple *tuple, bool *is_reply);
/* Forget those of which `is_over` says so. */
void flows_drop(bool (*is_over)(const struct flow *flow, void *context), void *context);
/* Any flow that is not gone; NULL: none. */
struct flow *flows_any(struct random *random);

struct tuple tuple_of(const struct wire_view *view);
struct tuple tuple_turned(const struct tuple *tuple);

/* Which ports the fragments of a datagram go to. */
struct fragment {
	struct sr_addr src, dst;
	uint32_t id;
	uint8_t proto, key_proto; /* key_proto: 0 for IPv6 */
	uint16_t sport, dport;
};

void fragments_note(const struct wire_view *view);
/* Complete a later fragment; false: its first was not seen. */
bool fragments_recall(struct wire_view *view);

#endif
