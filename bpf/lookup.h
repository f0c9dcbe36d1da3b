/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which service an address belongs to, which backend an index, which role a device. */
#ifndef BPF_LOOKUP_H
#define BPF_LOOKUP_H

#include "bloom.h"
#include "config.h"
#include "maps.h"
#include "net.h"

/* What a frontend leads to, copied out of its map. */
struct frontend {
	__u32 service;
	__u32 kind; /* enum sr_frontend_kind */
};

/* An address that is kept for the host, or for bind() to find, is no service's. */
static __always_inline bool frontend_is_served(const struct frontend *frontend)
{
	return frontend->kind != SR_FRONTEND_PASS && frontend->kind != SR_FRONTEND_RESERVED;
}

/* What an address and port are kept for, served or not. Return SR_OK and fill `out`, or SR_PASS_NOT_A_SERVICE. */
static __always_inline int frontend_read(const struct sr_addr *addr, __be16 port, __u8 proto, struct frontend *out)
{
	struct sr_frontend_key key = {.addr = *addr, .port = port, .proto = proto};
	struct sr_frontend *found = bpf_map_lookup_elem(&sr_frontends, &key);

	if (!found)
		return SR_PASS_NOT_A_SERVICE;

	out->service = READ_ONCE(found->service);
	out->kind = READ_ONCE(found->kind);
	/* The element may be another key's by now: the key is read last. */
	barrier();
	if (found->self.addr.half[0] != key.addr.half[0] || found->self.addr.half[1] != key.addr.half[1] ||
	    *(__u32 *)&found->self.port != *(__u32 *)&key.port)
		return SR_PASS_NOT_A_SERVICE;
	return SR_OK;
}

/* The flags of an address that bears frontends, or < 0: it bears none. */
static __always_inline int address_flags(const struct sr_addr *addr)
{
	struct sr_addr key = *addr;
	struct sr_address *found = bpf_map_lookup_elem(&sr_addresses, &key);
	__u32 flags;

	if (!found)
		return -1;
	flags = READ_ONCE(found->flags);
	/* As above. */
	barrier();
	if (found->self.half[0] != key.half[0] || found->self.half[1] != key.half[1])
		return -1;
	return flags;
}

static __always_inline bool net_contains(const volatile struct sr_net *net, const struct sr_addr *addr)
{
	return (addr->half[0] & net->mask.half[0]) == net->addr.half[0] &&
	       (addr->half[1] & net->mask.half[1]) == net->addr.half[1];
}

/* What becomes of a packet to an address that bears no frontend. */
static __always_inline int address_unknown(const struct sr_addr *addr)
{
	for (__u32 i = 0; i < SR_MAX_SERVICE_CIDRS; i++)
		if (i < sr_num_service_cidrs && net_contains(&sr_service_cidrs[i], addr))
			return SR_DROP_UNALLOCATED;
	return SR_PASS_NOT_A_SERVICE;
}

#define ANNOUNCED_ANYWHERE 0

/* Do we answer for the address on this device, or (ANNOUNCED_ANYWHERE) on any? */
static __always_inline bool address_is_announced(const struct sr_addr *addr, __u32 ifindex)
{
	struct sr_announced_key key = {.addr = *addr, .ifindex = ifindex};
	struct sr_announced *found = bpf_map_lookup_elem(&sr_announced, &key);
	__u32 state;

	if (!found)
		return false;
	state = READ_ONCE(found->state);
	/* As above. */
	barrier();
	return state == SR_ANNOUNCED_HELD && found->self.addr.half[0] == key.addr.half[0] &&
	       found->self.addr.half[1] == key.addr.half[1] && found->self.ifindex == ifindex;
}

/*
 * ... and to one that does, but not with this port or protocol. `kind` is told
 * what it is: an announced address is ours alone, and as open as its services.
 */
static __always_inline int address_without_port(const struct sr_addr *addr, __u32 flags, __u32 *kind)
{
	if (flags & SR_ADDRESS_CLUSTER_IP)
		return SR_DROP_NO_SUCH_PORT;
	if (!address_is_announced(addr, ANNOUNCED_ANYWHERE))
		return SR_PASS_NOT_A_SERVICE;
	*kind = SR_FRONTEND_EXTERNAL_IP;
	return SR_DROP_NO_SUCH_PORT;
}

/*
 * The service behind an address and port. Return SR_OK and fill `out`, or
 * SR_PASS_NOT_A_SERVICE, or SR_DROP_* if it is a service's place without one.
 */
static __always_inline int frontend_lookup(const struct sr_addr *addr, __be16 port, __u8 proto, struct frontend *out)
{
	int flags;

	if (!bloom_has_addr(addr))
		return address_unknown(addr);
	if (frontend_read(addr, port, proto, out) == SR_OK)
		return frontend_is_served(out) ? SR_OK : SR_PASS_NOT_A_SERVICE;
	flags = address_flags(addr);
	return flags < 0 ? address_unknown(addr) : address_without_port(addr, flags, &out->kind);
}

/* The same for a packet whose protocol has no ports that we know: never SR_OK. */
static __always_inline int frontend_lookup_address(const struct sr_addr *addr, __u32 *kind)
{
	int flags = address_flags(addr);

	return flags < 0 ? address_unknown(addr) : address_without_port(addr, flags, kind);
}

static __always_inline bool backend_is_in_use(const struct sr_backend *backend)
{
	return backend->generation & 1;
}

/* Is the backend that a connection recorded still what it was? */
static __always_inline bool backend_is_current(__u32 index, __u32 generation)
{
	struct sr_backend *backend = bpf_map_lookup_elem(&sr_backends, &index);

	return backend && READ_ONCE(backend->generation) == generation;
}

/* The same, and does it take new connections? */
static __always_inline bool backend_is_ready(__u32 index, __u32 generation)
{
	struct sr_backend *backend = bpf_map_lookup_elem(&sr_backends, &index);

	return backend && READ_ONCE(backend->generation) == generation && READ_ONCE(backend->flags) & SR_BACKEND_SETS;
}

/* The service's entry, or NULL. */
static __always_inline struct sr_service_entry *service_lookup(__u32 service)
{
	return bpf_map_lookup_elem(&sr_services, &service);
}

static __always_inline struct sr_device *device_lookup(__u32 ifindex)
{
	return bpf_map_lookup_elem(&sr_devices, &ifindex);
}

#endif
