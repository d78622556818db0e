/*
 * Who we are for the server: keys, region and endpoint, from where every S3 tool has them.
 *
 * Keys come from the first of these places that promises some; a place that promises and fails
 * ends the search:
 *
 *     the file of --env-file, then the environment; neither when --profile was given
 *     the profile's role_arn, by its source_profile or credential_source      (STS)
 *     a web identity's token, of the environment or of the profile            (STS)
 *     the profile's keys, in the credentials file; its credential_process; in the config file
 *     the container's endpoint (ECS, EKS)
 *     the machine's metadata (EC2)
 *
 * The search may read files, run a program and ask servers: it blocks, and is for a thread of the
 * work queue (keyring.h). Nothing of a secret ever enters a message.
 */
#ifndef SYNC_S3_CREDS_H
#define SYNC_S3_CREDS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "sync/exit.h"

struct creds {
    char *access_key; /* owned, as all; NULL: requests are not signed */
    char *secret;
    char *token;     /* session token, or NULL */
    char *region;    /* NULL: nowhere given */
    char *endpoint;  /* NULL: nowhere given */
    char *ca_file;   /* AWS_CA_BUNDLE or the profile's ca_bundle; NULL: nowhere given */
    int64_t expires; /* seconds since 1970, by our clock; 0: never */
};

struct creds_query {
    const char *profile;  /* --profile; NULL: AWS_PROFILE, then "default" */
    const char *env_file; /* --env-file: variables that go before the environment's; NULL: none */
    const char *region;   /* --region, for STS; NULL: as creds.region is found */
    const char *ca_file;  /* --ca-file, for STS; NULL: as creds.ca_file is found */
    bool anonymous;       /* do not look for keys */
    const atomic_bool *cancelled; /* may be NULL; true: end soon, with -ECANCELED */
};

/*
 * -ENOKEY: there are no keys, half of them, or they were refused; -ENOENT: the profile that was
 * asked for, or a file, is nowhere; -EINVAL: a setting makes no sense; -EHOSTUNREACH, -ETIMEDOUT,
 * -EPROTO: a server that should have keys does not answer, or with nonsense; -ECANCELED; another
 * -errno when a file cannot be read. c is written only on success.
 */
int creds_load(const struct creds_query *q, struct creds *c, struct err *e);
enum sync_exit creds_why(int rc);  /* of creds_load, or of a keyring */
void creds_close(struct creds *c); /* wipes the secrets; it is empty and usable again */

#endif
