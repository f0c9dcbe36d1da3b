// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A text is decoded object by object: no tree is larger than that. A YAML file
 * is never held whole, unless a fault's line is to be found; all else is. The
 * format is told by the name (.json, .yaml, .yml), else by the first character:
 * '{' or '[' begins JSON.
 */
#include "model/manifest.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "model/json.h"
#include "model/k8s.h"
#include "model/locate.h"
#include "model/yaml.h"

struct manifest {
	struct sr_k8s *k8s;
	const char *name; /* for people: the path, or "stdin" */
	FILE *file;
	char *text; /* all of it, or NULL */
	size_t length;
	size_t *num_documents; /* counted here */
};

static int manifest_read_text(struct manifest *manifest, struct sr_error *err)
{
	sr_autofree char *text = NULL;
	size_t length = 0, size = 0;

	do {
		if (length == size) {
			char *larger = realloc(text, size ? size * 2 : 65536);

			if (!larger)
				return sr_fail(err, -ENOMEM, " out of memory");
			text = larger;
			size = size ? size * 2 : 65536;
		}
		length += fread(text + length, 1, size - length, manifest->file);
	} while (length == size);

	if (ferror(manifest->file))
		return sr_fail(err, -errno, " cannot be read: %s", strerror(errno));
	manifest->text = TAKE_PTR(text);
	manifest->length = length;
	return 0;
}

/* Put its line before what is wrong in an object. */
static int manifest_locate(struct manifest *manifest, const struct sr_position *at, struct sr_error *err)
{
	struct sr_error ignored;

	if (!manifest->text) {
		rewind(manifest->file);
		if (manifest_read_text(manifest, &ignored) < 0)
			return err->code;
	}
	return sr_fail_prefix(err, "%zu: ", sr_locate(manifest->text, manifest->length, at, err->text));
}

static int manifest_add(void *context, const json_t *object, const struct sr_position *at, struct sr_error *err)
{
	struct manifest *manifest = context;
	int r;

	r = sr_k8s_add(manifest->k8s, object, manifest->name, err);
	return r == -EINVAL ? manifest_locate(manifest, at, err) : r;
}

static bool manifest_ends_in(const char *name, const char *end)
{
	size_t length = strlen(name), tail = strlen(end);

	return length > tail && strcmp(name + length - tail, end) == 0;
}

static bool manifest_is_json(const struct manifest *manifest)
{
	size_t i = 0;

	if (manifest_ends_in(manifest->name, ".json"))
		return true;
	if (manifest_ends_in(manifest->name, ".yaml") || manifest_ends_in(manifest->name, ".yml"))
		return false;

	while (i < manifest->length && strchr(" \t\r\n", manifest->text[i]))
		i++;
	return i < manifest->length && (manifest->text[i] == '{' || manifest->text[i] == '[');
}

static void stream_cleanup(struct sr_stream *stream)
{
	sr_stream_clear(stream);
}

static bool manifest_is_streamed(const struct manifest *manifest)
{
	struct stat status;

	return (manifest_ends_in(manifest->name, ".yaml") || manifest_ends_in(manifest->name, ".yml")) &&
	       fstat(fileno(manifest->file), &status) == 0 && S_ISREG(status.st_mode);
}

/* A byte order mark, as some editors leave it. (libyaml knows it.) */
static void manifest_skip_mark(struct manifest *manifest)
{
	if (manifest->length < 3 || memcmp(manifest->text, "\xef\xbb\xbf", 3) != 0)
		return;
	manifest->length -= 3;
	memmove(manifest->text, manifest->text + 3, manifest->length);
}

static int manifest_decode_text(struct manifest *manifest, struct sr_stream *stream, struct sr_error *err)
{
	int r = manifest_read_text(manifest, err);

	if (r < 0)
		return r;
	manifest_skip_mark(manifest);
	if (manifest_is_json(manifest))
		return sr_json_read(manifest->text, manifest->length, stream, err);
	return sr_yaml_read(manifest->text, manifest->length, stream, err);
}

/* Of all objects of a cluster these take half the place. */
static const char *const manifest_unread[] = {
	"managedFields",
	"ownerReferences",
	"targetRef",
	NULL,
};

static int manifest_decode(struct manifest *manifest, struct sr_error *err)
{
	__attribute__((cleanup(stream_cleanup))) struct sr_stream stream = {
		.object = manifest_add,
		.context = manifest,
		.unread = manifest_unread,
	};
	int r;

	if (manifest_is_streamed(manifest))
		r = sr_yaml_read_file(manifest->file, &stream, err);
	else
		r = manifest_decode_text(manifest, &stream, err);
	*manifest->num_documents += stream.num_documents;
	if (stream.num_empty)
		sr_k8s_add_empty_list(manifest->k8s);
	return r < 0 ? sr_fail_prefix(err, "%s:", manifest->name) : 0;
}

static int manifest_read_stream(struct sr_k8s *k8s, const char *name, FILE *file, size_t *num_documents,
				struct sr_error *err)
{
	struct manifest manifest = {.k8s = k8s, .name = name, .file = file, .num_documents = num_documents};
	int r;

	r = manifest_decode(&manifest, err);
	free(manifest.text);
	return r;
}

static int manifest_read_file(struct sr_k8s *k8s, const char *path, size_t *num_documents, struct sr_error *err)
{
	sr_autofclose FILE *file = fopen(path, "re");

	if (!file)
		return sr_fail(err, -errno, "%s: %s", path, strerror(errno));
	return manifest_read_stream(k8s, path, file, num_documents, err);
}

static int manifest_filter(const struct dirent *entry)
{
	const char *name = entry->d_name;

	return name[0] != '.' &&
	       (manifest_ends_in(name, ".yaml") || manifest_ends_in(name, ".yml") || manifest_ends_in(name, ".json"));
}

/* By bytes, not by locale: the order must not depend on who runs it. */
static int manifest_compare(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int manifest_read_entry(struct sr_k8s *k8s, const char *folder, const char *name, size_t *num_documents,
			       struct sr_error *err)
{
	size_t length = strlen(folder);
	sr_autofree char *path = NULL;

	if (asprintf(&path, "%s%s%s", folder, length && folder[length - 1] == '/' ? "" : "/", name) < 0) {
		path = NULL;
		return sr_fail(err, -ENOMEM, "out of memory");
	}
	return manifest_read_file(k8s, path, num_documents, err);
}

static int manifest_read_folder(struct sr_k8s *k8s, const char *path, size_t *num_documents, struct sr_error *err)
{
	struct dirent **entries;
	int i, num, r = 0;

	num = scandir(path, &entries, manifest_filter, manifest_compare);
	if (num < 0)
		return sr_fail(err, -errno, "%s: %s", path, strerror(errno));

	for (i = 0; i < num; i++) {
		if (r == 0)
			r = manifest_read_entry(k8s, path, entries[i]->d_name, num_documents, err);
		free(entries[i]);
	}
	free(entries);
	return r;
}

static int manifest_read_path(struct sr_k8s *k8s, const char *path, size_t *num_documents, struct sr_error *err)
{
	struct stat status;

	if (strcmp(path, "-") == 0)
		return manifest_read_stream(k8s, "stdin", stdin, num_documents, err);
	if (stat(path, &status) < 0)
		return sr_fail(err, -errno, "%s: %s", path, strerror(errno));
	if (S_ISDIR(status.st_mode))
		return manifest_read_folder(k8s, path, num_documents, err);
	return manifest_read_file(k8s, path, num_documents, err);
}

int sr_manifest_read(struct sr_k8s *k8s, const char *path, struct sr_error *err)
{
	size_t num_documents = 0;
	int r;

	r = manifest_read_path(k8s, path, &num_documents, err);
	if (r == 0 && num_documents == 0)
		return sr_fail(err, -ENODATA,
			       "%s: there is no manifest in it (for none on purpose: a List with 'items: []')",
			       strcmp(path, "-") == 0 ? "stdin" : path);
	return r;
}
