/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * /etc/svcroute: what `load` serves when it is told nothing else. In services.d
 * are manifests that people write; in map.d, by instance, frontends that
 * `map add --save` keeps, as `map get -o yaml` prints them.
 */
#ifndef SVCROUTE_CLI_SAVED_H
#define SVCROUTE_CLI_SAVED_H

#include "base/draft.h"
#include "model/service.h"

/* $SVCROUTE_CONFIG_DIR or /etc/svcroute, and `leaf` in it; the caller frees it. NULL: no memory. */
char *sr_config_path(const char *leaf);
/* The folder of an instance's saved frontends; as above. */
char *sr_saved_folder(const char *instance);
/* The file of one; as above. */
char *sr_saved_path(const char *instance, const struct sr_hostport *frontend);

/* Draft the file of a frontend: `services` is its service, or none: it is no longer saved. -errno. */
int sr_saved_draft(struct sr_draft *draft, const char *instance, const struct sr_hostport *frontend,
		   const struct sr_services *services, struct sr_error *err);

#endif
