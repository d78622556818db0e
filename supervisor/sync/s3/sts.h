/*
 * Keys of a role, from AWS's Security Token Service or a server that speaks like it (radosgw,
 * MinIO): AssumeRole and AssumeRoleWithWebIdentity. Blocks: for a thread of the work queue.
 */
#ifndef SYNC_S3_STS_H
#define SYNC_S3_STS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sync/s3/creds.h"

enum { STS_TRIES = 3, STS_CONNECT_MS = 5000, STS_TOTAL_MS = 15000 };

struct sts {
    const char *endpoint;         /* NULL: AWS in that region */
    const char *region;           /* NULL: AWS's one for the whole world */
    const char *ca_file;          /* NULL: the system's */
    const atomic_bool *cancelled; /* may be NULL */
};

struct sts_role {
    const char *arn;
    const char *session;     /* a name for the logs of the owner of the role */
    const char *external_id; /* NULL: none */
    const char *duration;    /* seconds; NULL: the server's hour */
    const char *token;       /* of a web identity; NULL: by the keys of `source` */
    const struct creds *source;
};

/*
 * Fills in the keys and expires of an empty c. -ENOKEY: refused, -EHOSTUNREACH and -ETIMEDOUT: no
 * answer, also not to another try, -EPROTO: an answer that makes no sense, -EINVAL, -ECANCELED.
 */
int sts_assume(const struct sts *s, const struct sts_role *role, struct creds *c, struct err *e);

/* What is read of an answer; texts are owned, NULL when absent. Pure. */
struct sts_answer {
    char *access_key;
    char *secret;
    char *token;
    char *expiration;
    char *code;
    char *message;
};

/* -EPROTO: it is no XML. Only what stands in the answer's own elements counts. */
int sts_read(const char *text, size_t len, struct sts_answer *a);
void sts_answer_close(struct sts_answer *a); /* wipes */

#endif
