// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/neighbour.h"

#include <errno.h>
#include <string.h>

#include "model/addr.h"

#define NEIGHBOUR_LINK 14
#define NEIGHBOUR_ARP  28
#define NEIGHBOUR_IPV6 40
#define NEIGHBOUR_ND   24 /* up to the target's end; options follow */

/* Offsets in a frame. */
enum neighbour_at {
	AT_ARP = NEIGHBOUR_LINK,
	AT_ARP_OP = AT_ARP + 6,
	AT_ARP_SENDER = AT_ARP + 8,
	AT_ARP_SENDER_IP = AT_ARP + 14,
	AT_ARP_TARGET_IP = AT_ARP + 24,
	AT_ARP_END = AT_ARP + NEIGHBOUR_ARP,
	AT_IPV6 = NEIGHBOUR_LINK,
	AT_IPV6_SOURCE = AT_IPV6 + 8,
	AT_IPV6_DESTINATION = AT_IPV6 + 24,
	AT_ND = AT_IPV6 + NEIGHBOUR_IPV6,
	AT_ND_CHECK = AT_ND + 2,
	AT_ND_FLAGS = AT_ND + 4,
	AT_ND_TARGET = AT_ND + 8,
	AT_ND_OPTION = AT_ND + NEIGHBOUR_ND,
};

#define ARP_REQUEST 1
#define ARP_REPLY   2

#define ND_SOLICIT	   135
#define ND_ADVERT	   136
#define ND_OVERRIDE	   0x20
#define ND_TARGET_LINK	   2
#define ND_HOP_LIMIT	   255
#define NEXT_HEADER_ICMPV6 58

static const uint8_t neighbour_all[SR_NEIGHBOUR_MAC] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static const uint8_t neighbour_all_nodes[SR_NEIGHBOUR_MAC] = {0x33, 0x33, 0, 0, 0, 1};
static const uint8_t neighbour_arp_head[] = {0, 1, 8, 0, 6, 4, 0}; /* Ethernet, IPv4; the operation's first byte */

void sr_neighbour_group(uint8_t *mac, const struct sr_addr *addr)
{
	memcpy(mac, (const uint8_t[]){0x33, 0x33, 0xff, addr->byte[13], addr->byte[14], addr->byte[15]},
	       SR_NEIGHBOUR_MAC);
}

static void frame_begin(struct sr_neighbour_frame *out, const uint8_t *to, const uint8_t *from, uint16_t type)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->bytes, to, SR_NEIGHBOUR_MAC);
	memcpy(out->bytes + SR_NEIGHBOUR_MAC, from, SR_NEIGHBOUR_MAC);
	out->bytes[12] = type >> 8;
	out->bytes[13] = type & 0xff;
}

/* A request, from `sender` or, if it is NULL, from nobody yet. */
static void frame_arp(struct sr_neighbour_frame *out, const struct sr_addr *sender, const struct sr_addr *target,
		      const uint8_t *mac)
{
	frame_begin(out, neighbour_all, mac, 0x0806);
	memcpy(out->bytes + AT_ARP, neighbour_arp_head, sizeof(neighbour_arp_head));
	out->bytes[AT_ARP_OP + 1] = ARP_REQUEST;
	memcpy(out->bytes + AT_ARP_SENDER, mac, SR_NEIGHBOUR_MAC);
	if (sender)
		memcpy(out->bytes + AT_ARP_SENDER_IP, sender->byte + 12, 4);
	memcpy(out->bytes + AT_ARP_TARGET_IP, target->byte + 12, 4);
	out->length = AT_ARP_END;
}

/* Over the message and its pseudo header (RFC 4443, section 2.3). */
static void frame_sum(struct sr_neighbour_frame *out, size_t size)
{
	uint32_t sum = size + NEXT_HEADER_ICMPV6;

	for (size_t i = AT_IPV6_SOURCE; i < out->length; i += 2)
		sum += out->bytes[i] << 8 | out->bytes[i + 1];
	sum = (sum >> 16) + (sum & 0xffff);
	sum = ~((sum >> 16) + sum);
	out->bytes[AT_ND_CHECK] = sum >> 8 & 0xff;
	out->bytes[AT_ND_CHECK + 1] = sum & 0xff;
}

static void frame_ipv6(struct sr_neighbour_frame *out, const struct sr_addr *source, const struct sr_addr *destination,
		       size_t size)
{
	memcpy(out->bytes + AT_IPV6,
	       (const uint8_t[]){0x60, 0, 0, 0, 0, (uint8_t)size, NEXT_HEADER_ICMPV6, ND_HOP_LIMIT}, 8);
	memcpy(out->bytes + AT_IPV6_SOURCE, source->byte, 16);
	memcpy(out->bytes + AT_IPV6_DESTINATION, destination->byte, 16);
	out->length = AT_ND + size;
}

/* RFC 4862, section 5.4.2. */
static void frame_solicit(struct sr_neighbour_frame *out, const struct sr_addr *addr, const uint8_t *mac)
{
	struct sr_addr nobody = {}, group = {.byte = {0xff, 0x02, [11] = 1, [12] = 0xff}};
	uint8_t to[SR_NEIGHBOUR_MAC];

	memcpy(group.byte + 13, addr->byte + 13, 3);
	sr_neighbour_group(to, addr);
	frame_begin(out, to, mac, 0x86dd);
	frame_ipv6(out, &nobody, &group, NEIGHBOUR_ND);
	out->bytes[AT_ND] = ND_SOLICIT;
	memcpy(out->bytes + AT_ND_TARGET, addr->byte, 16);
	frame_sum(out, NEIGHBOUR_ND);
}

/* RFC 4861, section 7.2.6. */
static void frame_advert(struct sr_neighbour_frame *out, const struct sr_addr *addr, const uint8_t *mac)
{
	struct sr_addr all_nodes = {.byte = {0xff, 0x02, [15] = 1}};

	frame_begin(out, neighbour_all_nodes, mac, 0x86dd);
	frame_ipv6(out, addr, &all_nodes, NEIGHBOUR_ND + 8);
	out->bytes[AT_ND] = ND_ADVERT;
	out->bytes[AT_ND_FLAGS] = ND_OVERRIDE;
	memcpy(out->bytes + AT_ND_TARGET, addr->byte, 16);
	out->bytes[AT_ND_OPTION] = ND_TARGET_LINK;
	out->bytes[AT_ND_OPTION + 1] = 1;
	memcpy(out->bytes + AT_ND_OPTION + 2, mac, SR_NEIGHBOUR_MAC);
	frame_sum(out, NEIGHBOUR_ND + 8);
}

void sr_neighbour_probe(struct sr_neighbour_frame *out, const struct sr_addr *addr, const uint8_t *mac)
{
	if (sr_addr_is_v4(addr))
		frame_arp(out, NULL, addr, mac);
	else
		frame_solicit(out, addr, mac);
}

void sr_neighbour_probe_one(struct sr_neighbour_frame *out, const struct sr_addr *addr, const uint8_t *mac,
			    const uint8_t *station)
{
	sr_neighbour_probe(out, addr, mac);
	memcpy(out->bytes, station, SR_NEIGHBOUR_MAC);
}

void sr_neighbour_announce(struct sr_neighbour_frame *out, const struct sr_addr *addr, const uint8_t *mac)
{
	if (sr_addr_is_v4(addr))
		frame_arp(out, addr, addr, mac);
	else
		frame_advert(out, addr, mac);
}

static void word_take_v4(struct sr_neighbour_word *out, const uint8_t *at)
{
	out->addr = (struct sr_addr){.byte = {[10] = 0xff, [11] = 0xff}};
	memcpy(out->addr.byte + 12, at, 4);
}

/* Whoever speaks by ARP has the address that it speaks from; a probe speaks from none (RFC 5227, section 1.1). */
static int read_arp(struct sr_neighbour_word *out, const uint8_t *bytes, size_t length)
{
	static const uint8_t nobody[4];

	if (length < AT_ARP_END || memcmp(bytes + AT_ARP, neighbour_arp_head, sizeof(neighbour_arp_head)) != 0)
		return -EINVAL;
	if (bytes[AT_ARP_OP + 1] != ARP_REQUEST && bytes[AT_ARP_OP + 1] != ARP_REPLY)
		return -EINVAL;
	memcpy(out->mac, bytes + AT_ARP_SENDER, SR_NEIGHBOUR_MAC);
	out->kind = SR_NEIGHBOUR_HAS;
	word_take_v4(out, bytes + AT_ARP_SENDER_IP);
	if (memcmp(bytes + AT_ARP_SENDER_IP, nobody, sizeof(nobody)) != 0)
		return 0;
	if (bytes[AT_ARP_OP + 1] != ARP_REQUEST)
		return -EINVAL;
	out->kind = SR_NEIGHBOUR_WANTS;
	word_take_v4(out, bytes + AT_ARP_TARGET_IP);
	return 0;
}

static int read_nd(struct sr_neighbour_word *out, const uint8_t *bytes, size_t length)
{
	static const uint8_t nobody[16];

	if (length < AT_ND_OPTION || bytes[AT_IPV6 + 6] != NEXT_HEADER_ICMPV6 || bytes[AT_IPV6 + 7] != ND_HOP_LIMIT)
		return -EINVAL;
	memcpy(out->mac, bytes + SR_NEIGHBOUR_MAC, SR_NEIGHBOUR_MAC);
	memcpy(out->addr.byte, bytes + AT_ND_TARGET, 16);
	out->kind = SR_NEIGHBOUR_HAS;
	if (bytes[AT_ND] == ND_ADVERT) {
		if (length >= AT_ND_OPTION + 8 && bytes[AT_ND_OPTION] == ND_TARGET_LINK)
			memcpy(out->mac, bytes + AT_ND_OPTION + 2, SR_NEIGHBOUR_MAC);
		return 0;
	}
	out->kind = SR_NEIGHBOUR_WANTS;
	return bytes[AT_ND] == ND_SOLICIT && memcmp(bytes + AT_IPV6_SOURCE, nobody, 16) == 0 ? 0 : -EINVAL;
}

int sr_neighbour_read(struct sr_neighbour_word *out, const uint8_t *bytes, size_t length)
{
	if (length < NEIGHBOUR_LINK)
		return -EINVAL;
	if (bytes[12] == 0x08 && bytes[13] == 0x06)
		return read_arp(out, bytes, length);
	if (bytes[12] == 0x86 && bytes[13] == 0xdd)
		return read_nd(out, bytes, length);
	return -EINVAL;
}
