/*
 * How mainstayctl was called: its options, and what [supervisorctl] of the configuration says.
 * Command line beats file, file beats defaults.
 */
#ifndef CTL_INVOCATION_H
#define CTL_INVOCATION_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct settings; /* ctl/settings.h */

struct invocation {
    const char *program; /* argv[0] */
    bool native;         /* called by our own name, not as supervisorctl */
    bool interactive;    /* there is a person to ask */
    bool help;           /* -h: print usage and leave */
    const char *config;  /* -c; NULL: the search path */
    char *serverurl;     /* owned, as are those below */
    char *username;      /* NULL: none */
    char *password;
    char *prompt;       /* without "> " */
    char *history_file; /* NULL: none */
    int arg_count;      /* the command and its arguments */
    char **args;        /* borrowed from argv */
};

/* One row of the table of options; `-x` takes a value when `value` names it. */
struct invocation_row {
    char letter;
    const char *name;
    const char *value;
    const char *text;
};

extern const struct invocation_row invocation_rows[];
extern const unsigned invocation_row_count;

/*
 * Reads the command line, then the file. -EINVAL with Supervisor's sentence for bad usage or a
 * bad file; invocation_close is right in any case.
 */
int invocation_init(struct invocation *o, int argc, char **argv, struct err *e);
void invocation_close(struct invocation *o);

/* Takes from a file's settings what the command line left open, and defaults for the rest. */
void invocation_complete(struct invocation *o, struct settings *s);

#endif
