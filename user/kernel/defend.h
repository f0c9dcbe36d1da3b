/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Listening for others that claim an address which is held here (RFC 5227,
 * section 2.4): the wire between two gateways may have been cut, and mended.
 */
#ifndef SVCROUTE_KERNEL_DEFEND_H
#define SVCROUTE_KERNEL_DEFEND_H

#include "model/claims.h"

struct sr_error;

struct sr_defence {
	const char *instance;
	struct sr_claims *claims; /* with what became of them, also written down */
	int wake_fd;		  /* end early when this may be read from; -1: none */
	int msec;		  /* for so long */
	bool ask_all;		  /* of all held, but new ones, whether another has them; else of one, in turn */
	size_t turn;		  /* whose it was last time */
};

/* 1: a claim has changed; 0: none has; -errno. */
int sr_defend(struct sr_defence *defence, struct sr_error *err);

#endif
