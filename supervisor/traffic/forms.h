/* The forms of a report, each in its file form_NAME.c; report_write picks one. */
#ifndef TRAFFIC_FORMS_H
#define TRAFFIC_FORMS_H

#include "base/buf.h"
#include "traffic/report.h"
#include "traffic/tally.h"

void form_json(const struct report *r, struct buf *out);
void form_viewbovis(const struct report *r, struct buf *out);
void form_text(const struct report *r, struct buf *out);
void form_html(const struct report *r, struct buf *out);

/* What each of them needs of a report. */
uint64_t report_malformed_lines(const struct report *r);
size_t report_top(const struct report *r);

static const char *const REPORT_CLASSES[TALLY_CLASSES] = {"other", "1xx", "2xx",
                                                          "3xx",   "4xx", "5xx"};

#endif
