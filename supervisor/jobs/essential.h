/* Programs without which all the others are of no use: essential=true. Pure. */
#ifndef JOBS_ESSENTIAL_H
#define JOBS_ESSENTIAL_H

#include "engine/supervisor.h"

/* Has this event given up an essential program? Then why, in a sentence (mem_free); else NULL. */
char *essential_lost(struct supervisor *s, const struct event *ev);

#endif
