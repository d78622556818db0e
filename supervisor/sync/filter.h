/*
 * Which paths a sync is about. Pure.
 *
 * --include and --exclude as aws: fnmatch on the whole path, * matches slashes too, the last rule
 * that matches decides. --filter "+ pattern" and "- pattern" as rclone: the first that matches
 * decides, * stops at slashes, ** does not, {a,b}, a leading slash ties to the top, else the pattern
 * matches from any slash on. Either kind, not both. What no rule matches is included.
 */
#ifndef SYNC_FILTER_H
#define SYNC_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum filter_style { FILTER_LAST, FILTER_FIRST }; /* aws, rclone */

struct filter_rule {
    bool include;
    char *pattern; /* owned */
};

struct filter {
    enum filter_style style;
    struct filter_rule *rules; /* owned */
    size_t count;
};

int filter_add(struct filter *f, bool include, const char *pattern, struct err *e);
int filter_add_rule(struct filter *f, const char *rule, struct err *e); /* "+ *.json", "- **" */
bool filter_wants(const struct filter *f, const char *path);
void filter_close(struct filter *f);

#endif
