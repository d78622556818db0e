/* From counts to reports: which days are written, in which forms, and what people are told. */
#ifndef TRAFFIC_OUTPUT_H
#define TRAFFIC_OUTPUT_H

#include "base/err.h"
#include "traffic/place.h"
#include "traffic/reading.h"

/* -EINVAL with a sentence for options that ask for a report of many days in one place. */
int output_check(const struct options *o, const struct place *p, struct err *e);

/* Whether all days are one report. */
bool output_is_together(const struct options *o, const struct place *t);

/* Writes the reports, but nothing of standard output before all files are there. */
int output_write(struct reading *g, const struct place *p, struct err *e);

#endif
