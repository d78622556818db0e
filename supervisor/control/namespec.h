/* How people name processes: "group:process", "name" for both, "group:*" for a whole group. */
#ifndef CONTROL_NAMESPEC_H
#define CONTROL_NAMESPEC_H

#include "base/buf.h"

struct namespec {
    char *text;          /* owned */
    const char *group;   /* borrowed from text */
    const char *process; /* likewise; NULL: the whole group */
};

struct namespec namespec_split(const char *text);
void namespec_close(struct namespec *n);

/* The shortest spelling, as Supervisor prints it: just the name when group and process agree. */
void namespec_join(const char *group, const char *process, struct buf *out);

#endif
