/*
 * The two files that every S3 tool reads: ~/.aws/credentials (AWS_SHARED_CREDENTIALS_FILE) and
 * ~/.aws/config (AWS_CONFIG_FILE). ~ is HOME, or else what the user database says.
 *
 * Sections are profiles: [name] in the first file, [profile name] in the second, [default] in
 * both. What both say of a profile, the first one says better.
 */
#ifndef SYNC_S3_AWSFILE_H
#define SYNC_S3_AWSFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "sync/s3/envfile.h"

enum awsfile { AWSFILE_CREDENTIALS, AWSFILE_CONFIG };

struct awsfiles {
    struct buf texts[2]; /* by enum awsfile; "" for a file that is not there */
};

/* A file that is not there is empty; -errno when one cannot be read or is unreasonably large. */
int awsfiles_read(struct awsfiles *f, const struct envfile *env, struct err *e);
void awsfiles_close(struct awsfiles *f); /* wipes */

bool awsfiles_has(const struct awsfiles *f, const char *profile);

/* What a profile says, copied; NULL: nothing, or "". */
char *awsfiles_in(const struct awsfiles *f, enum awsfile which, const char *profile,
                  const char *key);
char *awsfiles_get(const struct awsfiles *f, const char *profile, const char *key);

/* What the profile's [services ...] section says of a service, such as endpoint_url of s3. */
char *awsfiles_service(const struct awsfiles *f, const char *profile, const char *service,
                       const char *key);

/*
 * The value of `key` in [section] of the text of such a file, copied. With `under` it is one of the
 * indented settings below that key ("s3 =", and then "  endpoint_url = ..."). `kind`, if any,
 * stands before the name of the section ("profile").
 */
struct awsfile_place {
    const char *kind; /* NULL: none */
    const char *section;
    const char *under; /* NULL: none */
};
char *awsfile_value(const char *text, const struct awsfile_place *at, const char *key);
bool awsfile_has(const char *text, const struct awsfile_place *at);

#endif
