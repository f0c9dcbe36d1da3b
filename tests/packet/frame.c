// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Frames are written byte by byte, as the RFCs draw them. */
#include "frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sums.h"
#include "world.h"

#define FRAME_LINK 14

/* What a frame is made of, on its way from the payload outwards. */
struct draft {
	struct frame_spec spec;
	struct sr_hostport from, to;
	uint8_t segment[FRAME_SIZE]; /* extension headers, transport header, payload */
	size_t size;
	size_t transport; /* where the transport header begins in it */
	uint8_t next;	  /* number of the first header in it */
};

static void draft_put(struct draft *draft, const void *bytes, size_t size)
{
	if (draft->size + size > sizeof(draft->segment))
		abort();
	memcpy(draft->segment + draft->size, bytes, size);
	draft->size += size;
}

static void draft_put8(struct draft *draft, uint8_t value)
{
	draft_put(draft, &value, 1);
}

static void draft_put16(struct draft *draft, uint16_t value)
{
	draft_put(draft, (uint8_t[]){value >> 8, value}, 2);
}

static void draft_put32(struct draft *draft, uint32_t value)
{
	draft_put16(draft, value >> 16);
	draft_put16(draft, value);
}

static void draft_put_payload(struct draft *draft)
{
	const struct frame_spec *spec = &draft->spec;

	if (spec->quote) {
		draft_put(draft, spec->quote->bytes + FRAME_LINK,
			  spec->quote_size ? spec->quote_size : spec->quote->length - FRAME_LINK);
		return;
	}
	if (spec->payload) {
		draft_put(draft, spec->payload, spec->payload_size ? spec->payload_size : strlen(spec->payload));
		return;
	}
	if (!spec->payload_size)
		draft_put(draft, "hello", 5);
	for (size_t i = 0; i < spec->payload_size; i++)
		draft_put8(draft, i * 7 + 3);
}

static size_t draft_payload_size(const struct frame_spec *spec)
{
	if (spec->payload_size)
		return spec->payload_size;
	return spec->payload ? strlen(spec->payload) : 5;
}

/* RFC 9293, section 3.1. */
static void draft_put_tcp(struct draft *draft)
{
	draft_put16(draft, ntohs(draft->from.port));
	draft_put16(draft, ntohs(draft->to.port));
	draft_put32(draft, draft->spec.seq);
	draft_put32(draft, draft->spec.ack);
	draft_put8(draft, 5 << 4);
	draft_put8(draft, draft->spec.flags ? draft->spec.flags : ACK);
	draft_put16(draft, 65535);
	draft_put32(draft, 0); /* checksum, urgent pointer */
}

/* RFC 768. */
static void draft_put_udp(struct draft *draft)
{
	draft_put16(draft, ntohs(draft->from.port));
	draft_put16(draft, ntohs(draft->to.port));
	draft_put16(draft, 8 + draft_payload_size(&draft->spec));
	draft_put16(draft, 0);
}

static uint8_t draft_chunk(const struct frame_spec *spec)
{
	if (spec->chunk || !(spec->flags & SYN))
		return spec->chunk;
	return spec->flags & ACK ? INIT_ACK : INIT;
}

/* RFC 9260, sections 3.1, 3.2 and 3.3.2. */
static void draft_put_sctp(struct draft *draft)
{
	uint8_t chunk = draft_chunk(&draft->spec);
	bool begins = chunk == INIT || chunk == INIT_ACK;

	draft_put16(draft, ntohs(draft->from.port));
	draft_put16(draft, ntohs(draft->to.port));
	draft_put32(draft, draft->spec.tag || !draft->spec.ack ? draft->spec.tag : draft->spec.ack - 1);
	draft_put32(draft, 0);
	if (!chunk || draft->spec.bare)
		return;
	draft_put8(draft, chunk);
	draft_put8(draft, 0);
	draft_put16(draft, (begins ? 20 : 4) + draft_payload_size(&draft->spec));
	if (!begins)
		return;
	draft_put32(draft, draft->spec.seq);
	draft_put32(draft, 65536); /* window */
	draft_put32(draft, 1 << 16 | 1);
	draft_put32(draft, 1); /* initial TSN */
}

/* RFC 792; RFC 4443, section 4.1. */
static void draft_put_icmp(struct draft *draft)
{
	if (draft->spec.quote) {
		draft_put8(draft, draft->spec.icmp_type);
		draft_put8(draft, draft->spec.icmp_code);
		draft_put16(draft, 0);
		draft_put32(draft, draft->spec.icmp_info);
		return;
	}
	if (draft->spec.echo_reply)
		draft_put8(draft, draft->spec.family == 4 ? 0 : 129);
	else
		draft_put8(draft, draft->spec.family == 4 ? 8 : 128);
	draft_put8(draft, 0);
	draft_put16(draft, 0);
	draft_put16(draft, ntohs(draft->from.port));
	draft_put16(draft, 1);
}

static void draft_set_sum(struct draft *draft)
{
	uint8_t *transport = draft->segment + draft->transport;
	size_t size = draft->size - draft->transport;
	uint8_t *at = sums_place(transport, draft->spec.proto);
	uint32_t crc;
	uint16_t sum;

	if (!at || draft->spec.no_checksum)
		return;
	if (draft->spec.proto == IPPROTO_SCTP) {
		crc = htonl(sums_sctp(transport, size));
		memcpy(at, &crc, sizeof(crc));
		return;
	}
	sum = ~sums_transport(draft->spec.family, &draft->from.addr, &draft->to.addr, draft->spec.proto, transport,
			      size);
	if (!sum && draft->spec.proto == IPPROTO_UDP)
		sum = 0xffff;
	at[0] = sum >> 8;
	at[1] = sum;
}

static uint8_t draft_extension_number(char letter)
{
	switch (letter) {
	case 'h':
		return IPPROTO_HOPOPTS;
	case 'd':
		return IPPROTO_DSTOPTS;
	case 'r':
		return IPPROTO_ROUTING;
	case 'a':
		return IPPROTO_AH;
	case 'f':
		return IPPROTO_FRAGMENT;
	default:
		abort();
	}
}

/* RFC 8200, section 4; RFC 4302, section 2. */
static void draft_put_extension(struct draft *draft, char letter, uint8_t next)
{
	draft_put8(draft, next);
	switch (letter) {
	case 'a':
		draft_put8(draft, 4); /* 24 bytes, in words less 2 */
		draft_put(draft, (uint8_t[22]){0, 0, 0, 0, 0, 9}, 22);
		break;
	case 'f':
		draft_put8(draft, 0);
		draft_put16(draft, 0);
		draft_put32(draft, 77);
		break;
	case 'r':
		draft_put8(draft, 2); /* 24 bytes, in 8s less 1; one address, none left */
		draft_put(draft, (uint8_t[22]){4, 0}, 22);
		break;
	default:
		draft_put8(draft, 1);			    /* 16 bytes */
		draft_put(draft, (uint8_t[14]){1, 12}, 14); /* PadN */
	}
}

static void draft_put_extensions(struct draft *draft)
{
	const char *letter = draft->spec.extensions ? draft->spec.extensions : "";

	draft->next = *letter ? draft_extension_number(*letter) : draft->spec.proto;
	for (; *letter; letter++)
		draft_put_extension(draft, *letter, letter[1] ? draft_extension_number(letter[1]) : draft->spec.proto);
}

static void draft_put_transport(struct draft *draft)
{
	draft->transport = draft->size;
	if (draft->spec.proto == IPPROTO_TCP)
		draft_put_tcp(draft);
	else if (draft->spec.proto == IPPROTO_UDP)
		draft_put_udp(draft);
	else if (draft->spec.proto == IPPROTO_SCTP)
		draft_put_sctp(draft);
	else if (draft->spec.proto == IPPROTO_ICMP || draft->spec.proto == IPPROTO_ICMPV6)
		draft_put_icmp(draft);
	if (!draft->spec.bare)
		draft_put_payload(draft);
	draft_set_sum(draft);
}

/* Keep the fragment's part only; IPv6 has a header for it (RFC 8200, section 4.5). */
static void draft_cut_fragment(struct draft *draft)
{
	const struct frame_spec *spec = &draft->spec;
	size_t size = spec->fragment_size;
	bool more = spec->fragment_from + size < draft->size;
	struct draft whole = *draft;

	if (!size)
		return;
	if (!more)
		size = whole.size - spec->fragment_from;
	draft->size = 0;
	if (spec->family == 6) {
		draft_put8(draft, draft->next);
		draft_put8(draft, 0);
		draft_put16(draft, spec->fragment_from | more);
		draft_put32(draft, spec->fragment_id);
		draft->next = IPPROTO_FRAGMENT;
	}
	draft_put(draft, whole.segment + spec->fragment_from, size);
	draft->spec.fragment_size = more ? size : 0;
}

static void frame_put(struct frame *frame, const void *bytes, size_t size)
{
	if (frame->length + size > sizeof(frame->bytes))
		abort();
	memcpy(frame->bytes + frame->length, bytes, size);
	frame->length += size;
}

static void frame_put16(struct frame *frame, uint16_t value)
{
	frame_put(frame, (uint8_t[]){value >> 8, value}, 2);
}

static void frame_put_ethernet(struct frame *frame, const struct frame_spec *spec, uint16_t type)
{
	frame_put(frame, (uint8_t[]){2, 0, 0, 0, 0, spec->dmac ? spec->dmac : MAC_NODE}, 6);
	frame_put(frame, (uint8_t[]){2, 0, 0, 0, 0, spec->smac ? spec->smac : MAC_GATEWAY}, 6);
	frame_put16(frame, type);
}

/* RFC 791, section 3.1. */
static void frame_put_v4(struct frame *frame, const struct draft *draft)
{
	const struct frame_spec *spec = &draft->spec;
	size_t size = 20 + spec->ip_options;
	uint16_t sum;

	frame_put(frame, (uint8_t[]){0x40 | size / 4, spec->tos}, 2);
	frame_put16(frame, size + draft->size);
	frame_put16(frame, spec->fragment_id);
	frame_put16(frame,
		    spec->fragment_from / 8 | (spec->fragment_size ? 0x2000 : 0) | (spec->dont_fragment ? 0x4000 : 0));
	frame_put(frame, (uint8_t[]){spec->ttl ? spec->ttl : 64, draft->next, 0, 0}, 4);
	frame_put(frame, draft->from.addr.byte + 12, 4);
	frame_put(frame, draft->to.addr.byte + 12, 4);
	for (int i = 0; i < spec->ip_options; i++)
		frame_put(frame, (uint8_t[]){1}, 1); /* no operation */

	sum = ~sums_of(frame->bytes + 14, size, 0);
	frame->bytes[24] = sum >> 8;
	frame->bytes[25] = sum;
}

/* RFC 8200, section 3. */
static void frame_put_v6(struct frame *frame, const struct draft *draft)
{
	const struct frame_spec *spec = &draft->spec;

	frame_put(frame, (uint8_t[]){0x60 | spec->tos >> 4, spec->tos << 4}, 2);
	frame_put16(frame, spec->no_flow_label ? 0 : 0x1234);
	frame_put16(frame, draft->size);
	frame_put(frame, (uint8_t[]){draft->next, spec->ttl ? spec->ttl : 64}, 2);
	frame_put(frame, draft->from.addr.byte, 16);
	frame_put(frame, draft->to.addr.byte, 16);
}

struct frame frame_make(const struct frame_spec *spec)
{
	struct draft draft = {.spec = *spec};
	struct frame frame = {};

	if (!spec->family)
		draft.spec.family = world.family;
	if (!spec->proto)
		draft.spec.proto = world.proto;
	if (spec->proto == IPPROTO_ICMP && draft.spec.family == 6)
		draft.spec.proto = IPPROTO_ICMPV6;
	draft.from = world_hostport(spec->from, draft.spec.family, 0);
	draft.to = world_hostport(spec->to, draft.spec.family, 0);

	draft_put_extensions(&draft);
	draft_put_transport(&draft);
	draft_cut_fragment(&draft);

	frame_put_ethernet(&frame, spec, draft.spec.family == 4 ? 0x0800 : 0x86dd);
	if (draft.spec.family == 4)
		frame_put_v4(&frame, &draft);
	else
		frame_put_v6(&frame, &draft);
	frame_put(&frame, draft.segment, draft.size);
	return frame;
}

struct frame frame_other(uint16_t ethertype, size_t size)
{
	struct frame frame = {};

	frame_put_ethernet(&frame, &(struct frame_spec){}, ethertype);
	for (size_t i = 0; i < size; i++)
		frame_put(&frame, &(uint8_t){i * 11 + 5}, 1);
	return frame;
}

struct frame frame_cut(struct frame frame, size_t length)
{
	frame.length = length;
	return frame;
}

struct frame frame_poke(struct frame frame, size_t offset, uint8_t value)
{
	frame.bytes[offset] = value;
	return frame;
}

bool frame_is_equal(const struct frame *a, const struct frame *b)
{
	return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

static void frame_print(const char *title, const struct frame *frame, const struct frame *other)
{
	fprintf(stderr, "%s, %zu bytes:", title, frame->length);
	for (size_t i = 0; i < frame->length && i < 160; i++) {
		bool same = i < other->length && frame->bytes[i] == other->bytes[i];

		fprintf(stderr, "%s%c%02x", i % 16 ? "" : "\n ", same ? ' ' : '*', frame->bytes[i]);
	}
	fprintf(stderr, "\n");
}

void frame_explain(const struct frame *want, const struct frame *got)
{
	frame_print("expected", want, got);
	frame_print("got", got, want);
}
