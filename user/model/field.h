/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Checked access to a manifest's tree: every fault names the field by its path
 * ("spec.ports[0].port: 70000 is not a port (1..65535)").
 *
 * A field lives on the stack and points at its parent. As in Kubernetes, null
 * is the same as absent. Getters return 0 or -EINVAL; of an absent field they
 * set nothing.
 */
#ifndef SVCROUTE_MODEL_FIELD_H
#define SVCROUTE_MODEL_FIELD_H

#include <jansson.h>

#include "model/addr.h"

struct sr_error;

struct sr_field {
	const struct sr_field *parent; /* NULL: the object itself */
	const char *key;	       /* NULL: an element of a list */
	size_t index;
	const json_t *value; /* NULL: absent */
};

struct sr_field sr_field_root(const json_t *object);
/* Of an absent parent, an absent field. */
struct sr_field sr_field_get(const struct sr_field *parent, const char *key);
struct sr_field sr_field_item(const struct sr_field *parent, size_t index);
static inline bool sr_field_is_set(const struct sr_field *field)
{
	return field->value != NULL;
}

/* "PATH: text" as the error; -EINVAL. */
int sr_field_fail(const struct sr_field *field, struct sr_error *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The field is there; else "PATH: missing". */
int sr_field_require(const struct sr_field *field, struct sr_error *err);
/* The type is right, or the field absent. */
int sr_field_object(const struct sr_field *field, struct sr_error *err);
/* As above; `num` is the number of elements, 0 of an absent list. */
int sr_field_list(const struct sr_field *field, size_t *num, struct sr_error *err);
/* `out` is borrowed from the tree. */
int sr_field_string(const struct sr_field *field, const char **out, struct sr_error *err);
int sr_field_bool(const struct sr_field *field, bool *out, struct sr_error *err);
/* Host byte order; 1..65535, and 0 too where `zero` allows it. */
int sr_field_port(const struct sr_field *field, bool zero, uint16_t *out, struct sr_error *err);
/* An address that a packet may be sent to. */
int sr_field_addr(const struct sr_field *field, struct sr_addr *out, struct sr_error *err);
/* TCP, UDP, SCTP. */
int sr_field_proto(const struct sr_field *field, uint8_t *out, struct sr_error *err);
/* One of `words` (which ends in NULL): its index. */
int sr_field_word(const struct sr_field *field, const char *const *words, int *out, struct sr_error *err);
/* A DNS label of at most 63 characters; with `dots` a subdomain of 253. */
int sr_field_name(const struct sr_field *field, bool dots, const char **out, struct sr_error *err);

#endif
