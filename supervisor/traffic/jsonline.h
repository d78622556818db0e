/*
 * A line that is one JSON object: nginx's escape=json, or what applications and other servers
 * write. Keys are nginx's names of variables or usual others (jsonline.c has the table); an object
 * under "request" is looked into as well, others are passed over. Strings are unescaped.
 */
#ifndef TRAFFIC_JSONLINE_H
#define TRAFFIC_JSONLINE_H

#include "traffic/part.h"
#include "traffic/record.h"

enum { JSONLINE_DEPTH_MAX = 32 }; /* values in each other; beyond it a line is malformed */

/*
 * As layout_read. An object without a request, a path or a status is LINE_OTHER, one without a time
 * LINE_TIME. `scratch` has room for line.len bytes; the record may point into it.
 */
enum line_kind jsonline_read(struct span line, struct take *t, char *scratch);

#endif
