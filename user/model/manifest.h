/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Manifests in: YAML and JSON, files, folders and stdin, each Kubernetes
 * object handed on as a tree of its own (a jansson value), one at a time.
 */
#ifndef SVCROUTE_MODEL_MANIFEST_H
#define SVCROUTE_MODEL_MANIFEST_H

struct sr_error;
struct sr_k8s;

/*
 * Read a file, a folder (*.yaml, *.yml, *.json, sorted) or "-" (stdin) into
 * `k8s`. -errno with `err` ("web.yaml:14: spec.ports[0].port: ...") on the
 * first fault; -ENODATA if there is not one document, as when the program
 * that should have written them failed. What was read before it stays in `k8s`, which is then of no use.
 */
int sr_manifest_read(struct sr_k8s *k8s, const char *path, struct sr_error *err);

#endif
