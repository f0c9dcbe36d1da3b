// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "spread.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define STICKY_MAX  1024
#define SPREAD_SETS (CLUSTER_SERVICES * CLUSTER_PORTS * 2 * 2)

/* Choices from one set, while it stayed the same. */
static struct spread {
	const struct rules_port *port;
	bool local;
	unsigned int size;
	unsigned int chosen[RULES_ENDPOINTS];
} spreads[SPREAD_SETS];
static unsigned int num_spreads;

/* Of all sets: chi-square has this mean and this variance, however few the choices from each. */
static struct {
	uint64_t choices;
	double chi_square, mean, variance;
} total;

static struct {
	const struct rules_port *port;
	struct sr_addr client;
	uint64_t identity;
	unsigned int age; /* seconds */
	bool is_doubtful;
} sticky[STICKY_MAX];
static unsigned int num_sticky;

void spread_count(const struct rules_port *port, bool local, unsigned int size, unsigned int place)
{
	unsigned int i = 0;

	while (i < num_spreads && (spreads[i].port != port || spreads[i].local != local))
		i++;
	if (i == num_spreads)
		spreads[num_spreads++] = (struct spread){.port = port, .local = local, .size = size};
	spreads[i].chosen[place]++;
}

static void spread_add(const struct spread *spread)
{
	double num = 0, expected, freedom = spread->size - 1.0;

	for (unsigned int i = 0; i < spread->size; i++)
		num += spread->chosen[i];
	expected = num / spread->size;
	for (unsigned int i = 0; i < spread->size; i++)
		total.chi_square += (spread->chosen[i] - expected) * (spread->chosen[i] - expected) / expected;
	total.mean += freedom;
	total.variance += 2 * freedom * (1 - 1 / num);
	total.choices += (uint64_t)num;
}

void spread_fold(void)
{
	for (unsigned int i = 0; i < num_spreads; i++)
		spread_add(&spreads[i]);
	num_spreads = 0;
}

const char *spread_wrong(void)
{
	static char text[128];

	spread_fold();
	if (total.chi_square <= total.mean + 6 * sqrt(total.variance) + 0.01)
		return NULL;
	snprintf(text, sizeof(text), "chi-square %.0f, where %.0f +- %.0f is even, of %llu choices", total.chi_square,
		 total.mean, sqrt(total.variance), (unsigned long long)total.choices);
	return text;
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
	sticky[i].age = 0;
	sticky[i].is_doubtful = false;
}

void sticky_doubt(const struct rules_port *port, const struct sr_addr *client)
{
	unsigned int i = sticky_find(port, client);

	if (i == STICKY_MAX)
		return;
	if (i == num_sticky)
		sticky_record(port, client, 0);
	sticky[i].is_doubtful = true;
}

bool sticky_is_doubtful(const struct rules_port *port, const struct sr_addr *client)
{
	unsigned int i = sticky_find(port, client);

	return i < num_sticky && sticky[i].is_doubtful;
}

bool sticky_recall(const struct rules_port *port, const struct sr_addr *client, uint64_t *identity)
{
	unsigned int i = sticky_find(port, client);

	if (i == num_sticky || sticky[i].age >= port->service->affinity)
		return false;
	*identity = sticky[i].identity;
	return true;
}

void sticky_age(unsigned int seconds)
{
	for (unsigned int i = 0; i < num_sticky; i++)
		sticky[i].age += seconds;
}
