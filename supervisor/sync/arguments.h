/* The command line of mainstay-sync: one table for parsing, checks and --help. */
#ifndef SYNC_ARGUMENTS_H
#define SYNC_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "sync/filter.h"
#include "sync/local/mode.h"
#include "sync/s3/s3.h"

/* Keys that are no file names. */
enum bad_keys {
    BAD_KEYS_REPORT, /* skipped and told; the run ends with SYNC_KEYS */
    BAD_KEYS_IGNORE, /* skipped and counted */
    BAD_KEYS_FAIL,   /* nothing is changed */
};

enum progress { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER }; /* AUTO: on a terminal */

struct arguments {
    const char *source; /* texts are borrowed from argv; NULL with --rollback */
    const char *target;
    bool upload; /* the target is s3://, the source a path */
    const char *endpoint;
    const char *region;
    const char *profile;
    const char *env_file;
    const char *ca_file;
    const char *sse; /* "AES256", "aws:kms" or "aws:kms:dsse"; for uploads */
    const char *sse_kms_key_id;
    const char *sse_c_key_file;
    const char *request_payer; /* "requester", or NULL */
    enum s3_style style;
    enum publish_mode publish;
    enum bad_keys bad_keys;
    enum progress progress;
    int64_t concurrency;
    int64_t tries;
    int64_t stall_ms;
    int64_t connect_ms;
    int64_t bytes_per_second; /* 0: no limit */
    bool anonymous;
    bool delete;
    bool size_only;
    bool checksum;
    bool allow_empty;
    bool dry;
    bool rollback; /* nothing but that, of `target` */
    bool json;
    bool quiet;
    bool help;
    bool version;
    struct filter filter; /* owned */
};

/* 0, or -EINVAL with a sentence. With --help or --version the rest is not looked at. */
int arguments_parse(struct arguments *o, char **argv, struct err *e);
void arguments_close(struct arguments *o);

void arguments_help(struct buf *out);

#endif
