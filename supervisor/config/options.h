/* The command line of mainstayd. One table drives parsing and --help. */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/load.h"

enum options_action {
    OPTIONS_RUN,
    OPTIONS_CHECK, /* --check */
    OPTIONS_DUMP,  /* --dump-config */
    OPTIONS_HELP,
    OPTIONS_VERSION,
};

struct options {
    enum options_action action;
    struct load_options load; /* with overrides: keys of [supervisord] given as options */
    struct arena arena;       /* owns the texts that were made */
};

/* 0, or -EINVAL with Supervisor's sentence ("option -x not recognized"). Borrows argv. */
int options_parse(struct options *o, int argc, char **argv, struct err *e);
void options_close(struct options *o);
void options_help(FILE *out, const char *program);

#endif
