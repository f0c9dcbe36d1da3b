// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "flows.h"

#include <string.h>

#include "base/cleanup.h"

#define FLOWS_BUCKETS	4096
#define FLOWS_FRAGMENTS 2048

static struct {
	struct flow item[FLOWS_MAX];
	unsigned int num;
	struct flow *bucket[2][FLOWS_BUCKETS]; /* by what the client sends, by what the backend does */
	struct fragment fragment[FLOWS_FRAGMENTS];
	unsigned int num_fragments;
} flows;

void flows_clear(void)
{
	flows.num = 0;
	flows.num_fragments = 0;
	memset(flows.bucket, 0, sizeof(flows.bucket));
}

struct tuple tuple_of(const struct wire_view *view)
{
	return (struct tuple){view->src, view->dst, view->sport, view->dport, view->proto};
}

struct tuple tuple_turned(const struct tuple *tuple)
{
	return (struct tuple){tuple->dst, tuple->src, tuple->dport, tuple->sport, tuple->proto};
}

static bool tuple_is_equal(const struct tuple *a, const struct tuple *b)
{
	return a->sport == b->sport && a->dport == b->dport && a->proto == b->proto &&
	       sr_addr_compare(&a->src, &b->src) == 0 && sr_addr_compare(&a->dst, &b->dst) == 0;
}

static unsigned int tuple_bucket(const struct tuple *tuple)
{
	uint32_t hash = tuple->sport * 40503u ^ tuple->dport * 2654435761u ^ tuple->proto;

	for (int i = 8; i < 16; i++)
		hash = hash * 31 + tuple->src.byte[i] + 17 * tuple->dst.byte[i];
	return (hash ^ hash >> 16) % FLOWS_BUCKETS;
}

static struct tuple flow_key(const struct flow *flow, bool is_reply)
{
	return is_reply ? tuple_turned(&flow->backend) : flow->client;
}

struct flow *flows_add(const struct flow *flow)
{
	struct flow *new = &flows.item[flows.num % FLOWS_MAX];

	flows.num++;
	*new = *flow;
	for (int i = 0; i < 2; i++) {
		struct tuple key = flow_key(new, i);
		struct flow **bucket = &flows.bucket[i][tuple_bucket(&key)];

		new->next[i] = *bucket;
		*bucket = new;
	}
	return new;
}

static struct flow *flows_lookup(const struct tuple *tuple, bool is_reply)
{
	struct flow *flow = flows.bucket[is_reply][tuple_bucket(tuple)];

	for (; flow; flow = flow->next[is_reply]) {
		struct tuple key = flow_key(flow, is_reply);

		if (!flow->gone && tuple_is_equal(&key, tuple))
			return flow;
	}
	return NULL;
}

struct flow *flows_find(const struct tuple *tuple, bool *is_reply)
{
	struct flow *flow = flows_lookup(tuple, false);

	*is_reply = false;
	if (flow)
		return flow;
	*is_reply = true;
	return flows_lookup(tuple, true);
}

void flows_drop(bool (*is_over)(const struct flow *flow, void *context), void *context)
{
	unsigned int num = flows.num < FLOWS_MAX ? flows.num : FLOWS_MAX;

	for (unsigned int i = 0; i < num; i++)
		flows.item[i].gone = flows.item[i].gone || is_over(&flows.item[i], context);
}

struct flow *flows_any(struct random *random)
{
	for (int i = 0; i < 8 && flows.num; i++) {
		/* The latest are the likeliest. */
		unsigned int back = random_below(random, random_percent(random, 50) ? 8 : flows.num);
		struct flow *flow = &flows.item[back < flows.num ? flows.num - 1 - back : 0];

		if (!flow->gone)
			return flow;
	}
	return NULL;
}

static bool fragment_is_of(const struct fragment *fragment, const struct wire_view *view)
{
	return fragment->id == view->fragment && sr_addr_compare(&fragment->src, &view->src) == 0 &&
	       sr_addr_compare(&fragment->dst, &view->dst) == 0 &&
	       (view->family == 6 || fragment->key_proto == view->proto);
}

void fragments_note(const struct wire_view *view)
{
	struct fragment new = {
		.src = view->src,
		.dst = view->dst,
		.id = view->fragment,
		.proto = view->proto,
		.key_proto = view->family == 4 ? view->proto : 0,
		.sport = view->sport,
		.dport = view->dport,
	};

	flows.fragment[flows.num_fragments++ % FLOWS_FRAGMENTS] = new;
}

bool fragments_recall(struct wire_view *view)
{
	unsigned int num = flows.num_fragments < FLOWS_FRAGMENTS ? flows.num_fragments : FLOWS_FRAGMENTS;

	for (unsigned int i = num; i > 0; i--) {
		const struct fragment *known = &flows.fragment[i - 1];

		if (!fragment_is_of(known, view))
			continue;
		view->proto = known->proto;
		view->sport = known->sport;
		view->dport = known->dport;
		return true;
	}
	return false;
}
