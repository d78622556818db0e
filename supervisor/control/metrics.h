/*
 * GET /metrics: what monitoring asks for (metric.h), made for all who ask at the time.
 *
 * What a thousand programs use is in some thousand files of the kernel, and megabytes of text are
 * made of it: that takes turns of a few milliseconds, so that nobody has to wait for it. Who asks
 * meanwhile gets the same answer. No disk is touched.
 */
#ifndef CONTROL_METRICS_H
#define CONTROL_METRICS_H

#include <uv.h>

#include "base/list.h"

struct control;
struct exchange;
struct metrics_run;

enum { METRICS_TURN_MS = 3 }; /* after so long others have their turn */

/* Part of the control. */
struct metrics {
    struct control *control;
    struct list askers;      /* struct metrics_asker, owned: exchanges that wait for the text */
    struct metrics_run *run; /* owned: what there is of it; NULL: nobody asks */
    uv_timer_t go_on;
};

void metrics_open(struct metrics *m, struct control *c); /* one handle */
/* Who still waits is told to ask later. */
void metrics_close(struct metrics *m, uv_close_cb on_closed);

void metrics_ask(struct metrics *m, struct exchange *x); /* is answered, now or later */
void metrics_gone(struct metrics *m, const struct exchange *x);

#endif
