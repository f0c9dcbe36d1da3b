/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Map `sr_devices`: what the programs know of the devices they sit on. */
#ifndef SVCROUTE_KERNEL_DEVICES_H
#define SVCROUTE_KERNEL_DEVICES_H

#include "kernel/instance.h"
#include "kernel/netdev.h"

/* A device that we serve, and as what (SR_DEVICE_*). */
struct sr_device_role {
	const struct sr_netdev *netdev;
	uint32_t flags;
};

/*
 * Tell of each device its role, MTU, and the address from which packets that
 * leave there are sent: its own, or another's where it has none of the family.
 */
int sr_devices_write(const struct sr_datapath *datapath, const struct sr_netdevs *netdevs,
		     const struct sr_device_role *roles, size_t num_roles, struct sr_error *err);

/*
 * The same anew of those that are told of and still there: link addresses and
 * node addresses change.
 */
int sr_devices_refresh(const struct sr_datapath *datapath, const struct sr_netdevs *netdevs, struct sr_error *err);

/* Forget the devices that are not among them. */
int sr_devices_sweep(const struct sr_datapath *datapath, const struct sr_device_role *roles, size_t num_roles,
		     struct sr_error *err);

#endif
