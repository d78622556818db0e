/*
 * Is a process one of a program's own? Asks /proc, which never waits.
 *
 * Its own are: the process that was started, the one that took its place by MAINPID=, and their
 * descendants; whoever is in the program's cgroup, where programs have one of their own; and
 * orphans, whose ancestors nobody knows any more, if they are still in the process group that the
 * program was started with and run as its user.
 */
#ifndef ENGINE_KIN_H
#define ENGINE_KIN_H

#include <stdbool.h>
#include <sys/types.h>

struct kin {
    pid_t main;  /* the process that is supervised */
    pid_t group; /* the process that was started: its process group */
    uid_t uid;   /* what it was started as */
};

/* `main` and `group` are of the family even when they are gone; all others must still be there. */
bool kin_has(const struct kin *k, pid_t pid);

/* ... and has not ended: for a process that is to be supervised. */
bool kin_lives(const struct kin *k, pid_t pid);

#endif
