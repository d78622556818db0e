/* The command line of mainstay-sync: one table for parsing, checks and --help. */
#ifndef SYNC_OPTIONS_H
#define SYNC_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "sync/plan.h"
#include "sync/publish.h"
#include "sync/s3.h"

struct options {
    const char *source; /* texts are borrowed from argv */
    const char *target;
    const char *endpoint;
    const char *region;
    const char *profile;
    const char *ca_file;
    enum s3_style style;
    enum publish_mode publish;
    int64_t concurrency;
    int64_t tries;
    int64_t stall_ms;
    int64_t connect_ms;
    bool anonymous;
    bool delete;
    bool allow_empty;
    bool dry;
    bool json;
    bool quiet;
    bool help;
    bool version;
    struct filter filter; /* rules owned */
};

/* 0, or -EINVAL with a sentence. With --help or --version the rest is not looked at. */
int options_parse(struct options *o, int argc, char **argv, struct err *e);
void options_close(struct options *o);

void options_help(struct buf *out);

#endif
