/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * YAML to and from jansson's trees, as Kubernetes reads it: YAML 1.1's plain
 * scalars (yes, on, 0x1f, ~), anchors, merge keys, many documents a text.
 */
#ifndef SVCROUTE_MODEL_YAML_H
#define SVCROUTE_MODEL_YAML_H

#include <stdio.h>

#include "model/stream.h"

/*
 * Read every document of `text` into `stream`. -errno with "LINE: what is
 * wrong"; what the stream's callback says of an object is passed on as it is.
 */
int sr_yaml_read(const char *text, size_t length, struct sr_stream *stream, struct sr_error *err);

/* The same of a file that can be rewound: it is never in memory as a whole. */
int sr_yaml_read_file(FILE *file, struct sr_stream *stream, struct sr_error *err);

/* A plain scalar as null, true, a number or a string; NULL: no memory. UTF-8, as libyaml has checked. */
json_t *sr_yaml_scalar(const char *text, size_t length);

/* Write `tree` as one document in block style. 0, -ENOMEM, or -EIO. */
int sr_yaml_write(FILE *file, const json_t *tree);

#endif
