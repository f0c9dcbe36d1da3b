/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The BPF object, made ready to be loaded a second time beside an instance: what
 * svcroute alone writes is lent to it, all else it gets anew.
 */
#ifndef SVCROUTE_KERNEL_TRACER_OBJECT_H
#define SVCROUTE_KERNEL_TRACER_OBJECT_H

#include "kernel/instance.h"

struct bpf_object;

/*
 * Open the object, told the same as the instance's loaded programs were, with room
 * for so many entries of connections and of clients with affinity. -EPROTO: those
 * were told other things, that is they are of another svcroute.
 */
int sr_tracer_object_open(struct bpf_object **out, const struct sr_datapath *datapath, size_t num_conns,
			  size_t num_clients, struct sr_error *err);

#define SR_TRACER_OTHER                                                                                                \
	"the programs that are loaded are of another svcroute than this one: 'svcroute load' replaces them"

#endif
