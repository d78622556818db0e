/* The prompt: lines from a terminal (with history) or from standard input, one command each. */
#ifndef CTL_SHELL_H
#define CTL_SHELL_H

#include <stdbool.h>

#include "ctl/commands.h"

/* Shows `status`, then runs lines until quit or the end of the input. */
void shell_run(struct ctl *c);

/* Asks for one line; NULL when the input ends. The caller frees it (mem_free). */
char *shell_ask(const char *question, bool echo);

#endif
