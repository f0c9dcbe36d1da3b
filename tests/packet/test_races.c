// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Two CPUs meet packets of one flow at the same time. */
#include "tests.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "kernel/datapath.h"

#define VIP	"10.96.0.10:80"
#define BACKEND POD2 ":8080"
#define FLOWS	4000

struct racer {
	pthread_barrier_t *start;
	const struct frame *frames;
	int program;
	int cpu;
	uint32_t device;
};

/* Each flow's first packet, at the same moment as the other CPU's. */
static void *race(void *argument)
{
	struct racer *racer = argument;
	struct __sk_buff skb = {.ifindex = racer->device};
	static __thread unsigned char out[FRAME_SIZE];
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(racer->cpu, &cpus);
	pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	for (int i = 0; i < FLOWS; i++) {
		LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = racer->frames[i].bytes,
			    .data_size_in = racer->frames[i].length, .data_out = out, .data_size_out = sizeof(out),
			    .ctx_in = &skb, .ctx_size_in = sizeof(skb), .repeat = 1);

		pthread_barrier_wait(racer->start);
		bpf_prog_test_run_opts(racer->program, &run);
	}
	return NULL;
}

static void race_on_two_cpus(const struct frame *frames)
{
	struct racer racers[2];
	pthread_barrier_t start;
	pthread_t threads[2];

	pthread_barrier_init(&start, NULL, 2);
	for (int i = 0; i < 2; i++) {
		racers[i] = (struct racer){
			.start = &start,
			.frames = frames,
			.program = sr_datapath_program_fd(harness_datapath(), "sr_from_pod"),
			.cpu = i,
			.device = network_ifindex(DEVICE_POD1),
		};
		assert_true(racers[i].program >= 0);
		pthread_create(&threads[i], NULL, race, &racers[i]);
	}
	for (int i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		close(racers[i].program);
	}
	pthread_barrier_destroy(&start);
}

/* Whoever comes second agrees with the first, and takes nothing of it away. */
TEST(a_flow_that_two_cpus_begin)
{
	sr_autofree struct frame *frames = calloc(FLOWS, sizeof(*frames));
	sr_autofree struct sr_conn *all = NULL;
	size_t num, replies = 0;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		skip();
	assert_non_null(frames);
	given_service(VIP, BACKEND);
	for (int i = 0; i < FLOWS; i++) {
		char client[32];

		snprintf(client, sizeof(client), POD1 ":%d", 2000 + i);
		frames[i] = packet(client, VIP);
	}

	race_on_two_cpus(frames);

	all = conns_all(ANY_CONN, &num);
	for (size_t i = 0; i < num; i++)
		replies += all[i].to.flags & SR_CONN_REPLY ? 1 : 0;
	assert_int_equal(num, 2 * FLOWS);
	assert_int_equal(replies, FLOWS);
}

const struct CMUnitTest races_tests[] = {
	BOTH_FAMILIES(a_flow_that_two_cpus_begin),
};
const size_t num_races_tests = ARRAY_SIZE(races_tests);
