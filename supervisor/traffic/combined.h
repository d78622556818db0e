/*
 * A short cut: lines of nginx's combined format whose user is `-`, which nearly all lines are, read
 * by straight code instead of a layout or a guess. It takes no line that those would not take, and
 * reads it alike; what it does not take is read by them.
 */
#ifndef TRAFFIC_COMBINED_H
#define TRAFFIC_COMBINED_H

#include "traffic/part.h"

/*
 * Reads the line that `t` has begun with and finishes the record. Behind it, before t->end, there
 * may be more text: where the line ends is found on the way, at the first newline at the latest.
 * Its end; or NULL: the line is not taken, `t` and the record are to be begun again. `wide`: with
 * wide.h, where wide_is_here; reads the same.
 */
const char *combined_read(struct take *t, bool wide);

#endif
