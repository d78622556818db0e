/* How the web page looks: HTML from what methods tell. Pure, but for the processes it is given. */
#ifndef CONTROL_PAGE_H
#define CONTROL_PAGE_H

#include "control/control.h"

struct page_text {
    const char *message; /* shown above the table; NULL: none */
    const char *action;  /* to be confirmed; NULL: none */
    const char *process; /* of the action; NULL: all */
};

void page_status(struct buf *out, const struct control *c, const struct page_text *t);

/* The end of a log. `process` NULL: no link to see it anew. */
void page_tail(struct buf *out, const char *process, const char *stream, unsigned limit,
               const char *text);

#endif
