// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cli/fates.h"

#define FATES_FIRST_STAY (SR_FATE_CHANGES + 1)

size_t sr_fates_stayed(const struct sr_fates *fates)
{
	size_t num = 0;

	for (int fate = FATES_FIRST_STAY; fate < SR_FATES; fate++)
		num += fates->num[fate];
	return num;
}

void sr_fates_write_stayed(FILE *file, const struct sr_fates *fates)
{
	const char *between = "";

	for (int fate = FATES_FIRST_STAY; fate < SR_FATES; fate++) {
		if (!fates->num[fate])
			continue;
		fprintf(file, "%s%zu %s", between, fates->num[fate], sr_fate_text(fate));
		between = ", ";
	}
}

json_t *sr_fates_json(const struct sr_fates *fates)
{
	json_t *left = json_object();
	json_t *root = json_pack("{s:I, s:o}", "connections", (json_int_t)fates->num[SR_FATE_CHANGES], "left", left);

	for (int fate = FATES_FIRST_STAY; root && fate < SR_FATES; fate++) {
		if (!fates->num[fate])
			continue;
		if (json_object_set_new(left, sr_fate_name(fate), json_integer(fates->num[fate])) < 0) {
			json_decref(root);
			return NULL;
		}
	}
	return root;
}
