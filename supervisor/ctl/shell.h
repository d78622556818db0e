/* The prompt: lines from a terminal (with history) or from standard input, one command each. */
#ifndef CTL_SHELL_H
#define CTL_SHELL_H

#include "ctl/commands.h"

/* Shows `status`, then runs lines until quit, Ctrl-C or the end of the input. */
void shell_run(struct ctl *c);

#endif
