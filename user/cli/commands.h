/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One file per command, or family of them. */
#ifndef SVCROUTE_CLI_COMMANDS_H
#define SVCROUTE_CLI_COMMANDS_H

#include "cli/command.h"

extern const struct sr_command sr_command_load;
extern const struct sr_command sr_command_confirm;
extern const struct sr_command sr_command_announce;
extern const struct sr_command sr_command_unload;
extern const struct sr_command sr_command_status;
extern const struct sr_command sr_command_map_add;
extern const struct sr_command sr_command_map_replace;
extern const struct sr_command sr_command_map_del;
extern const struct sr_command sr_command_map_get;
extern const struct sr_command sr_command_map_list;
extern const struct sr_command sr_command_conn_list;
extern const struct sr_command sr_command_conn_get;
extern const struct sr_command sr_command_conn_del;
extern const struct sr_command sr_command_conn_flush;
extern const struct sr_command sr_command_monitor;
extern const struct sr_command sr_command_trace;
extern const struct sr_command sr_command_version;
extern const struct sr_command sr_command_help;

#endif
