// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/foreign.h"

#include <linux/if_link.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "kernel/filters.h"
#include "kernel/programs.h"

#define FOREIGN_MAX 64

void sr_foreign_name(char *out, size_t size, uint32_t program_id)
{
	sr_autoclose int fd = bpf_prog_get_fd_by_id(program_id);
	struct bpf_prog_info info = {};
	uint32_t length = sizeof(info);

	if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &length) < 0)
		info.name[0] = '\0';
	snprintf(out, size, "%s", info.name);
}

uint32_t sr_foreign_xdp(uint32_t ifindex)
{
	struct bpf_xdp_query_opts query = {.sz = sizeof(query)};

	if (bpf_xdp_query(ifindex, 0, &query) < 0 || query.attach_mode == XDP_ATTACHED_NONE)
		return 0;
	return query.prog_id ? query.prog_id : query.drv_prog_id ? query.drv_prog_id : query.skb_prog_id;
}

/* A list for people, cut where it gets too long. */
struct foreign_list {
	char *out;
	size_t size;
	size_t num;
};

static void foreign_add(struct foreign_list *list, const char *name)
{
	size_t length = strlen(list->out);

	snprintf(list->out + length, list->size - length, "%s%s", list->num++ ? ", " : "", name);
}

static void foreign_add_tcx(struct foreign_list *list, uint32_t ifindex, int attach_type)
{
	uint32_t ids[FOREIGN_MAX];
	struct bpf_prog_query_opts query = {.sz = sizeof(query), .prog_ids = ids, .prog_cnt = FOREIGN_MAX};
	char name[BPF_OBJ_NAME_LEN];

	if (bpf_prog_query_opts(ifindex, attach_type, &query) < 0)
		return;
	for (uint32_t i = 0; i < query.prog_cnt; i++) {
		sr_foreign_name(name, sizeof(name), ids[i]);
		if (!sr_program_find(name))
			foreign_add(list, name[0] ? name : "a program without a name");
	}
}

static int foreign_add_filter(const struct sr_filter *filter, void *context)
{
	char name[BPF_OBJ_NAME_LEN];

	sr_foreign_name(name, sizeof(name), filter->program_id);
	if (!filter->program_id || !sr_program_find(name))
		foreign_add(context, filter->name[0] ? filter->name : filter->kind);
	return 0;
}

bool sr_foreign_tc(char *out, size_t size, uint32_t ifindex, int attach_type)
{
	struct foreign_list list = {.out = out, .size = size};

	out[0] = '\0';
	foreign_add_tcx(&list, ifindex, attach_type);
	sr_filters_each(ifindex, attach_type == SR_BPF_TCX_EGRESS, foreign_add_filter, &list);
	return list.num > 0;
}
