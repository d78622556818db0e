/* What the Tab key adds: the rest of a command's name, of a process's or a group's. */
#ifndef CTL_COMPLETE_H
#define CTL_COMPLETE_H

#include "ctl/commands.h"

/*
 * Appends what can be typed without a choice after the first `len` bytes of a line: as much as
 * all candidates share, and a blank when there is only one.
 */
void complete_line(struct ctl *c, const char *line, size_t len, struct buf *more);

#endif
