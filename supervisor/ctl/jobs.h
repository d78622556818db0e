/* Commands about jobs, and jobs for commands that are about more: rows of `status`, completion. */
#ifndef CTL_JOBS_H
#define CTL_JOBS_H

#include "ctl/commands.h"

int command_history(struct ctl *c, const struct words *w);
int command_jobs(struct ctl *c, const struct words *w);
int command_run(struct ctl *c, const struct words *w);

json_t *jobs_all(struct ctl *c); /* the daemon's answer; empty when it has none, or knows no jobs */

/* Appends to `shown`, as if they were processes: the job of that name, or false; or those that are
 * on their way or have failed. */
bool jobs_choose(const json_t *infos, const char *name, json_t *shown);
void jobs_choose_news(const json_t *infos, json_t *shown);

#endif
