// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* svcroute load: its options. The steps are in load.c. */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/load.h"

static const char *const xdp_words[] = {"auto", "native", "generic", "off", NULL};

static const char *const forward_words[] = {SR_FORWARD_STACK, SR_FORWARD_DIRECT, NULL};
static const char *const dsr_words[] = {SR_DSR_IPIP, SR_DSR_OFF, NULL};

static const char *const sockets_words[] = {SR_SOCKETS_HOST, SR_SOCKETS_ALL, SR_SOCKETS_OFF, NULL};

static const char *const syn_limit_words[] = {SR_SYN_LIMIT_OFF, NULL};

#define LOAD_OFFSET(field) offsetof(struct sr_load_options, field)

static const struct sr_option load_options[] = {
	{
		.name = "file",
		.letter = 'f',
		.type = &sr_type_paths,
		.offset = LOAD_OFFSET(files),
		.value = "FILE|DIR|-",
		.help = "manifests, YAML or JSON; all of a folder; - is standard input\n"
			"(/etc/svcroute/services.d, if it holds any, and map.d)",
	},
	{
		.name = "uplink",
		.type = &sr_type_list,
		.offset = LOAD_OFFSET(given.uplinks),
		.value = "DEV",
		.help = "device towards other machines, or 'none'\n"
			"(those of the default route)",
	},
	{
		.name = "pods",
		.type = &sr_type_list,
		.offset = LOAD_OFFSET(given.pods),
		.value = "GLOB",
		.help = "devices of pods by their names, or 'none'\n"
			"(every veth whose other end is in another namespace)",
	},
	{
		.name = "node",
		.type = &sr_type_node,
		.offset = LOAD_OFFSET(given.node),
		.value = "NAME",
		.help = "this machine's name in the cluster, or 'none': a gateway has no endpoints of its\n"
			"own, so that policy Local counts as Cluster there (the host's name, in lower case)",
	},
	{
		.name = "zone",
		.type = &sr_type_text,
		.offset = LOAD_OFFSET(given.zone),
		.value = "ZONE",
		.help = "which topology hints are for us\n"
			"(the label topology.kubernetes.io/zone of our Node object)",
	},
	{
		.name = "nodeport-addresses",
		.type = &sr_type_nodeports,
		.offset = LOAD_OFFSET(given.nodeport_addresses),
		.value = "primary|all|CIDR[,CIDR...]",
		.help = "where node ports are served: addresses of our Node object, else of uplinks; all of\n"
			"this host's; or those in networks (primary; with --node none nowhere)",
	},
	{
		.name = "cluster-cidr",
		.type = &sr_type_cidrs,
		.offset = LOAD_OFFSET(given.cluster_cidrs),
		.value = "CIDR",
		.help = "where pods live: others who call a ClusterIP get an address of this machine",
	},
	{
		.name = "service-cidr",
		.type = &sr_type_cidrs,
		.offset = LOAD_OFFSET(given.service_cidrs),
		.value = "CIDR",
		.help = "give services without a ClusterIP one of these",
	},
	{
		.name = "subnet",
		.type = &sr_type_subnets,
		.offset = LOAD_OFFSET(given.subnets),
		.value = "NAME=CIDR",
		.help = "give internal load balancers of that subnet one of these",
	},
	{
		.name = "announce",
		.type = &sr_type_devices,
		.offset = LOAD_OFFSET(given.announce),
		.value = "[=DEV]",
		.help = "answer ARP, neighbour solicitations and pings for external and load balancers'\n"
			"addresses there, or on all uplinks; one that is in use is left to who has it",
	},
	{
		.name = "route-proto",
		.type = &sr_type_protocol,
		.offset = LOAD_OFFSET(given.route_proto),
		.value = "N",
		.help = "keep routes to those addresses, of this protocol number, for BIRD or FRR to export",
	},
	{
		.name = "dsr",
		.type = &sr_type_word,
		.offset = LOAD_OFFSET(given.dsr),
		.value = "ipip|off",
		.words = dsr_words,
		.help = "ipip: what is for another node's endpoint goes there in a tunnel, and the node answers\n"
			"the client itself (off: it gets this machine's address, and is answered through us)",
	},
	{
		.name = "dsr-from",
		.type = &sr_type_cidrs,
		.offset = LOAD_OFFSET(given.dsr_from),
		.value = "CIDR",
		.help = "unwrap what gateways with these addresses send so, for endpoints of this node (none)",
	},
	{
		.name = "forward",
		.type = &sr_type_word,
		.offset = LOAD_OFFSET(given.forward),
		.value = "stack|direct",
		.words = forward_words,
		.help = "direct: services' packets go from device to device past this host's stack, and past\n"
			"whatever it filters, counts or shapes (stack)",
	},
	{
		.name = "xdp",
		.type = &sr_type_word,
		.offset = LOAD_OFFSET(given.xdp),
		.value = "auto|native|generic|off",
		.words = xdp_words,
		.help = "on uplinks; auto: where the driver has it, else tc does it all",
	},
	{
		.name = "sockets",
		.type = &sr_type_word,
		.offset = LOAD_OFFSET(given.sockets),
		.value = "host|all|off",
		.words = sockets_words,
		.help = "whose connect() and sendmsg() reach services without work per packet:\n"
			"processes of this host (the default), pods', too, or none's",
	},
	{
		.name = "cgroup",
		.type = &sr_type_text,
		.offset = LOAD_OFFSET(given.cgroup),
		.value = "PATH",
		.help = "the processes that --sockets is about; 'none' is --sockets off\n"
			"(the root of cgroup2)",
	},
	{
		.name = "allow-external-clusterip",
		.type = &sr_type_answer,
		.offset = LOAD_OFFSET(given.allow_external_clusterip),
		.value = "[=yes|no]",
		.help = "serve ClusterIPs on uplinks, too (no)",
	},
	{
		.name = "terminate",
		.type = &sr_type_answer,
		.offset = LOAD_OFFSET(given.terminate),
		.value = "[=yes|no]",
		.help = "end TCP connections whose endpoint is removed (no: they go on while it answers)",
	},
	{
		.name = "snat-ports",
		.type = &sr_type_ports,
		.offset = LOAD_OFFSET(given.snat_ports),
		.value = "LO-HI",
		.help = "source ports for flows that get this machine's address\n"
			"(the larger gap beside net.ipv4.ip_local_port_range)",
	},
	{
		.name = "syn-limit",
		.type = &sr_type_syn_limit,
		.offset = LOAD_OFFSET(given.syn_limit),
		.value = "N|off",
		.words = syn_limit_words,
		.help = "where more TCP flows than that begin in a second on a CPU, XDP has each caller show\n"
			"that its address is its own, before its flow is entered (50000)",
	},
	{
		.name = "max",
		.type = &sr_type_sizes,
		.offset = LOAD_OFFSET(given.max),
		.value = "services=N,backends=N,connections=N",
		.help = "room for so many, of each or of some; connections and services stay when it changes\n"
			"(32767, 131071 and 250000)",
	},
	{
		.name = "adopt",
		.type = &sr_type_flag,
		.offset = LOAD_OFFSET(adopt),
		.help = "take over the connections that kube-proxy's rules translate now: none breaks, and the\n"
			"rules can be removed",
	},
	{
		.name = "recreate",
		.type = &sr_type_flag,
		.offset = LOAD_OFFSET(recreate),
		.help = "where another version's maps are in the way, remove them: with connections, settings,\n"
			"and what 'map add' made without --save",
	},
	{
		.name = "confirm",
		.type = &sr_type_seconds,
		.offset = LOAD_OFFSET(confirm),
		.value = "SECONDS",
		.help = "put back what was there before, unless 'svcroute confirm' comes in that time",
	},
	{
		.name = "dry-run",
		.type = &sr_type_flag,
		.offset = LOAD_OFFSET(dry_run),
		.help = "say what would be done, and touch nothing",
	},
	{},
};

static int load_check_none(const char *option, const struct sr_strings *names, struct sr_error *err)
{
	for (size_t i = 0; names->num > 1 && i < names->num; i++)
		if (strcmp(names->item[i], SR_SETTING_NONE) == 0)
			return sr_fail(err, -EINVAL, "--%s none and --%s %s contradict each other", option, option,
				       names->item[!i]);
	return 0;
}

static int load_check_given(const void *options, struct sr_error *err)
{
	const struct sr_settings *given = &((const struct sr_load_options *)options)->given;
	int r = load_check_none("uplink", &given->uplinks, err);

	if (r == 0)
		r = load_check_none("pods", &given->pods, err);
	if (r < 0)
		return r;
	if (!given->cgroup || strcmp(given->cgroup, SR_SETTING_NONE) != 0)
		return 0;
	if (given->sockets && given->sockets[0] && strcmp(given->sockets, SR_SOCKETS_OFF) != 0)
		return sr_fail(err, -EINVAL, "--cgroup none and --sockets %s contradict each other", given->sockets);
	return 0;
}

static int load_check(const void *options, struct sr_error *err)
{
	const struct sr_load_options *opts = options;

	if (opts->recreate && opts->confirm)
		return sr_fail(err, -EINVAL, "--recreate and --confirm contradict each other: what is removed is gone");
	return load_check_given(options, err);
}

const struct sr_command sr_command_load = {
	.name = "load",
	.summary = "Attach the programs, and serve what manifests say",
	.details = "It may be run again at any time: it changes what differs and disturbs no connection.\n"
		   "Options other than -f, --adopt, --confirm, --dry-run and --recreate are kept; '' makes one unset "
		   "again.\n"
		   "Without manifests what is served stays as it is; what 'map add' made always does.",
	.options = load_options,
	.size = sizeof(struct sr_load_options),
	.formats = SR_PRINTS(JSON),
	.check = load_check,
	.run = sr_load_run,
};
