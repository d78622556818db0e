/*
 * Who we are for the server: keys, region and endpoint from the environment and from the two
 * files that every S3 tool reads (~/.aws/credentials and ~/.aws/config; ~ is HOME, or else what
 * the user database says).
 *
 * Keys come from the environment unless a profile was asked for by option, then from the
 * profile in the credentials file, then from the same profile in the config file. Nothing of
 * a secret ever enters a message.
 */
#ifndef SYNC_S3_CREDS_H
#define SYNC_S3_CREDS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

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
 * -ENOKEY when there are no keys or half of them, -ENOENT when the profile that was asked for
 * is nowhere, another -errno when a file cannot be read.
 */
int creds_load(const struct creds_query *q, struct creds *c, struct err *e);
void creds_close(struct creds *c); /* wipes the secrets; it is empty and usable again */

/* The value of `key` in [section] of the text of such a file, copied; NULL: it is not there. */
char *creds_value(const char *text, const char *section, const char *key);
bool creds_has_section(const char *text, const char *section);

#endif
