/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's names that BTF does not carry (they are macros), and csum arithmetic. */
#ifndef BPF_NET_H
#define BPF_NET_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define AF_INET	 2
#define AF_INET6 10

#define ETH_HLEN     14
#define ETH_P_IP     0x0800
#define ETH_P_IPV6   0x86DD
#define ETH_P_ARP    0x0806
#define ETH_P_8021Q  0x8100
#define ETH_P_8021AD 0x88A8

/* __sk_buff.pkt_type: to the device's own link address. */
#define PACKET_HOST	 0
#define PACKET_OTHERHOST 3

#define VLAN_VID_MASK 0x0fff

#define TC_ACT_OK   0
#define TC_ACT_SHOT 2
/* Let the next program, or the stack, have the packet: both for tcx and tc. */
#define TC_ACT_UNSPEC (-1)

/* bpf_fib_lookup(): the route, and no neighbour. (Linux 6.3) */
#define BPF_FIB_LOOKUP_SKIP_NEIGH (1 << 2)

/* bpf_skb_adjust_room(). */
#define BPF_F_ADJ_ROOM_FIXED_GSO     (1ULL << 0)
#define BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 (1ULL << 1)
#define BPF_F_ADJ_ROOM_ENCAP_L3_IPV6 (1ULL << 2)

#define IP_DF	  0x4000
#define IP_MF	  0x2000
#define IP_OFFSET 0x1fff

/* Extension headers that may stand before the transport (RFC 8200, section 4). */
#define NEXTHDR_HOP	 0
#define NEXTHDR_ROUTING	 43
#define NEXTHDR_FRAGMENT 44
#define NEXTHDR_AUTH	 51
#define NEXTHDR_DEST	 60

#define IPPROTO_ICMPV6 58

#define ICMP_DEST_UNREACH  3
#define ICMP_SOURCE_QUENCH 4
#define ICMP_TIME_EXCEEDED 11
#define ICMP_PARAMETERPROB 12
#define ICMP_ECHO	   8
#define ICMP_HOST_UNREACH  1
#define ICMP_PORT_UNREACH  3
#define ICMP_FRAG_NEEDED   4

#define ICMP_ECHO      8
#define ICMP_ECHOREPLY 0

#define ICMPV6_ECHO_REQUEST 128
#define ICMPV6_ECHO_REPLY   129

#define ICMPV6_DEST_UNREACH 1
#define ICMPV6_PKT_TOOBIG   2
#define ICMPV6_TIME_EXCEED  3
#define ICMPV6_PARAMPROB    4
#define ICMPV6_ECHO_REQUEST 128
#define ICMPV6_NOROUTE	    0
#define ICMPV6_PORT_UNREACH 4

#define TCP_FLAG_FIN 0x01
#define TCP_FLAG_SYN 0x02
#define TCP_FLAG_RST 0x04
#define TCP_FLAG_ACK 0x10

/*
 * A function that the verifier proves once, by itself, and not anew at each
 * call; the linker keeps one of the equal copies. Pointers may be NULL to it.
 */
#define __subprog __weak __noinline

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#ifndef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)
#endif

#define READ_ONCE(x) (*(const volatile typeof(x) *)&(x))

/* A word that lies little endian in the packet: to the host's order, and back. */
static __always_inline __u32 little_endian(__u32 word)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? word : __builtin_bswap32(word);
}

/* Bring a sum of 32-bit words to 32 bits, as bpf_csum_diff() gives it. */
static __always_inline __u32 csum_fold32(__u64 sum)
{
	sum = (sum >> 32) + (sum & 0xffffffff);
	return (sum >> 32) + sum;
}

/* Ones' complement sum of 16 bits (RFC 1071); of a sum of fewer than 2^15 words. */
static __always_inline __u16 csum_fold16(__u64 sum)
{
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return (sum >> 16) + sum;
}

/* A checksum after its data changed by `delta` (RFC 1624, equation 3). */
static __always_inline __sum16 csum_update(__sum16 check, __u64 delta)
{
	return ~csum_fold16((__u64)(__u16)~check + delta);
}

/* UDP's 0 means none and stays (RFC 768); a sum of 0 is sent as all ones. */
static __always_inline __sum16 csum_update_udp(__sum16 check, __u64 delta)
{
	__sum16 sum = csum_update(check, delta);

	if (!check)
		return 0;
	return sum ? sum : 0xffff;
}

#endif
