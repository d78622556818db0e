/* mainstayd --check and --dump-config. */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include <stdio.h>

#include "config/load.h"

/* Prints every problem, then "ok: N programs, N jobs" when there is no error. 0 or 1. */
int check_main(const struct load_options *o, FILE *out);

/* Prints the configuration, or what is wrong with it, as JSON. 0 or 1. */
int dump_main(const struct load_options *o, FILE *out);

#endif
