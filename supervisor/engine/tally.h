/* How often things have happened to a process: for monitoring. Part of a process. */
#ifndef ENGINE_TALLY_H
#define ENGINE_TALLY_H

#include <stdint.h>

enum proc_exit {
    PROC_EXIT_EXPECTED,   /* by itself, as exitcodes= expects it, and after startsecs= */
    PROC_EXIT_UNEXPECTED, /* by itself, in any other way */
    PROC_EXIT_STOPPED,    /* it was being stopped */
    PROC_EXITS,
};

/* Since its group was made; an upgrade and a crash of the daemon go on with it. */
struct proc_tally {
    int64_t starts;   /* also those that came to nothing */
    int64_t restarts; /* starts by itself: after an exit, or after a start that came to nothing */
    int64_t failures; /* starts that came to no process, or to one that could not exec */
    int64_t exits[PROC_EXITS];
};

#endif
