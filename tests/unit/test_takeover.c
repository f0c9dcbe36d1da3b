// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which connections of netfilter's can be ours, and how each is said in the other's words. */
#include "support.h"

#include "model/takeover.h"

#define CLIENT	 "192.0.2.1:1000"
#define FRONTEND "10.0.0.7:90"
#define BACKEND	 "10.1.0.3:80"
#define NODE	 "10.2.0.1:2000"

static struct sr_tuple tuple(const char *from, const char *to, uint8_t proto)
{
	struct sr_hostport src, dst;
	struct sr_error err = {};

	if (sr_hostport_parse(&src, from, &err) < 0 || sr_hostport_parse(&dst, to, &err) < 0)
		fail_msg("%s", err.text);
	return (struct sr_tuple){
		.src = src.addr, .dst = dst.addr, .sport = src.port, .dport = dst.port, .proto = proto};
}

static struct sr_nat nat_of(uint8_t proto, enum sr_flow_state state, const char *seen)
{
	return (struct sr_nat){
		.call = tuple(CLIENT, FRONTEND, proto),
		.answer = tuple(BACKEND, seen, proto),
		.state = state,
	};
}

#define TCP(...) nat_of(IPPROTO_TCP, SR_FLOW_PROVEN, __VA_ARGS__)
#define UDP(...) nat_of(IPPROTO_UDP, SR_FLOW_PROVEN, __VA_ARGS__)

static void expect_fate(struct sr_nat nat, enum sr_site client, enum sr_site endpoint, enum sr_fate fate)
{
	assert_int_equal(sr_takeover_fate(&nat, true, client, endpoint), fate);
}

static void what_passes_us_both_ways_changes_hands(void **state)
{
	(void)state;
	expect_fate(TCP(CLIENT), SR_SITE_OURS, SR_SITE_OURS, SR_FATE_CHANGES);
	expect_fate(TCP(NODE), SR_SITE_OURS, SR_SITE_OURS, SR_FATE_CHANGES);
	expect_fate(TCP(CLIENT), SR_SITE_OURS, SR_SITE_HOST, SR_FATE_CHANGES);
	expect_fate(TCP(NODE), SR_SITE_OURS, SR_SITE_HOST, SR_FATE_HOST_ENDPOINT);
	expect_fate(TCP(NODE), SR_SITE_OURS, SR_SITE_ELSEWHERE, SR_FATE_OTHER_DEVICE);
	expect_fate(TCP(CLIENT), SR_SITE_HOST, SR_SITE_OURS, SR_FATE_HOST_CLIENT);
	expect_fate(TCP(CLIENT), SR_SITE_ELSEWHERE, SR_SITE_OURS, SR_FATE_OTHER_DEVICE);
	expect_fate(nat_of(IPPROTO_SCTP, SR_FLOW_PROVEN, CLIENT), SR_SITE_OURS, SR_SITE_OURS, SR_FATE_SCTP);
}

static void what_is_over_is_nobodys(void **state)
{
	(void)state;
	expect_fate(nat_of(IPPROTO_TCP, SR_FLOW_ENDED, CLIENT), SR_SITE_OURS, SR_SITE_OURS, SR_FATE_NONE);
	expect_fate(nat_of(IPPROTO_TCP, SR_FLOW_RESET, CLIENT), SR_SITE_OURS, SR_SITE_OURS, SR_FATE_NONE);
	expect_fate(nat_of(IPPROTO_TCP, SR_FLOW_ENDING, CLIENT), SR_SITE_OURS, SR_SITE_OURS, SR_FATE_CHANGES);
}

static void without_its_endpoint_udp_moves_and_tcp_drains(void **state)
{
	struct sr_nat tcp = TCP(CLIENT), udp = UDP(CLIENT);

	(void)state;
	assert_int_equal(sr_takeover_fate(&tcp, false, SR_SITE_OURS, SR_SITE_OURS), SR_FATE_CHANGES);
	assert_int_equal(sr_takeover_fate(&udp, false, SR_SITE_OURS, SR_SITE_OURS), SR_FATE_MOVED);
	assert_int_equal(sr_takeover_fate(&udp, true, SR_SITE_OURS, SR_SITE_OURS), SR_FATE_CHANGES);
}

static void what_nobody_translates_stays(void **state)
{
	struct sr_nat nat = {
		.call = tuple(CLIENT, FRONTEND, IPPROTO_TCP),
		.answer = tuple(FRONTEND, CLIENT, IPPROTO_TCP),
		.state = SR_FLOW_PROVEN,
	};

	(void)state;
	expect_fate(nat, SR_SITE_OURS, SR_SITE_OURS, SR_FATE_UNTRANSLATED);
}

static void expect_half(struct sr_nat nat, const char *leaves_from, uint32_t flags)
{
	struct sr_tuple leaves = tuple(leaves_from, BACKEND, IPPROTO_TCP);
	struct sr_conn half;

	sr_takeover_half(&half, &nat);
	assert_memory_equal(&half.from, &nat.call, sizeof(nat.call));
	assert_memory_equal(&half.to.src, &leaves.src, sizeof(leaves.src));
	assert_memory_equal(&half.to.dst, &leaves.dst, sizeof(leaves.dst));
	assert_int_equal(half.to.sport, leaves.sport);
	assert_int_equal(half.to.dport, leaves.dport);
	assert_int_equal(half.to.flags, flags);
}

static void netfilters_words_in_ours(void **state)
{
	(void)state;
	expect_half(TCP(CLIENT), CLIENT, SR_CONN_ANSWERED | SR_CONN_PROVEN);
	expect_half(TCP(NODE), NODE, SR_CONN_ANSWERED | SR_CONN_PROVEN | SR_CONN_PAST);
	expect_half(nat_of(IPPROTO_TCP, SR_FLOW_ANSWERED, CLIENT), CLIENT, SR_CONN_ANSWERED);
	expect_half(nat_of(IPPROTO_TCP, SR_FLOW_NEW, CLIENT), CLIENT, 0);
}

/* To ours and back again. */
static void our_words_in_netfilters(void **state)
{
	static const struct sr_flow_clock clock = {.ticks = {.tcp = 100, .udp = 100, .closing = 100, .unproven = 100},
						   .jiffies_per_second = 250};
	struct sr_nat nat = TCP(NODE), again;
	struct sr_conn half;
	struct sr_flow flow;

	(void)state;
	sr_takeover_half(&half, &nat);
	sr_flow_read(&flow, &half, &clock);
	sr_takeover_nat(&again, &flow);
	assert_memory_equal(&again.call, &nat.call, sizeof(nat.call));
	assert_memory_equal(&again.answer, &nat.answer, sizeof(nat.answer));
	assert_int_equal(again.state, nat.state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_passes_us_both_ways_changes_hands),
		cmocka_unit_test(what_is_over_is_nobodys),
		cmocka_unit_test(without_its_endpoint_udp_moves_and_tcp_drains),
		cmocka_unit_test(what_nobody_translates_stays),
		cmocka_unit_test(netfilters_words_in_ours),
		cmocka_unit_test(our_words_in_netfilters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
