/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Owned things: each has a cleanup attribute and leaves its scope only by
 * TAKE_PTR or TAKE_FD.
 */
#ifndef SVCROUTE_BASE_CLEANUP_H
#define SVCROUTE_BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define TAKE_PTR(p)                                                                                                    \
	({                                                                                                             \
		__typeof__(p) taken_ = (p);                                                                            \
		(p) = NULL;                                                                                            \
		taken_;                                                                                                \
	})

#define TAKE_FD(fd)                                                                                                    \
	({                                                                                                             \
		int taken_ = (fd);                                                                                     \
		(fd) = -1;                                                                                             \
		taken_;                                                                                                \
	})

static inline void sr_cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void sr_cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void sr_cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void sr_cleanup_closedir(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define sr_autofree	__attribute__((cleanup(sr_cleanup_free)))
#define sr_autoclose	__attribute__((cleanup(sr_cleanup_close)))
#define sr_autofclose	__attribute__((cleanup(sr_cleanup_fclose)))
#define sr_autoclosedir __attribute__((cleanup(sr_cleanup_closedir)))

#endif
