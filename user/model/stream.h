/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From the top of a document to Kubernetes objects: what is a list hands on
 * its items one at a time, so that never more than one object's tree is held.
 *
 * yaml.c and json.c feed it the members of each document's top-level object.
 */
#ifndef SVCROUTE_MODEL_STREAM_H
#define SVCROUTE_MODEL_STREAM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct sr_error;

/* Where in the text an object is, for locate.h. */
struct sr_position {
	size_t offset;	 /* where the text of `document` 0 begins */
	size_t line;	 /* the line there, from 1 */
	size_t document; /* how many documents come before its own */
	bool in_list;
	size_t item; /* its place in the document's `items` */
};

struct sr_stream {
	/* Takes an object (borrowed). 0 or -errno, which ends the reading. */
	int (*object)(void *context, const json_t *object, const struct sr_position *at, struct sr_error *err);
	void *context;
	/* Lists and mappings that nobody reads, by key: of YAML they come as null, and cost no tree. NULL: none */
	const char *const *unread;

	size_t num_documents; /* begun so far; such as say nothing (`---` alone) aside */
	size_t num_empty;     /* lists without an item */

	/* The document being read. */
	struct sr_position at;
	json_t *head;	 /* its members other than items */
	json_t *pending; /* items that wait for the list's kind */
	size_t first_pending;
	bool is_list;
};

/* Begin a document at `at` (copied; `in_list` and `item` are not read). */
int sr_stream_begin(struct sr_stream *stream, const struct sr_position *at, struct sr_error *err);
/*
 * An item of the document's `items`. Takes `item` over, on failure too. If it
 * has no kind of its own it gets it from the list ("ServiceList"); where
 * the list's kind comes after its items, such items must wait for it.
 */
int sr_stream_item(struct sr_stream *stream, json_t *item, struct sr_error *err);
/* The document is read: hand on what has not been. */
int sr_stream_end(struct sr_stream *stream, struct sr_error *err);
void sr_stream_clear(struct sr_stream *stream);

#endif
