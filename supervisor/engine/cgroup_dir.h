/*
 * One folder of cgroup v2 by its descriptor: its files, its processes, its end. Nothing here
 * waits, but for the kernel's own work.
 */
#ifndef ENGINE_CGROUP_DIR_H
#define ENGINE_CGROUP_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

int cgroup_dir_open(int parent, const char *name); /* a descriptor or -errno */
int cgroup_dir_make(int parent, const char *name); /* the same; one that is there will do */

int cgroup_dir_read(int dir, const char *file, char *text, size_t size); /* length or -errno */
int cgroup_dir_write(int dir, const char *file, const char *text);       /* 0 or -errno */

/* A file of one number ("max" is INT64_MAX), or of lines "key number". -1: there is none. */
int64_t cgroup_dir_number(int dir, const char *file);
int64_t cgroup_dir_field(int dir, const char *file, const char *key);

/* Calls `each` with the processes (or threads) that are listed in a file. How many there are. */
size_t cgroup_dir_pids(int dir, const char *file, void (*each)(void *ctx, pid_t pid), void *ctx);

bool cgroup_dir_populated(int dir); /* does anything live in it, or below it? */
void cgroup_dir_kill(int dir);      /* everything in it and below it; its end comes soon after */
void cgroup_dir_move(int from, int to);

/* Removes it and the empty folders below it: 0 or -errno, EBUSY as long as something lives. */
int cgroup_dir_remove(int parent, const char *name);

#endif
