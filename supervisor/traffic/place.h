/* Where the reports go: a folder, a file, or one file a day. */
#ifndef TRAFFIC_PLACE_H
#define TRAFFIC_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "traffic/options.h"

struct place {
    const char *path; /* borrowed; NULL: nowhere but standard output */
    bool folder;
    bool by_day; /* the file is another one each day */
    char *name;  /* owned; what the reports are of: "access" */
};

/* Makes the folder when PLACE ends with / and is not there. */
int place_init(struct place *p, const struct options *o, struct err *e);
void place_close(struct place *p);

/* Replaces that day's file as a whole. */
int place_write(const struct place *p, int32_t day, enum output_kind kind, const struct buf *text,
                struct err *e);

#endif
