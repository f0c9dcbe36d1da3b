// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel.h"

#include <errno.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "host_ports.h"
#include "kernel/maps.h"
#include "model/k8s.h"

#define KERNEL_INSTANCE "property-test"
#define KERNEL_MAX_CPUS 1024

static const char *const kernel_names[SR_HOOK_SOCKET] = {
	[SR_HOOK_XDP_UPLINK] = "sr_xdp_uplink", [SR_HOOK_FROM_WIRE] = "sr_from_wire", [SR_HOOK_TO_WIRE] = "sr_to_wire",
	[SR_HOOK_FROM_POD] = "sr_from_pod",	[SR_HOOK_TO_POD] = "sr_to_pod",
};

static struct {
	struct sr_datapath *datapath;
	int program[SR_HOOK_SOCKET];
	int link[2]; /* XDP on the uplinks: running it where it sits nowhere takes long */
	int counters;
	int cpu;
	uint32_t ifindex[NUM_DEVICES];
	uint64_t counted[SR_REASON_MAX];
	uint64_t packets;
} kernel = {.program = {-1, -1, -1, -1, -1}, .link = {-1, -1}};

uint64_t kernel_packets(void)
{
	return kernel.packets;
}

int kernel_map(const char *name)
{
	return sr_datapath_map_fd(kernel.datapath, name);
}

struct sr_datapath *kernel_datapath(void)
{
	return kernel.datapath;
}

/* --- load -------------------------------------------------------------------------------- */

static void kernel_write_device(enum device device, uint32_t flags)
{
	struct sr_device value = {
		.snat4 = place_node_address(device, 4),
		.snat6 = place_node_address(device, 6),
		.flags = flags,
		.mtu = 1500,
		.mac = {2, 0, 0, 0, 0, device == DEVICE_ETH1 ? 0x14 : 4},
	};

	bpf_map_update_elem(sr_datapath_map_fd(kernel.datapath, "sr_devices"), &kernel.ifindex[device], &value,
			    BPF_ANY);
}

static void kernel_unload(void)
{
	for (int i = 0; i < SR_HOOK_SOCKET; i++)
		sr_cleanup_close(&kernel.program[i]);
	for (int i = 0; i < 2; i++)
		sr_cleanup_close(&kernel.link[i]);
	sr_datapath_close(TAKE_PTR(kernel.datapath));
}

static int kernel_attach(void)
{
	for (int i = 0; i < SR_HOOK_SOCKET; i++) {
		kernel.program[i] = sr_datapath_program_fd(kernel.datapath, kernel_names[i]);
		if (kernel.program[i] < 0)
			return -1;
	}
	for (int i = 0; i < 2; i++) {
		kernel.link[i] = bpf_link_create(kernel.program[SR_HOOK_XDP_UPLINK],
						 (int)kernel.ifindex[DEVICE_ETH0 + i], BPF_XDP, NULL);
		if (kernel.link[i] < 0) {
			perror("cannot attach XDP");
			return -1;
		}
	}
	return 0;
}

static uint64_t kernel_count(uint32_t index)
{
	static struct sr_counter values[KERNEL_MAX_CPUS];

	if (bpf_map_lookup_elem(kernel.counters, &index, values) < 0)
		return 0;
	return values[kernel.cpu].packets;
}

int kernel_load(const struct cluster_options *options)
{
	struct sr_datapath_config config = {
		.snat_port_low = KERNEL_SNAT_LOW,
		.snat_port_high = KERNEL_SNAT_HIGH,
		.allow_external_clusterip = options->allow_external_clusterip,
		.terminate = options->terminate,
		.forward_direct = options->forward_direct,
		.sizes = {.connections = 16384},
	};
	struct sr_error err = {};

	if (options->cluster_cidr) {
		sr_cidr_parse(&config.cluster_cidrs[0], "10.244.0.0/16");
		sr_cidr_parse(&config.cluster_cidrs[1], "fd00:a:0:f4::/64");
		config.num_cluster_cidrs = 2;
	}
	if (options->service_cidr) {
		sr_cidr_parse(&config.service_cidrs[0], "10.96.0.0/16");
		sr_cidr_parse(&config.service_cidrs[1], "fd00:a:0:60::/64");
		config.num_service_cidrs = 2;
	}
	kernel_unload();
	if (sr_datapath_load(&kernel.datapath, KERNEL_INSTANCE, &config, NULL, &err) < 0) {
		fprintf(stderr, "cannot load the datapath: %s\n", err.text);
		return -1;
	}
	if (kernel_attach() < 0)
		return -1;
	kernel_write_device(DEVICE_ETH0, SR_DEVICE_UPLINK);
	kernel_write_device(DEVICE_ETH1, SR_DEVICE_UPLINK);
	kernel_write_device(DEVICE_POD1, SR_DEVICE_POD);
	kernel_write_device(DEVICE_POD2, SR_DEVICE_POD);
	kernel.counters = sr_datapath_map_fd(kernel.datapath, "sr_counters");
	for (uint32_t i = 0; i < SR_REASON_MAX; i++)
		kernel.counted[i] = kernel_count(i);
	return 0;
}

static void kernel_set(const char *path, const char *value)
{
	sr_autofclose FILE *f = fopen(path, "we");

	if (f)
		fputs(value, f);
}

/*
 * Errors that the kernel's own limit would swallow are to be seen; and no
 * packets that the far ends send by themselves are to be counted.
 */
static void kernel_be_quiet(void)
{
	kernel_set("/proc/sys/net/ipv4/icmp_ratelimit", "0");
	kernel_set("/proc/sys/net/ipv6/conf/wire0/disable_ipv6", "1");
	kernel_set("/proc/sys/net/ipv6/conf/wire1/disable_ipv6", "1");
	kernel_set("/proc/sys/net/ipv6/conf/pod1-eth0/disable_ipv6", "1");
	kernel_set("/proc/sys/net/ipv6/conf/pod2-eth0/disable_ipv6", "1");
}

int kernel_start(void)
{
	cpu_set_t one;

	/* Counters and LRU lists are kept for each CPU: what others meet is not ours. */
	CPU_ZERO(&one);
	kernel.cpu = sched_getcpu();
	CPU_SET(kernel.cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
	if (network_make() < 0)
		return -1;
	kernel_be_quiet();
	for (int i = 0; i < NUM_DEVICES; i++)
		kernel.ifindex[i] = network_ifindex(i);
	return 0;
}

void kernel_stop(void)
{
	kernel_unload();
	sr_datapath_unload(KERNEL_INSTANCE, NULL);
}

/* --- programming ------------------------------------------------------------------------- */

static int kernel_read_manifest(struct sr_k8s *k8s, const struct cluster *cluster, struct sr_error *err)
{
	json_t *objects = cluster_manifest(cluster);
	json_t *object;
	size_t i;
	int r = 0;

	json_array_foreach (objects, i, object) {
		r = sr_k8s_add(k8s, object, "property", err);
		if (r < 0)
			break;
	}
	json_decref(objects);
	return r;
}

static int kernel_resolve(struct sr_services *desired, const struct cluster *cluster, struct sr_error *err)
{
	struct sr_addr own[2 * HOST_PORT_ANY];
	struct sr_k8s_options options = {
		.node = cluster->is_node ? "n1" : NULL,
		.host_addrs = own,
		.num_host_addrs = ARRAY_SIZE(own),
	};
	sr_autok8s struct sr_k8s *k8s = NULL;
	struct sr_leases leases = {};
	struct sr_notes notes = {};
	int r;

	for (unsigned int i = 0; i < ARRAY_SIZE(own); i++)
		own[i] = host_port_addr(i / 2, i % 2 ? 6 : 4);
	if (sr_k8s_new(&k8s) < 0)
		return sr_fail(err, -ENOMEM, "out of memory");
	r = kernel_read_manifest(k8s, cluster, err);
	if (r == 0)
		r = sr_k8s_resolve(k8s, &options, &leases, desired, &notes, err);
	sr_leases_clear(&leases);
	sr_notes_clear(&notes);
	return r;
}

int kernel_program(const struct cluster *cluster)
{
	sr_autoservices struct sr_services desired = {}, programmed = {};
	sr_autoplan struct sr_plan plan = {};
	struct sr_error err = {};

	if (kernel_resolve(&desired, cluster, &err) < 0 || sr_maps_read(kernel.datapath, &programmed, &err) < 0 ||
	    sr_plan_make(&plan, &programmed, &desired, NULL, &err) < 0 ||
	    (!sr_plan_is_empty(&plan) && sr_maps_apply(kernel.datapath, &plan, &err) < 0)) {
		fprintf(stderr, "cannot program the cluster: %s\n", err.text);
		return -1;
	}
	return 0;
}

/* --- a packet ---------------------------------------------------------------------------- */

static enum kernel_verdict kernel_verdict(enum sr_hook hook, uint32_t code)
{
	static const enum kernel_verdict xdp[] = {[XDP_ABORTED] = KERNEL_UNKNOWN,
						  [XDP_DROP] = KERNEL_DROP,
						  [XDP_PASS] = KERNEL_PASS,
						  [XDP_TX] = KERNEL_BACK,
						  [XDP_REDIRECT] = KERNEL_REDIRECT};

	if (hook == SR_HOOK_XDP_UPLINK)
		return code < ARRAY_SIZE(xdp) ? xdp[code] : KERNEL_UNKNOWN;
	switch (code) {
	case 0xffffffffu: /* TC_ACT_UNSPEC */
		return KERNEL_PASS;
	case 2: /* TC_ACT_SHOT */
		return KERNEL_DROP;
	case 7: /* TC_ACT_REDIRECT */
		return KERNEL_REDIRECT;
	default:
		return KERNEL_UNKNOWN;
	}
}

/* The reason whose counter has grown: the last one's is tried first. */
static int kernel_reason(void)
{
	static uint32_t last;

	for (uint32_t i = 0; i < SR_REASON_MAX; i++) {
		uint32_t index = (last + i) % SR_REASON_MAX;
		uint64_t now = kernel_count(index);

		if (now == kernel.counted[index])
			continue;
		kernel.counted[index] = now;
		last = index;
		return index < (uint32_t)SR_PASS_END ? (int)index : -(int)index;
	}
	return SR_REASON_MAX;
}

static uint32_t kernel_ingress(const struct kernel_hook *at)
{
	bool is_out = at->hook == SR_HOOK_TO_WIRE || at->hook == SR_HOOK_TO_POD;

	if (at->from_host)
		return 0;
	return kernel.ifindex[is_out && at->device != DEVICE_POD2 ? DEVICE_POD2 : at->device];
}

int kernel_run(const struct kernel_hook *at, const struct wire_frame *frame, struct kernel_result *out)
{
	uint32_t ifindex = kernel.ifindex[at->device];
	struct xdp_md xdp = {.data_end = (uint32_t)frame->length, .ingress_ifindex = ifindex};
	struct __sk_buff skb = {.ifindex = ifindex, .ingress_ifindex = kernel_ingress(at)};
	bool is_xdp = at->hook == SR_HOOK_XDP_UPLINK;
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame->bytes, .data_size_in = (uint32_t)frame->length,
		    .data_out = out->out.bytes, .data_size_out = WIRE_SIZE,
		    .ctx_in = is_xdp ? (void *)&xdp : (void *)&skb, .ctx_size_in = is_xdp ? sizeof(xdp) : sizeof(skb));

	if (bpf_prog_test_run_opts(kernel.program[at->hook], &run) < 0) {
		fprintf(stderr, "%s does not run: %s\n", kernel_names[at->hook], strerror(errno));
		return -1;
	}
	kernel.packets++;
	out->out.length = run.data_size_out;
	out->verdict = kernel_verdict(at->hook, run.retval);
	out->reason = kernel_reason();
	return 0;
}
