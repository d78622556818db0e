/*
 * A short cut: lines of nginx's combined format whose user is `-`, which nearly all lines are, read
 * by straight code instead of a layout or a guess. It takes no line that those would not take, and
 * reads it alike; what it does not take is read by them.
 */
#ifndef TRAFFIC_COMBINED_H
#define TRAFFIC_COMBINED_H

#include <stdbool.h>

#include "traffic/part.h"

/* Reads the line that `t` has begun with and finishes the record; false: nothing was done. */
bool combined_read(struct take *t);

#endif
