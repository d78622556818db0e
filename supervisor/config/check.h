/* mainstayd --check and --dump-config. */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include <stdio.h>

#include "config/load.h"

/* Prints every problem, then "ok: N programs, N jobs" when there is no error. 0 or 1. `more` finds
 * warnings about a configuration that loads; it is not asked with --unresolved. */
int check_main(const struct load_options *o, void (*more)(const struct config *c, struct buf *out),
               FILE *out);

/* Prints the configuration, or what is wrong with it, as JSON. 0 or 1. */
int dump_main(const struct load_options *o, FILE *out);

#endif
