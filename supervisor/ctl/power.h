/* shutdown with arguments: the power-off that is planned. */
#ifndef CTL_POWER_H
#define CTL_POWER_H

#include "ctl/commands.h"

int power_command(struct ctl *c, const struct words *w);

/* Appends to `shown`, as if it were a process, what is planned. */
void power_show(struct ctl *c, json_t *shown);

#endif
