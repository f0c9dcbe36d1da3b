/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The line of a field, found by reading the text once more: only faults pay
 * for line numbers.
 */
#ifndef SVCROUTE_MODEL_LOCATE_H
#define SVCROUTE_MODEL_LOCATE_H

#include "model/stream.h"

/*
 * The line (from 1) of the field that `message` begins with
 * ("spec.ports[0].port: ...") in the object at `at`; of what is nearest above
 * it if it is not there. JSON is read as the YAML that it is.
 */
size_t sr_locate(const char *text, size_t length, const struct sr_position *at, const char *message);

#endif
