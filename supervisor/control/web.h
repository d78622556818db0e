/*
 * The web page: what runs and how it is, the end of each log, and buttons.
 *
 * It works without scripts. Pages are shown to GET; what changes something is done for POST from
 * the page itself, and for a GET that no browser sends on behalf of another site: what scripts
 * ask with curl works as with Supervisor, and a stranger's page can press no button.
 */
#ifndef CONTROL_WEB_H
#define CONTROL_WEB_H

#include "control/control.h"

void web_get(struct control *c, struct exchange *x);  /* the page, or an action of a script */
void web_post(struct control *c, struct exchange *x); /* a button */
void web_tail(struct control *c, struct exchange *x); /* the end of a log */
void web_ok(struct exchange *x);                      /* for those who watch the daemon */

/* The client has left before its answer: what it asked for goes on. */
void web_gone(struct control *c, const struct exchange *x);

#endif
