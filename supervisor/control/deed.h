/*
 * What one method does to processes, alike for one, for a group and for all: who is meant, what
 * is done to each, and what is waited for before the answer. A thousand starts take a second: they
 * are spread over turns of the loop, so that everybody else is looked after meanwhile.
 */
#ifndef CONTROL_DEED_H
#define CONTROL_DEED_H

#include "control/wait.h"

struct deed {
    bool (*applies)(const struct proc *p); /* to which processes of a group; NULL: to all */
    struct outcome (*act)(struct wait *w, struct proc *p, const char *spec);
    bool backwards;  /* of several, those of the highest priority number come first */
    wait_look *look; /* awaited after a success; NULL: nothing is */
};

/* The answer is true or a fault for one process, an array of results for a group. */
void deed_named(struct call *c, const char *spec, const struct deed *d);
void deed_group(struct call *c, const char *name, const struct deed *d);
void deed_all(struct call *c, const struct deed *d);

/* The process and its group that a name means; false: unknown. *p is NULL for a whole group. */
bool find_named(struct control *c, const char *spec, struct pgroup **g, struct proc **p);

/* What a process or, where none has this name, a job says goes there; NULL: unknown, or a group. */
struct child *find_speaker(struct control *c, const char *spec);

/* One process; NULL when there is none, or a whole group is named: the call got its fault. */
struct proc *find_process(struct call *c, const char *spec);

#endif
