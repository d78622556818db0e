/* The counts as a JSON object, and the file that they are written to. */
#ifndef TRAFFIC_REPORT_H
#define TRAFFIC_REPORT_H

#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "traffic/count.h"

/*
 * Appends `{"/": 3, "/sample": 0}` with a final newline. Routes that were given stand in the order
 * given; routes that were found, the most requested first, with "other" last when there are any.
 */
void report_json(struct count *c, struct buf *out);

/* The file name that strftime makes of `pattern` for that day; the caller's (mem_free). */
int report_name(const char *pattern, const struct tm *day, char **name, struct err *e);

#endif
