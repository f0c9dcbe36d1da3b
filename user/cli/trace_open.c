// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a trace must know: the instance, this host's devices, and where the packet comes from. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cli/instance.h"
#include "cli/trace.h"
#include "kernel/maps.h"
#include "kernel/route_ask.h"

const struct sr_netdev *sr_trace_netdev(const struct sr_trace *trace, uint32_t ifindex)
{
	for (size_t i = 0; i < trace->netdevs.num; i++)
		if (trace->netdevs.item[i].index == ifindex)
			return &trace->netdevs.item[i];
	return NULL;
}

const char *sr_trace_device(const struct sr_trace *trace, uint32_t ifindex)
{
	const struct sr_netdev *netdev = sr_trace_netdev(trace, ifindex);

	return netdev ? netdev->name : "?";
}

/* --- where it comes from ------------------------------------------------------------------ */

static bool trace_is_own(const struct sr_trace *trace, const struct sr_addr *addr)
{
	for (size_t i = 0; i < trace->netdevs.num_addrs; i++)
		if (sr_addr_compare(&trace->netdevs.addr[i].addr, addr) == 0)
			return true;
	return false;
}

/* Take a device that is ours; its role says where the packet comes from. */
static bool trace_take(struct sr_trace *trace, uint32_t ifindex)
{
	struct sr_device device;

	if (!ifindex || !sr_tracer_device(trace->datapath, ifindex, &device) ||
	    !(device.flags & (SR_DEVICE_POD | SR_DEVICE_UPLINK)))
		return false;
	trace->ifindex = ifindex;
	trace->side = device.flags & SR_DEVICE_POD ? SR_TRACE_POD : SR_TRACE_WIRE;
	return true;
}

static int trace_take_named(struct sr_trace *trace, const char *name)
{
	const struct sr_netdev *netdev = sr_netdevs_find(&trace->netdevs, name);

	if (!netdev)
		return sr_fail(trace->err, -ENODEV,
			       "--from %s: it is no device; expected pod, wire, host or a device's name", name);
	if (!trace_take(trace, netdev->index))
		return sr_fail(trace->err, -ENODEV,
			       "--from %s: no program of instance '%s' sits there; 'svcroute status' has those that do",
			       name, trace->instance);
	return 0;
}

/* The device by which this host would answer the source. 0: none. */
static int trace_ask_device(struct sr_trace *trace, uint32_t *out)
{
	struct sr_addr any = {};
	struct sr_route route;
	int r = sr_route_ask(&route, &any, &trace->tuple.src, 0, trace->err);

	*out = r == 0 && route.kind == SR_ROUTE_DEVICE ? route.ifindex : 0;
	return r;
}

/* An uplink, whichever: who comes from outside may come by any. */
static bool trace_take_uplink(struct sr_trace *trace)
{
	for (size_t i = 0; i < trace->netdevs.num; i++)
		if (trace_take(trace, trace->netdevs.item[i].index) && trace->side == SR_TRACE_WIRE)
			return true;
	return false;
}

static int trace_find_device(struct sr_trace *trace, const char *from)
{
	bool wants_pod = from && strcmp(from, "pod") == 0, wants_wire = from && strcmp(from, "wire") == 0, found;
	char src[SR_ADDR_TEXT];
	uint32_t ifindex;
	int r = trace_ask_device(trace, &ifindex);

	if (r < 0)
		return r;
	found = trace_take(trace, ifindex) && !(wants_pod && trace->side != SR_TRACE_POD) &&
		!(wants_wire && trace->side != SR_TRACE_WIRE);
	if (!found && !wants_pod)
		found = (wants_wire || !ifindex) && trace_take_uplink(trace);
	if (found)
		return 0;
	sr_addr_format(src, &trace->tuple.src);
	return sr_fail(trace->err, -ENODEV, "by which %s %s comes is not known: it is routed by %s; say --from DEV",
		       wants_pod    ? "pod's device"
		       : wants_wire ? "uplink"
				    : "device of ours",
		       src, ifindex ? sr_trace_device(trace, ifindex) : "none");
}

static int trace_place(struct sr_trace *trace, const char *from)
{
	bool is_word = !from || strcmp(from, "pod") == 0 || strcmp(from, "wire") == 0;

	if (from ? strcmp(from, "host") == 0 : trace_is_own(trace, &trace->tuple.src)) {
		trace->side = SR_TRACE_HOST;
		return 0;
	}
	return is_word ? trace_find_device(trace, from) : trace_take_named(trace, from);
}

/* --- to open and close -------------------------------------------------------------------- */

static int trace_read(struct sr_trace *trace)
{
	sr_autofree char *settings = NULL;
	int r = sr_flow_names_read(&trace->names, trace->datapath, trace->err);

	if (r == 0)
		r = sr_attach_list(trace->datapath, &trace->attachments, trace->err);
	if (r == 0)
		r = sr_netdevs_read(&trace->netdevs, trace->err);
	if (r == 0)
		r = sr_maps_read_settings(trace->datapath, &settings, trace->err);
	return r < 0 ? r : sr_settings_parse(&trace->settings, settings, trace->err);
}

int sr_trace_open(struct sr_trace *trace, const struct sr_globals *globals, const struct sr_trace_options *options)
{
	int r = sr_trace_tuple(&trace->tuple, options, trace->err);

	trace->instance = globals->instance;
	trace->root = json_object();
	if (r == 0 && !trace->root)
		r = sr_fail(trace->err, -ENOMEM, "out of memory");
	if (r == 0)
		r = sr_instance_open(&trace->datapath, globals, SR_ACCESS_SETTLED, trace->err);
	if (r == 0)
		r = trace_read(trace);
	return r < 0 ? r : trace_place(trace, options->from);
}

void sr_trace_close(struct sr_trace *trace)
{
	sr_tracer_close(trace->tracer);
	sr_datapath_close(trace->datapath);
	sr_flow_names_clear(&trace->names);
	sr_attachments_clear(&trace->attachments);
	sr_netdevs_clear(&trace->netdevs);
	sr_settings_clear(&trace->settings);
	json_decref(trace->root);
}
