/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Frames, built from a line of words, every checksum summed up from scratch:
 *
 *	tcp("10.244.0.2:1234", "10.96.0.10:80", .flags = SYN, .seq = 7)
 */
#ifndef TESTS_PACKET_FRAME_H
#define TESTS_PACKET_FRAME_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_SIZE 4096

struct frame {
	size_t length;
	uint8_t bytes[FRAME_SIZE];
};

enum frame_tcp_flags {
	FIN = 0x01,
	SYN = 0x02,
	RST = 0x04,
	PSH = 0x08,
	ACK = 0x10,
};

enum frame_chunk {
	INIT = 1,
	INIT_ACK = 2,
	HEARTBEAT = 4,
	ABORT = 6,
	SHUTDOWN = 7,
	SHUTDOWN_ACK = 8,
	COOKIE_ECHO = 10,
	COOKIE_ACK = 11,
	SHUTDOWN_COMPLETE = 14,
};

/* Last bytes of the MAC addresses 02:00:00:00:00:XX. */
enum frame_mac {
	MAC_GATEWAY = 0x01,
	MAC_NODE = 0x04,
	MAC_OTHER_NODE = 0x05,
	MAC_POD1 = 0x07,
	MAC_POD1B = 0x08,
	MAC_POD2 = 0x09,
	MAC_NODE_ETH1 = 0x14,
	MAC_NODE_ON_ETH1 = 0x16,
	MAC_NODE_TO_POD1 = 0x27,
	MAC_NODE_TO_POD2 = 0x29,
};

/* What is 0 or NULL has its usual value: ACK, a TTL of 64, "hello". */
struct frame_spec {
	const char *from, *to; /* "10.244.0.2:1234"; world.h says how it is read */
	int family;	       /* the world's */
	int proto;	       /* the world's */
	uint8_t smac, dmac;    /* from the gateway to this node */
	uint8_t ttl, tos;
	uint8_t flags; /* TCP */
	uint32_t seq, ack;
	bool no_checksum; /* UDP, SCTP */
	/* SCTP; without `chunk`, `flags` choose INIT or its ACK, or there is payload only. */
	uint8_t chunk;
	uint32_t tag; /* Verification Tag; without, `ack` less 1. `seq` is INIT's and INIT ACK's own */
	bool bare;    /* nothing behind the transport header */
	const char *payload;
	size_t payload_size; /* of `payload`, or of filler */
	uint8_t ip_options;  /* IPv4: this many bytes of them, a multiple of 4 */
	/* IPv6, a letter each: hop-by-hop, destination, routing, auth, (atomic) fragment. */
	const char *extensions;
	/* A fragment: the part of what follows the IP header at [from, from + size). */
	size_t fragment_from, fragment_size;
	uint16_t fragment_id;
	/* ICMP: an error, which quotes so many bytes of what follows a frame's link header. */
	uint8_t icmp_type, icmp_code;
	uint32_t icmp_info; /* the header's second word */
	const struct frame *quote;
	size_t quote_size; /* 0: all */
	bool echo_reply;
	bool dont_fragment; /* IPv4 */
	bool no_flow_label; /* IPv6 */
};

struct frame frame_make(const struct frame_spec *spec);

#define packet(from_, to_, ...) frame_make(&(struct frame_spec){.from = (from_), .to = (to_), ##__VA_ARGS__})
#define tcp(from_, to_, ...)	packet(from_, to_, .proto = IPPROTO_TCP, ##__VA_ARGS__)
#define udp(from_, to_, ...)	packet(from_, to_, .proto = IPPROTO_UDP, ##__VA_ARGS__)
#define sctp(from_, to_, ...)	packet(from_, to_, .proto = IPPROTO_SCTP, ##__VA_ARGS__)
#define tcp4(from_, to_, ...)	tcp(from_, to_, .family = 4, ##__VA_ARGS__)
#define udp4(from_, to_, ...)	udp(from_, to_, .family = 4, ##__VA_ARGS__)
#define tcp6(from_, to_, ...)	tcp(from_, to_, .family = 6, ##__VA_ARGS__)
#define udp6(from_, to_, ...)	udp(from_, to_, .family = 6, ##__VA_ARGS__)
/* An echo request; the source's port is its identifier. */
#define ping(from_, to_, ...) packet(from_, to_, .proto = IPPROTO_ICMP, ##__VA_ARGS__)

/* An ICMP error about the frame `quote_`. */
#define icmp(from_, to_, type_, code_, quote_, ...)                                                                    \
	packet(from_, to_, .proto = IPPROTO_ICMP, .icmp_type = (type_), .icmp_code = (code_), .quote = (quote_),       \
	       ##__VA_ARGS__)

/* A frame of another protocol than IP: `size` bytes of filler. */
struct frame frame_other(uint16_t ethertype, size_t size);

/* The same frame, cut to `length` bytes. */
struct frame frame_cut(struct frame frame, size_t length);

/* The same frame, with a byte replaced. */
struct frame frame_poke(struct frame frame, size_t offset, uint8_t value);

/* NULL, or which checksum of a whole IP packet is wrong. */
const char *frame_wrong_sum(const struct frame *frame);

/* The transport checksum as it lies in the frame, host byte order. */
uint16_t frame_transport_sum(const struct frame *frame);

bool frame_is_equal(const struct frame *a, const struct frame *b);

/* "10.0.0.1:80", as world.h would read it; valid until the fourth next call. */
const char *frame_source(const struct frame *frame);
const char *frame_destination(const struct frame *frame);

/* Both frames as bytes, marked where they differ, on stderr. */
void frame_explain(const struct frame *want, const struct frame *got);

#endif
