/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the datapath remembers of the packets it met. */
#ifndef TESTS_PROPERTY_MEMORY_H
#define TESTS_PROPERTY_MEMORY_H

/* Connections, fragments and affinities are forgotten. */
void memory_forget(void);
/* Affinities are so many seconds older. */
void memory_age(unsigned int seconds);

#endif
