// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cli/trace.h"
#include "model/addr.h"

static const char *const trace_protos[] = {"tcp", "udp", "sctp", "icmp", NULL};
static const char *const trace_places[] = {"pod", "wire", "host", NULL};

static int words_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	(void)option;
	/* Twice the same address is no mistake: not sr_strings_add()'s once. */
	return sr_strings_append(field, text) < 0 ? sr_fail(err, -ENOMEM, "out of memory") : 0;
}

static void words_clear(void *field)
{
	sr_strings_clear(field);
}

static const struct sr_option_type type_words = {
	.parse = words_parse,
	.clear = words_clear,
	.value = SR_VALUE_REQUIRED,
	.repeats = true,
	.source = SR_FROM_FRONTENDS,
};

static int from_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	return sr_type_text.parse(option, field, text, err);
}

static void from_clear(void *field)
{
	sr_type_text.clear(field);
}

static const struct sr_option_type type_from = {
	.parse = from_parse,
	.clear = from_clear,
	.value = SR_VALUE_REQUIRED,
	.source = SR_FROM_DEVICES,
};

const struct sr_option sr_trace_option_table[] = {
	{
		.name = "[PROTO] SRC[:PORT] DST[:PORT]",
		.is_argument = true,
		.required = true,
		.type = &type_words,
		.offset = offsetof(struct sr_trace_options, words),
		.words = trace_protos,
		.help = "the packet: tcp (the default), udp, sctp or icmp; a source port that is free, if none is "
			"given",
	},
	{
		.name = "from",
		.type = &type_from,
		.offset = offsetof(struct sr_trace_options, from),
		.value = "pod|wire|host|DEV",
		.words = trace_places,
		.help = "where it comes from; found out by SRC, if not given",
	},
	{},
};

/* "10.0.0.7", "10.0.0.7:90", "fd00::7", "[fd00::7]", "[fd00::7]:90", "10.0.0.7:90/udp"; proto 0: not said. */
static int end_parse(struct sr_hostport *out, const char *text, struct sr_error *err)
{
	size_t length = strlen(text);
	char bare[SR_ADDR_TEXT];

	memset(out, 0, sizeof(*out));
	if (sr_addr_parse(&out->addr, text) == 0)
		return 0;
	if (text[0] == '[' && text[length - 1] == ']' && length - 2 < sizeof(bare)) {
		memcpy(bare, text + 1, length - 2);
		bare[length - 2] = '\0';
		if (sr_addr_parse(&out->addr, bare) == 0)
			return 0;
	}
	/* sr_hostport_parse() would ask for a port, too. */
	if (!strchr(text, ':'))
		return sr_fail(err, -EINVAL, "'%s' is not an IP address", text);
	if (sr_hostport_parse(out, text, err) < 0)
		return -EINVAL;
	if (!strchr(text, '/'))
		out->proto = 0;
	return 0;
}

static uint8_t proto_parse(const char *text)
{
	return strcmp(text, "icmp") == 0 ? IPPROTO_ICMP : sr_proto_number(text);
}

static int tuple_check(const struct sr_tuple *tuple, struct sr_error *err)
{
	if (sr_addr_family(&tuple->src) != sr_addr_family(&tuple->dst))
		return sr_fail(err, -EINVAL, "one address is of IPv4, the other of IPv6");
	if (tuple->proto == IPPROTO_ICMP && (tuple->sport || tuple->dport))
		return sr_fail(err, -EINVAL, "icmp has no ports");
	if (tuple->proto != IPPROTO_ICMP && !tuple->dport)
		return sr_fail(err, -EINVAL, "the destination needs a port: DST:PORT");
	return 0;
}

int sr_trace_tuple(struct sr_tuple *out, const struct sr_trace_options *options, struct sr_error *err)
{
	const struct sr_strings *words = &options->words;
	uint8_t proto = words->num ? proto_parse(words->item[0]) : 0;
	size_t first = proto ? 1 : 0;
	struct sr_hostport src, dst;
	int r;

	if (words->num != first + 2)
		return sr_fail(err, -EINVAL, "expected [tcp|udp|sctp|icmp] SRC[:PORT] DST[:PORT], not %zu word%s",
			       words->num, words->num == 1 ? "" : "s");
	r = end_parse(&src, words->item[first], err);
	if (r == 0)
		r = end_parse(&dst, words->item[first + 1], err);
	if (r < 0)
		return r;
	if (src.proto || (proto && dst.proto && proto != dst.proto))
		return sr_fail(err, -EINVAL, "the protocol stands first, or with the destination: once");
	proto = proto ? proto : dst.proto ? dst.proto : IPPROTO_TCP;
	*out = (struct sr_tuple){
		.src = src.addr, .dst = dst.addr, .sport = src.port, .dport = dst.port, .proto = proto};
	return tuple_check(out, err);
}

int sr_trace_check(const void *options, struct sr_error *err)
{
	struct sr_tuple tuple;

	return sr_trace_tuple(&tuple, options, err);
}
