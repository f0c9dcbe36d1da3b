/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Announced addresses, as commands bring them about and show them. */
#ifndef SVCROUTE_CLI_ANNOUNCE_H
#define SVCROUTE_CLI_ANNOUNCE_H

#include <jansson.h>

#include "cli/command.h"
#include "cli/settings.h"
#include "model/claims.h"

struct sr_load;

/* Are the devices of --announce uplinks, with link addresses? 0 or -EINVAL. */
int sr_announce_check(const struct sr_load *load, struct sr_error *err);

/* A load's last step: `load->announced`. The instance's lock is given back. */
int sr_announce_load(struct sr_load *load, struct sr_error *err);
/* Add to `load->warnings` what is not held. 0 or -ENOMEM. */
int sr_announce_warn(struct sr_load *load);
/* What it would be, as far as one can tell without asking. */
int sr_announce_predict(struct sr_load *load, struct sr_error *err);

/* Refresh by the settings kept with the instance: see sr_announce_refresh(). */
int sr_announce_again(struct sr_claims *out, const struct sr_globals *globals, bool tell_all, struct sr_error *err);
/* Is anything to be announced at all? -EINVAL: `err` says how. */
int sr_announce_ready(const struct sr_globals *globals, struct sr_error *err);

/* The same after a change by hand: warnings are printed. */
int sr_announce_change(const struct sr_globals *globals, struct sr_error *err);

/* A section "announced", if there is anything in it; with many, only what is not held. 0 or -ENOMEM. */
int sr_announce_print(const struct sr_claims *claims, bool all);
/* A new list of objects; NULL: no memory. */
json_t *sr_announce_json(const struct sr_claims *claims);

#endif
