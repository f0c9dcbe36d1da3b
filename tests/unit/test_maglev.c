// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The consistent choice, as pure arithmetic: the programs compute the same. */
#include "support.h"

#include <arpa/inet.h>
#include <math.h>

#include "svcroute/maglev.h"

#define FLOWS	     20000
#define LEAVES_FLOWS 4000
#define MAX	     64

struct bidder {
	const char *addr;
	uint16_t port;
	uint32_t weight;
};

static struct sr_addr addr_of(const char *text)
{
	struct sr_addr addr;

	assert_int_equal(sr_addr_parse(&addr, text), 0);
	return addr;
}

static struct sr_tuple flow_of(int i)
{
	char text[32];

	snprintf(text, sizeof(text), i % 2 ? "192.0.2.%d" : "2001:db8::%d", i / 2 % 50);
	return (struct sr_tuple){
		.src = addr_of(text),
		.dst = addr_of(i % 2 ? "198.51.100.7" : "2001:db8:1::7"),
		.sport = htons(1024 + i / 100),
		.dport = htons(80),
		.proto = IPPROTO_TCP,
	};
}

/* The place of who gets the flow, among `num` that bid in their order. */
static uint32_t choose(uint64_t flow, const struct bidder *bidders, uint32_t num)
{
	struct sr_maglev best = {.flow = flow};

	for (uint32_t i = 0; i < num; i++) {
		struct sr_addr addr = addr_of(bidders[i].addr);

		if (bidders[i].weight)
			sr_maglev_bid(&best, i, &addr, htons(bidders[i].port), bidders[i].weight);
	}
	assert_true(best.weight);
	return best.backend;
}

/* Within six standard deviations. */
static void expect_share(int got, double flows, double share)
{
	double mean = flows * share, off = got - mean;

	if (off * off > 36 * mean * (1 - share) + 4)
		fail_msg("a bidder got %d flows of %.0f, expected %.0f", got, flows, mean);
}

/* Of the flows, those that each bidder gets. */
static void expect_shares(const struct bidder *bidders, uint32_t num)
{
	double sum = 0;
	int got[MAX] = {};

	for (uint32_t i = 0; i < num; i++)
		sum += bidders[i].weight;
	for (int i = 0; i < FLOWS; i++) {
		struct sr_tuple flow = flow_of(i);

		got[choose(sr_maglev_flow(&flow), bidders, num)]++;
	}
	for (uint32_t i = 0; i < num; i++)
		expect_share(got[i], FLOWS, bidders[i].weight / sum);
}

static const struct bidder ten[] = {
	{"10.244.1.7", 80, 1}, {"10.244.1.8", 80, 1},	 {"10.244.1.9", 80, 1}, {"10.244.1.10", 80, 1},
	{"10.244.2.7", 80, 1}, {"10.244.1.7", 8080, 1},	 {"10.244.1.7", 81, 1}, {"fd00::1", 80, 1},
	{"fd00::2", 80, 1},    {"fd00:0:0:1::1", 80, 1},
};

static void test_even(void **state)
{
	(void)state;
	expect_shares(ten, ARRAY_SIZE(ten));
	expect_shares(ten, 3);
	expect_shares(ten, 2);
}

static void test_by_weight(void **state)
{
	const struct bidder two[] = {{"10.0.0.1", 80, 1}, {"10.0.0.2", 80, 3}};
	const struct bidder far[] = {{"10.0.0.1", 80, 1}, {"10.0.0.2", 80, 1000}};
	const struct bidder near[] = {{"10.0.0.1", 80, 999}, {"10.0.0.2", 80, 1000}, {"10.0.0.3", 80, 998}};
	const struct bidder mixed[] = {
		{"10.0.0.1", 80, 5}, {"10.0.0.2", 80, 7}, {"10.0.0.3", 80, 0}, {"10.0.0.4", 80, 1}, {"10.0.0.5", 80, 7},
	};

	(void)state;
	expect_shares(two, ARRAY_SIZE(two));
	expect_shares(far, ARRAY_SIZE(far));
	expect_shares(near, ARRAY_SIZE(near));
	expect_shares(mixed, ARRAY_SIZE(mixed));
}

static void test_in_any_order(void **state)
{
	struct bidder turned[ARRAY_SIZE(ten)], straight[ARRAY_SIZE(ten)];
	uint32_t num = ARRAY_SIZE(ten);

	(void)state;
	for (uint32_t i = 0; i < num; i++) {
		straight[i] = ten[i];
		straight[i].weight = 1 + i % 3;
	}
	for (uint32_t i = 0; i < num; i++)
		turned[num - 1 - i] = straight[i];
	for (int i = 0; i < 1000; i++) {
		struct sr_tuple flow = flow_of(i);
		uint64_t hash = sr_maglev_flow(&flow);

		assert_int_equal(choose(hash, straight, num), num - 1 - choose(hash, turned, num));
	}
}

/* `num` bidders, in the order of a shuffle by `seed`; how they weigh: `weights` of them, in turn. */
static void many(struct bidder *out, uint32_t num, const uint32_t *weights, uint32_t seed)
{
	static char text[MAX][SR_ADDR_TEXT];

	for (uint32_t i = 0; i < num; i++) {
		uint32_t who = (i * 3 + seed) % num; /* no `num` here is a multiple of 3 */

		snprintf(text[who], sizeof(text[who]), "10.244.%u.%u", who / 8, 2 + who % 8);
		out[i] = (struct bidder){text[who], 8080, weights[who % 4]};
	}
}

static const struct bidder *winner(uint64_t flow, const struct bidder *bidders, uint32_t num)
{
	return &bidders[choose(flow, bidders, num)];
}

/*
 * Whoever leaves, in whatever company: nobody else's flow moves, also where the
 * others became known in another order, and his own are shared out by weight.
 */
static void expect_leave(uint32_t num, const uint32_t *weights)
{
	struct sr_tuple flow = flow_of(0);
	const char *leaves;
	struct bidder all[MAX], rest[MAX];
	double sum = 0, own = 0;
	int to[MAX] = {};

	many(all, num, weights, 0);
	many(rest, num, weights, 1);
	leaves = winner(sr_maglev_flow(&flow), all, num)->addr;
	for (uint32_t i = 0; i < num; i++) {
		if (rest[i].addr == leaves)
			rest[i].weight = 0;
		sum += rest[i].weight;
	}
	for (int i = 0; i < LEAVES_FLOWS; i++) {
		const struct bidder *was, *is;

		flow = flow_of(i);
		was = winner(sr_maglev_flow(&flow), all, num);
		is = winner(sr_maglev_flow(&flow), rest, num);
		if (was->addr != leaves) {
			assert_ptr_equal(is->addr, was->addr);
			continue;
		}
		own++;
		to[is - rest]++;
	}
	for (uint32_t i = 0; i < num; i++)
		expect_share(to[i], own, rest[i].weight / sum);
}

static void test_who_leaves_takes_no_other_along(void **state)
{
	static const uint32_t weights[][4] = {{1, 1, 1, 1}, {1, 2, 3, 4}, {100, 1, 1, 1000}, {7, 7, 0, 5}};
	static const uint32_t nums[] = {2, 4, 5, 10, 25, MAX};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(weights); i++)
		for (size_t j = 0; j < ARRAY_SIZE(nums); j++)
			expect_leave(nums[j], weights[i]);
}

/* -log2(1 - x) to 1 in 250, while 31 bits of x tell it; and never less for more. */
static void test_time(void **state)
{
	uint64_t before = 0;

	(void)state;
	for (uint64_t draw = 0; draw < 1ULL << 32; draw += 65521) {
		uint64_t time = sr_maglev_time((uint32_t)draw);

		assert_true(time >= before);
		assert_true(draw >> 20 == 4095 ||
			    fabs((double)time / SR_MAGLEV_ONE + log2(1 - (double)draw / 4294967296.)) < 0.004);
		before = time;
	}
	assert_int_equal(sr_maglev_time(0), 0);
	assert_int_equal(sr_maglev_time(UINT32_MAX), (uint64_t)SR_MAGLEV_BITS << SR_MAGLEV_BITS);
}

/*
 * Gateways of different versions, and of different byte order, stand side by
 * side: what was chosen once is chosen for ever.
 */
static void test_as_ever(void **state)
{
	static const struct bidder weighted[] = {
		{"10.244.1.7", 80, 1},
		{"10.244.1.8", 80, 5},
		{"10.244.1.9", 81, 3},
		{"fd00::2", 80, 2},
	};
	char text[100] = "", by_weight[100] = "";
	struct sr_tuple flow = flow_of(1);
	struct sr_addr client = addr_of("2001:db8::1");

	(void)state;
	for (int i = 0; i < 40; i++) {
		struct sr_tuple one = flow_of(i * 37);

		snprintf(text + i, 2, "%u", choose(sr_maglev_flow(&one), ten, ARRAY_SIZE(ten)));
		snprintf(by_weight + i, 2, "%u", choose(sr_maglev_flow(&one), weighted, ARRAY_SIZE(weighted)));
	}
	assert_string_equal(text, "0374742288799149986872886655566765800064");
	assert_string_equal(by_weight, "0231221133112211111313131211212310100013");
	assert_true(sr_maglev_flow(&flow) == 0x1cd147d632cfbcff);
	assert_true(sr_maglev_client(&client) == 0xc2a4374b2b366946);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_even),	     cmocka_unit_test(test_by_weight),
		cmocka_unit_test(test_in_any_order), cmocka_unit_test(test_who_leaves_takes_no_other_along),
		cmocka_unit_test(test_time),	     cmocka_unit_test(test_as_ever),
	};

	return cmocka_run_group_tests_name("maglev", tests, NULL, NULL);
}
