/* For --check: commands that nobody could run. */
#ifndef ENGINE_COMMANDS_H
#define ENGINE_COMMANDS_H

#include "base/buf.h"
#include "config/config.h"

/*
 * A warning for each section whose command is not there or may not be executed by its user, looked
 * up as a start would do it: one sentence, a line each. Nothing is said of what cannot be known
 * here: a PATH of the program's own, a file of somebody else's when we are not root.
 */
void commands_check(const struct config *c, struct buf *out);

#endif
