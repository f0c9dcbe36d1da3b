// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cli/flow_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"

static int proto_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	uint8_t proto = sr_proto_number(text);

	(void)option;
	if (!proto)
		return sr_fail(err, -EINVAL, "'%s' is not tcp, udp or sctp", text);
	*(uint8_t *)field = proto;
	return 0;
}

/* ADDRESS or ADDRESS/LENGTH, without brackets. */
static int network_read(struct sr_flow_end *out, const char *text, struct sr_error *err)
{
	struct sr_addr addr;

	if (sr_addr_parse(&addr, text) == 0)
		out->network = sr_cidr_of(&addr);
	else if (sr_cidr_parse(&out->network, text) < 0)
		return sr_fail(err, -EINVAL,
			       "'%s' is neither an address nor a network (10.0.0.0/16, fd00::/64; bits beyond the "
			       "length are 0)",
			       text);
	out->has_network = true;
	return 0;
}

static int network_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	(void)option;
	return network_read(field, text, err);
}

static int port_read(struct sr_flow_end *out, const char *text, struct sr_error *err)
{
	unsigned int low, high;
	char range[16];

	if (strchr(text, '-'))
		snprintf(range, sizeof(range), "%s", text);
	else
		snprintf(range, sizeof(range), "%.6s-%.6s", text, text);
	if (strlen(text) > 11 || sr_ports_parse(&low, &high, range) < 0)
		return sr_fail(err, -EINVAL, "'%s' is neither a port nor a range of them (80, 8000-8999)", text);
	out->low = low;
	out->high = high;
	return 0;
}

static int port_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	(void)option;
	return port_read(field, text, err);
}

/* The port of "10.0.0.7:80" or "[fd00::7]:80", cut off; "" if there is none. An address in brackets loses them. */
static char *place_cut_port(char **text)
{
	char *end = strrchr(*text, ']'), *colon = strrchr(*text, ':');

	if (**text == '[' && end && (end[1] == ':' || !end[1])) {
		char *port = end[1] ? end + 2 : end + 1;

		*end = '\0';
		++*text;
		return port;
	}
	if (!colon || strchr(*text, ':') != colon)
		return *text + strlen(*text);
	*colon = '\0';
	return colon + 1;
}

static int place_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	sr_autofree char *copy = strdup(text);
	struct sr_flow_end end = {};
	char *address = copy, *port;
	int r;

	(void)option;
	if (!copy)
		return sr_fail(err, -ENOMEM, "out of memory");
	port = place_cut_port(&address);
	r = network_read(&end, address, err);
	if (r == 0 && (port[0] || text[strlen(text) - 1] == ':'))
		r = port_read(&end, port, err);
	if (r == 0)
		*(struct sr_flow_end *)field = end;
	return r;
}

static int states_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	sr_autofree char *copy = strdup(text);
	char *rest = copy, *name;

	(void)option;
	if (!copy)
		return sr_fail(err, -ENOMEM, "out of memory");
	while ((name = strsep(&rest, ",")) != NULL)
		if (sr_flow_filter_add_state(field, name) < 0)
			return sr_fail(err, -EINVAL, "'%s' is no state; 'svcroute conn list --help' has them", name);
	return 0;
}

static void service_clear(void *field)
{
	free(*(char **)field);
}

/* That it exists is found when it is asked for. */
static int service_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	return text[0] ? sr_type_text.parse(option, field, text, err)
		       : sr_fail(err, -EINVAL, "a service's name is missing");
}

const struct sr_option_type sr_type_proto = {.parse = proto_parse, .value = SR_VALUE_REQUIRED};
const struct sr_option_type sr_type_network = {.parse = network_parse, .value = SR_VALUE_REQUIRED};
const struct sr_option_type sr_type_place = {.parse = place_parse, .value = SR_VALUE_REQUIRED};
const struct sr_option_type sr_type_port = {.parse = port_parse, .value = SR_VALUE_REQUIRED};
const struct sr_option_type sr_type_states = {.parse = states_parse, .value = SR_VALUE_REQUIRED, .repeats = true};
const struct sr_option_type sr_type_service = {
	.parse = service_parse,
	.clear = service_clear,
	.value = SR_VALUE_REQUIRED,
	.source = SR_FROM_SERVICES,
};

/* --- taken together ----------------------------------------------------------------------- */

static int flow_family(const struct sr_flow_options *options)
{
	return options->ipv4 ? 4 : options->ipv6 ? 6 : 0;
}

static int flow_end_family(const struct sr_flow_end *end)
{
	return end->has_network ? sr_addr_family(&end->network.addr) : 0;
}

/* A client calls a frontend of its own family, and so does the frontend its backend. */
static int flow_check_families(const struct sr_flow_filter *filter, struct sr_error *err)
{
	int src = flow_end_family(&filter->client), dst = flow_end_family(&filter->frontend);
	int backend = flow_end_family(&filter->backend);

	if (src && dst && src != dst)
		return sr_fail(err, -EINVAL, "--src and --dst are not of one family");
	if (backend && ((src && src != backend) || (dst && dst != backend)))
		return sr_fail(err, -EINVAL, "--backend and --%s are not of one family", src ? "src" : "dst");
	return 0;
}

static int flow_check_end(const struct sr_flow_options *options, const struct sr_flow_end *end, const char *name,
			  struct sr_error *err)
{
	int family = flow_family(options);

	if (!end->has_network || !family || family == sr_addr_family(&end->network.addr))
		return 0;
	return sr_fail(err, -EINVAL, "%s is not of IPv%d", name, family);
}

int sr_flow_options_check(const struct sr_flow_options *options, struct sr_error *err)
{
	int r;

	if (options->ipv4 && options->ipv6)
		return sr_fail(err, -EINVAL, "-4 and -6 exclude each other");
	r = flow_check_end(options, &options->filter.client, "--src", err);
	if (r == 0)
		r = flow_check_end(options, &options->filter.frontend, "--dst", err);
	if (r == 0)
		r = flow_check_end(options, &options->filter.backend, "--backend", err);
	return r < 0 ? r : flow_check_families(&options->filter, err);
}

bool sr_flow_options_any(const struct sr_flow_options *options)
{
	static const struct sr_flow_options none;

	return memcmp(options, &none, sizeof(none)) != 0;
}

bool sr_flow_service_is_named(const struct sr_service *service, const char *name)
{
	const char *slash = strchr(name, '/'), *port;
	size_t length;

	if (sr_service_is_from_map(service))
		return strcmp(service->name, name) == 0;
	length = strlen(service->namespace);
	if (!slash || (size_t)(slash - name) != length || strncmp(name, service->namespace, length) != 0)
		return false;
	port = strchr(slash, ':');
	length = port ? (size_t)(port - slash - 1) : strlen(slash + 1);
	return strlen(service->name) == length && strncmp(service->name, slash + 1, length) == 0 &&
	       (!port || strcmp(service->port_name, port + 1) == 0);
}

bool sr_flow_options_match(const struct sr_flow_options *options, const struct sr_flow *flow,
			   const struct sr_service *service)
{
	int family = flow_family(options);

	if (family && family != flow->family)
		return false;
	if (options->service && (!service || !sr_flow_service_is_named(service, options->service)))
		return false;
	return sr_flow_filter_matches(&options->filter, flow);
}
