/*
 * What mainstay-net is told, by variables of the environment alone: arguments can be read by
 * everybody. One table, which --help prints. Owned texts; secrets are taken out of the
 * environment, so that no command inherits them.
 */
#ifndef NET_SETUP_H
#define NET_SETUP_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "net/note.h"

enum { SETUP_DEAD_MEN = 64 }; /* jobs with dead_man_url= */

struct dead_man {
    char *job;
    char *url;
};

struct setup {
    char *name;     /* x of [notify:x] */
    char *url;      /* one of these three, or dead_man */
    char *url_file; /* read before each attempt */
    char *command;
    char *ca_file;
    char *spool; /* NULL: memory */
    enum note_format format;
    int64_t quiet_ms;
    int64_t timeout_ms;
    int64_t retry_delay_ms;
    int64_t retry_delay_max_ms;
    int64_t spool_max; /* notes */
    struct dead_man dead_men[SETUP_DEAD_MEN];
    size_t dead_count;
};

int setup_read(struct setup *s, struct err *e);
void setup_close(struct setup *s);
void setup_help(struct buf *out);

/* The address as it is now; NULL and a sentence when it cannot be read. The caller's. */
char *setup_url(const struct setup *s, struct err *e);

#endif
