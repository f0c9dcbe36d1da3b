/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps' keys and values: what the BPF programs and the user program share.
 *
 * An address is always 16 bytes; IPv4 is held as ::ffff:a.b.c.d (RFC 4291,
 * section 2.5.5.2). Addresses and ports are in network byte order (__be16,
 * __be32), all else in the host's. Every struct is free of implicit padding,
 * so that it can be compared and hashed as bytes.
 */
#ifndef SVCROUTE_ABI_H
#define SVCROUTE_ABI_H

#ifndef __bpf__
#include <linux/types.h>
#endif

/*
 * A map's values may grow at their end, and its size may change, from one version
 * to the next: what is there is carried over (user/kernel/migration.h), forwards
 * and backwards, and 0 in what a value has grown by means what an older version
 * did. Raise this when anything else changes: a key, a type, what a field means,
 * or that a new map has to be filled.
 */
#define SR_LAYOUT_VERSION 6

/* A version to come, for tests/net/upgrade.bats: one whose values have grown, and whose counters count other things. */
#ifdef SR_TEST_LAYOUT
#define SR_TEST_WORDS 1
#else
#define SR_TEST_WORDS 0
#endif

struct sr_addr {
	union {
		__u8 byte[16];
		__be32 word[4];
		__u64 half[2];
	};
};
_Static_assert(sizeof(struct sr_addr) == 16, "sr_addr");

/* A network: the addresses that agree with `addr` in the bits of `mask`. */
struct sr_net {
	struct sr_addr addr;
	struct sr_addr mask;
};
_Static_assert(sizeof(struct sr_net) == 32, "sr_net");

/* A flow as a packet shows it. ICMP has no ports: they are 0. */
struct sr_tuple {
	struct sr_addr src;
	struct sr_addr dst;
	__be16 sport;
	__be16 dport;
	__u8 proto; /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP */
	__u8 zero[3];
};
_Static_assert(sizeof(struct sr_tuple) == 40, "sr_tuple");

/*
 * Map `sr_addresses`: hash by struct sr_addr: every address that a frontend
 * bears. A packet to any other is not for a service: one lookup tells.
 */
enum sr_address_flags {
	SR_ADDRESS_CLUSTER_IP = 1 << 0, /* a port of it that no service has is refused */
};

struct sr_address {
	struct sr_addr self;
	__u32 flags;
	__u32 zero;
};
_Static_assert(sizeof(struct sr_address) == 24, "sr_address");

/* Map `sr_frontends`: hash, an address and port that a service answers to. */
struct sr_frontend_key {
	struct sr_addr addr;
	__be16 port;
	__u8 proto;
	__u8 zero[5];
};
_Static_assert(sizeof(struct sr_frontend_key) == 24, "sr_frontend_key");

/* What kind of address a frontend is: from it follow who may call, and the policy. */
enum sr_frontend_kind {
	SR_FRONTEND_CLUSTER_IP = 0, /* for pods and this host */
	SR_FRONTEND_NODE_PORT,	    /* this and the next three: for anyone */
	SR_FRONTEND_EXTERNAL_IP,
	SR_FRONTEND_LOAD_BALANCER, /* source ranges hold for it */
	SR_FRONTEND_HOST_PORT,
	SR_FRONTEND_PASS,     /* no service: left to the host, whatever else says */
	SR_FRONTEND_RESERVED, /* a node port at address 0: bind() finds it, no packet does */
	SR_FRONTEND_KINDS,
};

struct sr_frontend {
	/*
	 * An element of a hash map is recycled without waiting for its
	 * readers: only a value that still names its key is that key's.
	 */
	struct sr_frontend_key self;
	__u32 service; /* index in sr_services */
	__u8 kind;     /* enum sr_frontend_kind */
	__u8 zero[3];
};
_Static_assert(sizeof(struct sr_frontend) == 32, "sr_frontend");

/*
 * The endpoints that a policy chooses among. If the Cluster set is empty, so is
 * the Local set, and there is no usable endpoint anywhere.
 */
enum sr_set {
	SR_SET_CLUSTER,
	SR_SET_LOCAL,
	SR_SETS,
};

enum sr_service_flags {
	SR_SERVICE_IN_USE = 1 << 0,
	SR_SERVICE_INTERNAL_LOCAL = 1 << 1, /* internalTrafficPolicy: Local */
	SR_SERVICE_EXTERNAL_LOCAL = 1 << 2, /* externalTrafficPolicy: Local */
	SR_SERVICE_SOURCE_RANGES = 1 << 3,  /* sr_sources says who may call its LoadBalancer frontends */
	SR_SERVICE_MAGLEV = 1 << 4,	    /* the choice is consistent: maglev.h */
};

/*
 * Map `sr_services`: mmapable array, one entry a service port and family.
 *
 * A run of slots is one aligned word, so that a packet sees the old set of
 * backends or the new one and never a mix.
 */
struct sr_service_entry {
	__u64 run[SR_SETS]; /* sr_run(): first slot and number of slots */
	__u32 flags;	    /* enum sr_service_flags */
	__u32 affinity;	    /* seconds a client stays with its backend; 0: none */
};
_Static_assert(sizeof(struct sr_service_entry) == 24, "sr_service_entry");

static inline __u64 sr_run(__u32 base, __u32 count)
{
	return (__u64)base << 32 | count;
}

static inline __u32 sr_run_base(__u64 run)
{
	return run >> 32;
}

static inline __u32 sr_run_count(__u64 run)
{
	return (__u32)run;
}

/* Map `sr_slots`: mmapable array of __u32, each an index in sr_backends. */

/*
 * Map `sr_backends`: mmapable array. An index belongs to one service at a
 * time; the generation grows by one whenever its owner changes or leaves, so
 * that a connection that recorded both knows in one load whether its backend
 * is still what it was. Index 0 is never used.
 */
enum sr_backend_flags {
	SR_BACKEND_IN_CLUSTER = 1 << SR_SET_CLUSTER, /* it is in the Cluster set */
	SR_BACKEND_IN_LOCAL = 1 << SR_SET_LOCAL,
	SR_BACKEND_SETS = SR_BACKEND_IN_CLUSTER | SR_BACKEND_IN_LOCAL, /* in none: it drains, takes no new connection */
	SR_BACKEND_ON_NODE = 1 << 2,				       /* the endpoint lives on this node */
};

struct sr_backend {
	struct sr_addr addr;
	__be16 port;
	__u8 proto;
	__u8 flags;	  /* SR_BACKEND_* */
	__u32 generation; /* odd: in use; even: free */
	__u32 service;	  /* index in sr_services */
	__u16 weight;
	__u16 position; /* its place in the service's list, for people */
	__u64 test[SR_TEST_WORDS];
};
_Static_assert(sizeof(struct sr_backend) == 32 + 8 * SR_TEST_WORDS, "sr_backend");

enum sr_conn_flags {
	SR_CONN_REPLY = 1 << 0,	     /* keyed by what the backend sends */
	SR_CONN_PAST = 1 << 1,	     /* leaves past the stack; answers are turned on their way in */
	SR_CONN_ANSWERED = 1 << 2,   /* the backend has spoken */
	SR_CONN_PROVEN = 1 << 3,     /* both sides have: a flood of others does not displace it */
	SR_CONN_FIN_CLIENT = 1 << 4, /* TCP: the client has sent FIN; SCTP: SHUTDOWN, or its ACK */
	SR_CONN_FIN_SERVER = 1 << 5, /* the same of the backend */
	SR_CONN_CLOSED = SR_CONN_FIN_CLIENT | SR_CONN_FIN_SERVER,
	SR_CONN_RESET = 1 << 6, /* the last word was TCP's RST, or SCTP's ABORT or SHUTDOWN COMPLETE */
	SR_CONN_TAKEN = 1 << 7, /* over: another connection takes its tuple */
	/* Of a flow that was met on its way out only (SIDE_HOST): whose ends are this host. */
	SR_CONN_CLIENT_HOST = 1 << 8,
	SR_CONN_BACKEND_HOST = 1 << 9,
	SR_CONN_DIRECT = 1 << 10, /* of no service: see service_is_collision() */
	SR_CONN_HELD = 1 << 11,	  /* beside PAST: it changes hands; its packets go nowhere for a moment */
	SR_CONN_DSR = 1 << 12,	  /* goes unchanged through a tunnel to the node `to.dst`; its answers do not pass us */
};

/* How the packets of one direction leave. */
struct sr_rewrite {
	struct sr_addr src;
	struct sr_addr dst;
	__be16 sport;
	__be16 dport;
	__u32 flags; /* enum sr_conn_flags */
};
_Static_assert(sizeof(struct sr_rewrite) == 40, "sr_rewrite");

/* The frame by which packets leave at once, as the routing table said less than two seconds ago (forward.h). */
struct sr_hop {
	__u8 to[6];
	__u8 from[6];
	__u16 mtu;  /* 0: not known */
	__u16 peer; /* index of the pod's device, to whose other end tc gives them; 0: XDP sends them back */
};
_Static_assert(sizeof(struct sr_hop) == 16, "sr_hop");

/*
 * One direction of a connection, whole in itself: how its packets arrive and
 * how they leave. Times are in ticks of 1 << SR_TICK_SHIFT jiffies.
 */
struct sr_conn {
	struct sr_tuple from;
	struct sr_rewrite to;
	__u32 backend;	  /* index in sr_backends */
	__u32 generation; /* of that backend when it was chosen */
	__u32 service;	  /* index in sr_services */
	__u32 created;	  /* tick */
	__u32 seen;	  /* tick of the last packet */
	__u32 isn;	  /* the other end's initial sequence number; SCTP: its tag */
	struct sr_hop hop;
	__u64 test[SR_TEST_WORDS];
};
_Static_assert(sizeof(struct sr_conn) == 120 + 8 * SR_TEST_WORDS, "sr_conn");

/*
 * Map `sr_conns`: mmapable array of sets: the table of connections, two entries
 * each. A tuple's hash names two sets, and its entry lies in a way of either
 * (conn_set.h).
 */
#define SR_CONN_WAYS 8

struct sr_conn_set {
	__u64 tags;    /* a byte a way, of the tuple's hash; 0: the way is free */
	__u32 lock;    /* 1: a way is being written */
	__u32 spilled; /* 1: an entry whose first set this is may lie in its second */
	__u32 kept;    /* a bit a way: its connection is proven, and not over */
	__u32 hand;    /* the way after the one that was written last */
	struct sr_conn way[SR_CONN_WAYS];
};
_Static_assert(sizeof(struct sr_conn_set) == 24 + SR_CONN_WAYS * sizeof(struct sr_conn), "sr_conn_set");

/* Another version's entries are longer by so many bytes at most. */
#define SR_CONN_GROWTH 256

/* bpf_csum_diff() sums up as many at once. */
#define SR_SCRATCH_BYTES 512

/* Map `sr_scratch`: per-CPU array of one: room for a new connection's halves, and for a packet's bytes. */
struct sr_scratch {
	struct sr_conn conn;
	struct sr_conn reply;
	struct sr_conn copy;
	struct sr_conn beside;	    /* for a version whose values may be longer: */
	__u8 zeros[SR_CONN_GROWTH]; /* follow */
	struct sr_addr hop;	    /* the neighbour that a packet leaves to */
	__u32 kind;		    /* enum sr_frontend_kind: of the frontend that `conn` calls */
	__u32 zero;
	__u8 bytes[SR_SCRATCH_BYTES + 8];
	struct {
		struct sr_tuple quoted;
		struct sr_tuple answer;	  /* the quoted tuple turned round */
		struct sr_rewrite leaves; /* how a packet of `answer` leaves: what is quoted becomes its inverse */
		struct sr_addr src;	  /* the error's own new source */
		__u32 l4;		  /* offset of the quoted transport header */
		__u32 zero;
	} icmp;
};
_Static_assert(sizeof(struct sr_scratch) == 4 * sizeof(struct sr_conn) + SR_CONN_GROWTH + 688, "sr_scratch");

#define SR_TICK_SHIFT 6 /* jiffies per tick: 1 << 6 */

/* Random numbers by which tuples and senders are hashed, an instance's own; the last two for cookies (bpf/flood.h). */
#define SR_KEY_SEEDS   7
#define SR_COOKIE_SEED 5

/*
 * Map `sr_bloom`: mmapable array of one: what may be ours (bloom.h). Bits of addresses that
 * packets to be served go to; of addresses and ports that backends' answers come from, or
 * that sockets were led to.
 */
#define SR_BLOOM_BITS	   21
#define SR_BLOOM_LINE_BITS 9 /* a cache line's */
#define SR_BLOOM_WORDS	   (1 << (SR_BLOOM_BITS - 6))

struct sr_bloom {
	__u64 word[SR_BLOOM_WORDS];
};
_Static_assert(sizeof(struct sr_bloom) == 262144, "sr_bloom");

/* Map `sr_devices`: hash by ifindex (__u32). */
enum sr_device_flags {
	SR_DEVICE_UPLINK = 1 << 0,
	SR_DEVICE_POD = 1 << 1,
	SR_DEVICE_BARE = 1 << 2, /* no link header: packets begin with IP (wireguard, tun) */
	SR_DEVICE_BRIDGE = 1 << 3,
	SR_DEVICE_PEER = 1 << 4, /* a pod's veth whose other end lies in another network namespace */
};

struct sr_device {
	struct sr_addr snat4; /* source for IPv4 packets that leave here; 0: none */
	struct sr_addr snat6;
	__u32 flags;
	__u32 mtu;
	__u8 mac[6]; /* its own link address; zeros: it has none */
	__u8 zero[2];
};
_Static_assert(sizeof(struct sr_device) == 48, "sr_device");

/*
 * Map `sr_announced`: hash: the addresses for which this host answers ARP and
 * neighbour solicitations, by the device where it does. Device 0 stands for any,
 * and for addresses that are routed to this host.
 */
struct sr_announced_key {
	struct sr_addr addr;
	__u32 ifindex;
	__u32 zero;
};
_Static_assert(sizeof(struct sr_announced_key) == 24, "sr_announced_key");

enum sr_announced_state {
	SR_ANNOUNCED_HELD = 1,	      /* ours: the programs answer. The others are for people only. */
	SR_ANNOUNCED_IN_USE,	      /* another's: `mac` has it */
	SR_ANNOUNCED_WAITING,	      /* the device is down: nobody can be asked */
	SR_ANNOUNCED_NO_NODE_ADDRESS, /* the device has none of the family to send from */
	SR_ANNOUNCED_ROUTE_IN_USE,    /* of device 0: another's route leads there */
	SR_ANNOUNCED_NO_HOST,	      /* it can be no host's */
};

struct sr_announced {
	struct sr_announced_key self;
	__u32 state; /* enum sr_announced_state */
	__u8 mac[6];
	__u8 route_protocol; /* of device 0: the route's; 0: none. For people, too. */
	__u8 route_in_use;   /* it is another's: so it may be while a device holds the address */
	__u8 zero[4];
};
_Static_assert(sizeof(struct sr_announced) == 40, "sr_announced");

/*
 * Map `sr_sources`: LPM trie: from where the LoadBalancer frontends of a
 * service with SR_SERVICE_SOURCE_RANGES may be called. The value is a __u32
 * that says nothing.
 */
struct sr_source_key {
	__u32 prefixlen; /* 32 (the service) + bits of `addr`: 96 + n for IPv4 */
	__u32 service;
	struct sr_addr addr;
};
_Static_assert(sizeof(struct sr_source_key) == 24, "sr_source_key");

#define SR_SOURCE_SERVICE_BITS 32

/* Map `sr_nodes`: hash by struct sr_addr: on which other node, by its address, a backend's address lives. */
struct sr_node {
	struct sr_addr self;
	struct sr_addr node;
};
_Static_assert(sizeof(struct sr_node) == 32, "sr_node");

/* Map `sr_affinity`: LRU hash: the backend that a client was given last. */
struct sr_affinity_key {
	struct sr_addr client;
	__u32 service;
	__u32 zero;
};
_Static_assert(sizeof(struct sr_affinity_key) == 24, "sr_affinity_key");

struct sr_affinity {
	struct sr_affinity_key self;
	__u32 backend;
	__u32 generation;
	__u64 seen; /* jiffies of the client's last new connection */
	__u64 test[SR_TEST_WORDS];
};
_Static_assert(sizeof(struct sr_affinity) == 40 + 8 * SR_TEST_WORDS, "sr_affinity");

/* Map `sr_flood`: per-CPU array of one: how many TCP flows have begun in a tick, and until when that is too many. */
struct sr_flood {
	__u32 tick;
	__u32 begun;
	__u32 until; /* tick */
	__u32 zero;
};
_Static_assert(sizeof(struct sr_flood) == 16, "sr_flood");

/* Map `sr_trusted`: LRU hash by struct sr_addr: the tick (__u32) when a client has shown that its address is its own.
 */

/* Map `sr_refusals`: LRU hash by struct sr_addr: what limits ICMP errors to one peer. */
struct sr_refusal_budget {
	__u64 refilled; /* jiffies */
	__u64 tokens;	/* jiffies, too: a refusal costs the kernel's icmp_ratelimit */
};
_Static_assert(sizeof(struct sr_refusal_budget) == 16, "sr_refusal_budget");

/*
 * Map `sr_fragments`: LRU hash. The first fragment of a datagram leaves its
 * ports here for the later ones, which carry none; over IPv6 they need not
 * tell the protocol either.
 */
struct sr_fragment_key {
	struct sr_addr src;
	struct sr_addr dst;
	__be32 id;
	__u8 proto; /* IPv4; 0: IPv6 */
	__u8 zero[3];
};
_Static_assert(sizeof(struct sr_fragment_key) == 40, "sr_fragment_key");

struct sr_fragment {
	struct sr_fragment_key self;
	__be16 sport;
	__be16 dport;
	__u32 seen; /* tick of the first fragment */
	__u8 proto;
	__u8 zero[7];
};
_Static_assert(sizeof(struct sr_fragment) == 56, "sr_fragment");

/*
 * Map `sr_paths`: LRU hash, by address of a node to which tunnels lead: how long
 * a packet routers on the way let through.
 */
struct sr_path {
	struct sr_addr self;
	__u32 mtu;    /* of the tunnel's packet; 0: nobody has complained */
	__u32 learnt; /* tick */
};
_Static_assert(sizeof(struct sr_path) == 24, "sr_path");

/*
 * Map `sr_sockets`: LRU hash. What a socket was told, so that the address it
 * called is the one it sees. A socket that calls (frontend → backend), and
 * what it hears (backend → frontend), each have an entry.
 */
struct sr_socket_key {
	__u64 cookie;
	struct sr_addr addr;
	__be16 port;
	__u8 proto;
	__u8 reply; /* 1: addr and port are the backend's */
	__u32 zero;
};
_Static_assert(sizeof(struct sr_socket_key) == 32, "sr_socket_key");

struct sr_socket {
	struct sr_socket_key self;
	struct sr_addr addr;
	__be16 port;
	__u16 zero;
	__u32 backend;
	__u32 generation;
	__u32 of_pod; /* 1: it is none of the host's network namespace */
};
_Static_assert(sizeof(struct sr_socket) == 64, "sr_socket");

/* Map `sr_counters`: per-CPU array by reason (reason.h). */
struct sr_counter {
	__u64 packets;
	__u64 bytes;
};

/*
 * Map `sr_monitor`: mmapable array of one: what the reader of `sr_events` wants
 * to be told, until when, and how much there was no room for.
 */
enum sr_event_wish {
	SR_WISH_NEW = 0, /* the counter of what is translated, of which there are no events */
	/* 1 and on: packets, by reason (sr_reason_index) */
	SR_WISH_CLOSED = 63,
};

struct sr_monitor {
	__u64 wishes; /* 1 << enum sr_event_wish */
	__u64 lost;
	__u32 until; /* tick */
	__u32 zero;
};
_Static_assert(sizeof(struct sr_monitor) == 24, "sr_monitor");

/*
 * Map `sr_takeover`: array of one: while connections change hands between
 * netfilter and us, what we have no entry for is netfilter's.
 */
enum sr_takeover_level {
	SR_TAKEOVER_NONE = 0,
	SR_TAKEOVER_BEGUN, /* packets in the midst of a flow; UDP does not tell: each may begin one */
	SR_TAKEOVER_ALL,   /* new flows, too */
};

struct sr_takeover {
	__u32 level;
	__u32 until; /* tick: so that nothing is left of one that was killed */
};
_Static_assert(sizeof(struct sr_takeover) == 8, "sr_takeover");

/* Map `sr_events`: ring of struct sr_event. */
enum sr_event_kind {
	SR_EVENT_NEW,	   /* a connection has begun */
	SR_EVENT_CLOSED,   /* both sides have ended it, or one has reset it, or its next packet goes elsewhere */
	SR_EVENT_DROPPED,  /* a packet */
	SR_EVENT_REJECTED, /* the same, and its sender was told */
	SR_EVENT_PASSED,   /* a packet was left as it is */
	SR_EVENT_KINDS,
};

/* Kind and reason in one word. */
#define SR_EVENT_WHAT(kind, reason) ((__u32)(reason) << 8 | (kind))
#define SR_EVENT_KIND(what)	    ((what)&0xff)
#define SR_EVENT_REASON(what)	    ((what) >> 8)

struct sr_event {
	__u64 time; /* CLOCK_MONOTONIC, nanoseconds */
	struct sr_tuple tuple;
	struct sr_rewrite to; /* of connections: how packets of `tuple` leave; else zeros */
	__u32 service;	      /* of connections: index in sr_services */
	__u32 ifindex;	      /* of packets: the device they were met on; 0: a socket's call */
	__u16 reason;	      /* of packets: sr_reason_index() */
	__u8 kind;	      /* enum sr_event_kind */
	__u8 zero[5];
};
_Static_assert(sizeof(struct sr_event) == 104, "sr_event");

/*
 * Map `sr_info`: hash by service index: what people call it. The datapath
 * never reads it. Strings end in 0.
 */
struct sr_service_info {
	char namespace[64];
	char name[64];
	char port_name[64];
	char origin[256]; /* the manifest, or SR_ORIGIN_MAP */
	__u8 family;	  /* 4 or 6 */
	__u8 proto;
	__u8 zero[6];
};
_Static_assert(sizeof(struct sr_service_info) == 456, "sr_service_info");

/*
 * Map `sr_settings`: array of one: the options given to `load`, as JSON, so
 * that the next load need not be told again.
 */
#define SR_SETTINGS_SIZE 16384
struct sr_settings_blob {
	__u32 layout; /* SR_LAYOUT_VERSION of who wrote it */
	__u32 length;
	char json[SR_SETTINGS_SIZE - 8];
};

/* As many networks of pods, and of ClusterIPs, can be named. */
#define SR_MAX_CLUSTER_CIDRS 8
#define SR_MAX_SERVICE_CIDRS 8
/* ... and of gateways whose tunnels are trusted. */
#define SR_MAX_DSR_SOURCES 8

/* Where packets meet us: which program counts, and what it may do. */
enum sr_hook {
	SR_HOOK_XDP_UPLINK,
	SR_HOOK_FROM_WIRE,
	SR_HOOK_TO_WIRE,
	SR_HOOK_FROM_POD,
	SR_HOOK_TO_POD,
	SR_HOOK_SOCKET,
	SR_HOOK_MAX,
};

#endif
