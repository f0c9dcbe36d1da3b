/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The instance's folder on bpffs, its lock, and the pins in it:
 *
 *	/sys/fs/bpf/svcroute/INSTANCE/{maps,progs,links}/NAME
 *
 * bpffs refuses names with a dot. A pin is put in place by rename, so that a
 * name always leads to a whole object; NAME-new is what a killed process left.
 */
#ifndef SVCROUTE_KERNEL_PINS_H
#define SVCROUTE_KERNEL_PINS_H

#include <stdbool.h>

struct sr_error;
struct sr_datapath;

#define SR_BPFFS	      "/sys/fs/bpf"
#define SR_PIN_ROOT	      SR_BPFFS "/svcroute"
#define SR_INSTANCE_NAME_SIZE 64
#define SR_PIN_PATH_SIZE      256

/* Set datapath->instance and ->folder. -EINVAL: the name cannot be a folder's. */
int sr_pins_name(struct sr_datapath *datapath, const char *instance, struct sr_error *err);

/*
 * Is bpffs mounted at SR_BPFFS? -EXDEV: it is not, and this mount namespace is
 * another than init's, where it may well be.
 */
int sr_pins_look(bool *mounted, struct sr_error *err);

/* Mount bpffs at SR_BPFFS unless it is; *mounted (may be NULL) says so. */
int sr_pins_mount(bool *mounted, struct sr_error *err);

/*
 * Make the folders if `create`, then lock the instance, waiting at most 30 s.
 * -ENOENT: there is no such folder; -EBUSY: another process keeps the lock.
 */
int sr_pins_lock(struct sr_datapath *datapath, bool create, struct sr_error *err);

/* FOLDER/KIND/NAME; kind is "maps", "progs" or "links". Returns `out`. */
char *sr_pin_path(char out[SR_PIN_PATH_SIZE], const struct sr_datapath *datapath, const char *kind, const char *name);

/* A new fd of what is pinned, or -errno. */
int sr_pin_get(const struct sr_datapath *datapath, const char *kind, const char *name);

/* Pin `fd`, in place of whatever bears the name. 0 or -errno. */
int sr_pin_set(const struct sr_datapath *datapath, const char *kind, const char *name, int fd);
int sr_pin_remove(const struct sr_datapath *datapath, const char *kind, const char *name);

/*
 * Call `visit` for each name in a folder; names it removes meanwhile do no
 * harm. Stops at its first negative return. A missing folder is empty.
 */
int sr_pins_each(struct sr_datapath *datapath, const char *kind,
		 int (*visit)(struct sr_datapath *datapath, const char *name, void *context), void *context);

/* Remove the half-made pins of a process that was killed. */
void sr_pins_mend(struct sr_datapath *datapath);

/* Remove all pins and folders of the instance; the links' are detached first. */
int sr_pins_remove_all(struct sr_datapath *datapath, struct sr_error *err);

#endif
