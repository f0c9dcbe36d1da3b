// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "run.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../packet/world.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "kernel/conn_table.h"
#include "kernel/datapath.h"
#include "kernel/programs.h"
#include "tests/bench/bench.skel.h"

#define RUN_INSTANCE "bench"

/* So often at once: some milliseconds, beside which a system call is nothing; flows begin more slowly. */
#define RUN_REPEAT     100000
#define RUN_REPEAT_NEW 5000

/* Flows that fill the table of connections: so many times what it has room for, if that is not told. */
#define RUN_FILL	3
#define RUN_CONNECTIONS 250000

static struct {
	struct sr_datapath *datapath;
	struct bench_bpf *skel;
	struct {
		char name[32];
		int fd;
	} known[16];
	size_t num_known;
	int repeat; /* 0: RUN_REPEAT */
	uint32_t connections;
} run;

struct sr_datapath *run_datapath(void)
{
	return run.datapath;
}

static int run_bench_program(enum hook hook, const char *name)
{
	char full[32];

	snprintf(full, sizeof(full), "%.16s_%s", name, hook == HOOK_XDP ? "xdp" : "tc");
	return bpf_program__fd(bpf_object__find_program_by_name(run.skel->obj, full));
}

int run_program(enum hook hook, const char *name)
{
	if (strncmp(name, "sr_", 3) != 0)
		return run_bench_program(hook, name);
	for (size_t i = 0; i < run.num_known; i++)
		if (strcmp(run.known[i].name, name) == 0)
			return run.known[i].fd;
	snprintf(run.known[run.num_known].name, sizeof(run.known[0].name), "%s", name);
	return run.known[run.num_known++].fd = sr_datapath_program_fd(run.datapath, name);
}

static int run_wrapper(enum hook hook, const struct frame *frame)
{
	bool is_v6 = frame->bytes[12] == 0x86;

	if (hook == HOOK_XDP)
		return bpf_program__fd(is_v6 ? run.skel->progs.wrap_xdp_v6 : run.skel->progs.wrap_xdp_v4);
	return bpf_program__fd(is_v6 ? run.skel->progs.wrap_tc_v6 : run.skel->progs.wrap_tc_v4);
}

/* Programs run through the kernel's XDP dispatcher only while they sit on a device. */
static int run_attach_xdp(void)
{
	static const char *const devices[] = {"eth0", "eth1", "wire0", "wire1", "pod1-eth0", "pod2-eth0", "pod1"};
	int programs[] = {
		run_program(HOOK_XDP, "sr_xdp_uplink"),
		run_program(HOOK_XDP, "empty"),
		run_program(HOOK_XDP, "floor"),
		run_program(HOOK_XDP, "scatter"),
		run_program(HOOK_XDP, "fetch"),
		bpf_program__fd(run.skel->progs.wrap_xdp_v4),
		bpf_program__fd(run.skel->progs.wrap_xdp_v6),
	};

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		if (bpf_link_create(programs[i], if_nametoindex(devices[i]), BPF_XDP, NULL) < 0) {
			perror(devices[i]);
			return -1;
		}
	return 0;
}

static void run_write_device(enum device device, const char *snat, __u32 flags)
{
	struct sr_device value = {
		.snat4 = world_addr(snat, 4),
		.snat6 = world_addr(snat, 6),
		.flags = flags,
		.mac = {0x02, 0, 0, 0, 0, device == DEVICE_ETH1 ? MAC_NODE_ETH1 : MAC_NODE},
	};
	__u32 ifindex = network_ifindex(device);

	bpf_map_update_elem(sr_datapath_map_fd(run.datapath, "sr_devices"), &ifindex, &value, BPF_ANY);
}

static int run_load(bool scatters)
{
	run.skel = bench_bpf__open();
	if (!run.skel)
		return -1;
	if (scatters)
		bpf_map__set_max_entries(run.skel->maps.sets, sr_conn_table_sets(run.connections));
	run.skel->data->num_sets = bpf_map__max_entries(run.skel->maps.sets);
	return bench_bpf__load(run.skel);
}

static int run_attach_to_device(const struct bench_bpf *skel, const char *name)
{
	int program = bpf_program__fd(skel->progs.empty_tc), ifindex = (int)if_nametoindex(name);

	if (!ifindex || bpf_link_create(program, ifindex, SR_BPF_TCX_INGRESS, NULL) < 0)
		return -1;
	return bpf_link_create(program, ifindex, SR_BPF_TCX_EGRESS, NULL) < 0 ? -1 : 0;
}

static int run_attach_to_cgroup(const struct bench_bpf *skel, const char *path)
{
	const struct bpf_program *const programs[] = {skel->progs.empty_connect, skel->progs.empty_bind,
						      skel->progs.empty_release};
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		if (!bpf_program__attach_cgroup(programs[i], fd))
			return -1;
	return 0;
}

int run_attach_empty(const char *where)
{
	const struct bench_bpf *skel = bench_bpf__open_and_load();

	if (!skel)
		return -1;
	return strchr(where, '/') ? run_attach_to_cgroup(skel, where) : run_attach_to_device(skel, where);
}

int run_start(const struct run_config *wanted)
{
	const struct sr_datapath_config config = {
		.snat_port_low = 20000,
		.snat_port_high = 29999,
		.syn_limit = wanted->syn_limit ? wanted->syn_limit : SR_NO_SYN_LIMIT,
		.sizes = {wanted->services, wanted->backends, wanted->connections},
	};
	struct sr_error err = {};

	run.connections = wanted->connections ? wanted->connections : RUN_CONNECTIONS;
	if (network_make() < 0)
		return -1;
	if (sr_datapath_load(&run.datapath, RUN_INSTANCE, &config, NULL, &err) < 0) {
		fprintf(stderr, "bench: %s\n", err.text);
		return -1;
	}
	if (run_load(wanted->scatters) < 0) {
		perror("bench: cannot load its own programs");
		return -1;
	}
	run_write_device(DEVICE_ETH0, NODE, SR_DEVICE_UPLINK);
	run_write_device(DEVICE_POD1, NODE_TO_PODS, SR_DEVICE_POD);
	run_write_device(DEVICE_POD2, NODE_TO_PODS, SR_DEVICE_POD);
	return run_attach_xdp();
}

void run_stop(void)
{
	bench_bpf__destroy(run.skel);
	sr_datapath_close(run.datapath);
	sr_datapath_unload(RUN_INSTANCE, NULL);
}

static int run_repeated(enum hook hook, int program, enum device device, const struct frame *frame, struct frame *out,
			int repeat)
{
	__u32 ifindex = network_ifindex(device);
	struct xdp_md xdp = {.data_end = frame->length, .ingress_ifindex = ifindex};
	struct __sk_buff skb = {.ifindex = ifindex};
	struct bpf_test_run_opts opts = {
		.sz = sizeof(opts),
		.data_in = frame->bytes,
		.data_size_in = frame->length,
		.data_out = out->bytes,
		.data_size_out = FRAME_SIZE,
		.ctx_in = hook == HOOK_XDP ? (void *)&xdp : (void *)&skb,
		.ctx_size_in = hook == HOOK_XDP ? sizeof(xdp) : sizeof(skb),
		.repeat = repeat,
	};
	int r = bpf_prog_test_run_opts(program, &opts);

	out->length = opts.data_size_out;
	return r;
}

int run_once(enum hook hook, int program, enum device device, struct frame *frame)
{
	struct frame in = *frame;

	return run_repeated(hook, program, device, &in, frame, 1);
}

/* This thread's own time: what others do on the CPU meanwhile does not count. */
static double run_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

/* The kernel's own measure is in whole nanoseconds, too coarse for an empty program. */
double run_time(enum hook hook, int program, enum device device, const struct frame *frame)
{
	int repeat = run.repeat ? run.repeat : RUN_REPEAT;
	struct frame out;
	double start = run_clock();

	if (run_repeated(hook, program, device, frame, &out, repeat) < 0)
		perror("bench: BPF_PROG_TEST_RUN");
	return (run_clock() - start) / repeat;
}

static double run_time_wrapped(enum hook hook, int program, enum device device, const struct frame *frame)
{
	int next = bpf_map__fd(hook == HOOK_XDP ? run.skel->maps.next_xdp : run.skel->maps.next_tc);

	for (size_t i = 0; i < ARRAY_SIZE(run.skel->bss->original); i++)
		memcpy(&run.skel->bss->original[i], frame->bytes + 2 * i, 4);
	bpf_map_update_elem(next, &(__u32){0}, &program, BPF_ANY);
	return run_time(hook, run_wrapper(hook, frame), device, frame);
}

double run_time_restored(enum hook hook, int program, enum device device, const struct frame *frame)
{
	int empty = run_program(hook, "empty");
	double with = run_time_wrapped(hook, program, device, frame);
	double without = run_time_wrapped(hook, empty, device, frame);

	return with - without + run_time(hook, empty, device, frame);
}

/*
 * The table of connections is full of what has been: as it is after some hours,
 * and so that the kernel has met each of its pages.
 */
static void run_fill_table(enum hook hook, int program, enum device device, const struct frame *frame)
{
	static bool is_full;

	for (uint32_t i = 0; !is_full && i < run.connections * RUN_FILL / RUN_REPEAT_NEW + 1; i++)
		run_time_restored(hook, program, device, frame);
	is_full = true;
}

static double run_time_of_new(enum hook hook, int program, enum device device, const struct frame *frame, int repeat,
			      bool fill)
{
	double ns;

	run.skel->bss->is_new = true;
	run.repeat = repeat;
	if (fill)
		run_fill_table(hook, program, device, frame);
	ns = run_time_restored(hook, program, device, frame);
	run.skel->bss->is_new = false;
	run.repeat = 0;
	return ns;
}

double run_time_new(enum hook hook, int program, enum device device, const struct frame *frame)
{
	return run_time_of_new(hook, program, device, frame, RUN_REPEAT_NEW, true);
}

double run_time_flood(enum hook hook, int program, enum device device, const struct frame *frame)
{
	return run_time_of_new(hook, program, device, frame, RUN_REPEAT, false);
}

void run_crowd_end(uint32_t i, uint32_t *addr, uint16_t *port)
{
	*addr ^= htonl(i >> 16 << 8);
	*port = htons(i);
}

double run_time_crowd(enum hook hook, int program, enum device device, const struct frame *frame, uint32_t num)
{
	double ns;

	run.skel->bss->crowd = num;
	ns = run_time_restored(hook, program, device, frame);
	run.skel->bss->crowd = 0;
	return ns;
}

void run_teach_floor(const struct frame *frame)
{
	struct sr_conn conn = {};
	struct {
		uint64_t half[2];
	} key = {};
	uint32_t src, dst, ports;

	memcpy(&src, frame->bytes + 26, 4);
	memcpy(&dst, frame->bytes + 30, 4);
	memcpy(&ports, frame->bytes + 34, 4);
	key.half[0] = (uint64_t)src << 32 | dst;
	key.half[1] = ports;
	conn.to.src.word[3] = src;
	conn.to.dst = world_addr(POD1, 4);
	conn.to.sport = ports;
	conn.to.dport = htons(8080);
	bpf_map_update_elem(bpf_map__fd(run.skel->maps.flows), &key, &conn, BPF_ANY);
}
