/*
 * One search for keys: what the steps of the chain share. Inside creds*.c only.
 *
 * Each step returns 1 with access_key, secret, token and expires filled in, 0 when this is no
 * place where keys were promised, or -errno with a sentence when they were but are not there:
 * then the search is over, for other keys than those that somebody wanted may do harm.
 */
#ifndef SYNC_S3_SEARCH_H
#define SYNC_S3_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "sync/s3/awsfile.h"
#include "sync/s3/creds.h"
#include "sync/s3/envfile.h"

struct search {
    const struct creds_query *query;
    struct envfile env;
    struct awsfiles files;
    const char *profile; /* the name */
    bool asked;          /* somebody named it */
    const char *region;  /* for STS; NULL: nowhere given */
    const char *ca_file;
    struct arena arena; /* settings, no secrets */
    struct buf notes;   /* what is behind places that had nothing, for the last sentence */
};

/* A profile's setting, in the arena; NULL: it has none. */
const char *search_setting(struct search *s, const char *profile, const char *key);

/* The variable, or else the profile's setting. */
const char *search_either(struct search *s, const char *variable, const char *key);

/* "http://..." for a service ("s3", "sts"), or NULL: AWS's own. `variable` goes before all. */
const char *search_endpoint(struct search *s, const char *variable, const char *service);

/* What stands in a header must not be able to start another one. 1, or -ENOKEY. */
int search_check(const struct creds *c, const char *where, struct err *e);

int creds_environment(struct search *s, struct creds *c, struct err *e);

/* role_arn, by the keys of source_profile or credential_source */
int creds_role(struct search *s, struct creds *c, struct err *e);
int creds_web_identity(struct search *s, struct creds *c, struct err *e);
int creds_profile(struct search *s, struct creds *c, struct err *e);

int creds_container(struct search *s, struct creds *c, struct err *e);
int creds_machine(struct search *s, struct creds *c, struct err *e);

#endif
