/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Connections that change hands between netfilter's NAT and us: which can, and
 * how the one's entry is said in the other's words.
 */
#ifndef SVCROUTE_MODEL_TAKEOVER_H
#define SVCROUTE_MODEL_TAKEOVER_H

#include "model/flow.h"
#include "model/service.h"

/* A connection as netfilter has it. */
struct sr_nat {
	struct sr_tuple call;	/* its packets as the client sends them */
	struct sr_tuple answer; /* as the endpoint answers what netfilter makes of those */
	enum sr_flow_state state;
};

/* Where an address lies, seen from this host. */
enum sr_site {
	SR_SITE_HOST, /* it is this host's own */
	SR_SITE_OURS, /* by a device that our programs sit on */
	SR_SITE_ELSEWHERE,
};

/* Why a connection stays whose it is: X(code, name for machines, words for people) */
#define SR_STAYS(X)                                                                                                    \
	X(HOST_CLIENT, "hostClient", "of this host's own processes")                                                   \
	X(HOST_ENDPOINT, "hostEndpoint", "whose endpoint is this host itself")                                         \
	X(OTHER_DEVICE, "otherDevice", "by way of a device that is not ours")                                          \
	X(UNTRANSLATED, "untranslated", "that nobody translates")                                                      \
	X(SCTP, "sctp", "over SCTP")                                                                                   \
	X(CLASH, "clash", "whose addresses and ports another has")

enum sr_fate {
	SR_FATE_NONE,  /* of no service, or over, or ours already: nothing is to be done */
	SR_FATE_MOVED, /* UDP whose endpoint serves no longer: it goes to another, as any flow would */
	SR_FATE_CHANGES,
#define X(code, name, text) SR_FATE_##code,
	SR_STAYS(X)
#undef X
		SR_FATES,
};

/* How many had which. */
struct sr_fates {
	size_t num[SR_FATES];
};

const char *sr_fate_name(enum sr_fate fate); /* of SR_STAYS only */
const char *sr_fate_text(enum sr_fate fate);

struct sr_frontend_of {
	struct sr_hostport at;
	const struct sr_service *service;
};

/* Frontends that are served, sorted; borrows from the services it was made of. */
struct sr_frontends {
	struct sr_frontend_of *item;
	size_t num;
};

int sr_frontends_make(struct sr_frontends *out, const struct sr_services *services); /* 0 or -ENOMEM */
void sr_frontends_clear(struct sr_frontends *frontends);

/* The service that a connection of netfilter's calls, or NULL. */
const struct sr_service *sr_takeover_service(const struct sr_frontends *frontends, const struct sr_nat *nat);
/* The endpoint that answers it; NULL: it is none of the service's (any more). */
const struct sr_endpoint *sr_takeover_endpoint(const struct sr_service *service, const struct sr_nat *nat);

/* What answers `tuple`. */
struct sr_tuple sr_takeover_turn(const struct sr_tuple *tuple);

/* Does the endpoint see another address than the client's? */
bool sr_takeover_has_source(const struct sr_nat *nat);

/*
 * What becomes of a connection to a service of ours. An endpoint that is not
 * behind a device of ours must answer the client itself: what it sent to us the
 * stack would get instead.
 */
enum sr_fate sr_takeover_fate(const struct sr_nat *nat, bool has_endpoint, enum sr_site client, enum sr_site endpoint);

/*
 * The client's half of a connection that changes to us. The caller completes the
 * indexes, the generation and the times.
 */
void sr_takeover_half(struct sr_conn *out, const struct sr_nat *nat);
/* One that leaves its packets as they are, for netfilter. */
void sr_takeover_bystander(struct sr_conn *out, const struct sr_nat *nat);

/* A connection of ours in netfilter's words. */
void sr_takeover_nat(struct sr_nat *out, const struct sr_flow *flow);
/* How netfilter sees it while we translate it: from its client to its endpoint. */
void sr_takeover_plain(struct sr_nat *out, const struct sr_nat *nat);

#endif
