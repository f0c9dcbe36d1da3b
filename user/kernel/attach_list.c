// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is attached, as the kernel tells it. */
#include "kernel/attach_list.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "kernel/attach_tc.h"
#include "kernel/attach_xdp.h"
#include "kernel/cgroup.h"

static int list_compare(const void *x, const void *y)
{
	const struct sr_attachment *a = x, *b = y;
	const struct sr_program *p = sr_program_find(a->program), *q = sr_program_find(b->program);
	int diff = (p->place == SR_PLACE_CGROUP) - (q->place == SR_PLACE_CGROUP);

	if (!diff)
		diff = (p->place == SR_PLACE_POD) - (q->place == SR_PLACE_POD);
	if (!diff)
		diff = strcmp(a->where, b->where);
	return diff ? diff : (p > q) - (p < q);
}

void sr_attachments_sort(struct sr_attachments *attachments)
{
	if (attachments->num)
		qsort(attachments->item, attachments->num, sizeof(*attachments->item), list_compare);
}

static struct sr_attachment *list_add(struct sr_attachments *list, const struct sr_program *program, const char *mode,
				      uint32_t program_id)
{
	struct sr_attachment *item = sr_array_add(&list->item, &list->num, sizeof(*item));

	if (!item)
		return NULL;
	snprintf(item->hook, sizeof(item->hook), "%s", program->hook);
	snprintf(item->program, sizeof(item->program), "%s", program->name);
	snprintf(item->mode, sizeof(item->mode), "%s", mode);
	item->program_id = program_id;
	return item;
}

static void list_name_device(struct sr_attachment *item, uint32_t ifindex)
{
	char name[IF_NAMESIZE];

	if (if_indextoname(ifindex, name))
		snprintf(item->where, sizeof(item->where), "%s", name);
	else
		snprintf(item->where, sizeof(item->where), "device %u (in another namespace)", ifindex);
}

static const char *list_mode(const struct sr_program *program, uint32_t ifindex)
{
	switch (program->place) {
	case SR_PLACE_UPLINK_XDP:
		return sr_xdp_mode_of(ifindex);
	case SR_PLACE_CGROUP:
		return "cgroup";
	default:
		return "tcx";
	}
}

/* A link outlives its device or cgroup as a pin without a place: not attached. */
static int list_link(struct sr_datapath *datapath, const char *name, void *context)
{
	const struct sr_program *program;
	struct sr_attachment *item;
	char program_name[SR_LINK_NAME_SIZE];
	sr_autoclose int fd = -1;
	struct sr_link link;

	snprintf(program_name, sizeof(program_name), "%.*s", (int)strcspn(name, "-"), name);
	program = sr_program_find(program_name);
	if (!program)
		return 0;
	fd = sr_link_open(datapath, name, &link);
	if (fd < 0 || (!link.ifindex && !link.cgroup_id))
		return 0;

	item = list_add(context, program, list_mode(program, link.ifindex), link.program_id);
	if (!item)
		return -ENOMEM;
	if (link.ifindex)
		list_name_device(item, link.ifindex);
	else if (sr_cgroup_path(item->where, sizeof(item->where), link.cgroup_id) < 0)
		snprintf(item->where, sizeof(item->where), "cgroup %llu", (unsigned long long)link.cgroup_id);
	return 0;
}

static int list_filter(uint32_t ifindex, const struct sr_program *program, uint32_t program_id, void *context)
{
	struct sr_attachment *item = list_add(context, program, "clsact", program_id);

	if (!item)
		return -ENOMEM;
	list_name_device(item, ifindex);
	return 0;
}

int sr_attach_list(struct sr_datapath *datapath, struct sr_attachments *out, struct sr_error *err)
{
	sr_autoattachments struct sr_attachments list = {};
	int r;

	r = sr_pins_each(datapath, "links", list_link, &list);
	if (r == 0)
		r = sr_tc_each_filter(datapath, list_filter, &list);
	if (r < 0)
		return sr_fail(err, r, "cannot read what is attached: %s", strerror(-r));

	sr_attachments_sort(&list);
	*out = list;
	memset(&list, 0, sizeof(list));
	return 0;
}
