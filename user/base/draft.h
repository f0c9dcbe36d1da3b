/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A file that is replaced as a whole: written beside it and synced first, then
 * renamed. Whoever reads it, or is killed, finds the old one or the new one.
 */
#ifndef SVCROUTE_BASE_DRAFT_H
#define SVCROUTE_BASE_DRAFT_H

struct sr_error;

/* Zeroed: nothing was drafted. */
struct sr_draft {
	int folder; /* fd, valid while `path` is set */
	char *path;
	char *name; /* of the draft, in `folder`; NULL: the file is to be removed */
};

/* An fd of the folder that `path` is in, made if need be; or -errno. */
int sr_draft_folder(const char *path, struct sr_error *err);
/* Write what shall be in `path`, or (NULL) that it shall be gone; makes the folders that lead there. -errno. */
int sr_draft_write(struct sr_draft *draft, const char *path, const char *text, struct sr_error *err);
/* Let it be so. -errno; the draft is cleared in any case. */
int sr_draft_keep(struct sr_draft *draft, struct sr_error *err);
/* Forget it. */
void sr_draft_clear(struct sr_draft *draft);

#define sr_autodraft __attribute__((cleanup(sr_draft_clear)))

#endif
