/*
 * What a value in a line is, whatever format the line has, and how a record is filled with it.
 * Values are checked also when nobody wants them, so that what is malformed does not depend on it.
 */
#ifndef TRAFFIC_PART_H
#define TRAFFIC_PART_H

#include "traffic/record.h"
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
    struct record *r;
    struct when *when;
    unsigned wanted;     /* fields */
    struct span request; /* is taken apart at the end, when the status is known */
};

/* The fields (FIELD_BIT) that a part gives. */
unsigned part_fields(enum part part);

/* Begins a record: nothing is there. */
void take_begin(struct take *t, struct record *r, struct when *w, unsigned wanted);

/* LINE_OK, LINE_TIME, or LINE_OTHER for what is no number. A status has three digits already. */
enum line_kind take_part(struct take *t, enum part part, struct span text);

/* After the last value. */
void take_end(struct take *t);

#endif
