/* Which file a command's first word means, seen as the child will see it. */
#ifndef ENGINE_COMMAND_H
#define ENGINE_COMMAND_H

#include "base/arena.h"
#include "base/err.h"
#include "config/config.h"

struct command_search {
    const char *path;       /* the PATH that counts; NULL: /bin:/usr/bin:/usr/local/bin */
    const char *directory;  /* relative words are seen from here; NULL: the daemon's */
    const char *companions; /* folder where programs of our own (mainstay-*) are; NULL: none */
};

/*
 * A word with a slash is that file, any other is searched in PATH, as execvp(3) does: the first
 * that can be executed. 0 and *out in `a`; -ENOENT or -ENOEXEC with Supervisor's sentence:
 * "can't find command 'x'", "command at '/x' is not executable", "... is a directory".
 */
int command_locate(const char *word, const struct command_search *s, struct arena *a,
                   const char **out, struct err *e);

#endif
