// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Maps and programs into the kernel, so that whatever is there already and
 * right stays: the only file that sees the skeleton.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/hash.h"
#include "kernel/conn_table.h"
#include "kernel/instance.h"
#include "kernel/libbpf_log.h"
#include "kernel/migration.h"
#include "kernel/programs.h"
#include "kernel/rodata.h"
#include "kernel/sizes.h"
#include "kernel/timeouts.h"

/* Last: it uses the types of abi.h and includes nothing of ours. */
#include "svcroute.skel.h"

const void *sr_programs_elf(size_t *size)
{
	return svcroute_bpf__elf_bytes(size);
}

static void load_close(struct svcroute_bpf **skel)
{
	svcroute_bpf__destroy(*skel);
}
#define load_autoskel __attribute__((cleanup(load_close)))

/* The mask of a network, over all 128 bits. */
static struct sr_addr load_mask(const struct sr_cidr *cidr)
{
	unsigned int bits = sr_addr_is_v4(&cidr->addr) ? cidr->bits + 96u : cidr->bits;
	struct sr_addr mask = {};

	for (unsigned int i = 0; i < bits; i++)
		mask.byte[i / 8] |= 0x80 >> i % 8;
	return mask;
}

/* `out` is an array of struct sr_net in the skeleton, whose types are its own. */
static void load_set_nets(void *out, const struct sr_cidr *cidrs, size_t num)
{
	for (size_t i = 0; i < num; i++) {
		struct sr_net net = {.addr = cidrs[i].addr, .mask = load_mask(&cidrs[i])};

		memcpy((char *)out + i * sizeof(net), &net, sizeof(net));
	}
}

static void load_set_networks(struct svcroute_bpf *skel, const struct sr_datapath_config *config)
{
	load_set_nets((void *)skel->rodata->sr_cluster_cidrs, config->cluster_cidrs, config->num_cluster_cidrs);
	load_set_nets((void *)skel->rodata->sr_service_cidrs, config->service_cidrs, config->num_service_cidrs);
	load_set_nets((void *)skel->rodata->sr_dsr_from, config->dsr_from, config->num_dsr_from);
	skel->rodata->sr_num_dsr_from = config->num_dsr_from;
	skel->rodata->sr_num_cluster_cidrs = config->num_cluster_cidrs;
	skel->rodata->sr_num_service_cidrs = config->num_service_cidrs;
}

/* In a tick, and one at least. */
static uint32_t load_flood_limit(const struct sr_datapath_config *config, const struct sr_timeouts *timeouts)
{
	uint64_t limit = config->syn_limit ? config->syn_limit : SR_USUAL_SYN_LIMIT;

	if (limit == SR_NO_SYN_LIMIT)
		return UINT32_MAX;
	limit = (limit << SR_TICK_SHIFT) / timeouts->jiffies_per_second;
	return limit ? limit : 1;
}

static int load_set_rodata(struct svcroute_bpf *skel, const struct sr_datapath_config *config,
			   const struct sr_state *state, struct sr_error *err)
{
	struct sr_timeouts timeouts;
	struct sr_ports ports;
	int r;

	r = sr_snat_ports(&ports, config, err);
	if (r < 0)
		return r;

	load_set_networks(skel, config);
	sr_timeouts_get(&timeouts);
	skel->rodata->sr_allow_external_clusterip = config->allow_external_clusterip;
	skel->rodata->sr_dsr = config->dsr;
	skel->rodata->sr_forward_direct = config->forward_direct;
	skel->rodata->sr_terminate = config->terminate;
	skel->rodata->sr_snat_port_low = ports.low;
	skel->rodata->sr_snat_port_high = ports.high;
	skel->rodata->sr_host_netns = sr_netns_cookie();
	skel->rodata->sr_pod_sockets = config->pod_sockets;
	skel->rodata->sr_flood_limit = load_flood_limit(config, &timeouts);
	skel->rodata->sr_timeout_tcp = timeouts.tcp;
	skel->rodata->sr_timeout_udp = timeouts.udp;
	skel->rodata->sr_timeout_closing = timeouts.closing;
	skel->rodata->sr_timeout_new = timeouts.unproven;
	skel->rodata->sr_prove_udp = timeouts.prove_udp;
	skel->rodata->sr_timeout_fragments = timeouts.fragments;
	skel->rodata->sr_grace_new = timeouts.grace_new;
	skel->rodata->sr_jiffies_per_second = timeouts.jiffies_per_second;
	skel->rodata->sr_refusal_cost = sr_icmp_cost();

	_Static_assert(sizeof(skel->rodata->sr_key_seed) == sizeof(state->key_seed), "SR_KEY_SEEDS");
	memcpy((void *)skel->rodata->sr_key_seed, state->key_seed, sizeof(state->key_seed));
	return 0;
}

static void load_set_sizes(struct svcroute_bpf *skel, const struct sr_sizes *sizes)
{
	for (int i = 0; i < SR_MAP_MAX; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(skel->obj, sr_map_names[i]);

		bpf_map__set_max_entries(map, sr_sizes_of(i, sizes, bpf_map__max_entries(map)));
	}
	skel->rodata->sr_num_conn_sets = bpf_map__max_entries(skel->maps.sr_conns);
}

static int load_pin_programs(const struct sr_datapath *datapath, struct svcroute_bpf *skel, struct sr_error *err)
{
	for (size_t i = 0; i < SR_NUM_PROGRAMS; i++) {
		const char *name = sr_programs[i].name;
		struct bpf_program *program = bpf_object__find_program_by_name(skel->obj, name);
		int r;

		if (!program)
			return sr_fail(err, -EINVAL, "the BPF object has no program %s", name);
		r = sr_pin_set(datapath, "progs", name, bpf_program__fd(program));
		if (r < 0)
			return sr_fail(err, r, "cannot pin program %s: %s", name, strerror(-r));
	}
	return 0;
}

/*
 * What makes these programs these: the object, what it was told, and which
 * maps it refers to. Never 0.
 */
static int load_fingerprint(const struct sr_datapath *datapath, struct svcroute_bpf *skel, uint64_t *out,
			    struct sr_error *err)
{
	uint64_t hash = SR_HASH_START;
	const void *data;
	size_t size;

	data = sr_programs_elf(&size);
	hash = sr_hash(hash, data, size);
	hash = sr_hash(hash, skel->rodata, sizeof(*skel->rodata));

	for (int i = 0; i < SR_MAP_MAX; i++) {
		sr_autoclose int fd = sr_pin_get(datapath, "maps", sr_map_names[i]);
		struct bpf_map_info info = {};
		uint32_t length = sizeof(info);

		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &length) < 0)
			return sr_fail(err, -errno, "cannot look at map %s: %s", sr_map_names[i], strerror(errno));
		hash = sr_hash(hash, &info.id, sizeof(info.id));
	}
	*out = hash ? hash : 1;
	return 0;
}

static bool load_programs_are_pinned(const struct sr_datapath *datapath)
{
	for (size_t i = 0; i < SR_NUM_PROGRAMS; i++) {
		sr_autoclose int fd = sr_pin_get(datapath, "progs", sr_programs[i].name);

		if (fd < 0)
			return false;
	}
	return true;
}

static int load_into_kernel(struct svcroute_bpf *skel, bool conns_are_new, struct sr_error *err)
{
	int r = svcroute_bpf__load(skel);

	if (r == -EPERM)
		return sr_fail(err, r, "the kernel does not let this process load BPF programs: %s",
			       sr_libbpf_log_tail());
	if (r < 0)
		return sr_fail(err, r, "cannot load the BPF programs: %s: %s", strerror(-r), sr_libbpf_log_tail());
	if (conns_are_new)
		sr_conn_table_touch(bpf_map__fd(skel->maps.sr_conns));
	return 0;
}

/* The object as it is to be loaded, but for what other maps there are. */
static int load_open(struct svcroute_bpf **out, const struct sr_datapath_config *config, const struct sr_state *state,
		     struct sr_error *err)
{
	load_autoskel struct svcroute_bpf *skel = NULL;
	int r;

	sr_libbpf_log_start();
	skel = svcroute_bpf__open();
	if (!skel)
		return sr_fail(err, -errno, "cannot read the BPF object: %s", sr_libbpf_log_tail());
	load_set_sizes(skel, &config->sizes);
	r = load_set_rodata(skel, config, state, err);
	if (r == 0)
		*out = TAKE_PTR(skel);
	return r;
}

/* --- ahead ---------------------------------------------------------------------------------- */

struct sr_programs_ahead {
	pthread_t thread;
	bool is_running;
	struct sr_datapath_config config;
	struct sr_state state; /* its seeds */
	struct svcroute_bpf *skel;
	int result;
};

static void *ahead_run(void *context)
{
	struct sr_programs_ahead *ahead = context;

	ahead->result = load_into_kernel(ahead->skel, true, NULL);
	return NULL;
}

static void ahead_wait(struct sr_programs_ahead *ahead)
{
	if (ahead->is_running)
		pthread_join(ahead->thread, NULL);
	ahead->is_running = false;
}

struct sr_programs_ahead *sr_programs_begin(const struct sr_datapath_config *config)
{
	struct sr_programs_ahead *ahead = calloc(1, sizeof(*ahead));
	size_t size = sizeof(ahead->state.key_seed);

	if (!ahead)
		return NULL;
	ahead->config = *config;
	if (getrandom(ahead->state.key_seed, size, 0) == (ssize_t)size &&
	    load_open(&ahead->skel, config, &ahead->state, NULL) == 0 && sr_migration_leave_out(ahead->skel->obj) == 0)
		ahead->is_running = pthread_create(&ahead->thread, NULL, ahead_run, ahead) == 0;
	if (!ahead->is_running) {
		sr_programs_forget(ahead);
		return NULL;
	}
	return ahead;
}

void sr_programs_forget(struct sr_programs_ahead *ahead)
{
	if (!ahead)
		return;
	if (ahead->is_running) {
		pthread_detach(ahead->thread);
		return;
	}
	svcroute_bpf__destroy(ahead->skel);
	free(ahead);
}

/* What was loaded ahead, if it is what is wanted; NULL: not. */
static struct svcroute_bpf *ahead_take(const struct sr_datapath *datapath, const struct sr_datapath_config *config)
{
	struct sr_programs_ahead *ahead = config->ahead;
	struct sr_datapath_config wanted = *config;

	if (!ahead)
		return NULL;
	/* In any case: what comes may fork. */
	ahead_wait(ahead);
	wanted.ahead = ahead->config.ahead;
	if (!datapath->is_new || ahead->result < 0 || memcmp(&wanted, &ahead->config, sizeof(wanted)) != 0)
		return NULL;
	return TAKE_PTR(ahead->skel);
}

/* --- into the instance ------------------------------------------------------------------------ */

/*
 * The fingerprint is 0 while pins are replaced: whoever is killed here leaves
 * word that the programs have to be loaded again.
 */
static int load_pin(struct sr_datapath *datapath, struct svcroute_bpf *skel, const struct sr_migration *migration,
		    struct sr_state *state, struct sr_error *err)
{
	int r;

	state->fingerprint = 0;
	r = sr_state_write(datapath, state, err);
	if (r == 0)
		r = sr_migration_pin(migration, datapath, skel->obj, err);
	if (r == 0)
		r = load_pin_programs(datapath, skel, err);
	if (r == 0)
		r = load_fingerprint(datapath, skel, &state->fingerprint, err);
	if (r < 0)
		return r;
	state->reasons = sr_reasons_hash();
	state->keeps_notes = 1;
	return sr_state_write(datapath, state, err);
}

static int load_anew(struct sr_datapath *datapath, struct svcroute_bpf *skel, const struct sr_migration *migration,
		     struct sr_state *state, struct sr_error *err)
{
	int r;

	r = load_into_kernel(skel, migration->use[SR_MAP_CONNS] < 0, err);
	if (r == 0)
		r = sr_migration_copy(migration, skel->obj, state, err);
	return r < 0 ? r : load_pin(datapath, skel, migration, state, err);
}

static int load_use(struct sr_datapath *datapath, struct svcroute_bpf *skel, struct sr_state *state,
		    struct sr_error *err)
{
	sr_automigration struct sr_migration migration;
	uint64_t fingerprint = 0;
	int r;

	r = sr_migration_begin(&migration, datapath, skel->obj, err);
	skel->rodata->sr_beside_words = migration.words;
	skel->rodata->sr_beside_stride = migration.stride;
	skel->rodata->sr_beside_sets = migration.sets;
	if (r == 0 && migration.is_pinned)
		r = load_fingerprint(datapath, skel, &fingerprint, err);
	if (r < 0)
		return r;
	if (migration.is_pinned && fingerprint == state->fingerprint && load_programs_are_pinned(datapath))
		return 0;
	return load_anew(datapath, skel, &migration, state, err);
}

int sr_programs_load(struct sr_datapath *datapath, const struct sr_datapath_config *config, struct sr_error *err)
{
	load_autoskel struct svcroute_bpf *skel = ahead_take(datapath, config);
	struct sr_migration nothing;
	struct sr_state state;
	int r;

	r = sr_state_read(datapath, &state, err);
	if (r < 0)
		return r;
	state.terminate = config->terminate;
	if (skel) {
		memcpy(state.key_seed, config->ahead->state.key_seed, sizeof(state.key_seed));
		sr_migration_of_nothing(&nothing);
		return load_pin(datapath, skel, &nothing, &state, err);
	}
	r = load_open(&skel, config, &state, err);
	return r < 0 ? r : load_use(datapath, skel, &state, err);
}
