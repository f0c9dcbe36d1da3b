// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cli/leases.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/draft.h"
#include "base/error.h"
#include "cli/output.h"

#define LEASES_FOLDER "/var/lib/svcroute"

char *sr_state_path(const char *instance, const char *suffix)
{
	const char *folder = getenv("SVCROUTE_STATE_DIR");
	char *path;

	if (asprintf(&path, "%s/%s.%s", folder && folder[0] ? folder : LEASES_FOLDER, instance, suffix) < 0)
		return NULL;
	return path;
}

char *sr_leases_path(const char *instance)
{
	return sr_state_path(instance, "leases.json");
}

static int lease_from_json(struct sr_leases *out, const json_t *item, struct sr_error *err)
{
	const char *namespace, *name, *pool, *text;
	struct sr_addr addr;

	if (json_unpack((json_t *)item, "{s:s, s:s, s:s, s:s}", "namespace", &namespace, "name", &name, "pool", &pool,
			"address", &text) < 0)
		return sr_fail(err, -EINVAL, "a lease has namespace, name, pool and address");
	if (sr_addr_parse(&addr, text) < 0)
		return sr_fail(err, -EINVAL, "'%s' is not an address", text);
	if (sr_leases_add(out, namespace, name, pool, &addr) < 0)
		return sr_fail(err, -ENOMEM, "out of memory");
	return 0;
}

static int leases_from_json(struct sr_leases *out, const json_t *root, struct sr_error *err)
{
	const json_t *list = json_object_get(root, "leases"), *item;
	size_t i;
	int r;

	if (!json_is_array(list))
		return sr_fail(err, -EINVAL, "there is no list 'leases'");

	json_array_foreach (list, i, item) {
		r = lease_from_json(out, item, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int leases_read_file(const char *path, FILE *file, struct sr_leases *out, struct sr_error *err)
{
	sr_autojson json_t *root = NULL;
	json_error_t fault;
	int r;

	root = json_loadf(file, 0, &fault);
	if (!root)
		return sr_fail(err, -EINVAL, "%s:%d: %s; mend it, or remove it to have addresses given anew", path,
			       fault.line, fault.text);

	r = leases_from_json(out, root, err);
	return r < 0 ? sr_fail_prefix(err, "%s: ", path) : 0;
}

int sr_leases_read(const char *path, struct sr_leases *out, char **text, struct sr_error *err)
{
	sr_autofclose FILE *file = fopen(path, "re");
	int r = 0;

	if (!file && errno != ENOENT)
		return sr_fail(err, -errno, "%s: %s", path, strerror(errno));
	if (file)
		r = leases_read_file(path, file, out, err);
	if (r < 0)
		return r;

	*text = sr_leases_text(out);
	return *text ? 0 : sr_fail(err, -ENOMEM, "out of memory");
}

static json_t *leases_to_json(const struct sr_leases *leases)
{
	sr_autojson json_t *list = json_array();

	for (size_t i = 0; i < leases->num; i++) {
		const struct sr_lease *lease = &leases->item[i];
		char addr[SR_ADDR_TEXT];

		if (json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "namespace", lease->namespace, "name",
							  lease->name, "pool", lease->pool, "address",
							  sr_addr_format(addr, &lease->addr))) < 0)
			return NULL;
	}
	return json_pack("{s:O}", "leases", list);
}

char *sr_leases_text(const struct sr_leases *leases)
{
	sr_autojson json_t *root = leases_to_json(leases);
	sr_autofree char *json = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
	char *text;

	return json && asprintf(&text, "%s\n", json) >= 0 ? text : NULL;
}

int sr_leases_write(const char *path, const char *text, struct sr_error *err)
{
	sr_autodraft struct sr_draft draft = {};
	int r = sr_draft_write(&draft, path, text, err);

	return r < 0 ? r : sr_draft_keep(&draft, err);
}
