/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * UDP flows whose service is one no longer. A flow follows its own backend by
 * that one's generation; that its frontend leads elsewhere, or a backend which
 * is a frontend in its turn, is seen here.
 */
#ifndef SVCROUTE_KERNEL_FLOWS_H
#define SVCROUTE_KERNEL_FLOWS_H

#include "kernel/apply.h"

/*
 * Has this plan, carried out, moved or withdrawn a UDP frontend, or taken an
 * endpoint from a UDP service that others have for a backend?
 */
bool sr_flows_are_touched(const struct sr_apply *apply);

/*
 * Does `frontend` lead to the service that owns `backend` (an index of
 * sr_backends)? To be asked after the maps were written.
 */
bool sr_flows_frontend_leads_to(const struct sr_datapath *datapath, const struct sr_tables *tables,
				const struct sr_frontend_key *frontend, uint32_t backend);

/*
 * Forget the UDP flows whose frontend, or a backend of theirs in a chain, leads
 * there no longer: their next packets choose anew. 0 or -errno.
 */
int sr_flows_forget_stale(struct sr_datapath *datapath, const struct sr_tables *tables);

#endif
