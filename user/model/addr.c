// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static const uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool sr_addr_is_v4(const struct sr_addr *addr)
{
	return memcmp(addr->byte, v4_prefix, sizeof(v4_prefix)) == 0;
}

bool sr_addr_is_zero(const struct sr_addr *addr)
{
	return !addr->word[3] && (sr_addr_is_v4(addr) || (!addr->half[0] && !addr->word[2]));
}

int sr_addr_compare(const struct sr_addr *a, const struct sr_addr *b)
{
	int families = (int)sr_addr_family(a) - (int)sr_addr_family(b);

	return families ? families : memcmp(a->byte, b->byte, sizeof(a->byte));
}

bool sr_addr_is_link_local(const struct sr_addr *addr)
{
	if (sr_addr_is_v4(addr))
		return addr->byte[12] == 169 && addr->byte[13] == 254;
	return addr->byte[0] == 0xfe && (addr->byte[1] & 0xc0) == 0x80;
}

const char *sr_addr_fault(const struct sr_addr *addr)
{
	static const struct sr_addr loopback6 = {.byte = {[15] = 1}};
	static const uint8_t broadcast[4] = {255, 255, 255, 255};

	if (sr_addr_is_zero(addr))
		return "the unspecified address";
	if (sr_addr_is_v4(addr) ? addr->byte[12] == 127 : sr_addr_compare(addr, &loopback6) == 0)
		return "a loopback address";
	if (sr_addr_is_v4(addr) ? (addr->byte[12] & 0xf0) == 0xe0 : addr->byte[0] == 0xff)
		return "a multicast address";
	if (sr_addr_is_v4(addr) && memcmp(addr->byte + 12, broadcast, sizeof(broadcast)) == 0)
		return "the broadcast address";
	/* It means another host on each device. (Of IPv4 there are well-known ones, for DNS and metadata.) */
	if (!sr_addr_is_v4(addr) && sr_addr_is_link_local(addr))
		return "a link-local address";
	return NULL;
}

int sr_addr_parse(struct sr_addr *out, const char *text)
{
	struct sr_addr addr;

	if (strchr(text, ':')) {
		if (inet_pton(AF_INET6, text, addr.byte) != 1)
			return -EINVAL;
	} else {
		memcpy(addr.byte, v4_prefix, sizeof(v4_prefix));
		if (inet_pton(AF_INET, text, &addr.word[3]) != 1)
			return -EINVAL;
	}

	*out = addr;
	return 0;
}

char *sr_addr_format(char *out, const struct sr_addr *addr)
{
	if (sr_addr_is_v4(addr))
		inet_ntop(AF_INET, &addr->word[3], out, SR_ADDR_TEXT);
	else
		inet_ntop(AF_INET6, addr->byte, out, SR_ADDR_TEXT);
	return out;
}

/* A decimal number of at most `max`, nothing before or after it. */
static int addr_parse_number(const char *text, unsigned long max, unsigned long *out)
{
	char *end;
	unsigned long number;

	if (text[0] < '0' || text[0] > '9' || strlen(text) > 9)
		return -EINVAL;

	number = strtoul(text, &end, 10);
	if (*end || number > max)
		return -EINVAL;

	*out = number;
	return 0;
}

/* The bits of the 16-byte form that count, whatever the family. */
static unsigned int cidr_bits(const struct sr_cidr *cidr)
{
	return sr_addr_is_v4(&cidr->addr) ? 96u + cidr->bits : cidr->bits;
}

/* `addr` with all but the first `bits` set to 0. */
static struct sr_addr addr_masked(const struct sr_addr *addr, unsigned int bits)
{
	struct sr_addr out = *addr;
	unsigned int i;

	for (i = 0; i < sizeof(out.byte); i++) {
		if (bits < i * 8 + 8)
			out.byte[i] &= bits > i * 8 ? (uint8_t)(0xff00 >> (bits - i * 8)) : 0;
	}
	return out;
}

int sr_cidr_parse_masked(struct sr_cidr *out, const char *text)
{
	char buffer[SR_ADDR_TEXT + 4];
	struct sr_cidr cidr;
	unsigned long bits;
	char *slash;

	if (strlen(text) >= sizeof(buffer))
		return -EINVAL;
	strcpy(buffer, text);
	slash = strchr(buffer, '/');
	if (!slash)
		return -EINVAL;

	*slash = '\0';
	if (sr_addr_parse(&cidr.addr, buffer) < 0)
		return -EINVAL;
	if (addr_parse_number(slash + 1, sr_addr_is_v4(&cidr.addr) ? 32 : 128, &bits) < 0)
		return -EINVAL;

	cidr.bits = (uint8_t)bits;
	cidr.addr = addr_masked(&cidr.addr, cidr_bits(&cidr));
	*out = cidr;
	return 0;
}

int sr_cidr_parse(struct sr_cidr *out, const char *text)
{
	struct sr_cidr cidr;
	struct sr_addr given;
	char host[SR_ADDR_TEXT];

	if (sr_cidr_parse_masked(&cidr, text) < 0)
		return -EINVAL;

	snprintf(host, sizeof(host), "%.*s", (int)strcspn(text, "/"), text);
	if (sr_addr_parse(&given, host) < 0 || memcmp(&given, &cidr.addr, sizeof(given)) != 0)
		return -EINVAL;
	*out = cidr;
	return 0;
}

struct sr_cidr sr_cidr_of(const struct sr_addr *addr)
{
	return (struct sr_cidr){.addr = *addr, .bits = sr_addr_is_v4(addr) ? 32 : 128};
}

bool sr_cidr_contains(const struct sr_cidr *cidr, const struct sr_addr *addr)
{
	struct sr_addr net = addr_masked(addr, cidr_bits(cidr));

	return sr_addr_is_v4(addr) == sr_addr_is_v4(&cidr->addr) && memcmp(&net, &cidr->addr, sizeof(net)) == 0;
}

bool sr_cidr_is_edge(const struct sr_cidr *cidr, const struct sr_addr *addr)
{
	uint8_t bits = cidr_bits(cidr);
	struct sr_addr net = addr_masked(&cidr->addr, bits), last = net;

	if (bits > 126)
		return false;
	for (uint8_t bit = bits; bit < 128; bit++)
		last.byte[bit / 8] |= 0x80 >> bit % 8;
	return sr_addr_compare(addr, &net) == 0 || (sr_addr_is_v4(addr) && sr_addr_compare(addr, &last) == 0);
}

static const struct {
	const char *name;
	uint8_t proto;
} addr_protos[] = {
	{"tcp", IPPROTO_TCP},
	{"udp", IPPROTO_UDP},
	{"sctp", IPPROTO_SCTP},
};

const char *sr_proto_name(uint8_t proto)
{
	size_t i;

	for (i = 0; i < sizeof(addr_protos) / sizeof(addr_protos[0]); i++) {
		if (addr_protos[i].proto == proto)
			return addr_protos[i].name;
	}
	return "?";
}

uint8_t sr_proto_number(const char *name)
{
	for (size_t i = 0; i < sizeof(addr_protos) / sizeof(addr_protos[0]); i++) {
		if (strcmp(addr_protos[i].name, name) == 0)
			return addr_protos[i].proto;
	}
	return 0;
}

/* Cut "/udp" off `text`, if it is there. */
static int hostport_cut_proto(char *text, uint8_t *proto)
{
	char *slash = strchr(text, '/');

	*proto = IPPROTO_TCP;
	if (!slash)
		return 0;

	*slash = '\0';
	*proto = sr_proto_number(slash + 1);
	return *proto ? 0 : -EINVAL;
}

/* Part "[fd00::7]:90" or "10.0.0.7:90" in two, in place. */
static int hostport_split(char *text, char **host, char **port)
{
	char *colon = strrchr(text, ':');
	size_t length;

	if (!colon)
		return -EINVAL;

	*colon = '\0';
	*port = colon + 1;
	*host = text;
	length = strlen(text);
	if (text[0] != '[')
		return strchr(text, ':') ? -EINVAL : 0;

	if (text[length - 1] != ']' || !strchr(text, ':'))
		return -EINVAL;
	text[length - 1] = '\0';
	*host = text + 1;
	return 0;
}

int sr_hostport_parse(struct sr_hostport *out, const char *text, struct sr_error *err)
{
	static const char form[] = "ADDRESS:PORT[/tcp|/udp|/sctp], with an IPv6 address in brackets";
	struct sr_hostport hostport = {};
	char buffer[SR_HOSTPORT_TEXT];
	unsigned long number;
	char *host, *port;

	if (strlen(text) >= sizeof(buffer))
		return sr_fail(err, -EINVAL, "'%s': expected %s", text, form);
	strcpy(buffer, text);

	if (hostport_cut_proto(buffer, &hostport.proto) < 0)
		return sr_fail(err, -EINVAL, "'%s': unknown protocol (tcp, udp or sctp)", text);
	if (hostport_split(buffer, &host, &port) < 0)
		return sr_fail(err, -EINVAL, "'%s': expected %s", text, form);
	if (sr_addr_parse(&hostport.addr, host) < 0)
		return sr_fail(err, -EINVAL, "'%s': '%s' is not an IP address", text, host);
	if (addr_parse_number(port, 65535, &number) < 0 || number == 0)
		return sr_fail(err, -EINVAL, "'%s': '%s' is not a port (1..65535)", text, port);

	hostport.port = htons((uint16_t)number);
	*out = hostport;
	return 0;
}

char *sr_hostport_format(char *out, const struct sr_hostport *hostport)
{
	bool v4 = sr_addr_is_v4(&hostport->addr);
	char text[SR_ADDR_TEXT];

	snprintf(out, SR_HOSTPORT_TEXT, "%s%s%s:%u/%s", v4 ? "" : "[", sr_addr_format(text, &hostport->addr),
		 v4 ? "" : "]", ntohs(hostport->port), sr_proto_name(hostport->proto));
	return out;
}

int sr_hostport_compare(const struct sr_hostport *a, const struct sr_hostport *b)
{
	int diff = sr_addr_compare(&a->addr, &b->addr);

	if (!diff)
		diff = (int)ntohs(a->port) - (int)ntohs(b->port);
	return diff ? diff : (int)a->proto - (int)b->proto;
}
