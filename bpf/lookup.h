/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which service an address belongs to, which backend an index, which role a device. */
#ifndef BPF_LOOKUP_H
#define BPF_LOOKUP_H

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

/* What an address is kept for, served or not. Return SR_OK and fill `out`, or SR_PASS_NOT_A_SERVICE. */
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

/* The service behind an address. Return the same. */
static __always_inline int frontend_lookup(const struct sr_addr *addr, __be16 port, __u8 proto, struct frontend *out)
{
	if (frontend_read(addr, port, proto, out) != SR_OK)
		return SR_PASS_NOT_A_SERVICE;
	return frontend_is_served(out) ? SR_OK : SR_PASS_NOT_A_SERVICE;
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
