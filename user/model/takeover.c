// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/takeover.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

static const struct {
	const char *name, *text;
} fates[SR_FATES] = {
#define X(code, name, text) [SR_FATE_##code] = {name, text},
	SR_STAYS(X)
#undef X
};

const char *sr_fate_name(enum sr_fate fate)
{
	return fates[fate].name;
}

const char *sr_fate_text(enum sr_fate fate)
{
	return fates[fate].text;
}

/* --- frontends ---------------------------------------------------------------------------- */

static int frontends_compare(const void *a, const void *b)
{
	return sr_hostport_compare(&((const struct sr_frontend_of *)a)->at, &((const struct sr_frontend_of *)b)->at);
}

static int frontends_add(struct sr_frontends *frontends, const struct sr_service *service)
{
	for (size_t i = 0; i < service->num_frontends; i++) {
		const struct sr_frontend_spec *frontend = &service->frontends[i];
		struct sr_frontend_of *place;

		if (frontend->kind == SR_FRONTEND_PASS || frontend->kind == SR_FRONTEND_RESERVED)
			continue;
		place = sr_array_add(&frontends->item, &frontends->num, sizeof(*place));
		if (!place)
			return -ENOMEM;
		*place = (struct sr_frontend_of){.at = frontend->at, .service = service};
	}
	return 0;
}

int sr_frontends_make(struct sr_frontends *out, const struct sr_services *services)
{
	struct sr_frontends frontends = {};
	int r = 0;

	for (size_t i = 0; r == 0 && i < services->num; i++)
		r = frontends_add(&frontends, &services->item[i]);
	if (r < 0) {
		sr_frontends_clear(&frontends);
		return r;
	}
	if (frontends.num)
		qsort(frontends.item, frontends.num, sizeof(*frontends.item), frontends_compare);
	*out = frontends;
	return 0;
}

void sr_frontends_clear(struct sr_frontends *frontends)
{
	free(frontends->item);
	memset(frontends, 0, sizeof(*frontends));
}

const struct sr_service *sr_takeover_service(const struct sr_frontends *frontends, const struct sr_nat *nat)
{
	struct sr_frontend_of wanted = {
		.at = {.addr = nat->call.dst, .port = nat->call.dport, .proto = nat->call.proto},
	};
	struct sr_frontend_of *found = NULL;

	if (frontends->num)
		found = bsearch(&wanted, frontends->item, frontends->num, sizeof(wanted), frontends_compare);
	return found ? found->service : NULL;
}

const struct sr_endpoint *sr_takeover_endpoint(const struct sr_service *service, const struct sr_nat *nat)
{
	for (size_t i = 0; i < service->num_endpoints; i++) {
		const struct sr_endpoint *endpoint = &service->endpoints[i];

		if (endpoint->port == nat->answer.sport && sr_addr_compare(&endpoint->addr, &nat->answer.src) == 0)
			return endpoint;
	}
	return NULL;
}

/* --- which can ---------------------------------------------------------------------------- */

struct sr_tuple sr_takeover_turn(const struct sr_tuple *tuple)
{
	return (struct sr_tuple){
		.src = tuple->dst,
		.dst = tuple->src,
		.sport = tuple->dport,
		.dport = tuple->sport,
		.proto = tuple->proto,
	};
}

static bool takeover_is_untranslated(const struct sr_nat *nat)
{
	struct sr_tuple back = sr_takeover_turn(&nat->answer);

	return memcmp(&back, &nat->call, sizeof(back)) == 0;
}

bool sr_takeover_has_source(const struct sr_nat *nat)
{
	return sr_addr_compare(&nat->answer.dst, &nat->call.src) != 0;
}

enum sr_fate sr_takeover_fate(const struct sr_nat *nat, bool has_endpoint, enum sr_site client, enum sr_site endpoint)
{
	if (nat->state == SR_FLOW_ENDED || nat->state == SR_FLOW_RESET)
		return SR_FATE_NONE;
	if (client != SR_SITE_OURS)
		return client == SR_SITE_HOST ? SR_FATE_HOST_CLIENT : SR_FATE_OTHER_DEVICE;
	if (takeover_is_untranslated(nat))
		return SR_FATE_UNTRANSLATED;
	if (nat->call.proto == IPPROTO_UDP && !has_endpoint)
		return SR_FATE_MOVED;
	if (nat->call.proto == IPPROTO_SCTP)
		return SR_FATE_SCTP;
	if (endpoint != SR_SITE_OURS && sr_takeover_has_source(nat))
		return endpoint == SR_SITE_HOST ? SR_FATE_HOST_ENDPOINT : SR_FATE_OTHER_DEVICE;
	return SR_FATE_CHANGES;
}

/* --- from netfilter to us ----------------------------------------------------------------- */

static uint32_t takeover_flags(const struct sr_nat *nat)
{
	switch (nat->state) {
	case SR_FLOW_NEW:
		return 0;
	case SR_FLOW_ANSWERED:
		return SR_CONN_ANSWERED;
	default:
		return SR_CONN_ANSWERED | SR_CONN_PROVEN;
	}
}

static void takeover_half(struct sr_conn *out, const struct sr_nat *nat, const struct sr_tuple *leaves, uint32_t flags)
{
	*out = (struct sr_conn){
		.from = nat->call,
		.to = {.src = leaves->src,
		       .dst = leaves->dst,
		       .sport = leaves->sport,
		       .dport = leaves->dport,
		       .flags = takeover_flags(nat) | flags},
	};
}

void sr_takeover_half(struct sr_conn *out, const struct sr_nat *nat)
{
	struct sr_tuple leaves = sr_takeover_turn(&nat->answer);

	takeover_half(out, nat, &leaves, sr_takeover_has_source(nat) ? SR_CONN_PAST : 0);
}

void sr_takeover_bystander(struct sr_conn *out, const struct sr_nat *nat)
{
	takeover_half(out, nat, &nat->call, SR_CONN_DIRECT);
}

/* --- from us to netfilter ----------------------------------------------------------------- */

static struct sr_tuple takeover_tuple(const struct sr_hostport *src, const struct sr_hostport *dst)
{
	return (struct sr_tuple){
		.src = src->addr,
		.dst = dst->addr,
		.sport = src->port,
		.dport = dst->port,
		.proto = dst->proto,
	};
}

void sr_takeover_nat(struct sr_nat *out, const struct sr_flow *flow)
{
	*out = (struct sr_nat){
		.call = takeover_tuple(&flow->client, &flow->frontend),
		.answer = takeover_tuple(&flow->backend, &flow->source),
		.state = flow->state,
	};
}

void sr_takeover_plain(struct sr_nat *out, const struct sr_nat *nat)
{
	struct sr_nat plain = {.call = sr_takeover_turn(&nat->answer), .answer = nat->answer, .state = nat->state};

	*out = plain;
}
