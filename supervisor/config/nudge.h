/*
 * What notify= of a job asks for, of whom: "restart:api", "reload:web", "signal:USR1:worker". It is
 * done when the job has changed something.
 */
#ifndef CONFIG_NUDGE_H
#define CONFIG_NUDGE_H

#include "base/err.h"

enum nudge_kind { NUDGE_RESTART, NUDGE_SIGNAL };

struct nudge {
    enum nudge_kind kind;
    int number;       /* NUDGE_SIGNAL; SIGHUP for reload */
    const char *name; /* of a program or group, as requires= may say it: in the text */
};

int nudge_parse(const char *text, struct nudge *out, struct err *e);

struct loader;
/* Adds a problem for each that makes no sense, or is of somebody who is not there. */
void nudge_check(struct loader *l);

#endif
