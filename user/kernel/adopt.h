/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Connections that netfilter translates become ours, without a packet lost: docs/architecture.md. */
#ifndef SVCROUTE_KERNEL_ADOPT_H
#define SVCROUTE_KERNEL_ADOPT_H

#include "kernel/attach.h"
#include "model/takeover.h"

struct sr_adopt;

/*
 * Services are programmed, and `config` is what is to be attached now: enter
 * what netfilter has of them. Until sr_adopt_close() packets in the midst of
 * other flows are left to it.
 */
int sr_adopt_begin(struct sr_adopt **out, struct sr_datapath *datapath, const struct sr_attach_config *config,
		   struct sr_error *err);

/* The programs are attached: enter what has begun since; then netfilter forgets what is ours. */
int sr_adopt_finish(struct sr_adopt *adopt, struct sr_fates *out, struct sr_error *err);

void sr_adopt_close(struct sr_adopt *adopt);
static inline void sr_adopt_cleanup(struct sr_adopt **adopt)
{
	sr_adopt_close(*adopt);
}
#define sr_autoadopt __attribute__((cleanup(sr_adopt_cleanup)))

/* Does netfilter let us have its connections? 0, or -errno and `err` says why not. */
int sr_adopt_check(struct sr_error *err);

/* What would become of them, were these services served: for a dry run. */
int sr_adopt_predict(const struct sr_services *services, const struct sr_attach_config *config, struct sr_fates *out,
		     struct sr_error *err);

#endif
