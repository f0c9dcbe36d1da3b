// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/filters.h"

#include <errno.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <string.h>

#include "kernel/rtnl.h"

struct filters_walk {
	int (*visit)(const struct sr_filter *filter, void *context);
	void *context;
	int result;
};

static void filters_take_bpf(struct sr_filter *filter, const struct nlattr *options)
{
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, options)
	{
		if (mnl_attr_get_type(attribute) == TCA_BPF_ID)
			filter->program_id = mnl_attr_get_u32(attribute);
		if (mnl_attr_get_type(attribute) == TCA_BPF_NAME)
			filter->name = mnl_attr_get_str(attribute);
	}
}

static int filters_take(const struct nlmsghdr *message, void *context)
{
	const struct tcmsg *header = mnl_nlmsg_get_payload(message);
	struct sr_filter filter = {.kind = "", .name = ""};
	const struct nlattr *tb[TCA_OPTIONS + 1];
	struct filters_walk *walk = context;

	sr_rtnl_attributes(message, sizeof(*header), tb, TCA_OPTIONS);
	/* Each priority is announced by a message without a handle. */
	if (!header->tcm_handle || !tb[TCA_KIND])
		return MNL_CB_OK;

	filter.kind = mnl_attr_get_str(tb[TCA_KIND]);
	filter.priority = TC_H_MAJ(header->tcm_info) >> 16;
	filter.handle = header->tcm_handle;
	if (strcmp(filter.kind, "bpf") == 0 && tb[TCA_OPTIONS])
		filters_take_bpf(&filter, tb[TCA_OPTIONS]);

	walk->result = walk->visit(&filter, walk->context);
	return walk->result < 0 ? MNL_CB_STOP : MNL_CB_OK;
}

int sr_filters_each(uint32_t ifindex, bool egress, int (*visit)(const struct sr_filter *filter, void *context),
		    void *context)
{
	struct filters_walk walk = {.visit = visit, .context = context};
	struct tcmsg header = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = ifindex,
		.tcm_parent = TC_H_MAKE(TC_H_CLSACT, egress ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS),
	};
	int r = sr_rtnl_dump(RTM_GETTFILTER, &header, sizeof(header), filters_take, &walk);

	/* Without clsact there is no such parent. */
	if (r == -EINVAL || r == -ENOENT)
		return 0;
	return walk.result < 0 ? walk.result : r;
}

struct filters_qdisc {
	uint32_t ifindex;
	bool found;
};

static int filters_take_qdisc(const struct nlmsghdr *message, void *context)
{
	const struct tcmsg *header = mnl_nlmsg_get_payload(message);
	struct filters_qdisc *qdisc = context;

	if ((uint32_t)header->tcm_ifindex == qdisc->ifindex && header->tcm_parent == TC_H_CLSACT)
		qdisc->found = true;
	return MNL_CB_OK;
}

bool sr_clsact_exists(uint32_t ifindex)
{
	struct filters_qdisc qdisc = {.ifindex = ifindex};
	struct tcmsg header = {.tcm_family = AF_UNSPEC, .tcm_ifindex = ifindex};

	return sr_rtnl_dump(RTM_GETQDISC, &header, sizeof(header), filters_take_qdisc, &qdisc) == 0 && qdisc.found;
}
