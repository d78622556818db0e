/* What methods tell of processes, configurations and jobs: structs, members in fixed order. */
#ifndef CONTROL_STATUS_H
#define CONTROL_STATUS_H

#include <jansson.h>

#include "control/fault.h"
#include "engine/supervisor.h"
#include "jobs/jobs.h"

json_t *status_process(const struct proc *p);       /* getProcessInfo */
json_t *status_all_processes(struct supervisor *s); /* sorted by group, then name */
/* The same as a whole answer of XML-RPC: a thousand programs take milliseconds. */
void status_write_processes(struct supervisor *s, struct buf *out);
json_t *status_all_configs(struct supervisor *s); /* getAllConfigInfo: the last one read */
json_t *status_job(const struct job *job);        /* mainstay.getAllJobInfo */
json_t *status_all_jobs(const struct jobs *j);    /* in file order */

/* One of the results of a method that does something to many; group NULL for jobs. */
json_t *status_result(const char *group, const char *name, const struct outcome *o);

/* A string of whatever bytes; NULL counts as "". */
json_t *status_text(const char *text);

#endif
