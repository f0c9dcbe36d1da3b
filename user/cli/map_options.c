// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cli/map_options.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"

/* "10.0.0.7:90/udp", where packets can really go. */
static int hostport_parse(struct sr_hostport *out, const char *text, struct sr_error *err)
{
	const char *fault;
	int r;

	r = sr_hostport_parse(out, text, err);
	if (r < 0)
		return r;
	fault = sr_addr_fault(&out->addr);
	return fault ? sr_fail(err, -EINVAL, "'%s': %s cannot be served", text, fault) : 0;
}

static int frontend_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	(void)option;
	return hostport_parse(field, text, err);
}

static int weight_parse(const char *text, uint16_t *out, struct sr_error *err)
{
	unsigned long weight = strtoul(text, NULL, 10);

	if (!text[0] || strlen(text) > 4 || strspn(text, "0123456789") != strlen(text) || weight > SR_WEIGHT_MAX)
		return sr_fail(err, -EINVAL, "'%s' is not a weight (0..%d)", text, SR_WEIGHT_MAX);
	*out = (uint16_t)weight;
	return 0;
}

/* ",weight=3" */
static int backend_parse_rest(struct sr_map_backend *out, const char *text, struct sr_error *err)
{
	if (strncmp(text, "weight=", strlen("weight=")) != 0)
		return sr_fail(err, -EINVAL, "',%s': only ',weight=N' may follow an address", text);
	out->has_weight = true;
	return weight_parse(text + strlen("weight="), &out->endpoint.weight, err);
}

static int backend_parse(struct sr_map_backend *out, char *text, bool weighted, struct sr_error *err)
{
	char *comma = weighted ? strchr(text, ',') : NULL;
	struct sr_hostport at;
	int r;

	if (comma)
		*comma = '\0';
	if (strchr(text, '/'))
		return sr_fail(err, -EINVAL, "'%s': the protocol stands with the frontend, not with a backend", text);
	r = hostport_parse(&at, text, err);
	if (r < 0)
		return r;

	out->endpoint.addr = at.addr;
	out->endpoint.port = at.port;
	out->endpoint.weight = 1;
	out->endpoint.flags = SR_BACKEND_IN_CLUSTER | SR_BACKEND_IN_LOCAL;
	out->endpoint.id = SR_NO_ID;
	return comma ? backend_parse_rest(out, comma + 1, err) : 0;
}

static int backends_add(void *field, const char *text, bool weighted, struct sr_error *err)
{
	sr_autofree char *copy = strdup(text);
	struct sr_map_backends *backends = field;
	struct sr_map_backend backend = {}, *item;
	int r;

	if (!copy)
		return sr_fail(err, -ENOMEM, "out of memory");
	r = backend_parse(&backend, copy, weighted, err);
	if (r < 0)
		return r;

	item = sr_array_add(&backends->item, &backends->num, sizeof(*item));
	if (!item)
		return sr_fail(err, -ENOMEM, "out of memory");
	*item = backend;
	return 0;
}

static int backends_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	(void)option;
	return backends_add(field, text, false, err);
}

static int weighted_backends_parse(const struct sr_option *option, void *field, const char *text, struct sr_error *err)
{
	(void)option;
	return backends_add(field, text, true, err);
}

static void backends_clear(void *field)
{
	struct sr_map_backends *backends = field;

	free(backends->item);
	memset(backends, 0, sizeof(*backends));
}

const struct sr_option_type sr_type_frontend = {
	.parse = frontend_parse,
	.value = SR_VALUE_REQUIRED,
	.source = SR_FROM_FRONTENDS,
};
const struct sr_option_type sr_type_backends = {
	.parse = backends_parse,
	.clear = backends_clear,
	.value = SR_VALUE_REQUIRED,
	.repeats = true,
};
const struct sr_option_type sr_type_weighted_backends = {
	.parse = weighted_backends_parse,
	.clear = backends_clear,
	.value = SR_VALUE_REQUIRED,
	.repeats = true,
};

static bool endpoint_is_at(const struct sr_endpoint *endpoint, const struct sr_addr *addr, __be16 port)
{
	return sr_addr_compare(&endpoint->addr, addr) == 0 && endpoint->port == port;
}

/* `backend` and those before it are of the frontend's family, and each but once. */
static int backend_check(const struct sr_map_options *opts, size_t backend, struct sr_error *err)
{
	const struct sr_endpoint *endpoint = &opts->backends.item[backend].endpoint;
	uint8_t family = sr_addr_family(&opts->frontend.addr);
	struct sr_hostport at = {.addr = endpoint->addr, .port = endpoint->port, .proto = opts->frontend.proto};
	char text[SR_HOSTPORT_TEXT];

	if (sr_addr_family(&endpoint->addr) != family)
		return sr_fail(err, -EINVAL, "backend %s: an IPv%u frontend has IPv%u backends",
			       sr_addr_format(text, &endpoint->addr), family, family);

	*strchr(sr_hostport_format(text, &at), '/') = '\0';
	if (endpoint_is_at(endpoint, &opts->frontend.addr, opts->frontend.port))
		return sr_fail(err, -EINVAL, "backend %s is the frontend itself", text);
	for (size_t i = 0; i < backend; i++)
		if (endpoint_is_at(&opts->backends.item[i].endpoint, &endpoint->addr, endpoint->port))
			return sr_fail(err, -EINVAL, "backend %s is given twice", text);
	return 0;
}

int sr_map_options_check(const void *options, struct sr_error *err)
{
	const struct sr_map_options *opts = options;
	int r = 0;

	for (size_t i = 0; r == 0 && i < opts->backends.num; i++)
		r = backend_check(opts, i, err);
	return r;
}

int sr_map_options_check_put(const void *options, struct sr_error *err)
{
	const struct sr_map_options *opts = options;

	if (!opts->pass && !opts->backends.num)
		return sr_fail(err, -EINVAL, "BACKEND:PORT[,weight=N] is missing");
	if (opts->pass && (opts->backends.num || opts->external != SR_ANSWER_UNSET || opts->maglev != SR_ANSWER_UNSET))
		return sr_fail(
			err, -EINVAL,
			"--pass leaves the address to the host: neither backends, --external nor --maglev go with it");
	if (opts->external == SR_ANSWER_YES && sr_addr_is_link_local(&opts->frontend.addr))
		return sr_fail(err, -EINVAL, "--external: nobody beyond a link can call a link-local address");
	return sr_map_options_check(options, err);
}
