// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The datapath in the kernel, and one frame at a time through it. */
#include "harness.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "conns.h"
#include "kernel/maps.h"
#include "kernel/takeover.h"
#include "services.h"

#define HARNESS_INSTANCE "packet-test"

#undef send

/* Verdicts as the kernel numbers them. */
#define HARNESS_TC_UNSPEC   0xffffffffu
#define HARNESS_TC_SHOT	    2
#define HARNESS_TC_REDIRECT 7

static const char *const harness_names[NUM_PROGRAMS] = {
	[PROG_XDP] = "sr_xdp_uplink",	 [PROG_FROM_WIRE] = "sr_from_wire", [PROG_TO_WIRE] = "sr_to_wire",
	[PROG_FROM_POD] = "sr_from_pod", [PROG_TO_POD] = "sr_to_pod",
};

static const struct sr_datapath_config harness_usual = {
	.snat_port_low = SNAT_LOW,
	.snat_port_high = SNAT_HIGH,
	/* Tests read the whole table, again and again. */
	.sizes = {.connections = 8192},
};

/*
 * Programs as one config made them. The kernel takes a while to verify programs,
 * minutes in all under emulation: what was loaded is kept, and used again.
 */
struct harness_loaded {
	struct sr_datapath_config config;
	int icmp_ratelimit; /* the programs are told it, too */
	int program[NUM_PROGRAMS];
};

#define HARNESS_MAX_LOADED 24

static struct {
	struct sr_datapath *datapath;
	struct harness_loaded loaded[HARNESS_MAX_LOADED];
	size_t num_loaded;
	int program[NUM_PROGRAMS]; /* of one of `loaded` */
	int link[2];		   /* XDP on the uplinks */
	int icmp_ratelimit;
	bool is_unusual;

	/* The last frame: what went in and came out. */
	struct frame in, out;
	enum verdict verdict;
	bool is_xdp;
	struct sr_counter before[SR_REASON_MAX];
} harness = {.program = {-1, -1, -1, -1, -1}, .link = {-1, -1}};

struct sr_datapath *harness_datapath(void)
{
	return harness.datapath;
}

const struct frame *sent(void)
{
	return &harness.out;
}

enum verdict sent_verdict(void)
{
	return harness.verdict;
}

static void harness_counters(struct sr_counter counters[SR_REASON_MAX])
{
	struct sr_error err = {};

	if (sr_maps_counters(harness.datapath, counters, &err) < 0)
		fail_msg("%s", err.text);
}

/* --- load ------------------------------------------------------------------------------ */

static void harness_write_device(enum device device, const char *snat, __u32 flags)
{
	struct sr_device value = {
		.snat4 = world_addr(snat ? snat : "::", 4),
		.snat6 = world_addr(snat ? snat : "::", 6),
		.flags = flags,
		.mtu = 1500,
		.mac = {0x02, 0, 0, 0, 0, device == DEVICE_ETH1 ? MAC_NODE_ETH1 : MAC_NODE},
	};
	__u32 ifindex = network_ifindex(device);

	bpf_map_update_elem(sr_datapath_map_fd(harness.datapath, "sr_devices"), &ifindex, &value, BPF_ANY);
}

static void harness_write_devices(void)
{
	harness_write_device(DEVICE_ETH0, NODE, SR_DEVICE_UPLINK);
	harness_write_device(DEVICE_ETH1, NODE_ETH1, SR_DEVICE_UPLINK);
	harness_write_device(DEVICE_POD1, NODE_TO_PODS, SR_DEVICE_POD | SR_DEVICE_PEER);
	harness_write_device(DEVICE_POD2, NODE_TO_PODS, SR_DEVICE_POD | SR_DEVICE_PEER);
}

static struct harness_loaded *harness_find_loaded(const struct sr_datapath_config *config)
{
	for (size_t i = 0; i < harness.num_loaded; i++) {
		struct harness_loaded *loaded = &harness.loaded[i];

		if (loaded->icmp_ratelimit == harness.icmp_ratelimit &&
		    memcmp(&loaded->config, config, sizeof(*config)) == 0)
			return loaded;
	}
	return NULL;
}

/* The maps are the instance's, and stay; programs that nobody holds go. */
static struct harness_loaded *harness_load_anew(const struct sr_datapath_config *config)
{
	struct harness_loaded *loaded = &harness.loaded[harness.num_loaded];
	struct sr_error err = {};

	if (harness.num_loaded == HARNESS_MAX_LOADED) {
		fprintf(stderr, "more than %d configs: raise HARNESS_MAX_LOADED\n", HARNESS_MAX_LOADED);
		return NULL;
	}
	sr_datapath_close(TAKE_PTR(harness.datapath));
	if (sr_datapath_load(&harness.datapath, HARNESS_INSTANCE, config, NULL, &err) < 0) {
		fprintf(stderr, "cannot load the datapath: %s\n", err.text);
		return NULL;
	}
	*loaded = (struct harness_loaded){.icmp_ratelimit = harness.icmp_ratelimit};
	memcpy(&loaded->config, config, sizeof(*config));
	for (int i = 0; i < NUM_PROGRAMS; i++) {
		loaded->program[i] = sr_datapath_program_fd(harness.datapath, harness_names[i]);
		if (loaded->program[i] < 0)
			return NULL;
	}
	harness.num_loaded++;
	return loaded;
}

/*
 * XDP must sit on a device: veth has no receive queue to name without it, and
 * running a program that sits nowhere costs tens of milliseconds each time.
 */
static int harness_attach(void)
{
	for (int i = 0; i < 2; i++) {
		sr_cleanup_close(&harness.link[i]);
		harness.link[i] =
			bpf_link_create(harness.program[PROG_XDP], network_ifindex(DEVICE_ETH0 + i), BPF_XDP, NULL);
		if (harness.link[i] < 0) {
			perror("cannot attach XDP");
			return -1;
		}
	}
	return 0;
}

static int harness_use(const struct harness_loaded *loaded)
{
	if (!loaded)
		return -1;
	memcpy(harness.program, loaded->program, sizeof(harness.program));
	if (harness_attach() < 0)
		return -1;
	harness_write_devices();
	return 0;
}

static int harness_load(const struct sr_datapath_config *config)
{
	const struct harness_loaded *loaded = harness_find_loaded(config);

	return harness_use(loaded ? loaded : harness_load_anew(config));
}

static void harness_unload(void)
{
	for (int i = 0; i < 2; i++)
		sr_cleanup_close(&harness.link[i]);
	while (harness.num_loaded > 0)
		for (int i = 0, last = --harness.num_loaded; i < NUM_PROGRAMS; i++)
			sr_cleanup_close(&harness.loaded[last].program[i]);
	sr_datapath_close(TAKE_PTR(harness.datapath));
}

int harness_start(void)
{
	return network_make() < 0 ? -1 : harness_load(&harness_usual);
}

void harness_stop(void)
{
	harness_unload();
	sr_datapath_unload(HARNESS_INSTANCE, NULL);
}

static void harness_load_unusual(const struct sr_datapath_config *config)
{
	harness.is_unusual = true;
	if (harness_load(config) < 0)
		fail_msg("cannot load the datapath anew");
}

void given_external_clusterips(void)
{
	struct sr_datapath_config config = harness_usual;

	config.allow_external_clusterip = true;
	harness_load_unusual(&config);
}

void given_cluster_cidr(const char *network, uint8_t bits)
{
	struct sr_datapath_config config = harness_usual;

	config.cluster_cidrs[0].addr = world_addr(network, world.family);
	config.cluster_cidrs[0].bits = world.family == 4 ? bits : bits * 4;
	config.num_cluster_cidrs = 1;
	config.allow_external_clusterip = true;
	harness_load_unusual(&config);
}

void given_service_cidr(const char *network, uint8_t bits)
{
	struct sr_datapath_config config = harness_usual;

	config.service_cidrs[0].addr = world_addr(network, world.family);
	config.service_cidrs[0].bits = world.family == 4 ? bits : bits * 4;
	config.num_service_cidrs = 1;
	harness_load_unusual(&config);
}

void given_dsr(void)
{
	struct sr_datapath_config config = harness_usual;

	config.dsr = true;
	harness_load_unusual(&config);
}

void given_dsr_from(const char *gateway)
{
	struct sr_datapath_config config = harness_usual;

	config.dsr_from[0].addr = world_addr(gateway, world.family);
	config.dsr_from[0].bits = world.family == 4 ? 32 : 128;
	config.num_dsr_from = 1;
	harness_load_unusual(&config);
}

void given_forward_direct(void)
{
	struct sr_datapath_config config = harness_usual;

	config.forward_direct = true;
	harness_load_unusual(&config);
}

void given_terminate(void)
{
	struct sr_datapath_config config = harness_usual;

	config.terminate = true;
	harness_load_unusual(&config);
}

void given_snat_ports(uint16_t low, uint16_t high)
{
	struct sr_datapath_config config = harness_usual;

	config.snat_port_low = low;
	config.snat_port_high = high;
	harness_load_unusual(&config);
}

void given_syn_limit(uint32_t limit)
{
	struct sr_datapath_config config = harness_usual;

	config.syn_limit = limit;
	harness_load_unusual(&config);
}

void given_a_load(void)
{
	harness.is_unusual = true;
	if (harness_use(harness_load_anew(&harness_usual)) < 0)
		fail_msg("cannot load the datapath anew");
}

void given_icmp_ratelimit(int msec)
{
	if (network_set_icmp_ratelimit(msec) < 0)
		fail_msg("cannot set net.ipv4.icmp_ratelimit");
	harness.icmp_ratelimit = msec;
	harness_load_unusual(&harness_usual);
}

void given_no_snat_address(enum device device)
{
	harness_write_device(device, NULL, device <= DEVICE_ETH1 ? SR_DEVICE_UPLINK : SR_DEVICE_POD);
}

void given_no_device(enum device device)
{
	__u32 ifindex = network_ifindex(device);

	bpf_map_delete_elem(sr_datapath_map_fd(harness.datapath, "sr_devices"), &ifindex);
}

void given_bridge(enum device device)
{
	harness_write_device(device, NODE_TO_PODS, SR_DEVICE_POD | SR_DEVICE_BRIDGE);
}

/* --- around each test ------------------------------------------------------------------ */

static void harness_zero_counters(void)
{
	struct sr_counter zero[256] = {};
	int fd = sr_datapath_map_fd(harness.datapath, "sr_counters");

	for (__u32 i = 0; i < SR_REASON_MAX; i++)
		bpf_map_update_elem(fd, &i, zero, BPF_ANY);
}

int harness_setup(void **state)
{
	world = *(struct world *)*state;
	harness_zero_counters();
	memset(&harness.in, 0, sizeof(harness.in));
	memset(&harness.out, 0, sizeof(harness.out));
	return 0;
}

int harness_teardown(void **state)
{
	(void)state;
	services_forget();
	conns_forget();
	clients_forget();
	sr_takeover_end(harness.datapath);
	harness_write_devices();
	if (!harness.is_unusual)
		return 0;
	harness.is_unusual = false;
	network_set_icmp_ratelimit(0);
	harness.icmp_ratelimit = 0;
	return harness_load(&harness_usual);
}

/* --- a packet --------------------------------------------------------------------------- */

static enum verdict harness_verdict(enum program program, __u32 code)
{
	if (program == PROG_XDP) {
		switch (code) {
		case XDP_PASS:
			return VERDICT_PASS;
		case XDP_DROP:
			return VERDICT_DROP;
		case XDP_TX:
			return VERDICT_TX;
		case XDP_REDIRECT:
			return VERDICT_REDIRECT;
		default:
			break;
		}
	} else {
		switch (code) {
		case HARNESS_TC_UNSPEC:
			return VERDICT_PASS;
		case HARNESS_TC_SHOT:
			return VERDICT_DROP;
		case HARNESS_TC_REDIRECT:
			return VERDICT_REDIRECT;
		default:
			break;
		}
	}
	fail_msg("%s returned %u", harness_names[program], code);
	return VERDICT_DROP;
}

/* `ingress`: by which device it came to this node; 0: the node itself sends it. */
static void harness_run(enum program program, __u32 ifindex, __u32 ingress, struct frame frame)
{
	struct xdp_md xdp = {.data_end = frame.length, .ingress_ifindex = ifindex};
	struct __sk_buff skb = {.ifindex = ifindex, .ingress_ifindex = ingress};
	bool is_xdp = program == PROG_XDP;
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame.bytes, .data_size_in = frame.length,
		    .data_out = harness.out.bytes, .data_size_out = FRAME_SIZE,
		    .ctx_in = is_xdp ? (void *)&xdp : (void *)&skb, .ctx_size_in = is_xdp ? sizeof(xdp) : sizeof(skb));

	harness_counters(harness.before);
	if (bpf_prog_test_run_opts(harness.program[program], &run) < 0)
		fail_msg("%s does not run: %s", harness_names[program], strerror(errno));
	harness.in = frame;
	harness.is_xdp = is_xdp;
	harness.out.length = run.data_size_out;
	harness.verdict = harness_verdict(program, run.retval);
}

/* What goes out has come in by a pod's device. */
void send_by(enum device device, enum program program, struct frame frame)
{
	bool is_out = program == PROG_TO_WIRE || program == PROG_TO_POD;
	__u32 ifindex = network_ifindex(device);

	harness_run(program, ifindex, is_out ? network_ifindex(DEVICE_POD2) : ifindex, frame);
}

void send_from_host(struct frame frame)
{
	harness_run(PROG_TO_WIRE, network_ifindex(DEVICE_ETH0), 0, frame);
}

#define HARNESS_LOOPBACK 1

void send_from_another_device(struct frame frame)
{
	harness_run(PROG_TO_WIRE, network_ifindex(DEVICE_ETH0), HARNESS_LOOPBACK, frame);
}

void harness_send(enum program program, struct frame frame)
{
	bool on_pod = program == PROG_FROM_POD || program == PROG_TO_POD;

	send_by(on_pod ? DEVICE_POD1 : DEVICE_ETH0, program, frame);
}

/* --- what came of it --------------------------------------------------------------------- */

static const char *const harness_reasons[SR_REASON_MAX] = {[0] = "translated",
#define X(code, name, text) [SR_PASS_INDEX_##code] = name,
							   SR_PASS_REASONS(X)
#undef X
#define X(code, name, text, refusal) [SR_DROP_INDEX_##code] = name,
								   SR_DROP_REASONS(X)
#undef X
#define X(code, name, text) [SR_ANSWER_INDEX_##code] = name,
									   SR_ANSWER_REASONS(X)
#undef X
};

/* The counter that the last packet raised. */
static const char *harness_reason(void)
{
	struct sr_counter now[SR_REASON_MAX];

	harness_counters(now);
	for (int i = 0; i < SR_REASON_MAX; i++)
		if (now[i].packets == harness.before[i].packets + 1)
			return harness_reasons[i];
	return "counted nowhere";
}

void harness_expect_verdict(enum verdict verdict, const char *file, int line)
{
	static const char *const names[] = {"pass", "drop", "transmit", "redirect"};

	if (harness.verdict == verdict)
		return;
	print_error("expected to %s, got: %s (%s)\n", names[verdict], names[harness.verdict], harness_reason());
	_fail(file, line);
}

static void harness_expect_reason(int code, const char *file, int line)
{
	const char *reason = harness_reason();

	if (reason == harness_reasons[sr_reason_index(code)])
		return;
	print_error("expected %s, got %s\n", harness_reasons[sr_reason_index(code)], reason);
	_fail(file, line);
}

static void harness_expect_frame(const struct frame *want, const char *file, int line)
{
	if (frame_is_equal(want, &harness.out))
		return;
	frame_explain(want, &harness.out);
	_fail(file, line);
}

/* Two checks that do not know of one another: the frame as built, and the sums as received. */
static void harness_expect_sent(int reason, const struct frame *frame, const char *file, int line)
{
	const char *wrong;

	harness_expect_reason(reason, file, line);
	harness_expect_frame(frame, file, line);
	wrong = frame_wrong_sum(&harness.out);
	if (wrong) {
		print_error("%s is wrong\n", wrong);
		_fail(file, line);
	}
}

void harness_expect(enum verdict verdict, struct frame frame, const char *file, int line)
{
	harness_expect_verdict(verdict, file, line);
	harness_expect_sent(SR_OK, &frame, file, line);
}

void harness_expect_refusal(int reason, struct frame frame, const char *file, int line)
{
	harness_expect_verdict(VERDICT_REDIRECT, file, line);
	harness_expect_sent(reason, &frame, file, line);
}

void harness_expect_answer(int reason, struct frame frame, const char *file, int line)
{
	harness_expect_verdict(harness.is_xdp ? VERDICT_TX : VERDICT_REDIRECT, file, line);
	if (reason != SR_ANSWER_ARP) {
		harness_expect_sent(reason, &frame, file, line);
		return;
	}
	harness_expect_reason(reason, file, line);
	harness_expect_frame(&frame, file, line);
}

void harness_expect_untouched(int reason, const char *file, int line)
{
	harness_expect_verdict(VERDICT_PASS, file, line);
	harness_expect_reason(reason, file, line);
	harness_expect_frame(&harness.in, file, line);
}

void harness_expect_drop(int reason, const char *file, int line)
{
	if (harness.verdict != VERDICT_REDIRECT || sr_reason_refusal(reason) == SR_REFUSAL_SILENT)
		harness_expect_verdict(VERDICT_DROP, file, line);
	harness_expect_reason(reason, file, line);
}

void harness_expect_counter(int reason, uint64_t packets, const char *file, int line)
{
	struct sr_counter now[SR_REASON_MAX];
	unsigned int index = sr_reason_index(reason);

	harness_counters(now);
	if (now[index].packets == packets)
		return;
	print_error("%s: expected %llu packets, got %llu\n", harness_reasons[index], (unsigned long long)packets,
		    now[index].packets);
	_fail(file, line);
}

const char *harness_expect_snat(const char *addr, const char *file, int line)
{
	const char *source = frame_source(&harness.out);
	struct sr_hostport got = world_hostport(source, world.family, world.proto);
	struct sr_addr want = world_addr(addr, world.family);
	int port = ntohs(got.port);

	if (sr_addr_compare(&got.addr, &want) == 0 && port >= SNAT_LOW && port <= SNAT_HIGH)
		return source;
	print_error("expected %s and a port of SNAT's, got %s\n", addr, source);
	_fail(file, line);
	return NULL;
}
