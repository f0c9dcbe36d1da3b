/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * load --confirm: a process of its own waits for `svcroute confirm`, and undoes
 * the load where that does not come. It holds a lock on INSTANCE.confirm, beside
 * the leases, for as long as it lives.
 */
#ifndef SVCROUTE_CLI_CONFIRM_H
#define SVCROUTE_CLI_CONFIRM_H

#include <stdbool.h>

struct sr_error;
struct sr_load;

/*
 * Set the watcher up, who knows by `load` what was there: before anything is
 * changed, for a change may kill the one who makes it. -EBUSY: there is one.
 */
int sr_confirm_begin(struct sr_load *load, struct sr_error *err);
/* `load` failed and was undone: the watcher, if there is one, goes. */
void sr_confirm_cancel(struct sr_load *load);

/* Does a load wait to be confirmed, and for how long still, in seconds? */
bool sr_confirm_is_pending(const char *instance, unsigned int *left);
/* Was one to be rolled back, and is not: who waited died, or failed? */
bool sr_confirm_is_lost(const char *instance);
/* A load came after it, which is not to be undone. */
void sr_confirm_forget_lost(const char *instance);
/* There is nothing to undo any more: the watcher goes. False: there was none. */
bool sr_confirm_drop(const char *instance);

#endif
