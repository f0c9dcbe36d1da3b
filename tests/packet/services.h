/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The services of the running test: given_*() in harness.h make them. */
#ifndef TESTS_PACKET_SERVICES_H
#define TESTS_PACKET_SERVICES_H

void services_forget(void);

#endif
