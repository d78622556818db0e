/* The log_format directives in nginx's configuration: its grammar of words and quotes. Pure. */
#ifndef TRAFFIC_NGINXCONF_H
#define TRAFFIC_NGINXCONF_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum { NGINXCONF_MAX = 4 * 1024 * 1024 }; /* bytes of a configuration */

/*
 * Appends the text of `log_format NAME ...;`. `name` NULL: that of the only one there is. -ENOENT
 * with a sentence that lists the names that are there. Files that it includes are not looked at.
 */
int nginxconf_format(const char *text, size_t len, const char *name, struct buf *out,
                     struct err *e);

/* `'a' "b" c` as log_format takes it: joined, without quotes. */
void nginxconf_join(const char *text, size_t len, struct buf *out);

#endif
