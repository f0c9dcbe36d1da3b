// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel/bloom.h"
#include "kernel/halves.h"
#include "kernel/libbpf_log.h"
#include "kernel/maps.h"
#include "kernel/programs.h"
#include "kernel/timeouts.h"
#include "kernel/tracer_object.h"
#include "kernel/tracer_state.h"

struct sr_tracer {
	struct bpf_object *object;
	struct sr_datapath copy;
};

struct sr_datapath *sr_tracer_copy(struct sr_tracer *tracer)
{
	return &tracer->copy;
}

/* --- to make the copy --------------------------------------------------------------------- */

static int tracer_take_maps(struct sr_tracer *tracer, const struct sr_datapath *datapath, struct sr_error *err)
{
	tracer->copy.state_fd = fcntl(datapath->state_fd, F_DUPFD_CLOEXEC, 0);
	if (tracer->copy.state_fd < 0)
		return sr_fail(err, -errno, "cannot copy a file descriptor: %s", strerror(errno));
	for (int i = 0; i < SR_MAP_MAX; i++)
		tracer->copy.map_fd[i] = bpf_object__find_map_fd_by_name(tracer->object, sr_map_names[i]);
	if (sr_bloom_fill(tracer->copy.map_fd[SR_MAP_BLOOM]) < 0)
		return sr_fail(err, -errno, "cannot write the copy of sr_bloom: %s", strerror(errno));
	return 0;
}

/* The kernel's own digest of a program's instructions. */
static int program_tag(int fd, uint8_t out[BPF_TAG_SIZE])
{
	struct bpf_prog_info info = {};
	uint32_t length = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &length) < 0)
		return -errno;
	memcpy(out, info.tag, BPF_TAG_SIZE);
	return 0;
}

static int tracer_compare(const struct sr_datapath *datapath, const struct bpf_program *program, struct sr_error *err)
{
	sr_autoclose int loaded = sr_program_open(datapath, bpf_program__name(program), err);
	uint8_t was[BPF_TAG_SIZE], is[BPF_TAG_SIZE];

	if (loaded < 0)
		return loaded;
	if (program_tag(loaded, was) == 0 && program_tag(bpf_program__fd(program), is) == 0 &&
	    memcmp(was, is, sizeof(was)) == 0)
		return 0;
	return sr_fail(err, -EPROTO, SR_TRACER_OTHER);
}

/* Instruction by instruction the same as those that are loaded. */
static int tracer_check(const struct sr_tracer *tracer, const struct sr_datapath *datapath, struct sr_error *err)
{
	struct bpf_program *program;
	int r = 0;

	bpf_object__for_each_program (program, tracer->object) {
		if (r == 0 && bpf_program__autoload(program))
			r = tracer_compare(datapath, program, err);
	}
	return r;
}

static int tracer_load(struct sr_tracer *tracer, const struct sr_datapath *datapath,
		       const struct sr_tracer_state *state, struct sr_error *err)
{
	int r = sr_tracer_object_open(&tracer->object, datapath, state->num_conns, state->num_clients, err);

	if (r < 0)
		return r;
	r = bpf_object__load(tracer->object);
	if (r < 0)
		return sr_fail(err, r, "cannot load a copy of the programs: %s", sr_libbpf_log_tail());
	return tracer_check(tracer, datapath, err);
}

int sr_tracer_open(struct sr_tracer **out, struct sr_datapath *datapath, const struct sr_tuple *about,
		   struct sr_error *err)
{
	sr_autotracerstate struct sr_tracer_state state = {};
	sr_autotracer struct sr_tracer *tracer = calloc(1, sizeof(*tracer));
	int r;

	if (!tracer)
		return sr_fail(err, -ENOMEM, "out of memory");
	tracer->copy.state_fd = -1;
	r = sr_tracer_state_read(&state, datapath, about, err);
	if (r == 0)
		r = tracer_load(tracer, datapath, &state, err);
	if (r == 0)
		r = tracer_take_maps(tracer, datapath, err);
	if (r == 0)
		r = sr_tracer_state_write(&state, &tracer->copy, err);
	if (r < 0)
		return r;
	*out = TAKE_PTR(tracer);
	return 0;
}

void sr_tracer_close(struct sr_tracer *tracer)
{
	if (!tracer)
		return;
	sr_datapath_close_conns(&tracer->copy);
	bpf_object__close(tracer->object);
	sr_cleanup_close(&tracer->copy.state_fd);
	free(tracer);
}

/* --- a trial ------------------------------------------------------------------------------ */

static enum sr_verdict tracer_verdict(bool is_xdp, uint32_t code)
{
	if (is_xdp)
		return code == XDP_PASS ? SR_VERDICT_PASS : code == XDP_TX ? SR_VERDICT_BACK : SR_VERDICT_DROP;
	return code == (uint32_t)TC_ACT_UNSPEC ? SR_VERDICT_PASS
	       : code == TC_ACT_REDIRECT       ? SR_VERDICT_REDIRECT
					       : SR_VERDICT_DROP;
}

/* The reason whose counter has grown. */
static int tracer_reason(const struct sr_counter *before, const struct sr_counter *after)
{
	for (int i = 0; i < SR_REASON_MAX; i++)
		if (after[i].packets != before[i].packets)
			return i > SR_PASS_END - 1 && i < SR_DROP_END ? -i : i;
	return SR_OK;
}

/* Programs of devices without a link header see packets without one. */
static size_t tracer_skip(const struct sr_trial *trial)
{
	return sr_program_find(trial->program)->place == SR_PLACE_UPLINK_BARE ? SR_PACKET_LINK : 0;
}

/* What leaves such a device by another was given room for a header, which is to be filled in later. */
static void tracer_restore(struct sr_packet *packet, size_t skip, const struct sr_packet *was)
{
	memcpy(packet->bytes, was->bytes, skip);
	if (skip && packet->length > 2 * skip && !packet->bytes[skip]) {
		packet->length -= skip;
		memmove(packet->bytes + skip, packet->bytes + 2 * skip, packet->length - skip);
	}
}

static int tracer_test(struct sr_tracer *tracer, const struct sr_trial *trial, struct sr_trial_end *out,
		       struct sr_error *err)
{
	const struct bpf_program *program = bpf_object__find_program_by_name(tracer->object, trial->program);
	bool is_xdp = program && bpf_program__type(program) == BPF_PROG_TYPE_XDP;
	size_t skip = tracer_skip(trial);
	struct xdp_md xdp = {.data_end = trial->packet.length, .ingress_ifindex = trial->ifindex};
	struct __sk_buff skb = {.ifindex = trial->ifindex, .ingress_ifindex = trial->ingress};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = trial->packet.bytes + skip,
		    .data_size_in = trial->packet.length - skip, .data_out = out->packet.bytes + skip,
		    .data_size_out = sizeof(out->packet.bytes) - skip, .ctx_in = is_xdp ? (void *)&xdp : (void *)&skb,
		    .ctx_size_in = is_xdp ? sizeof(xdp) : sizeof(skb));

	if (!program)
		return sr_fail(err, -EINVAL, "there is no program %s", trial->program);
	if (bpf_prog_test_run_opts(bpf_program__fd(program), &run) < 0)
		return sr_fail(err, -errno, "%s cannot be run on trial: %s", trial->program, strerror(errno));
	out->packet.length = run.data_size_out + skip;
	tracer_restore(&out->packet, skip, &trial->packet);
	out->verdict = tracer_verdict(is_xdp, run.retval);
	return 0;
}

int sr_tracer_run(struct sr_tracer *tracer, const struct sr_trial *trial, struct sr_trial_end *out,
		  struct sr_error *err)
{
	struct sr_counter before[SR_REASON_MAX], after[SR_REASON_MAX];
	int r = sr_maps_counters(&tracer->copy, before, err);

	if (r == 0)
		r = tracer_test(tracer, trial, out, err);
	if (r == 0)
		r = sr_maps_counters(&tracer->copy, after, err);
	if (r == 0)
		out->reason = tracer_reason(before, after);
	return r;
}

/* --- what the copy knows ------------------------------------------------------------------ */

bool sr_tracer_affinity(const struct sr_datapath *datapath, const struct sr_addr *client, uint32_t service,
			uint32_t timeout, uint32_t *backend, uint32_t *seconds)
{
	struct sr_affinity_key key = {.client = *client, .service = service};
	struct sr_timeouts timeouts;
	struct sr_affinity entry;
	uint32_t ticks;

	if (bpf_map_lookup_elem(datapath->map_fd[SR_MAP_AFFINITY], &key, &entry) < 0)
		return false;
	sr_timeouts_get(&timeouts);
	ticks = sr_ticks_now() - (uint32_t)(entry.seen >> SR_TICK_SHIFT);
	*seconds = (uint32_t)(((uint64_t)ticks << SR_TICK_SHIFT) / timeouts.jiffies_per_second);
	*backend = entry.backend;
	return *seconds < timeout;
}

bool sr_tracer_is_whole(const struct sr_datapath *datapath, const struct sr_addr *addr)
{
	struct sr_announced_key key = {.addr = *addr}; /* on any device */
	struct sr_announced announced;
	struct sr_address address;

	if (bpf_map_lookup_elem(datapath->map_fd[SR_MAP_ADDRESSES], addr, &address) < 0)
		return false;
	return address.flags & SR_ADDRESS_CLUSTER_IP ||
	       (bpf_map_lookup_elem(datapath->map_fd[SR_MAP_ANNOUNCED], &key, &announced) == 0 &&
		announced.state == SR_ANNOUNCED_HELD);
}

bool sr_tracer_device(const struct sr_datapath *datapath, uint32_t ifindex, struct sr_device *out)
{
	return bpf_map_lookup_elem(datapath->map_fd[SR_MAP_DEVICES], &ifindex, out) == 0;
}
