/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What one `svcroute load` knows: load_command.c has its options,
 * load_prepare.c, targets.c and desired.c work out what is wanted, load.c does
 * it, load_undo.c undoes it, report.c tells what was done.
 */
#ifndef SVCROUTE_CLI_LOAD_H
#define SVCROUTE_CLI_LOAD_H

#include <sys/types.h>

#include "cli/command.h"
#include "cli/settings.h"
#include "kernel/attach.h"
#include "kernel/netdev.h"
#include "model/claims.h"
#include "model/homes.h"
#include "model/k8s.h"
#include "model/plan.h"
#include "model/takeover.h"

struct sr_load_options {
	struct sr_settings given;
	struct sr_strings files;
	bool adopt;
	bool dry_run;
	bool recreate;
	uint32_t confirm; /* seconds; 0: not asked for */
};

/* The devices and the cgroup to attach to. */
struct sr_targets {
	struct sr_netdevs netdevs;
	struct sr_strings uplinks;
	struct sr_strings pods;
	char *cgroup; /* NULL: none */
	enum sr_xdp_mode xdp;
};

struct sr_manifests {
	struct sr_k8s *k8s; /* NULL: there are none */
	bool is_all;	    /* what they do not name is to go, `map add`'s aside */
};

struct sr_load {
	const struct sr_globals *globals;
	const struct sr_load_options *options;
	const struct sr_manifests *manifests;
	struct sr_programs_ahead *ahead; /* NULL: none */

	struct sr_datapath *datapath; /* of a dry run, a rehearsal; NULL: of one that begins anew */
	bool was_loaded;
	bool is_foreign;	     /* another version's instance is there, to be removed first */
	bool was_empty;		     /* an instance that nobody would miss */
	bool has_begun;		     /* to write */
	char *kept;		     /* the settings as they were kept, JSON */
	struct sr_settings settings; /* with what was given now */
	struct sr_datapath_config config;

	char *leases_path;
	char *leases_text; /* as they were read */
	struct sr_leases leases;

	struct sr_targets targets;
	struct sr_attachments attached;	   /* before */
	struct sr_attachments attachments; /* now */

	struct sr_services programmed;
	struct sr_services desired;
	struct sr_homes known; /* where backends lived, as it was programmed; `homes`: as it is to be */
	struct sr_homes homes;
	struct sr_plan plan;

	struct sr_claims announced;
	pid_t watcher;		 /* who undoes it if nobody confirms it; 0: nobody */
	struct sr_fates adopted; /* with --adopt: of connections that netfilter had */

	struct sr_notes notes;	  /* what one should know */
	struct sr_notes warnings; /* what stops traffic */
};

int sr_load_run(const struct sr_globals *globals, const void *options, struct sr_error *err);

/*
 * Where there is no instance yet, its programs can be loaded while manifests are
 * read. NULL: they cannot. To be given to sr_programs_forget().
 */
struct sr_programs_ahead *sr_load_ahead(const struct sr_globals *globals, const struct sr_load_options *options);

/*
 * All that is wanted, and whether it makes sense: `settings` and `config`,
 * `targets`, `desired` and `leases`. Nothing is touched.
 */
int sr_load_prepare(struct sr_load *load, struct sr_error *err);

/* Make `load->targets` of the settings: what is there, or what was named. */
int sr_targets_choose(struct sr_load *load, struct sr_error *err);
/* `targets` as the kernel layer takes it; borrows from it. */
void sr_targets_config(const struct sr_targets *targets, struct sr_attach_config *out);
/* What sr_attach_apply() would report, as far as one can tell beforehand. */
int sr_targets_predict(struct sr_load *load, struct sr_error *err);
void sr_targets_clear(struct sr_targets *targets);

/* Read `files`, or else what is in the instance's folders of /etc/svcroute. */
int sr_manifests_read(struct sr_manifests *out, const struct sr_strings *files, const char *instance,
		      struct sr_error *err);
void sr_manifests_clear(struct sr_manifests *manifests);
/* Make `load->desired` and `->leases` of the manifests. */
int sr_desired_resolve(struct sr_load *load, struct sr_error *err);

/* Programs and maps are there after this, and the instance is locked. */
int sr_load_lock(struct sr_load *load, struct sr_error *err);
int sr_load_attach(struct sr_load *load, struct sr_error *err);
/* Before anything else is written: where maps were replaced, what they held is carried over. */
int sr_load_settle(struct sr_load *load, struct sr_error *err);
void sr_load_clear(struct sr_load *load);

/* `r`, why it failed: a first load leaves no half instance, another one that which was there. */
int sr_load_undo(struct sr_load *load, int r);
/* A load that was done: services, options, addresses and programs' settings as `load` met them. */
int sr_load_restore(struct sr_load *load, struct sr_error *err);

int sr_report_print(const struct sr_load *load, struct sr_error *err);

#endif
