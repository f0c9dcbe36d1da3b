/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A file read and parsed, and no more: what svcroute's reading is measured against. 0 or -1. */
#ifndef TESTS_BENCH_PROGRAM_PARSE_H
#define TESTS_BENCH_PROGRAM_PARSE_H

/* libyaml's events, each thrown away. */
int parse_yaml(const char *path);
/* jansson's tree. */
int parse_json(const char *path);

#endif
