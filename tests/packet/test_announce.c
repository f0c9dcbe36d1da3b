// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * An announced address answers as if a device had it: ARP, neighbour
 * solicitations and pings. What no service has of it is refused.
 */
#include "tests.h"

#include <string.h>

#include <bpf/bpf.h>

#include "base/array.h"
#include "kernel/datapath.h"

#define VIP    "198.51.100.7"
#define OTHER  "198.51.100.8"
#define ASKER  "198.51.100.1" /* as MAC_GATEWAY */
#define NOBODY "0.0.0.0"

static void announce_on(__u32 ifindex, const char *addr, __u32 state)
{
	struct sr_announced value = {
		.self = {.addr = world_addr(addr, world.family), .ifindex = ifindex},
		.state = state,
	};

	assert_int_equal(bpf_map_update_elem(sr_datapath_map_fd(harness_datapath(), "sr_announced"), &value.self,
					     &value, BPF_ANY),
			 0);
}

/* As `svcroute load --announce=eth0` does. */
static void given_announced(const char *addr)
{
	given_external(VIP ":90", POD1 ":8080");
	announce_on(network_ifindex(DEVICE_ETH0), addr, SR_ANNOUNCED_HELD);
	announce_on(0, addr, SR_ANNOUNCED_HELD);
}

/* --- ARP ---------------------------------------------------------------------------- */

static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static struct frame frame_to(struct frame frame, const uint8_t mac[6])
{
	memcpy(frame.bytes, mac, 6);
	return frame;
}

static void put_end(uint8_t *at, uint8_t mac, const char *addr)
{
	struct sr_addr from = world_addr(addr, 4);

	memcpy(at, (uint8_t[]){mac ? 2 : 0, 0, 0, 0, 0, mac}, 6);
	memcpy(at + 6, from.byte + 12, 4);
}

/* RFC 826. `op`: 1 asks, 2 answers. */
static struct frame arp(uint8_t op, uint8_t from_mac, const char *from, uint8_t to_mac, const char *to)
{
	struct frame frame = frame_other(0x0806, 28);

	memcpy(frame.bytes, (uint8_t[]){2, 0, 0, 0, 0, to_mac, 2, 0, 0, 0, 0, from_mac}, 12);
	memcpy(frame.bytes + 14, (uint8_t[]){0, 1, 8, 0, 6, 4, 0, op}, 8);
	put_end(frame.bytes + 22, from_mac, from);
	put_end(frame.bytes + 32, to_mac, to);
	return op == 1 ? frame_to(frame, everybody) : frame;
}

static const enum program ways_in[] = {PROG_XDP, PROG_FROM_WIRE};

TEST(who_has_it)
{
	given_announced(VIP);
	for (size_t i = 0; i < ARRAY_SIZE(ways_in); i++) {
		send(ways_in[i], arp(1, MAC_GATEWAY, ASKER, 0, VIP));
		expect_answer(SR_ANSWER_ARP, arp(2, MAC_NODE, VIP, MAC_GATEWAY, ASKER));
	}
}

/* As neighbours do that look whether it is still there. */
TEST(who_has_it_asked_of_us_alone)
{
	struct frame asks = frame_to(arp(1, MAC_GATEWAY, ASKER, 0, VIP), (uint8_t[]){2, 0, 0, 0, 0, MAC_NODE});

	given_announced(VIP);
	for (size_t i = 0; i < ARRAY_SIZE(ways_in); i++) {
		send(ways_in[i], asks);
		expect_answer(SR_ANSWER_ARP, arp(2, MAC_NODE, VIP, MAC_GATEWAY, ASKER));
	}
}

/* RFC 5227: who wants the address for itself learns that it is ours. */
TEST(a_probe_is_answered)
{
	given_announced(VIP);
	for (size_t i = 0; i < ARRAY_SIZE(ways_in); i++) {
		send(ways_in[i], arp(1, MAC_GATEWAY, NOBODY, 0, VIP));
		expect_answer(SR_ANSWER_ARP, arp(2, MAC_NODE, VIP, MAC_GATEWAY, NOBODY));
	}
}

static void expect_no_arp_answer(struct frame frame)
{
	send(PROG_XDP, frame);
	expect_untouched(SR_PASS_NOT_IP);
	send(PROG_FROM_WIRE, frame);
	expect_untouched(SR_PASS_OTHER_HOST);
}

TEST(of_other_addresses_nothing_is_said)
{
	struct frame other = arp(1, MAC_GATEWAY, ASKER, 0, OTHER);

	given_announced(VIP);
	expect_no_arp_answer(other);
	announce_on(network_ifindex(DEVICE_ETH0), OTHER, SR_ANNOUNCED_IN_USE);
	expect_no_arp_answer(other);
	announce_on(network_ifindex(DEVICE_ETH0), OTHER, SR_ANNOUNCED_WAITING);
	expect_no_arp_answer(other);
}

TEST(on_other_devices_nothing_is_said)
{
	given_announced(VIP);
	send_by(DEVICE_ETH1, PROG_XDP, arp(1, MAC_GATEWAY, ASKER, 0, VIP));
	expect_untouched(SR_PASS_NOT_IP);
}

TEST(only_requests_over_ethernet_are_answered)
{
	struct frame asks = arp(1, MAC_GATEWAY, ASKER, 0, VIP);

	given_announced(VIP);
	expect_no_arp_answer(frame_poke(asks, 21, 2));
	expect_no_arp_answer(frame_poke(asks, 15, 6));
	expect_no_arp_answer(frame_poke(asks, 16, 9));
	expect_no_arp_answer(frame_poke(asks, 18, 8));
	expect_no_arp_answer(frame_poke(asks, 19, 16));
	expect_no_arp_answer(frame_cut(asks, 41));
}

/* What we ourselves sent, sent back by a switch; and a station that is many. */
TEST(an_asker_that_is_no_other_station)
{
	given_announced(VIP);
	expect_no_arp_answer(arp(1, MAC_NODE, NOBODY, 0, VIP));
	expect_no_arp_answer(frame_poke(arp(1, MAC_GATEWAY, ASKER, 0, VIP), 22, 3));
}

/* Flooded, or seen promiscuously: what is asked of another station alone, that one answers. */
TEST(who_has_it_asked_of_another_station)
{
	given_announced(VIP);
	expect_no_arp_answer(frame_to(arp(1, MAC_GATEWAY, ASKER, 0, VIP), (uint8_t[]){2, 0, 0, 0, 0, MAC_OTHER_NODE}));
}

/* RFC 5227, section 2.4: who claims our address is told by tc, behind which a watch hears him. */
TEST(another_says_that_he_has_it)
{
	struct frame claims = arp(1, MAC_GATEWAY, VIP, 0, VIP);

	given_announced(VIP);
	send(PROG_XDP, claims);
	expect_untouched(SR_PASS_TO_TC);
	send(PROG_FROM_WIRE, claims);
	expect_answer(SR_ANSWER_ARP, arp(2, MAC_NODE, VIP, MAC_GATEWAY, VIP));
}

/* --- neighbour discovery ------------------------------------------------------------- */

enum nd {
	SOLICIT = 135,
	ADVERT = 136,
};

/* RFC 4861, sections 4.3 and 4.4: the target, and an option with a link address unless `mac` is 0. */
static struct frame nd(enum nd type, const char *from, const char *to, const char *target, uint8_t mac)
{
	struct sr_addr addr = world_addr(target, 6);
	struct frame message = {.length = 30 + (mac ? 8 : 0)};
	uint8_t option[8] = {type == SOLICIT ? 1 : 2, 1, 2, 0, 0, 0, 0, mac};

	memcpy(message.bytes + 14, addr.byte, 16);
	memcpy(message.bytes + 30, option, sizeof(option));
	return icmp(from, to, type, 0, &message, .ttl = 255, .no_flow_label = type == ADVERT);
}

static struct frame with_flags(struct frame frame, uint8_t flags)
{
	uint32_t sum = (frame.bytes[56] << 8 | frame.bytes[57]) + (0xffff - (flags << 8));

	frame.bytes[58] = flags;
	sum = (sum >> 16) + (sum & 0xffff);
	frame.bytes[56] = sum >> 8;
	frame.bytes[57] = sum;
	return frame;
}

/* The group of those that could have it: its last three bytes are VIP's in the world of IPv6. */
#define VIP_GROUP "[ff02::1:ff00:7]:1"
static const uint8_t vip_group_mac[6] = {0x33, 0x33, 0xff, 0, 0, 7};
static const uint8_t all_nodes_mac[6] = {0x33, 0x33, 0, 0, 0, 1};

static struct frame solicitation(const char *from, uint8_t mac)
{
	return frame_to(nd(SOLICIT, from, VIP_GROUP, VIP, mac), vip_group_mac);
}

/* With these options. */
static struct frame with_options(const char *from, const uint8_t *options, size_t size)
{
	struct sr_addr addr = world_addr(VIP, 6);
	struct frame message = {.length = 30 + size};

	memcpy(message.bytes + 14, addr.byte, 16);
	memcpy(message.bytes + 30, options, size);
	return frame_to(icmp(from, VIP_GROUP, SOLICIT, 0, &message, .ttl = 255), vip_group_mac);
}

#define LINK_ADDRESS	1, 1, 2, 0, 0, 0, 0, MAC_GATEWAY
#define NONCE		14, 1, 1, 2, 3, 4, 5, 6 /* RFC 7527 */
#define with(from, ...) with_options(from, (uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}))

/* Solicited, overriding. */
static struct frame advertisement(const char *to)
{
	struct frame frame = nd(ADVERT, VIP ":1", to, VIP, MAC_NODE);

	memcpy(frame.bytes, (uint8_t[]){2, 0, 0, 0, 0, MAC_GATEWAY, 2, 0, 0, 0, 0, MAC_NODE}, 12);
	return with_flags(frame, 0x60);
}

TEST(a_solicitation_is_answered)
{
	given_announced(VIP);
	for (size_t i = 0; i < ARRAY_SIZE(ways_in); i++) {
		send(ways_in[i], solicitation(ASKER ":1", MAC_GATEWAY));
		expect_answer(SR_ANSWER_NEIGHBOUR, advertisement(ASKER ":1"));
	}
}

TEST(a_solicitation_of_us_alone)
{
	given_announced(VIP);
	for (size_t i = 0; i < ARRAY_SIZE(ways_in); i++) {
		send(ways_in[i], nd(SOLICIT, ASKER ":1", VIP ":1", VIP, MAC_GATEWAY));
		expect_answer(SR_ANSWER_NEIGHBOUR, advertisement(ASKER ":1"));
	}
}

/* XDP has no room to add what the answer has more. */
TEST(a_solicitation_of_another_length_is_answered_by_tc)
{
	given_announced(VIP);
	send(PROG_XDP, solicitation(ASKER ":1", 0));
	expect_untouched(SR_PASS_TO_TC);
	send(PROG_FROM_WIRE, solicitation(ASKER ":1", 0));
	expect_answer(SR_ANSWER_NEIGHBOUR, advertisement(ASKER ":1"));
	send(PROG_XDP, with(ASKER ":1", LINK_ADDRESS, NONCE));
	expect_untouched(SR_PASS_TO_TC);
	send(PROG_FROM_WIRE, with(ASKER ":1", LINK_ADDRESS, NONCE));
	expect_answer(SR_ANSWER_NEIGHBOUR, advertisement(ASKER ":1"));
}

/* RFC 4861, section 4.3: what we do not know is skipped. */
TEST(a_solicitation_with_unknown_options)
{
	uint8_t many[8 * 8] = {LINK_ADDRESS, NONCE, [16] = 200, 1, [24] = 201, 5};
	uint8_t most[16 * 8] = {};

	given_announced(VIP);
	send(PROG_FROM_WIRE, with_options(ASKER ":1", many, sizeof(many)));
	expect_answer(SR_ANSWER_NEIGHBOUR, advertisement(ASKER ":1"));
	for (size_t i = 0; i < sizeof(most); i += 8)
		memcpy(most + i, (uint8_t[]){NONCE}, 8);
	send(PROG_FROM_WIRE, with_options(ASKER ":1", most, sizeof(most)));
	expect_answer(SR_ANSWER_NEIGHBOUR, advertisement(ASKER ":1"));
}

/* Duplicate address detection (RFC 4862, section 5.4): all of the link are told. */
TEST(who_wants_it_for_itself_is_told)
{
	struct frame want = nd(ADVERT, VIP ":1", "[ff02::1]:1", VIP, MAC_NODE);

	given_announced(VIP);
	memcpy(want.bytes, all_nodes_mac, 6);
	memcpy(want.bytes + 6, (uint8_t[]){2, 0, 0, 0, 0, MAC_NODE}, 6);
	send(PROG_FROM_WIRE, solicitation("[::]:1", 0));
	expect_answer(SR_ANSWER_NEIGHBOUR, with_flags(want, 0x20));
}

static void expect_no_nd_answer(struct frame frame)
{
	send(PROG_XDP, frame);
	expect_untouched(SR_PASS_NOT_SERVED_PROTO);
	send(PROG_FROM_WIRE, frame);
	expect_untouched(frame.bytes[0] & 1 ? SR_PASS_OTHER_HOST : SR_PASS_NOT_SERVED_PROTO);
}

TEST(of_other_targets_nothing_is_said)
{
	given_announced(VIP);
	expect_no_nd_answer(frame_to(nd(SOLICIT, ASKER ":1", "[ff02::1:ff00:8]:1", OTHER, MAC_GATEWAY),
				     (uint8_t[]){0x33, 0x33, 0xff, 0, 0, 8}));
}

/* RFC 4861, section 7.1.1: what came from beyond the link, or is broken, is no solicitation. */
TEST(a_solicitation_that_is_not_valid)
{
	struct frame asks = solicitation(ASKER ":1", MAC_GATEWAY);

	given_announced(VIP);
	expect_no_nd_answer(frame_poke(asks, 21, 254));
	expect_no_nd_answer(frame_poke(asks, 85, 0x77));
	expect_no_nd_answer(nd(ADVERT, ASKER ":1", VIP_GROUP, VIP, MAC_GATEWAY));
	expect_no_nd_answer(frame_to(nd(SOLICIT, ASKER ":1", "[ff02::1]:1", VIP, MAC_GATEWAY), all_nodes_mac));
	expect_no_nd_answer(frame_poke(asks, 6, 3));
	expect_no_nd_answer(with(ASKER ":1", 1, 0, 2, 0, 0, 0, 0, MAC_GATEWAY));
	expect_no_nd_answer(with(ASKER ":1", 1, 4, 2, 0, 0, 0, 0, MAC_GATEWAY));
	expect_no_nd_answer(with(ASKER ":1", LINK_ADDRESS, 14, 0, 1, 2, 3, 4, 5, 6));
	expect_no_nd_answer(with(ASKER ":1", LINK_ADDRESS, 14));
	expect_no_nd_answer(solicitation("[::]:1", MAC_GATEWAY));
	expect_no_nd_answer(solicitation("[ff02::5]:1", MAC_GATEWAY));
	/* Who has no address asks the group, not us. */
	send(PROG_XDP, nd(SOLICIT, "[::]:1", VIP ":1", VIP, MAC_GATEWAY));
	expect_untouched(SR_PASS_NOT_SERVED_PROTO);
}

/* XDP sees frames that a switch floods, or a promiscuous device hears. */
TEST(a_solicitation_of_another_station)
{
	given_announced(VIP);
	send(PROG_XDP,
	     frame_to(nd(SOLICIT, ASKER ":1", VIP ":1", VIP, MAC_GATEWAY), (uint8_t[]){2, 0, 0, 0, 0, MAC_OTHER_NODE}));
	expect_untouched(SR_PASS_NOT_SERVED_PROTO);
}

/* --- pings --------------------------------------------------------------------------- */

#define reply(from_, to_, ...)                                                                                         \
	ping(from_, to_, .echo_reply = true, .smac = MAC_NODE, .dmac = MAC_GATEWAY, ##__VA_ARGS__)

TEST(a_ping_is_answered)
{
	static const enum program ways[] = {PROG_XDP, PROG_FROM_WIRE, PROG_FROM_POD};

	given_announced(VIP);
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		send(ways[i], ping(CLIENT ":77", VIP ":1", .ttl = 9, .payload_size = 999, .tos = 0xb8));
		expect_answer(SR_ANSWER_ECHO, reply(VIP ":77", CLIENT ":1", .payload_size = 999, .tos = 0xb8));
	}
}

#define PART(from_) .payload_size = 2000, .fragment_id = 77, .fragment_from = (from_), .fragment_size = 1200

/* A later one bears no type: its own age is what keeps it from going round for ever. */
TEST(a_ping_in_fragments_is_answered)
{
	given_announced(VIP);
	send(PROG_FROM_WIRE, ping(CLIENT ":77", VIP ":1", PART(0), .ttl = 9));
	expect_answer(SR_ANSWER_ECHO, reply(VIP ":77", CLIENT ":1", PART(0)));
	send(PROG_FROM_WIRE, ping(CLIENT ":77", VIP ":1", PART(1200), .ttl = 9));
	expect_answer(SR_ANSWER_ECHO, reply(VIP ":77", CLIENT ":1", PART(1200), .ttl = 8));
	send(PROG_FROM_WIRE, ping(CLIENT ":77", VIP ":1", PART(1200), .ttl = 255));
	expect_answer(SR_ANSWER_ECHO, reply(VIP ":77", CLIENT ":1", PART(1200)));
	send(PROG_FROM_WIRE, ping(CLIENT ":77", VIP ":1", PART(1200), .ttl = 1));
	expect_drop(SR_DROP_TTL);
}

TEST(xdp_leaves_pings_in_fragments_to_tc)
{
	given_announced(VIP);
	for (size_t from = 0; from <= 1200; from += 1200) {
		send(PROG_XDP, ping(CLIENT ":77", VIP ":1", PART(from)));
		expect_untouched(SR_PASS_TO_TC);
	}
}

static void expect_no_reply_of_a_part(struct frame frame)
{
	send(PROG_FROM_WIRE, frame);
	if (world.family == 4)
		expect_drop(SR_DROP_NO_SUCH_PORT);
	else
		expect_untouched(SR_PASS_FRAGMENT);
}

/* Of what was not answered, of another, of one long ago. */
TEST(a_later_fragment_of_no_ping_that_was_answered)
{
	given_announced(VIP);
	expect_no_reply_of_a_part(ping(CLIENT ":77", VIP ":1", PART(1200)));
	send(PROG_FROM_WIRE, ping(CLIENT ":77", VIP ":1", PART(0), .echo_reply = true));
	expect_no_reply_of_a_part(ping(CLIENT ":77", VIP ":1", PART(1200)));
	send(PROG_FROM_WIRE, ping(CLIENT ":77", VIP ":1", PART(0)));
	expect_answer(SR_ANSWER_ECHO, reply(VIP ":77", CLIENT ":1", PART(0)));
	expect_no_reply_of_a_part(ping("203.0.113.10:77", VIP ":1", PART(1200)));
	fragments_age(40);
	expect_no_reply_of_a_part(ping(CLIENT ":77", VIP ":1", PART(1200)));
}

/* IPv6: ids are one space for all protocols, and what bears a datagram's is the datagram's. */
TEST(a_later_fragment_of_a_datagram_is_no_pings)
{
	given_announced(VIP);
	send(PROG_FROM_WIRE, udp(CLIENT ":77", VIP ":91", PART(0)));
	send(PROG_FROM_WIRE, ping(CLIENT ":77", VIP ":1", PART(1200)));
	expect_drop(SR_DROP_NO_SUCH_PORT);
}

/* Two that are announced would be told of each other for ever. */
TEST(a_ping_from_an_announced_address)
{
	given_announced(VIP);
	given_external(OTHER ":90", POD1 ":8080");
	announce_on(0, OTHER, SR_ANNOUNCED_HELD);
	given_service("10.96.0.10:80", POD1 ":8080");
	send(PROG_XDP, ping(OTHER ":77", VIP ":1"));
	expect_drop(SR_DROP_MARTIAN);
	send(PROG_FROM_WIRE, ping(VIP ":77", VIP ":1"));
	expect_drop(SR_DROP_MARTIAN);
	send(PROG_FROM_WIRE, ping("10.96.0.10:77", VIP ":1"));
	expect_drop(SR_DROP_MARTIAN);
	send(PROG_FROM_WIRE, ping(OTHER ":77", VIP ":1", PART(0)));
	expect_drop(SR_DROP_MARTIAN);
	expect_no_reply_of_a_part(ping(OTHER ":77", VIP ":1", PART(1200)));
}
#undef PART

static void expect_no_echo(struct frame frame)
{
	static const enum program ways[] = {PROG_XDP, PROG_FROM_WIRE, PROG_FROM_POD};

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		send(ways[i], frame);
		expect_drop(SR_DROP_BAD_SUM);
	}
}

/* RFC 4443, section 2.3; of each length, to the last byte. */
TEST(a_ping_with_a_wrong_sum)
{
	static const size_t sizes[] = {0, 1, 2, 3, 503, 504, 505, 1400};

	given_announced(VIP);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct frame frame = ping(CLIENT ":77", VIP ":1", .payload_size = sizes[i]);

		send(PROG_XDP, frame);
		expect_answer(SR_ANSWER_ECHO, reply(VIP ":77", CLIENT ":1", .payload_size = sizes[i]));
		expect_no_echo(frame_poke(frame, frame.length - 1, frame.bytes[frame.length - 1] ^ 0x10));
		expect_no_echo(frame_poke(frame, world.family == 4 ? 36 : 56, 0x77));
	}
}

/* Smurfs (RFC 2644), and what is no request. */
TEST(a_ping_that_must_not_be_answered)
{
	const char *many = world.family == 4 ? "224.0.0.1:77" : "[ff02::1]:77";
	struct frame frame = frame_to(ping(CLIENT ":77", VIP ":1"), everybody);

	given_announced(VIP);
	send(PROG_FROM_WIRE, frame);
	expect_untouched(SR_PASS_OTHER_HOST);
	send(PROG_XDP, frame);
	expect_untouched(SR_PASS_NOT_SERVED_PROTO);
	send(PROG_XDP, ping(many, VIP ":1"));
	expect_untouched(SR_PASS_NOT_SERVED_PROTO);
	send(PROG_XDP, frame_poke(ping(CLIENT ":77", VIP ":1"), world.family == 4 ? 35 : 55, 1));
	expect_untouched(SR_PASS_NOT_SERVED_PROTO);
	send(PROG_XDP, ping(CLIENT ":77", VIP ":1", .echo_reply = true));
	expect_untouched(SR_PASS_NOT_SERVED_PROTO);
}

TEST(another_stations_ping)
{
	given_announced(VIP);
	send(PROG_XDP, ping(CLIENT ":77", VIP ":1", .dmac = MAC_OTHER_NODE));
	expect_untouched(SR_PASS_NOT_SERVED_PROTO);
	send(PROG_FROM_WIRE, ping(CLIENT ":77", VIP ":1", .dmac = MAC_OTHER_NODE));
	expect_untouched(SR_PASS_OTHER_HOST);
}

TEST(an_address_that_is_not_announced_does_not_answer)
{
	given_external(VIP ":90", POD1 ":8080");
	send(PROG_XDP, ping(CLIENT ":77", VIP ":1"));
	expect_untouched(SR_PASS_NOT_SERVED_PROTO);
	send(PROG_FROM_WIRE, ping(CLIENT ":77", VIP ":1"));
	expect_untouched(SR_PASS_NOT_SERVED_PROTO);
}

/* --- the rest of the address ---------------------------------------------------------- */

/* Else the stack would look for the address on the link, where nobody but we would answer. */
TEST(a_port_that_no_service_has_is_refused)
{
	given_external(VIP ":90", POD1 ":8080");
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP ":91"));
	expect_untouched(SR_PASS_NOT_A_SERVICE);
	given_announced(VIP);
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP ":91"));
	expect_drop(SR_DROP_NO_SUCH_PORT);
	expect_verdict(VERDICT_REDIRECT);
	send(PROG_XDP, packet(CLIENT ":1234", VIP ":91"));
	expect_untouched(SR_PASS_TO_TC);
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP ":90"));
	expect_packet(packet(CLIENT ":1234", POD1 ":8080"));
}

TEST(a_protocol_that_no_service_has_is_dropped)
{
	given_announced(VIP);
	send(PROG_FROM_WIRE, packet(CLIENT ":1234", VIP ":91", .proto = 47));
	expect_drop(SR_DROP_NO_SUCH_PORT);
}

const struct CMUnitTest announce_tests[] = {
	ONLY_V4(who_has_it),
	ONLY_V4(who_has_it_asked_of_us_alone),
	ONLY_V4(a_probe_is_answered),
	ONLY_V4(of_other_addresses_nothing_is_said),
	ONLY_V4(on_other_devices_nothing_is_said),
	ONLY_V4(only_requests_over_ethernet_are_answered),
	ONLY_V4(an_asker_that_is_no_other_station),
	ONLY_V4(who_has_it_asked_of_another_station),
	ONLY_V4(another_says_that_he_has_it),
	ONLY_V6(a_solicitation_is_answered),
	ONLY_V6(a_solicitation_of_us_alone),
	ONLY_V6(a_solicitation_of_another_length_is_answered_by_tc),
	ONLY_V6(who_wants_it_for_itself_is_told),
	ONLY_V6(of_other_targets_nothing_is_said),
	ONLY_V6(a_solicitation_that_is_not_valid),
	ONLY_V6(a_solicitation_with_unknown_options),
	ONLY_V6(a_solicitation_of_another_station),
	BOTH_FAMILIES(a_ping_is_answered),
	BOTH_FAMILIES(a_ping_in_fragments_is_answered),
	BOTH_FAMILIES(xdp_leaves_pings_in_fragments_to_tc),
	BOTH_FAMILIES(a_later_fragment_of_no_ping_that_was_answered),
	ONLY_V6(a_later_fragment_of_a_datagram_is_no_pings),
	BOTH_FAMILIES(a_ping_from_an_announced_address),
	BOTH_FAMILIES(a_ping_with_a_wrong_sum),
	BOTH_FAMILIES(a_ping_that_must_not_be_answered),
	BOTH_FAMILIES(another_stations_ping),
	BOTH_FAMILIES(an_address_that_is_not_announced_does_not_answer),
	TCP_AND_UDP(a_port_that_no_service_has_is_refused),
	BOTH_FAMILIES(a_protocol_that_no_service_has_is_dropped),
};
const size_t num_announce_tests = ARRAY_SIZE(announce_tests);
