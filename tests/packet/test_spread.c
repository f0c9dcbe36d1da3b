// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* New flows are given backends at random, by weight. */
#include "tests.h"

#include <math.h>
#include <stdio.h>

#define VIP   "10.96.0.10:80"
#define FLOWS 10000

/* How many of so many new flows each port 8000 + i of the backend got. */
static void count_shares(int shares[8])
{
	for (int i = 0; i < FLOWS; i++) {
		struct sr_hostport backend;
		char client[32];

		snprintf(client, sizeof(client), "10.244.1.%d:%d", 10 + i % 10, 1024 + i / 10);
		send(PROG_FROM_POD, packet(client, VIP, .flags = SYN));
		expect_verdict(VERDICT_PASS);
		backend = world_hostport(frame_destination(sent()), world.family, world.proto);
		shares[(ntohs(backend.port) - 8000) % 8]++;
	}
}

/* Six standard deviations: by chance once in 500 million. */
static void expect_share(int got, double probability)
{
	double mean = FLOWS * probability;
	double allowed = 6 * sqrt(mean * (1 - probability));

	if (fabs(got - mean) > allowed)
		fail_msg("%d flows, expected %.0f ± %.0f", got, mean, allowed);
}

TEST(shares_are_even)
{
	int shares[8] = {};

	given_service(VIP, POD2 ":8000", POD2 ":8001", POD2 ":8002", POD2 ":8003", POD2 ":8004");
	count_shares(shares);
	for (int i = 0; i < 5; i++)
		expect_share(shares[i], 1 / 5.);
}

TEST(shares_follow_weights)
{
	int shares[8] = {};

	given_service(VIP, POD2 ":8000,weight=1", POD2 ":8001,weight=3", POD2 ":8002,weight=0");
	count_shares(shares);
	expect_share(shares[0], 1 / 4.);
	expect_share(shares[1], 3 / 4.);
	assert_int_equal(shares[2], 0);
}

const struct CMUnitTest spread_tests[] = {
	BOTH_FAMILIES(shares_are_even),
	ONLY_V4(shares_follow_weights),
};
const size_t num_spread_tests = ARRAY_SIZE(spread_tests);
