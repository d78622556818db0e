/* The command line of mainstayd. One table drives parsing and --help. */
#ifndef CONFIG_CMDLINE_H
#define CONFIG_CMDLINE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/load.h"

enum cmdline_action {
    CMDLINE_RUN,
    CMDLINE_CHECK,   /* --check */
    CMDLINE_DUMP,    /* --dump-config */
    CMDLINE_KEYS,    /* --keys */
    CMDLINE_CATALOG, /* --catalog */
    CMDLINE_SWEEP,   /* --sweep */
    CMDLINE_HELP,
    CMDLINE_VERSION,
    CMDLINE_HANDOVER, /* --check-handover: whether this version could go on from those lines */
};

struct cmdline {
    enum cmdline_action action;
    int handover;             /* --check-handover: where the lines are */
    struct load_options load; /* with overrides: keys of [supervisord] given as options */
    struct arena arena;       /* owns the texts that were made */
};

/* 0, or -EINVAL with Supervisor's sentence ("option -x not recognized"). Borrows argv. */
int cmdline_parse(struct cmdline *o, int argc, char **argv, struct err *e);
void cmdline_close(struct cmdline *o);
void cmdline_help(FILE *out, const char *program);

#endif
