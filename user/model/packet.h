/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets, as `svcroute trace` makes them, and in words: what a flow begins
 * with, what it goes on with, and what a refusal says.
 */
#ifndef SVCROUTE_MODEL_PACKET_H
#define SVCROUTE_MODEL_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "svcroute/abi.h"

#define SR_PACKET_SIZE 1024
#define SR_PACKET_MAC  6
#define SR_PACKET_LINK 14 /* bytes of the link header */
#define SR_PACKET_TEXT 256

/* A frame, its link header first. */
struct sr_packet {
	uint8_t bytes[SR_PACKET_SIZE];
	size_t length;
};

struct sr_packet_spec {
	struct sr_tuple tuple; /* IPPROTO_ICMP, over either family: an echo request, whose identifier is `sport` */
	bool begins;	       /* TCP: SYN, else ACK; SCTP: INIT, else HEARTBEAT */
	uint8_t to[SR_PACKET_MAC];
};

/* Without payload; every checksum is right. */
void sr_packet_make(struct sr_packet *out, const struct sr_packet_spec *spec);

/* What a router makes of it: one hop less to live, and its checksum. It is an IP packet with more than one. */
void sr_packet_age(struct sr_packet *packet);
/* Who sends the frame, and to whom. */
void sr_packet_address(struct sr_packet *packet, const uint8_t from[SR_PACKET_MAC], const uint8_t to[SR_PACKET_MAC]);

/* What a packet says of itself. */
struct sr_packet_view {
	struct sr_tuple
		tuple;	/* of ICMP, ports are 0, and an echo's identifier is `sport`; ICMPv6 is IPPROTO_ICMP, too */
	bool is_tunnel; /* IP in IP of the same family: the tuple is the outer one, without ports */
	uint8_t family;
	uint8_t ttl;
	uint8_t flags; /* TCP's */
	uint8_t type;  /* ICMP's, or that of SCTP's first chunk */
	uint8_t code;
	size_t length; /* of the frame */
};

/* 0, or -EINVAL: it is no IP packet, or cut short. */
int sr_packet_read(struct sr_packet_view *out, const struct sr_packet *packet);

/* "tcp SYN 10.0.0.1:1024 > 10.96.0.10:80, TTL 64, 54 bytes". `out` has SR_PACKET_TEXT bytes; return `out`. */
char *sr_packet_format(char *out, const struct sr_packet_view *view);

/* "icmp" for IPPROTO_ICMP, "ipip" and "ip6ip6" for tunnels; others as sr_proto_name(). */
const char *sr_packet_proto_name(uint8_t proto);

#endif
