/*
 * Variables of a file (--env-file) that go before those of the environment.
 *
 * Lines are NAME=value, as docker and dotenv have them: "export" before the name, comments, and
 * values in single quotes (as they are) or double quotes (with \n, \r, \t, \", \\ and \$). The
 * last of two equal names counts. Values are secrets: they never appear in errors.
 */
#ifndef SYNC_S3_ENVFILE_H
#define SYNC_S3_ENVFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum { ENVFILE_LIMIT = 1 << 20 };

struct envfile_variable {
    const char *name; /* in the text, as is value */
    const char *value;
};

struct envfile {
    struct buf text;
    struct envfile_variable *variables; /* owned, in the order of the file */
    size_t count;
};

/* path NULL: there is none, which is fine. -EINVAL with the line; another -errno: not readable. */
int envfile_read(struct envfile *f, const char *path, struct err *e);
void envfile_close(struct envfile *f); /* wipes */

/* The same for a text that is in f already; `name` is for the sentence. */
int envfile_parse(struct envfile *f, const char *name, struct err *e);

/* The value in the file, NULL when it is not there or empty. */
const char *envfile_own(const struct envfile *f, const char *name);

/* The same, or else the one of the environment. */
const char *envfile_get(const struct envfile *f, const char *name);

#endif
