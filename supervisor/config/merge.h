/* A configuration made of two that were loaded. */
#ifndef CONFIG_MERGE_H
#define CONFIG_MERGE_H

#include "base/err.h"
#include "config/config.h"

/*
 * `older`, but with the groups `names` as they are in `newer`, or without those that it does not
 * have. The caller gets a reference.
 */
struct config *config_merge(struct config *older, struct config *newer,
                            const struct name_list *names);

/*
 * Whose a group of `c` really is, by its place in c->groups: c itself, unless it is a merger.
 * c->group_count asks for all that is no group: jobs, servers, the daemon's own settings. Borrowed.
 */
struct config *config_part(struct config *c, size_t group);

/* A group and the configuration that it is taken from. */
struct config_choice {
    const char *group;
    struct config *from; /* no merger */
};

/*
 * The merger of these groups; all else is from `rest`, which is no merger either. -ENOENT when one
 * of the groups is not where it is said to be.
 */
int config_compose(struct config *rest, const struct config_choice *choices, size_t count,
                   struct config **out, struct err *e);

#endif
