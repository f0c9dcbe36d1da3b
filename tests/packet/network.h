/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The node that the packets meet, in network and mount namespaces of this
 * process's own, so that whatever happens nothing is left behind:
 *
 *	eth0  10.240.0.4/24, uplink: a gateway .1, another node .5
 *	eth1  10.241.0.4/24, uplink: another node .6
 *	pod1  10.244.1.7 and .8 behind it; pod2: 10.244.1.9
 *
 * 10.244.2.0/24 are pods of node .5, 10.244.3.0/24 those of .6; 10.244.4.0/24
 * is behind 10.240.0.9, whose MAC address nobody knows; 10.244.5.0/24 is
 * unreachable, 10.244.6.0/24 a black hole. In IPv6 all of it is there again, as world.h translates.
 */
#ifndef TESTS_PACKET_NETWORK_H
#define TESTS_PACKET_NETWORK_H

#include <stdint.h>

#define NODE		    "10.240.0.4"
#define NODE_ETH1	    "10.241.0.4"
#define NODE_TO_PODS	    "10.240.0.3"  /* the node's address that a hairpin shows */
#define CLIENT		    "203.0.113.9" /* somewhere behind the gateway */
#define POD1		    "10.244.1.7"
#define POD1B		    "10.244.1.8"
#define POD2		    "10.244.1.9"
#define REMOTE		    "10.244.2.20"
#define REMOTE_ETH1	    "10.244.3.30"
#define REMOTE_NO_NEIGHBOUR "10.244.4.40"
#define UNREACHABLE	    "10.244.5.50"
#define BLACKHOLE	    "10.244.6.60"

enum device {
	DEVICE_ETH0,
	DEVICE_ETH1,
	DEVICE_POD1,
	DEVICE_POD2,
	NUM_DEVICES,
};

/* 0, or -1 after saying why. Only root can. */
int network_make(void);

/* Milliseconds, as the programs are told when they are loaded; at first 0: no limit. 0 or -1. */
int network_set_icmp_ratelimit(int msec);

uint32_t network_ifindex(enum device device);

/* Another link address (enum mac) of the other node at eth0, 10.240.0.5. 0 or -1. */
int network_move_other_node(int family, uint8_t mac);

#endif
