/* What `reread` reports: which groups a new configuration adds, changes or removes. Pure. */
#ifndef CONFIG_DIFF_H
#define CONFIG_DIFF_H

#include "base/arena.h"
#include "config/config.h"

struct config_diff {
    struct name_list added; /* group names, in the new configuration's order */
    struct name_list changed;
    struct name_list removed;
};

/*
 * `active` are the groups that run now, each with the configuration it was started with.
 * Names and arrays are allocated in `a`.
 */
void config_diff(const struct group_config *const *active, size_t active_count,
                 const struct config *next, struct arena *a, struct config_diff *out);

/* Supervisor's comparison: every attribute of the group and of its processes, in order. */
bool config_same_group(const struct group_config *a, const struct group_config *b);

/* Is it the same job, so that what is known of its last run still stands? */
bool config_same_job(const struct job_config *a, const struct job_config *b);

/*
 * What only a new daemon takes over: the first key of [supervisord] that is not as it was when
 * this one started. NULL: there is none.
 */
const char *config_fixed_change(const struct config *started, const struct config *next);

#endif
