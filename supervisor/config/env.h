/* environment=NAME="value",NAME2="value2". Values are secrets: they never appear in errors. */
#ifndef CONFIG_ENV_H
#define CONFIG_ENV_H

#include "base/arena.h"
#include "base/err.h"
#include "config/config.h"

enum { ENV_LIMIT = 4096 }; /* variables in one list */

/*
 * Reads Supervisor's grammar, in the POSIX variant of its development version, into `a`.
 * `odd` (may be NULL) becomes the name of the last variable after which something was dropped
 * that looks as if it should have been quoted (A=$HOME gives "$"), or NULL.
 * -EINVAL with Supervisor's "Unexpected end of key/value pairs".
 */
int env_parse(const char *text, struct arena *a, struct env_list *out, const char **odd,
              struct err *e);

const char *env_get(const struct env_list *l, const char *name); /* NULL when it is not there */

/* `under` with everything of `over` on top, in Python's order of a dict update. */
struct env_list env_merge(struct arena *a, const struct env_list *under,
                          const struct env_list *over);

#endif
