/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Addresses that were given to services, kept on disk, so that they stay the
 * same over reloads and reboots: INSTANCE.leases.json in $SVCROUTE_STATE_DIR,
 * or /var/lib/svcroute.
 */
#ifndef SVCROUTE_CLI_LEASES_H
#define SVCROUTE_CLI_LEASES_H

#include "model/k8s.h"

struct sr_error;

/* INSTANCE.SUFFIX in that folder, malloc'd; NULL: no memory. */
char *sr_state_path(const char *instance, const char *suffix);
/* Where an instance's leases are, malloc'd; NULL: no memory. */
char *sr_leases_path(const char *instance);

/*
 * Add what the file says to `out`; a file that is not there holds none.
 * `*text` is the leases in the form they are written in, malloc'd.
 */
int sr_leases_read(const char *path, struct sr_leases *out, char **text, struct sr_error *err);

/* The leases in the form they are written in, malloc'd; NULL: no memory. */
char *sr_leases_text(const struct sr_leases *leases);

/* Replace the file's contents, at once or not at all; make the folder if need be. */
int sr_leases_write(const char *path, const char *text, struct sr_error *err);

#endif
