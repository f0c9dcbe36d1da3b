// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/shares.h"

static uint32_t shares_gcd(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static uint16_t shares_weight(const struct sr_shares *shares, const struct sr_endpoint *endpoint)
{
	return endpoint->flags & shares->member ? endpoint->weight : 0;
}

uint32_t sr_shares_of(const struct sr_shares *shares, const struct sr_endpoint *endpoint)
{
	uint16_t weight = shares_weight(shares, endpoint);
	uint64_t slots;

	if (!weight)
		return 0;
	slots = weight / shares->divisor;
	if (shares->sum > shares->limit)
		slots = (slots * shares->limit + shares->sum / 2) / shares->sum;
	return slots ? slots : 1;
}

void sr_shares_make(struct sr_shares *out, const struct sr_service *service, enum sr_set set)
{
	size_t taking = 0, max = service->flags & SR_SERVICE_MAGLEV ? SR_SHARES_MAX_MAGLEV : SR_SHARES_MAX;

	*out = (struct sr_shares){.member = 1 << set};
	for (size_t i = 0; i < service->num_endpoints; i++) {
		uint16_t weight = shares_weight(out, &service->endpoints[i]);

		out->divisor = shares_gcd(out->divisor, weight);
		out->sum += weight;
		taking += weight != 0;
	}
	if (!taking)
		return;

	out->sum /= out->divisor;
	out->limit = taking > max ? taking : max;
	for (size_t i = 0; i < service->num_endpoints; i++)
		out->total += sr_shares_of(out, &service->endpoints[i]);
}
