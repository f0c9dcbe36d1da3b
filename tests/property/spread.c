// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "spread.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define STICKY_MAX 1024

static uint64_t spread_counts[RULES_ENDPOINTS + 1][RULES_ENDPOINTS];

static struct {
	const struct rules_port *port;
	struct sr_addr client;
	uint64_t identity;
} sticky[STICKY_MAX];
static unsigned int num_sticky;

void spread_count(unsigned int size, unsigned int place)
{
	spread_counts[size][place]++;
}

/* Where chi-square of so many degrees of freedom lies beyond, once in 10^9 (Wilson and Hilferty 1931). */
static double spread_bound(double freedom)
{
	double spread = 2 / (9 * freedom), root = 1 - spread + 6.0 * sqrt(spread);

	return freedom * root * root * root;
}

static double spread_chi_square(unsigned int size, uint64_t total)
{
	double expected = (double)total / size, sum = 0;

	for (unsigned int i = 0; i < size; i++) {
		double off = (double)spread_counts[size][i] - expected;

		sum += off * off / expected;
	}
	return sum;
}

const char *spread_wrong(void)
{
	static char text[128];

	for (unsigned int size = 2; size <= RULES_ENDPOINTS; size++) {
		uint64_t total = 0;

		for (unsigned int i = 0; i < size; i++)
			total += spread_counts[size][i];
		if (total < 20 * size || spread_chi_square(size, total) <= spread_bound(size - 1))
			continue;
		snprintf(text, sizeof(text), "sets of %u endpoints: chi-square %.0f, more than %.0f, in %llu choices",
			 size, spread_chi_square(size, total), spread_bound(size - 1), (unsigned long long)total);
		return text;
	}
	return NULL;
}

void sticky_clear(void)
{
	num_sticky = 0;
}

static unsigned int sticky_find(const struct rules_port *port, const struct sr_addr *client)
{
	unsigned int i;

	for (i = 0; i < num_sticky; i++) {
		if (sticky[i].port == port && sr_addr_compare(&sticky[i].client, client) == 0)
			break;
	}
	return i;
}

void sticky_record(const struct rules_port *port, const struct sr_addr *client, uint64_t identity)
{
	unsigned int i = sticky_find(port, client);

	if (i == STICKY_MAX)
		return;
	if (i == num_sticky)
		num_sticky++;
	sticky[i].port = port;
	sticky[i].client = *client;
	sticky[i].identity = identity;
}

bool sticky_recall(const struct rules_port *port, const struct sr_addr *client, uint64_t *identity)
{
	unsigned int i = sticky_find(port, client);

	if (i == num_sticky)
		return false;
	*identity = sticky[i].identity;
	return true;
}
