// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cli/saved.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cli/output.h"
#include "model/export.h"
#include "model/yaml.h"

char *sr_config_path(const char *leaf)
{
	const char *folder = getenv("SVCROUTE_CONFIG_DIR");
	char *path;

	return asprintf(&path, "%s/%s", folder && folder[0] ? folder : "/etc/svcroute", leaf) < 0 ? NULL : path;
}

char *sr_saved_folder(const char *instance)
{
	sr_autofree char *leaf = NULL;

	if (asprintf(&leaf, "map.d/%s", instance) < 0)
		return leaf = NULL;
	return sr_config_path(leaf);
}

char *sr_saved_path(const char *instance, const struct sr_hostport *frontend)
{
	sr_autofree char *folder = sr_saved_folder(instance);
	char name[SR_HOSTPORT_TEXT], *path;

	if (!folder)
		return NULL;
	sr_hostport_format(name, frontend);
	*strchr(name, '/') = '-';
	return asprintf(&path, "%s/%s.yaml", folder, name) < 0 ? NULL : path;
}

static char *saved_text(const struct sr_services *services)
{
	const struct sr_export_self self = {};
	struct sr_notes notes = {};
	sr_autojson json_t *list = NULL;
	char *text = NULL;
	size_t size;
	FILE *file;
	int r;

	r = sr_services_export(services, &self, &list, &notes);
	sr_notes_clear(&notes);
	file = r == 0 ? open_memstream(&text, &size) : NULL;
	if (!file)
		return NULL;
	r = sr_yaml_write(file, list);
	if (fclose(file) == 0 && r == 0)
		return text;
	free(text);
	return NULL;
}

int sr_saved_draft(struct sr_draft *draft, const char *instance, const struct sr_hostport *frontend,
		   const struct sr_services *services, struct sr_error *err)
{
	sr_autofree char *path = sr_saved_path(instance, frontend);
	sr_autofree char *text = services->num ? saved_text(services) : NULL;

	if (!path || (services->num && !text))
		return sr_fail(err, -ENOMEM, "out of memory");
	return sr_draft_write(draft, path, text, err);
}
