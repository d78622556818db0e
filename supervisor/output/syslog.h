/*
 * Lines to the local syslog daemon, without ever waiting for it: syslog(3) blocks when the
 * daemon does not read, so the datagrams are our own. What it does not take at once is lost.
 * The tag is the program's name, as syslog(3) does it.
 */
#ifndef OUTPUT_SYSLOG_H
#define OUTPUT_SYSLOG_H

#include <stddef.h>

#include "base/buf.h"

enum { SYSLOG_LINE_MAX = 8192 }; /* a longer line goes out in pieces of this length */

/* The socket, "/dev/log" unless a test says otherwise. NULL: back to that. Borrowed. */
void syslog_set_path(const char *path);

/* One message with facility `user`; `level` is LOG_INFO and so on. `name` may be NULL. */
void syslog_send(int level, const char *name, const char *text, size_t len);

/* Gathers chunks into lines, wherever the chunks were cut; empty lines are left out. */
struct syslog_lines {
    struct buf partial; /* at most SYSLOG_LINE_MAX bytes */
};

void syslog_lines_write(struct syslog_lines *l, const char *name, const char *data, size_t len);
void syslog_lines_close(struct syslog_lines *l, const char *name); /* sends what is left */

#endif
