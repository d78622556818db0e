/*
 * Which members of which structs make up what is handed over: one row each, for both ways.
 *
 * A struct that gets a new member: decide whether it has to survive an upgrade or a crash. If so,
 * give it a row here (LINE_ROW_OPTIONAL, because lines of older versions lack it); either way
 * test/unit/handover_line.c wants to hear of it. What is no plain member is in snapshot.c.
 */
#ifndef HANDOVER_ROWS_H
#define HANDOVER_ROWS_H

#include "handover/line.h"

extern const struct line_table rows_proc;        /* struct proc */
extern const struct line_table rows_child;       /* struct child: what it is taken over with */
extern const struct line_table rows_child_state; /* ... and what was half done, set afterwards */
extern const struct line_table rows_job;         /* struct job */
extern const struct line_table rows_pool;        /* struct pool */
extern const struct line_table rows_member;      /* struct pool_member */
extern const struct line_table rows_fcgi;        /* struct fcgi */
extern const struct line_table rows_listen;      /* struct listen_socket */
extern const struct line_table rows_pools;       /* struct pools */
extern const struct line_table rows_host;        /* struct host */
extern const struct line_table rows_server;      /* struct inherited_socket */
extern const struct line_table rows_visitor;     /* struct follow_state, but less of it */
extern const struct line_table rows_follow;      /* struct follow_state */
extern const struct line_table rows_power;       /* struct power */
extern const struct line_table rows_whole;       /* struct whole of snapshot.h */

/* Every kind of line that there is, up to a NULL: for book_read. */
extern const char *const rows_kinds[];

#endif
