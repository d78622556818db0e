/* The limits of one sub-group, written into its folder of cgroup v2. */
#ifndef ENGINE_LIMITS_H
#define ENGINE_LIMITS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "config/process.h"

enum controller { CONTROLLER_MEMORY = 1, CONTROLLER_CPU = 2, CONTROLLER_PIDS = 4 };

unsigned limits_controllers(const struct limits *l); /* those that it needs; 0: no limit is set */
bool limits_same(const struct limits *a, const struct limits *b);

/* "memory_max and cpu_max": the keys that are set and need one of these controllers. */
void limits_names(const struct limits *l, unsigned controllers, struct buf *out);

/*
 * Writes all of them, also those that are not set: they may have been. Controllers that are not
 * among `controllers` are left out. 0, or the first -errno with its file in *file.
 */
int limits_apply(const struct limits *l, unsigned controllers, int dir, const char **file);

/* Lets the folders in `dir` have limits. The controllers that they have then. */
unsigned limits_enable(int dir, int *rc);

/* "512M", "1000000"; of CONFIG_NO_LIMIT "max" */
void limits_memory_text(int64_t bytes, char *text, size_t size);

#endif
