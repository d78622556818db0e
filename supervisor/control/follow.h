/*
 * A log that is followed: its last kilobyte, then whatever is added, through rotation and
 * truncation. The kernel tells of changes; while nothing is written nothing wakes up.
 */
#ifndef CONTROL_FOLLOW_H
#define CONTROL_FOLLOW_H

#include "control/control.h"

enum { FOLLOW_FIRST = 1024 }; /* bytes of the file that are shown first */

/* Answers the exchange with the file from now on; 404 when there is no such regular file. */
void follow_answer(struct control *c, struct exchange *x, const char *path);

#endif
