/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An instance of svcroute in the kernel: its programs and maps, pinned in a
 * folder of its own on bpffs. One process at a time may change it.
 */
#ifndef SVCROUTE_KERNEL_DATAPATH_H
#define SVCROUTE_KERNEL_DATAPATH_H

#include <stdbool.h>
#include <stdint.h>

#include "model/addr.h"
#include "svcroute/abi.h"
#include "svcroute/reason.h"

struct sr_error;
struct sr_datapath;

/* How much maps are to have room for; 0: what they are compiled with. */
struct sr_sizes {
	uint32_t services;
	uint32_t backends;
	uint32_t connections;
};

#define SR_SIZE_MAX (1u << 24)

/* New flows a second: they cost a CPU some 5 % of its time. */
#define SR_USUAL_SYN_LIMIT 50000
#define SR_NO_SYN_LIMIT	   UINT32_MAX

/* What the programs are told when they are loaded. */
struct sr_datapath_config {
	bool allow_external_clusterip;
	bool pod_sockets; /* socket hooks serve other network namespaces than ours, too */
	bool terminate;	  /* connections over TCP end with their endpoint */
	struct sr_cidr cluster_cidrs[SR_MAX_CLUSTER_CIDRS]; /* where pods live; none: not told */
	size_t num_cluster_cidrs;
	struct sr_cidr service_cidrs[SR_MAX_SERVICE_CIDRS]; /* where ClusterIPs come from; none: not told */
	size_t num_service_cidrs;
	bool forward_direct;			     /* flows between devices of ours pass the stack by */
	bool dsr;				     /* flows for other nodes' backends go through tunnels */
	struct sr_cidr dsr_from[SR_MAX_DSR_SOURCES]; /* from where tunnels may come; none: from nowhere */
	size_t num_dsr_from;
	uint16_t snat_port_low;	 /* source ports for SNAT, inclusive, host order; */
	uint16_t snat_port_high; /* 0, 0: the larger gap beside ip_local_port_range */
	/* TCP flows that may begin in a second on a CPU, at XDP, before callers are challenged; 0: the usual number */
	uint32_t syn_limit;
	struct sr_sizes sizes;
	struct sr_programs_ahead *ahead; /* see kernel/programs.h; may be NULL */
};

enum sr_access {
	SR_ACCESS_READ,	     /* open what is loaded, look only */
	SR_ACCESS_SETTLED,   /* the same, when nobody is replacing maps or programs */
	SR_ACCESS_WRITE,     /* open what is loaded, under the instance's lock */
	SR_ACCESS_REHEARSAL, /* see sr_datapath_rehearse() */
	SR_ACCESS_SETTINGS,  /* of whatever version, no more than its settings */
};

/*
 * Open an instance. -ENOENT: it is not loaded; -EPERM: privileges are missing,
 * `err` says which; -EPROTO: another version of svcroute with another layout
 * of maps holds it, or it serves another network namespace; -EUCLEAN: it is to be
 * written or settled, and is SR_HALF_LOADED.
 */
#define SR_HALF_LOADED "half loaded: a load was killed while it replaced maps or programs; 'svcroute load' ends it"
int sr_datapath_open(struct sr_datapath **out, const char *instance, enum sr_access access, struct sr_error *err);

/*
 * Make an instance, or mend or update the one there is: mount bpffs if it is
 * not (*mounted_bpffs says so; may be NULL), create what maps are missing, load
 * programs, and replace those in use where they differ. Existing maps stay, or
 * what they hold where they are replaced themselves: those of another version, or
 * of another size. Holds the lock until sr_datapath_close(). Attaches nothing.
 */
int sr_datapath_load(struct sr_datapath **out, const char *instance, const struct sr_datapath_config *config,
		     bool *mounted_bpffs, struct sr_error *err);

/*
 * What sr_datapath_load() would begin with, whichever version's instance is there,
 * or none: maps as it would make them, of its own where they would be replaced,
 * with what was carried over but connections; to be read, and sr_maps_check()ed.
 * *replaced (malloc'd) names those; NULL: none. Fails as that would, and touches nothing.
 */
int sr_datapath_rehearse(struct sr_datapath **out, const char *instance, const struct sr_sizes *sizes, char **replaced,
			 struct sr_error *err);

/*
 * Were maps replaced? Then hooks are to be changed first (sr_attach_apply), then
 * this one is to be settled, before anything is written to it.
 */
bool sr_datapath_is_unsettled(const struct sr_datapath *datapath);
int sr_datapath_settle(struct sr_datapath *datapath, const struct sr_datapath_config *config, struct sr_error *err);

/* Was it another version's until this sr_datapath_load()? */
bool sr_datapath_is_taken_over(const struct sr_datapath *datapath);

/* Is there such an instance, and another version than this one loaded it last? */
bool sr_datapath_is_foreign(const char *instance);

/* Is there such an instance, but for another network namespace? */
bool sr_datapath_is_elsewhere(const char *instance);

/*
 * Detach and unpin everything of the instance. -ENOENT: there is none. From
 * another network namespace, clsact qdiscs, routes and multicast groups of its
 * own stay as they are.
 */
int sr_datapath_unload(const char *instance, struct sr_error *err);

void sr_datapath_close(struct sr_datapath *datapath);
static inline void sr_datapath_cleanup(struct sr_datapath **datapath)
{
	sr_datapath_close(*datapath);
}
#define sr_autodatapath __attribute__((cleanup(sr_datapath_cleanup)))

/*
 * The fd of a program ("sr_from_pod") or a map ("sr_conns"), for tests. A map's
 * belongs to the datapath, a program's to the caller. -errno if there is none.
 */
int sr_datapath_program_fd(struct sr_datapath *datapath, const char *name);
int sr_datapath_map_fd(struct sr_datapath *datapath, const char *name);

/* "1.1.2": the libbpf this program runs with. */
const char *sr_libbpf_version(void);

#endif
