/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * JSON manifests: one or several values in a text, the items of a list read
 * one at a time.
 */
#ifndef SVCROUTE_MODEL_JSON_H
#define SVCROUTE_MODEL_JSON_H

#include "model/stream.h"

/* As sr_yaml_read(). A value at the top is an object, or an array of them. */
int sr_json_read(const char *text, size_t length, struct sr_stream *stream, struct sr_error *err);

#endif
