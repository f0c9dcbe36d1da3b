// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cli/leases.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cli/output.h"

#define LEASES_FOLDER "/var/lib/svcroute"

char *sr_leases_path(const char *instance)
{
	const char *folder = getenv("SVCROUTE_STATE_DIR");
	char *path;

	if (asprintf(&path, "%s/%s.leases.json", folder && folder[0] ? folder : LEASES_FOLDER, instance) < 0)
		return NULL;
	return path;
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

/* An fd of the folder that `path` is in, made if need be; or -errno. */
static int leases_open_folder(const char *path, struct sr_error *err)
{
	sr_autofree char *folder = strdup(path);
	int fd;

	if (!folder)
		return sr_fail(err, -ENOMEM, "out of memory");

	*strrchr(folder, '/') = '\0';
	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		return sr_fail(err, -errno, "cannot make the folder %s: %s", folder, strerror(errno));
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? sr_fail(err, -errno, "%s: %s", folder, strerror(errno)) : fd;
}

/* Write and sync; -errno. */
static int leases_fill(int folder, const char *name, const char *text)
{
	sr_autoclose int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	size_t length = strlen(text);

	if (fd < 0)
		return -errno;
	while (length > 0) {
		ssize_t written = write(fd, text, length);

		if (written < 0)
			return -errno;
		text += written;
		length -= (size_t)written;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

int sr_leases_write(const char *path, const char *text, struct sr_error *err)
{
	sr_autoclose int folder = leases_open_folder(path, err);
	const char *name = strrchr(path, '/') + 1;
	sr_autofree char *draft = NULL;
	int r;

	if (folder < 0)
		return folder;
	if (asprintf(&draft, "%s.new", name) < 0) {
		draft = NULL;
		return sr_fail(err, -ENOMEM, "out of memory");
	}

	r = leases_fill(folder, draft, text);
	if (r == 0 && renameat(folder, draft, folder, name) < 0)
		r = -errno;
	if (r < 0) {
		unlinkat(folder, draft, 0);
		return sr_fail(err, r, "%s: cannot be written: %s", path, strerror(-r));
	}
	return fsync(folder) < 0 ? sr_fail(err, -errno, "%s: %s", path, strerror(errno)) : 0;
}
