/*
 * The values of all metrics of one kind at one time, and how they are written: the text format of
 * Prometheus, version 0.0.4. Pure, but for what rows read.
 *
 * A line of the sheet is a subject, a column a sample. It holds copies only, so that a subject may
 * be gone when it is written.
 */
#ifndef CONTROL_SHEET_H
#define CONTROL_SHEET_H

#include "base/buf.h"
#include "control/metric.h"

#define SHEET_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct sheet {
    const struct metric_table *table; /* borrowed */
    size_t columns;
    char **labels;  /* owned, as is each: of a line, `group="web",program="web"` or "" */
    double *values; /* owned; NAN: no sample */
    size_t count, room;
};

void sheet_init(struct sheet *s, const struct metric_table *table);
void sheet_close(struct sheet *s);
void sheet_add(struct sheet *s, const char *labels, const struct metric_subject *subject);

/* A part of a row of the table: what it is, before line 0, and its samples from that line on. The
 * next line; 0: that was all of it. Appends. */
size_t sheet_write(const struct sheet *s, size_t row, size_t line, struct buf *out);

/*
 * `name="value"`, behind a comma if something is there already. The value may be any bytes: what
 * is no UTF-8, and what would steer a terminal, is written as "\xff", so that no name can spoil
 * the whole, and two names stay two.
 */
void sheet_label(struct buf *labels, const char *name, const char *value);

#endif
