// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/bloom.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "svcroute/bloom.h"

static struct sr_bloom *bloom_map(int fd)
{
	return mmap(NULL, sizeof(struct sr_bloom), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

int sr_bloom_open(struct sr_datapath *datapath, struct sr_error *err)
{
	struct sr_bloom *bloom = bloom_map(datapath->map_fd[SR_MAP_BLOOM]);

	if (bloom == MAP_FAILED)
		return sr_fail(err, -errno, "cannot map sr_bloom: %s", strerror(errno));
	datapath->bloom = bloom;
	return 0;
}

void sr_bloom_close(struct sr_datapath *datapath)
{
	if (datapath->bloom)
		munmap(datapath->bloom, sizeof(struct sr_bloom));
}

void sr_bloom_add_address(const struct sr_datapath *datapath, const struct sr_addr *addr)
{
	if (datapath->bloom)
		sr_bloom_set(datapath->bloom, addr, SR_BLOOM_SERVED);
}

void sr_bloom_add_half(const struct sr_datapath *datapath, const struct sr_conn *half)
{
	if (datapath->bloom)
		sr_bloom_set_half(datapath->bloom, half, half->to.flags & SR_CONN_PAST);
}

int sr_bloom_fill(int fd)
{
	struct sr_bloom *bloom = bloom_map(fd);

	if (bloom == MAP_FAILED)
		return -errno;
	memset(bloom, 0xff, sizeof(*bloom));
	munmap(bloom, sizeof(*bloom));
	return 0;
}
