// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "model/field.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

struct sr_field sr_field_root(const json_t *object)
{
	return (struct sr_field){.value = object};
}

static const json_t *field_unless_null(const json_t *value)
{
	return json_is_null(value) ? NULL : value;
}

struct sr_field sr_field_get(const struct sr_field *parent, const char *key)
{
	const json_t *value = parent->value ? json_object_get(parent->value, key) : NULL;

	return (struct sr_field){.parent = parent, .key = key, .value = field_unless_null(value)};
}

struct sr_field sr_field_item(const struct sr_field *parent, size_t index)
{
	const json_t *value = parent->value ? json_array_get(parent->value, index) : NULL;

	return (struct sr_field){.parent = parent, .index = index, .value = field_unless_null(value)};
}

static bool field_key_is_plain(const char *key)
{
	return key[0] && strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == strlen(key);
}

static void field_path(const struct sr_field *field, char *out, size_t size)
{
	size_t length;

	out[0] = '\0';
	if (!field->parent)
		return;

	field_path(field->parent, out, size);
	length = strlen(out);
	if (!field->key)
		snprintf(out + length, size - length, "[%zu]", field->index);
	else if (field_key_is_plain(field->key))
		snprintf(out + length, size - length, "%s%s", length ? "." : "", field->key);
	else
		snprintf(out + length, size - length, "[\"%s\"]", field->key);
}

int sr_field_fail(const struct sr_field *field, struct sr_error *err, const char *format, ...)
{
	char path[512], text[512];
	va_list args;

	field_path(field, path, sizeof(path));
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return sr_fail(err, -EINVAL, "%s%s%s", path, path[0] ? ": " : "", text);
}

/* "8080 is a number", "\"80\" is a string": what stands there instead. */
static int field_fail_type(const struct sr_field *field, struct sr_error *err, const char *expected)
{
	const json_t *value = field->value;

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return sr_field_fail(field, err, "expected %s, not an object", expected);
	case JSON_ARRAY:
		return sr_field_fail(field, err, "expected %s, not a list", expected);
	case JSON_STRING:
		return sr_field_fail(field, err, "expected %s, not the string \"%.60s\"", expected,
				     json_string_value(value));
	case JSON_INTEGER:
		return sr_field_fail(field, err, "expected %s, not the number %lld", expected,
				     (long long)json_integer_value(value));
	case JSON_REAL:
		return sr_field_fail(field, err, "expected %s, not the number %g", expected, json_real_value(value));
	default:
		return sr_field_fail(field, err, "expected %s, not %s", expected,
				     json_is_true(value) ? "true" : "false");
	}
}

int sr_field_require(const struct sr_field *field, struct sr_error *err)
{
	return field->value ? 0 : sr_field_fail(field, err, "missing");
}

int sr_field_object(const struct sr_field *field, struct sr_error *err)
{
	if (!field->value || json_is_object(field->value))
		return 0;
	return field_fail_type(field, err, "an object");
}

int sr_field_list(const struct sr_field *field, size_t *num, struct sr_error *err)
{
	*num = 0;
	if (!field->value)
		return 0;
	if (!json_is_array(field->value))
		return field_fail_type(field, err, "a list");

	*num = json_array_size(field->value);
	return 0;
}

int sr_field_string(const struct sr_field *field, const char **out, struct sr_error *err)
{
	if (!field->value)
		return 0;
	if (!json_is_string(field->value))
		return field_fail_type(field, err, "a string");

	*out = json_string_value(field->value);
	return 0;
}

int sr_field_bool(const struct sr_field *field, bool *out, struct sr_error *err)
{
	if (!field->value)
		return 0;
	if (!json_is_boolean(field->value))
		return field_fail_type(field, err, "true or false");

	*out = json_is_true(field->value);
	return 0;
}

/* YAML writes 80 as 80.0 and 8e1, too. */
static bool field_whole(const json_t *value, long long *out)
{
	if (json_is_integer(value)) {
		*out = json_integer_value(value);
		return true;
	}
	if (!json_is_real(value) || json_real_value(value) < 0 || json_real_value(value) > UINT16_MAX)
		return false;
	*out = (long long)json_real_value(value);
	return (double)*out == json_real_value(value);
}

int sr_field_port(const struct sr_field *field, bool zero, uint16_t *out, struct sr_error *err)
{
	long long number;

	if (!field->value)
		return 0;
	if (!field_whole(field->value, &number))
		return field_fail_type(field, err, zero ? "a whole number, 0..65535" : "a whole number, 1..65535");
	if (number < (zero ? 0 : 1) || number > 65535)
		return sr_field_fail(field, err, "%lld is not a port (1..65535)", number);

	*out = (uint16_t)number;
	return 0;
}

int sr_field_addr(const struct sr_field *field, struct sr_addr *out, struct sr_error *err)
{
	const char *text = NULL, *fault;
	struct sr_addr addr;
	int r;

	r = sr_field_string(field, &text, err);
	if (r < 0 || !text)
		return r;

	if (sr_addr_parse(&addr, text) < 0)
		return sr_field_fail(field, err, "\"%.80s\" is not an IP address", text);
	fault = sr_addr_fault(&addr);
	if (fault)
		return sr_field_fail(field, err, "%s is %s, which cannot be served", text, fault);

	*out = addr;
	return 0;
}

int sr_field_word(const struct sr_field *field, const char *const *words, int *out, struct sr_error *err)
{
	const char *text = NULL;
	char list[200] = "";
	int i, r;

	r = sr_field_string(field, &text, err);
	if (r < 0 || !text)
		return r;

	for (i = 0; words[i]; i++) {
		size_t length = strlen(list);

		if (strcmp(words[i], text) == 0) {
			*out = i;
			return 0;
		}
		snprintf(list + length, sizeof(list) - length, "%s%s", i ? ", " : "", words[i]);
	}
	return sr_field_fail(field, err, "\"%.80s\" is not known (%s)", text, list);
}

int sr_field_proto(const struct sr_field *field, uint8_t *out, struct sr_error *err)
{
	static const char *const names[] = {"TCP", "UDP", "SCTP", NULL};
	static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};
	int index = -1;
	int r;

	r = sr_field_word(field, names, &index, err);
	if (r < 0 || index < 0)
		return r;

	*out = protos[index];
	return 0;
}

static bool field_is_word(const char *text, size_t length)
{
	static const char ends[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	static const char all[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

	return length && strspn(text, all) >= length && text[0] != '-' && strchr(ends, text[length - 1]);
}

static bool field_is_subdomain(const char *text)
{
	const char *label = text;

	if (strlen(text) > 253)
		return false;

	for (;;) {
		size_t length = strcspn(label, ".");

		if (!field_is_word(label, length))
			return false;
		if (!label[length])
			return true;
		label += length + 1;
	}
}

int sr_field_name(const struct sr_field *field, bool dots, const char **out, struct sr_error *err)
{
	const char *text = NULL;
	int r;

	r = sr_field_string(field, &text, err);
	if (r < 0 || !text)
		return r;

	if (!dots && (strlen(text) > 63 || !field_is_word(text, strlen(text))))
		return sr_field_fail(field, err, "\"%.80s\" is not a name (a-z, 0-9 and '-', at most 63 characters)",
				     text);
	if (dots && !field_is_subdomain(text))
		return sr_field_fail(field, err,
				     "\"%.80s\" is not a name (a-z, 0-9, '-' and '.', at most 253 characters)", text);

	*out = text;
	return 0;
}
