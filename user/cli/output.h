/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tables with aligned columns, and JSON. */
#ifndef SVCROUTE_CLI_OUTPUT_H
#define SVCROUTE_CLI_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct sr_error;

/*
 * Cells row by row; `columns` of them are a row. Lack of memory is noticed
 * when the table is printed.
 */
struct sr_table {
	size_t columns;
	const char *indent; /* before each row; NULL: nothing */
	char **cell;
	size_t num;
	size_t *width; /* of each column, at least; kept from one flush to the next */
	bool failed;
};

/* Add a cell: a copy of `text`; NULL means that there was no memory for it. */
void sr_table_add(struct sr_table *table, const char *text);
void sr_table_addf(struct sr_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Add a cell and free `text`, malloc'd. */
void sr_table_take(struct sr_table *table, char *text);
/* 0 or -ENOMEM. */
int sr_table_print(struct sr_table *table, FILE *file);
/* The same, and forget the cells: of a long table that is printed in parts, columns only ever grow. */
int sr_table_flush(struct sr_table *table, FILE *file);
/* A column is at least so wide, whatever it holds. */
void sr_table_widen(struct sr_table *table, size_t column, size_t width);
void sr_table_clear(struct sr_table *table);
#define sr_autotable __attribute__((cleanup(sr_table_clear)))

static inline void sr_json_cleanup(json_t **json)
{
	json_decref(*json);
}
#define sr_autojson __attribute__((cleanup(sr_json_cleanup)))

/*
 * A string for JSON out of any bytes (file and device names need not be
 * UTF-8). NULL: no memory.
 */
json_t *sr_json_text(const char *text);
/* Write `json`, which may be NULL for want of memory. 0 or -ENOMEM. */
int sr_json_print(FILE *file, const json_t *json, struct sr_error *err);
/* The same in one line; takes `json`. */
int sr_json_print_line(FILE *file, json_t *json, struct sr_error *err);

#endif
