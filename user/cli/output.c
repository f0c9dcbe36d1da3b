// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cli/output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"

#define TABLE_GAP 2

void sr_table_take(struct sr_table *table, char *text)
{
	sr_autofree char *owned = text;
	char **cell = text ? sr_array_add(&table->cell, &table->num, sizeof(*cell)) : NULL;

	if (cell)
		*cell = TAKE_PTR(owned);
	else
		table->failed = true;
}

void sr_table_add(struct sr_table *table, const char *text)
{
	sr_table_take(table, text ? strdup(text) : NULL);
}

void sr_table_addf(struct sr_table *table, const char *format, ...)
{
	char *text;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	sr_table_take(table, text);
}

static size_t *table_widths(struct sr_table *table)
{
	if (!table->width)
		table->width = calloc(table->columns, sizeof(*table->width));
	return table->width;
}

void sr_table_widen(struct sr_table *table, size_t column, size_t width)
{
	size_t *widths = table_widths(table);

	if (!widths)
		table->failed = true;
	else if (widths[column] < width)
		widths[column] = width;
}

static int table_measure(struct sr_table *table)
{
	if (!table_widths(table))
		return -ENOMEM;
	for (size_t i = 0; i < table->num; i++) {
		size_t *width = &table->width[i % table->columns];
		size_t length = strlen(table->cell[i]);

		*width = length > *width ? length : *width;
	}
	return 0;
}

/* Blanks are written before a cell that has something, never at a line's end. */
static void table_print_row(const struct sr_table *table, size_t row, FILE *file)
{
	size_t blanks = 0;

	fputs(table->indent ? table->indent : "", file);
	for (size_t i = 0; i < table->columns; i++) {
		const char *text = table->cell[row + i];

		if (text[0]) {
			fprintf(file, "%*s%s", (int)blanks, "", text);
			blanks = 0;
		}
		blanks += table->width[i] - strlen(text) + (table->width[i] ? TABLE_GAP : 0);
	}
	fputc('\n', file);
}

int sr_table_print(struct sr_table *table, FILE *file)
{
	if (table->failed || table_measure(table) < 0)
		return -ENOMEM;
	for (size_t row = 0; row + table->columns <= table->num; row += table->columns)
		table_print_row(table, row, file);
	return 0;
}

static void table_drop_cells(struct sr_table *table)
{
	for (size_t i = 0; i < table->num; i++)
		free(table->cell[i]);
	free(table->cell);
	table->cell = NULL;
	table->num = 0;
}

int sr_table_flush(struct sr_table *table, FILE *file)
{
	int r = sr_table_print(table, file);

	table_drop_cells(table);
	return r;
}

void sr_table_clear(struct sr_table *table)
{
	table_drop_cells(table);
	free(table->width);
	memset(table, 0, sizeof(*table));
}

json_t *sr_json_text(const char *text)
{
	json_t *json = json_string(text);
	sr_autofree char *plain = NULL;

	if (json)
		return json;

	plain = strdup(text);
	for (char *c = plain; c && *c; c++)
		*c = *c & 0x80 ? '?' : *c;
	return plain ? json_string(plain) : NULL;
}

int sr_json_print(FILE *file, const json_t *json, struct sr_error *err)
{
	if (!json || json_dumpf(json, file, JSON_INDENT(2)) < 0)
		return sr_fail(err, -ENOMEM, "out of memory");
	fputc('\n', file);
	return 0;
}

int sr_json_print_line(FILE *file, json_t *json, struct sr_error *err)
{
	int r = json ? json_dumpf(json, file, JSON_COMPACT) : -1;

	json_decref(json);
	if (r < 0)
		return sr_fail(err, -ENOMEM, "out of memory");
	fputc('\n', file);
	return 0;
}
