/* The command line of mainstay-sync: one table for parsing, checks and --help. */
#ifndef SYNC_ARGUMENTS_H
#define SYNC_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "sync/filter.h"
#include "sync/local/publish.h"
#include "sync/s3/s3.h"

struct arguments {
    const char *source; /* texts are borrowed from argv */
    const char *target;
    const char *endpoint;
    const char *region;
    const char *profile;
    const char *env_file;
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
int arguments_parse(struct arguments *o, int argc, char **argv, struct err *e);
void arguments_close(struct arguments *o);

void arguments_help(struct buf *out);

#endif
