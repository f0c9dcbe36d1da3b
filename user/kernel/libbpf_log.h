/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What libbpf has to say: kept, not shown, unless SVCROUTE_DEBUG is set. The
 * end of what it said last, the verifier's verdict among it, explains a failure.
 */
#ifndef SVCROUTE_KERNEL_LIBBPF_LOG_H
#define SVCROUTE_KERNEL_LIBBPF_LOG_H

/* Route libbpf's messages here. */
void sr_libbpf_log_start(void);

/* The last lines of warnings as one line, "" if there were none. Static buffer. */
const char *sr_libbpf_log_tail(void);

#endif
