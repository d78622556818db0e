/*
 * Which paths a sync is about. Pure.
 *
 * --include and --exclude as aws: the whole path has to match, * matches slashes too, the last rule
 * that matches decides. --filter "+ pattern" and "- pattern" as rclone: the first that matches
 * decides. Either kind, not both; see glob.h. What no rule matches is included.
 */
#ifndef SYNC_FILTER_H
#define SYNC_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "sync/glob.h"

enum filter_style { FILTER_LAST, FILTER_FIRST }; /* aws, rclone */

enum { FILTER_RULES_MAX = 1000 };

struct filter_rule {
    bool include;
    struct glob glob; /* owned */
};

struct filter {
    enum filter_style style;
    struct filter_rule *rules; /* owned */
    size_t count;
};

/* All return 0 or -EINVAL with a sentence. */
int filter_add(struct filter *f, bool include, const char *pattern, struct err *e);
/* "+ *.json", "- **"; "!" forgets the rules before it. */
int filter_add_rule(struct filter *f, const char *rule, struct err *e);
/* One rule a line; empty lines and those that begin with # or ; say nothing. */
int filter_add_lines(struct filter *f, const char *text, struct err *e);

bool filter_wants(const struct filter *f, const char *path);
void filter_close(struct filter *f);

#endif
