/*
 * What monitoring is told: a table for each kind of thing that is told about, a row for each
 * metric. GET /metrics and mainstay-metrics(7) have the same rows: test/scenario/015-docs compares.
 */
#ifndef CONTROL_METRIC_H
#define CONTROL_METRIC_H

#include "control/control.h"
#include "engine/usage.h"

enum metric_kind {
    METRIC_DAEMON,
    METRIC_PROCESS,  /* of each process: group, program */
    METRIC_LISTENER, /* of each pool of event listeners: group */
    METRIC_JOB,      /* of each job: job_name. `job` is Prometheus's own word for who is scraped */
    METRIC_KINDS,
};

enum metric_type { METRIC_GAUGE, METRIC_COUNTER };

/* What a value is read from: what belongs to its kind, and the usage of a process or the daemon. */
struct metric_subject {
    const struct control *control;
    const json_t *daemon; /* what the owner tells of itself; NULL: nothing */
    const struct proc *proc;
    const struct pool *pool;
    const struct job *job;
    struct usage usage;
    bool alive; /* there is a usage */
};

struct metric {
    const char *name;
    enum metric_type type;
    double (*read)(const struct metric_subject *s); /* NAN: there is no sample */
    const char *help;                               /* in one line */
    const char *label;         /* NULL, or in place of `read` a sample for each of `values`, */
    const char *const *values; /* up to a NULL: its place among them is told */
    double (*each)(const struct metric_subject *s, size_t value);
};

struct metric_table {
    const struct metric *rows;
    size_t count;
};

extern const struct metric_table metric_tables[METRIC_KINDS];

#endif
