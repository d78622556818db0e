/*
 * Lines of a log whose format nobody has said: anything with `[$time_local] ... "$request" $status`
 * in it, and any quoted fields, such as "$host", between the time and the request. What follows the
 * status is read as in the combined format as far as it is like that: bytes, "referrer", "agent";
 * a number with a point behind them is taken for the seconds that the request took.
 */
#ifndef TRAFFIC_LENIENT_H
#define TRAFFIC_LENIENT_H

#include "traffic/part.h"
#include "traffic/record.h"

/* As layout_read. */
enum line_kind lenient_read(struct span line, struct take *t);

#endif
