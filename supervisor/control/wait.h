/*
 * Calls that are answered when processes or jobs have got where they were asked to go.
 *
 * What is done to many processes is done in turns of the loop (deed.h): first all of it is done,
 * also when who asked has left meanwhile, and then the rest is awaited.
 *
 * A wait collects results: those known at once, in the order of asking, then the awaited ones in
 * the order in which they come true. Things are known by name and looked up each time, so they
 * may vanish meanwhile.
 */
#ifndef CONTROL_WAIT_H
#define CONTROL_WAIT_H

#include <stdbool.h>

#include "base/list.h"
#include "control/control.h"

struct wait_item {
    struct list link;
    char *group; /* owned; NULL for jobs */
    char *name;  /* owned */
    char *spec;  /* owned: as the caller named it, for faults */
};

/* True, with the outcome, when nothing is left to wait for. Changes nothing. */
typedef bool wait_look(struct control *c, const struct wait_item *i, struct outcome *out);

struct deed;

struct wait {
    struct list link; /* in the control, which owns it: among deeds, then among waits */
    struct control *control;
    struct call *call;       /* NULL: who asked has left, but there are things to be done */
    const struct deed *deed; /* what is done; NULL: nothing is */
    struct list todo;        /* of struct wait_item: to whom it is still to be done */
    struct timer turn;       /* armed while there are any */
    json_t *params;          /* a reference: the call's */
    wait_look *look;
    json_t *early;   /* owned: results that came true while there were things to be done; NULL */
    bool many;       /* the answer is an array of results, else true or a fault */
    json_t *results; /* many: owned */
    struct outcome single;
    struct list items; /* not there yet */
};

struct wait *wait_new(struct call *call, wait_look *look, bool many);
void wait_free(struct wait *w);
struct wait_item *wait_item_new(const char *group, const char *name, const char *spec);
void wait_item_free(struct wait_item *i);
void wait_result(struct wait *w, const char *group, const char *name, const struct outcome *o);
void wait_add(struct wait *w, const char *group, const char *name, const char *spec);
void wait_go(struct wait *w); /* answers at once when nothing is awaited; w is gone or waits */
void wait_close_all(struct control *c); /* at the end: those whose call is gone */

/* Something has happened: looks whom it concerns, and has finished waits answered from the loop. */
void wait_look_all(struct control *c, const struct event *ev);
void wait_finish_all(struct control *c); /* answers those that are finished */

#endif
