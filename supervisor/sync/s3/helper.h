/*
 * A program that prints keys (credential_process), run and waited for on a thread of the work
 * queue: no shell, a limit on its time and on what it prints. Its standard error is ours.
 */
#ifndef SYNC_S3_HELPER_H
#define SYNC_S3_HELPER_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { HELPER_OUTPUT_LIMIT = 64 << 10, HELPER_WORDS_MAX = 256, HELPER_TIME_MS = 60 * 1000 };

struct helper {
    const char *line; /* words as in a shell's quotes and backslashes, nothing else of a shell */
    int64_t time_ms;
    const atomic_bool *cancelled; /* may be NULL */
};

/*
 * Appends what it prints. -EINVAL: the line makes no sense, -ENOENT and others: it cannot be
 * started, -ECHILD: it failed, -ETIMEDOUT, -EFBIG, -ECANCELED: then it and what it
 * started in its process group are killed. Nothing that it printed is in the sentence.
 */
int helper_run(const struct helper *c, struct buf *out, struct err *e);

#endif
