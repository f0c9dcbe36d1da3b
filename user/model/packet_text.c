// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Packets in words. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/addr.h"
#include "model/packet.h"
#include "model/packet_parts.h"

const char *sr_packet_proto_name(uint8_t proto)
{
	return proto == IPPROTO_ICMP   ? "icmp"
	       : proto == IPPROTO_IPIP ? "ipip"
	       : proto == IPPROTO_IPV6 ? "ip6ip6"
				       : sr_proto_name(proto);
}

static void format_tcp(char *out, size_t size, uint8_t flags)
{
	snprintf(out, size, "%s%s%s%s", flags & PACKET_SYN ? ",SYN" : "", flags & PACKET_FIN ? ",FIN" : "",
		 flags & PACKET_RST ? ",RST" : "", flags & PACKET_ACK ? ",ACK" : "");
	memmove(out, out + 1, strlen(out));
}

/* RFC 792, RFC 4443: those that the programs may send. */
static const struct {
	uint8_t family, type;
	int code; /* -1: any */
	const char *text;
} format_icmp_names[] = {
	{4, 8, -1, "echo request"},    {4, 0, -1, "echo reply"},     {4, 3, 1, "host unreachable"},
	{4, 3, 3, "port unreachable"}, {4, 3, 4, "packet too big"},  {4, 11, -1, "time exceeded"},
	{6, 128, -1, "echo request"},  {6, 129, -1, "echo reply"},   {6, 1, 0, "no route"},
	{6, 1, 4, "port unreachable"}, {6, 2, -1, "packet too big"}, {6, 3, -1, "time exceeded"},
};

static void format_icmp(char *out, size_t size, const struct sr_packet_view *view)
{
	for (size_t i = 0; i < ARRAY_SIZE(format_icmp_names); i++)
		if (format_icmp_names[i].family == view->family && format_icmp_names[i].type == view->type &&
		    (format_icmp_names[i].code < 0 || format_icmp_names[i].code == view->code)) {
			snprintf(out, size, "%s", format_icmp_names[i].text);
			return;
		}
	snprintf(out, size, "type %u code %u", view->type, view->code);
}

static void format_kind(char *out, size_t size, const struct sr_packet_view *view)
{
	out[0] = '\0';
	if (view->tuple.proto == IPPROTO_TCP)
		format_tcp(out, size, view->flags);
	else if (view->tuple.proto == IPPROTO_ICMP)
		format_icmp(out, size, view);
	else if (view->tuple.proto == IPPROTO_SCTP)
		snprintf(out, size, "%s",
			 view->type == PACKET_INIT	  ? "INIT"
			 : view->type == PACKET_ABORT	  ? "ABORT"
			 : view->type == PACKET_HEARTBEAT ? "HEARTBEAT"
							  : "");
}

static void format_end(char *out, const struct sr_addr *addr, __be16 port, bool has_port)
{
	bool brackets = has_port && !sr_addr_is_v4(addr);
	char text[SR_ADDR_TEXT];

	snprintf(out, SR_HOSTPORT_TEXT, "%s%s%s", brackets ? "[" : "", sr_addr_format(text, addr), brackets ? "]" : "");
	if (has_port)
		snprintf(out + strlen(out), SR_HOSTPORT_TEXT - strlen(out), ":%u", ntohs(port));
}

char *sr_packet_format(char *out, const struct sr_packet_view *view)
{
	char from[SR_HOSTPORT_TEXT], to[SR_HOSTPORT_TEXT], kind[32];
	bool has_ports = view->tuple.proto != IPPROTO_ICMP && !view->is_tunnel;

	format_end(from, &view->tuple.src, view->tuple.sport, has_ports);
	format_end(to, &view->tuple.dst, view->tuple.dport, has_ports);
	format_kind(kind, sizeof(kind), view);
	snprintf(out, SR_PACKET_TEXT, "%s%s%s %s > %s, TTL %u, %zu bytes", sr_packet_proto_name(view->tuple.proto),
		 kind[0] ? " " : "", kind, from, to, view->ttl, view->length);
	return out;
}
