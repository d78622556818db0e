/*
 * What the names in requires= and after= mean: "api", or with its kind "program:api",
 * "group:web", "job:certbot", "sync:data".
 */
#ifndef CONFIG_DEPENDENCY_H
#define CONFIG_DEPENDENCY_H

#include "base/err.h"
#include "config/config.h"

enum dependency_kind {
    DEPENDENCY_PROGRAM, /* every process of the program, in whichever group */
    DEPENDENCY_GROUP,   /* every process of the group */
    DEPENDENCY_JOB,
};

struct dependency {
    enum dependency_kind kind;
    const char *program;              /* DEPENDENCY_PROGRAM */
    const struct group_config *group; /* DEPENDENCY_GROUP */
    const struct job_config *job;     /* DEPENDENCY_JOB */
};

/* -ENOENT: there is no such thing; -EINVAL: more than one. The sentence says what to write. */
int dependency_find(const struct config *c, const char *name, struct dependency *out,
                    struct err *e);

/* Whether a process is one of those that are meant; never true for a job. */
bool dependency_covers(const struct dependency *d, const struct group_config *g,
                       const struct process_config *p);

struct loader;
/* Adds a problem for each unknown or ambiguous name, and one for each cycle. */
void dependency_check(struct loader *l);

#endif
