/*
 * What a value in a line is, whatever format the line has, and how a record is filled with it.
 * Values are checked also when nobody wants them, so that what is malformed does not depend on it.
 */
#ifndef TRAFFIC_PART_H
#define TRAFFIC_PART_H

#include <stdbool.h>

#include "traffic/record.h"
#include "traffic/request.h"
#include "traffic/when.h"

enum part {
    PART_NOTHING,
    PART_ADDR,
    PART_PROXIES, /* addresses with commas in between; the first is taken */
    PART_USER,
    PART_TIME,
    PART_REQUEST, /* method, path and version */
    PART_METHOD,
    PART_PATH,
    PART_STATUS,
    PART_BYTES,
    PART_REFERRER,
    PART_AGENT,
    PART_HOST,
    PART_LATENCY,
};

/* One line on its way into a record. */
struct take {
    const char *at;  /* what is still to be read */
    const char *end; /* of the line */
    bool guess;      /* layout_read: what is nearly always - is taken for that first */
    bool in_line;    /* all values are pieces of the line, so bytes before its end can be read */
    unsigned wanted; /* fields */
    struct record *r;
    struct when *when;
    struct span request; /* is taken apart at the end, when the status is known */
};

/* The fields (FIELD_BIT) that a part gives. */
unsigned part_fields(enum part part);

/* Begins a record: nothing is there. */
static inline void take_begin(struct take *t, struct span line, struct record *r)
{
    t->at = line.text;
    t->end = line.text + line.len;
    t->in_line = true;
    t->r = r;
    t->request = (struct span){NULL, 0};
    r->have = 0;
    r->status = 0;
}

/* Where bytes behind a value may be read up to. */
static inline const char *take_limit(const struct take *t, struct span text)
{
    return t->in_line ? t->end : text.text + text.len;
}

/* LINE_OK, LINE_TIME, or LINE_OTHER for what is no number. A status has three digits already. */
enum line_kind take_part(struct take *t, enum part part, struct span text);

/* After the last value. */
static inline void take_end(struct take *t)
{
    if (t->request.text != NULL)
        request_read(t->request, take_limit(t, t->request), t->wanted, t->r);
}

#endif
