/*
 * From files to a snapshot: reads the main file and its includes, expands, checks every value
 * against the schema tables, builds groups and jobs, and checks names and cycles of
 * requires=/after=.
 */
#ifndef CONFIG_LOAD_H
#define CONFIG_LOAD_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "config/config.h"
#include "config/source.h"

/* One thing that is wrong, or only odd, in the files. */
struct problem {
    const char *file; /* may be NULL when no file is to blame */
    unsigned line;    /* 0: the file as a whole */
    const char *key;  /* "command", or the section's name, or NULL */
    const char *text; /* one sentence that says what to do */
    bool warning;     /* odd, but loads */
};

struct problem_list {
    struct arena arena;    /* owns the texts */
    struct problem *items; /* owned */
    size_t count;
    size_t errors; /* those that are no warnings */
};

void problem_list_init(struct problem_list *l);
void problem_list_close(struct problem_list *l);
/* Appends "file:line: key: sentence\n" (with "warning: " before the sentence of a warning). */
void problem_print(const struct problem *p, struct buf *out);

struct load_options {
    const char *path; /* -c; NULL: the search path */
    bool unresolved;  /* leave users, groups and folders alone (--dump-config --unresolved) */
    const char *here; /* NULL: the file's folder */
    const char *node; /* host_node_name; NULL: uname */
    const char *as_supervisor;      /* argv[0] when we were called supervisord; NULL: we are not */
    struct env_list overrides;      /* keys of [supervisord] that the command line gives */
    const struct name_list *skip;   /* included files that are not read; NULL: none */
    const struct env_list *environ; /* for %(ENV_X)s; NULL: the process's own */
    const struct config_sources *sources; /* instead of all of the above; NULL: from the disk */
};

/*
 * 0 and *out (one reference, the caller's), or -EINVAL with every problem found in `problems`
 * and the first one, as "file:line: key: sentence", in e. Warnings may come with success.
 */
int config_load(const struct load_options *o, struct config **out, struct problem_list *problems,
                struct err *e);

/*
 * The same without the included files that cannot be used, if that helps: what is wrong with them
 * is appended to `left`, whose errors are no failure then. Only the groups `names` of the result
 * are certain to be what they were meant to be; -EINVAL when one of them is not.
 */
int config_load_good(const struct load_options *o, const struct name_list *names,
                     struct config **out, struct problem_list *left, struct err *e);

/*
 * Makes a configuration again from what it was made of: the same snapshot, whatever has become of
 * its files, users and folders.
 */
int config_load_again(const struct config_sources *sources, struct config **out,
                      struct problem_list *problems, struct err *e);

/*
 * Finds the file that is read without -c. -ENOENT with the places that were tried in e. Called by
 * Supervisor's name, the places are Supervisor's; it begins with two that stand beside argv[0].
 */
int config_find_file(struct arena *a, const char *as_supervisor, const char **path, struct err *e);

/* The first problem in Supervisor's own words, where it has them, is problem.text's beginning. */

#endif
