/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where addresses lie: this host's own, behind a device of ours, or elsewhere. */
#ifndef SVCROUTE_KERNEL_SITES_H
#define SVCROUTE_KERNEL_SITES_H

#include "kernel/attach.h"
#include "model/takeover.h"

struct sr_sites;

/* As if `config` were attached already; NULL: with what is attached to `datapath`. 0 or -errno. */
int sr_sites_open(struct sr_sites **out, const struct sr_datapath *datapath, const struct sr_attach_config *config,
		  struct sr_error *err);
void sr_sites_close(struct sr_sites *sites);
static inline void sr_sites_cleanup(struct sr_sites **sites)
{
	sr_sites_close(*sites);
}
#define sr_autosites __attribute__((cleanup(sr_sites_cleanup)))

/* As the routing table says; what it has no route to is elsewhere. */
enum sr_site sr_sites_find(struct sr_sites *sites, const struct sr_addr *addr);

#endif
