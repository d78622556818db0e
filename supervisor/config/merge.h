/* A configuration made of two that were loaded. */
#ifndef CONFIG_MERGE_H
#define CONFIG_MERGE_H

#include "config/config.h"

/*
 * `older`, but with the groups `names` as they are in `newer`, or without those that it does not
 * have. The caller gets a reference.
 */
struct config *config_merge(struct config *older, struct config *newer,
                            const struct name_list *names);

#endif
