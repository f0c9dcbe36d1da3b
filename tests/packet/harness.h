/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Given a service, send a frame, expect a frame:
 *
 *	given_service("10.96.0.10:80/tcp", "10.244.1.7:8080");
 *	send(PROG_FROM_POD, tcp4("10.244.0.2:1234", "10.96.0.10:80"));
 *	expect_packet(tcp4("10.244.0.2:1234", "10.244.1.7:8080"));
 *	expect_counter(SR_OK, 1);
 *
 * The programs run in the kernel, one frame at a time (BPF_PROG_TEST_RUN).
 */
#ifndef TESTS_PACKET_HARNESS_H
#define TESTS_PACKET_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "frame.h"
#include "network.h"
#include "svcroute/reason.h"
#include "world.h"

enum program {
	PROG_XDP,
	PROG_FROM_WIRE,
	PROG_TO_WIRE,
	PROG_FROM_POD,
	PROG_TO_POD,
	NUM_PROGRAMS,
};

enum verdict {
	VERDICT_PASS,
	VERDICT_DROP,
	VERDICT_TX,
	VERDICT_REDIRECT,
};

/* --- what is programmed; all of it is forgotten after each test ------------------- */

/*
 * A service at an address of a kind, "10.96.0.10:80", and its backends, or NULL
 * for none. Said again, its backends change, and the address's kind. A backend is "10.244.1.7:8080",
 * elsewhere and in the Cluster set, with any of these words behind it:
 *
 *	,weight=N   its share, 1 if it is not said
 *	,on_node    it lives on this node
 *	,local      the same, and it is in the Local set, too
 *	,only_local as local, but not in the Cluster set (topology sends others there)
 *	,draining   in no set
 */
#define given_kind(kind, frontend, ...) harness_given(kind, frontend, (const char *const[]){__VA_ARGS__, NULL})
#define given_service(frontend, ...)	given_kind(SR_FRONTEND_CLUSTER_IP, frontend, __VA_ARGS__)
/* The same for an address that the outside may use. */
#define given_external(frontend, ...) given_kind(SR_FRONTEND_EXTERNAL_IP, frontend, __VA_ARGS__)
/* One more address of the service whose first one is `frontend`: of the same kind, or of another. */
void given_frontend(const char *frontend, const char *also);
void given_frontend_kind(const char *frontend, enum sr_frontend_kind kind, const char *also);
/* An address of service `from` is one of service `to` (an external IP), or with NULL nobody's. */
void given_frontend_moved(const char *from, const char *to, const char *frontend);
/* Its policies from now on: SR_SERVICE_INTERNAL_LOCAL, SR_SERVICE_EXTERNAL_LOCAL, both or 0. */
void given_policy(const char *frontend, unsigned int policies);
/* A client stays with its backend for so many seconds; 0: it does not. */
void given_affinity(const char *frontend, uint32_t seconds);
/*
 * Who may call its LoadBalancer addresses: given_sources("10.0.9.9:80",
 * "10.0.0.0/8", "192.0.2.7/32"); NULL: anyone. In an IPv6 run a network has
 * four times as many bits, as world.h spreads them.
 */
#define given_sources(frontend, ...) harness_given_sources(frontend, (const char *const[]){__VA_ARGS__, NULL})
void given_no_service(const char *frontend);
/* Until the test ends, outside clients may call ClusterIPs. */
void given_external_clusterips(void);
/* Until the test ends, flows for other nodes' backends go through tunnels. */
void given_dsr(void);
/* Until the test ends, tunnels from this address are unwrapped. */
void given_dsr_from(const char *gateway);
/* Until the test ends, flows pass the stack by. */
void given_forward_direct(void);
/*
 * ClusterIPs are open to the outside, and pods live in `network`/`bits`; in an
 * IPv6 run that is four times as many bits.
 */
void given_cluster_cidr(const char *network, uint8_t bits);
/* Where ClusterIPs come from, in the same way. */
void given_service_cidr(const char *network, uint8_t bits);
/* Until the test ends, TCP connections end with their endpoint. */
void given_terminate(void);
/* Until the test ends, SNAT may use these ports only. */
void given_snat_ports(uint16_t low, uint16_t high);
void given_syn_limit(uint32_t limit);
/* `svcroute load` runs again. What the others above need may have been loaded before. */
void given_a_load(void);
/* Until the test ends, so many milliseconds pass between two ICMP errors to one peer. */
void given_icmp_ratelimit(int msec);
/* Until the test ends, a device has no address to send from. */
void given_no_snat_address(enum device device);
/* Until the test ends, a device is not ours. */
void given_no_device(enum device device);
/* Until the test ends, a pod's device is a bridge, and the other's may be its port. */
void given_bridge(enum device device);

void harness_given(enum sr_frontend_kind kind, const char *frontend, const char *const *backends);
void harness_given_sources(const char *frontend, const char *const *sources);

/* --- packets ------------------------------------------------------------------------ */

#define send(program, frame) harness_send(program, frame)
void harness_send(enum program program, struct frame frame);
/* As if it came in (or went out) by another device than the program's usual one. */
void send_by(enum device device, enum program program, struct frame frame);
/* Out by eth0: what this node itself sends, and what came in by a device that is not ours. */
void send_from_host(struct frame frame);
void send_from_another_device(struct frame frame);
/* What came out of the last one. */
const struct frame *sent(void);
enum verdict sent_verdict(void);

/* The last frame came out as `frame` and goes on to the stack. */
#define expect_packet(frame) harness_expect(VERDICT_PASS, frame, __FILE__, __LINE__)
/* It came out as `frame` and leaves by the device it came from (XDP), or by another. */
#define expect_tx(frame)       harness_expect(VERDICT_TX, frame, __FILE__, __LINE__)
#define expect_redirect(frame) harness_expect(VERDICT_REDIRECT, frame, __FILE__, __LINE__)
/* It was passed on byte for byte, for the reason SR_PASS_*. */
#define expect_untouched(reason) harness_expect_untouched(reason, __FILE__, __LINE__)
/* It was dropped for the reason SR_DROP_*, of which its sender may have been told. */
#define expect_drop(reason) harness_expect_drop(reason, __FILE__, __LINE__)
/* The same, and in its place goes `frame`, back to where it came from. */
#define expect_refusal(reason, frame) harness_expect_refusal(reason, frame, __FILE__, __LINE__)
/* It became its answer `frame`, SR_ANSWER_*, and goes back to where it came from. */
#define expect_answer(reason, frame) harness_expect_answer(reason, frame, __FILE__, __LINE__)
#define expect_verdict(verdict)	     harness_expect_verdict(verdict, __FILE__, __LINE__)
/* Since the test began, this many packets had this end. */
#define expect_counter(reason, packets) harness_expect_counter(reason, packets, __FILE__, __LINE__)
/* The last frame's source is `addr` with a port of the SNAT range; returns both. */
#define expect_snat(addr) harness_expect_snat(addr, __FILE__, __LINE__)

void harness_expect(enum verdict verdict, struct frame frame, const char *file, int line);
void harness_expect_untouched(int reason, const char *file, int line);
void harness_expect_drop(int reason, const char *file, int line);
void harness_expect_refusal(int reason, struct frame frame, const char *file, int line);
void harness_expect_answer(int reason, struct frame frame, const char *file, int line);
void harness_expect_verdict(enum verdict verdict, const char *file, int line);
void harness_expect_counter(int reason, uint64_t packets, const char *file, int line);
const char *harness_expect_snat(const char *addr, const char *file, int line);

/* --- the run as a whole ---------------------------------------------------------------- */

#define SNAT_LOW  20000
#define SNAT_HIGH 29999

struct sr_datapath *harness_datapath(void);
/* Load the datapath into the process's own network; 0, or -1 after saying why. */
int harness_start(void);
void harness_stop(void);
int harness_setup(void **state);
int harness_teardown(void **state);

#define TEST(name) static void name(void **state __attribute__((unused)))

#define TEST_IN(test_, family_, proto_, title)                                                                         \
	{                                                                                                              \
		.name = #test_ " " title, .test_func = test_, .setup_func = harness_setup,                             \
		.teardown_func = harness_teardown, .initial_state = &(struct world)                                    \
		{                                                                                                      \
			family_, proto_                                                                                \
		}                                                                                                      \
	}
/* A test that speaks of tcp() or udp(), in both families. */
#define BOTH_FAMILIES(test) TEST_IN(test, 4, IPPROTO_TCP, "(IPv4)"), TEST_IN(test, 6, IPPROTO_TCP, "(IPv6)")
/* A test that speaks of packet(): in both families, over TCP, UDP and SCTP. */
#define EACH_WAY(test)                                                                                                 \
	TCP_AND_UDP(test), TEST_IN(test, 4, IPPROTO_SCTP, "(IPv4, SCTP)"),                                             \
		TEST_IN(test, 6, IPPROTO_SCTP, "(IPv6, SCTP)")
#define TCP_AND_UDP(test)                                                                                              \
	TEST_IN(test, 4, IPPROTO_TCP, "(IPv4, TCP)"), TEST_IN(test, 4, IPPROTO_UDP, "(IPv4, UDP)"),                    \
		TEST_IN(test, 6, IPPROTO_TCP, "(IPv6, TCP)"), TEST_IN(test, 6, IPPROTO_UDP, "(IPv6, UDP)")
#define ONLY_V4(test) TEST_IN(test, 4, IPPROTO_TCP, "(IPv4)")
#define ONLY_V6(test) TEST_IN(test, 6, IPPROTO_TCP, "(IPv6)")

#endif
