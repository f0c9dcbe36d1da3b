// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What svcroute's programs are measured against and with: an empty program, a
 * bare one that looks up and rewrites and does nothing else, and wrappers.
 *
 * BPF_PROG_TEST_RUN repeats a program on one frame and does not reset it: a
 * translated packet would be another one the second time. So a wrapper puts
 * the changed words back and tail-calls the program that is measured.
 */
#include "net.h"

#include "svcroute/abi.h"

/* What the wrapper puts back: the frame's first bytes, at their own offsets. */
#define FRAME_HEAD 96
__u32 original[FRAME_HEAD / 2] = {}; /* word i lies at byte 2 * i of the frame, 4 bytes wide */

/* Each frame begins a flow of its own: of the next source port, then of the next client. */
bool is_new = false;
__u64 num_flows = 0;

/* Or each is of one of so many connections, a power of two; 0: all are of one. */
__u32 crowd = 0;
__u64 dice = 1;

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} next_xdp SEC(".maps"), next_tc SEC(".maps");

struct flow_key {
	__u64 half[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct flow_key);
	__type(value, struct sr_conn);
} flows SEC(".maps");

/*
 * In words of four bytes, as the programs read them: a load that spans two
 * stores would wait for both, which no packet from a wire makes it do.
 */
static __always_inline void put(void *data, int offset)
{
	*(__u32 *)(data + offset) = original[offset / 2];
}

/* Whose frame is the next? */
static __always_inline __u32 next_flow(void)
{
	if (is_new)
		return num_flows++;
	dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
	return (dice >> 33) & (crowd - 1);
}

/* The ports, and the last word of the source's address. A narrow store would hold up the wide load of both ports. */
static __always_inline void put_ends(void *data, int address, int offset)
{
	__u32 ports = original[offset / 2], source = original[address / 2];

	if (is_new || crowd) {
		__u32 flow = next_flow();

		source ^= bpf_htonl(flow >> 16 << 8);
		ports = bpf_htonl((bpf_ntohl(ports) & 0xffff) | flow << 16);
	}
	*(__u32 *)(data + address) = source;
	*(__u32 *)(data + offset) = ports;
}

static __always_inline void put_back_v4(void *data)
{
	put(data, 0);
	put(data, 4);
	put(data, 8);
	put(data, 22); /* TTL, checksum */
	put_ends(data, 26, 34);
	put(data, 30);
	put(data, 38); /* UDP's checksum */
	put(data, 42); /* TCP's acknowledgement, flags */
	put(data, 46);
	put(data, 50); /* and checksum */
}

static __always_inline void put_back_v6(void *data)
{
	put(data, 0);
	put(data, 4);
	put(data, 8);
	put(data, 18); /* hop limit */
	for (int offset = 22; offset < 54; offset += 4)
		if (offset != 34)
			put(data, offset);
	put_ends(data, 34, 54);
	put(data, 58);
	put(data, 62);
	put(data, 66);
	put(data, 70);
}

SEC("xdp")
int empty_xdp(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("tc")
int empty_tc(struct __sk_buff *ctx)
{
	return TC_ACT_UNSPEC;
}

/* What a socket that calls passes. */
SEC("cgroup/connect4")
int empty_connect(struct bpf_sock_addr *ctx)
{
	return 1;
}

SEC("cgroup/bind4")
int empty_bind(struct bpf_sock_addr *ctx)
{
	return 1;
}

SEC("cgroup/sock_release")
int empty_release(struct bpf_sock *ctx)
{
	return 1;
}

SEC("xdp")
int wrap_xdp_v4(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;

	if (data + FRAME_HEAD > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	put_back_v4(data);
	bpf_tail_call_static(ctx, &next_xdp, 0);
	return XDP_ABORTED;
}

SEC("xdp")
int wrap_xdp_v6(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;

	if (data + FRAME_HEAD > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	put_back_v6(data);
	bpf_tail_call_static(ctx, &next_xdp, 0);
	return XDP_ABORTED;
}

SEC("tc")
int wrap_tc_v4(struct __sk_buff *ctx)
{
	void *data = (void *)(long)ctx->data;

	if (data + FRAME_HEAD > (void *)(long)ctx->data_end)
		return TC_ACT_SHOT;
	put_back_v4(data);
	bpf_tail_call_static(ctx, &next_tc, 0);
	return TC_ACT_SHOT;
}

SEC("tc")
int wrap_tc_v6(struct __sk_buff *ctx)
{
	void *data = (void *)(long)ctx->data;

	if (data + FRAME_HEAD > (void *)(long)ctx->data_end)
		return TC_ACT_SHOT;
	put_back_v6(data);
	bpf_tail_call_static(ctx, &next_tc, 0);
	return TC_ACT_SHOT;
}

/* The floor: IPv4 and TCP are taken for granted, as is that the flow is known. */
struct head {
	struct ethhdr eth;
	struct iphdr ip;
	struct tcphdr tcp;
} __attribute__((packed));

static __always_inline struct sr_conn *floor_find(const struct head *head)
{
	struct flow_key key = {
		.half = {(__u64)head->ip.saddr << 32 | head->ip.daddr, *(const __u32 *)&head->tcp.source},
	};

	return bpf_map_lookup_elem(&flows, &key);
}

static __always_inline __u64 floor_delta(const struct head *head, const struct sr_rewrite *to)
{
	return (__u64)(__u32)~head->ip.saddr + to->src.word[3] + (__u32)~head->ip.daddr + to->dst.word[3];
}

static __always_inline __u64 floor_ports_delta(const struct head *head, const struct sr_rewrite *to)
{
	return (__u64)(__u32) ~*(const __u32 *)&head->tcp.source + *(const __u32 *)&to->sport;
}

static __always_inline void floor_write(struct head *head, const struct sr_rewrite *to, __u64 delta)
{
	head->ip.saddr = to->src.word[3];
	head->ip.daddr = to->dst.word[3];
	head->ip.check = csum_update(head->ip.check, delta);
	*(__u32 *)&head->tcp.source = *(const __u32 *)&to->sport;
}

/* 0, or -1: not IPv4, or of no known flow. */
static __always_inline int floor_translate(void *data, void *data_end)
{
	struct head *head = data;
	struct sr_conn *conn;
	__u64 delta;

	if ((void *)(head + 1) > data_end || head->eth.h_proto != bpf_htons(ETH_P_IP))
		return -1;
	conn = floor_find(head);
	if (!conn)
		return -1;

	delta = floor_delta(head, &conn->to);
	head->tcp.check = csum_update(head->tcp.check, delta + floor_ports_delta(head, &conn->to));
	floor_write(head, &conn->to, delta);
	return 0;
}

SEC("xdp")
int floor_xdp(struct xdp_md *ctx)
{
	return floor_translate((void *)(long)ctx->data, (void *)(long)ctx->data_end) ? XDP_DROP : XDP_PASS;
}

SEC("tc")
int floor_tc(struct __sk_buff *ctx)
{
	return floor_translate((void *)(long)ctx->data, (void *)(long)ctx->data_end) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

/*
 * What a new flow's two entries cost where they lie at random in memory: a look at
 * each set's head, a lock, and an entry written.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* run_start() says how many */
	__type(key, __u32);
	__type(value, struct sr_conn_set);
} sets SEC(".maps");

__u32 num_sets = 1;

static __always_inline struct sr_conn_set *scatter_draw(void)
{
	__u32 index;

	dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
	index = (dice >> 32) * num_sets >> 32;
	return bpf_map_lookup_elem(&sets, &index);
}

/* What it costs to wait for memory once: where to look next depends on what was there. */
SEC("xdp")
int fetch_xdp(struct xdp_md *ctx)
{
	struct sr_conn_set *set = scatter_draw();

	if (set)
		dice += *(volatile __u64 *)&set->tags;
	return XDP_PASS;
}

static __always_inline void scatter_entry(void)
{
	const struct sr_conn entry = {.seen = 1};
	struct sr_conn_set *set = scatter_draw();

	if (!set || __sync_val_compare_and_swap(&set->lock, 0, 1))
		return;
	set->way[dice % SR_CONN_WAYS] = entry;
	*(volatile __u32 *)&set->lock = 0;
}

SEC("xdp")
int scatter_xdp(struct xdp_md *ctx)
{
	scatter_entry();
	scatter_entry();
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
