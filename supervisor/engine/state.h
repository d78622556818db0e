/* The eight states of a process, with Supervisor's numbers and sets. */
#ifndef ENGINE_STATE_H
#define ENGINE_STATE_H

#include <stdbool.h>

enum proc_state {
    PROC_STOPPED = 0,
    PROC_STARTING = 10,
    PROC_RUNNING = 20,
    PROC_BACKOFF = 30,
    PROC_STOPPING = 40,
    PROC_EXITED = 100,
    PROC_FATAL = 200,
    PROC_UNKNOWN = 1000,
};

const char *proc_state_name(enum proc_state state); /* "RUNNING" */
bool proc_state_is_running(enum proc_state state);  /* a start is refused, a stop accepted */
bool proc_state_is_stopped(enum proc_state state);  /* nothing of it is left to wait for */
bool proc_state_has_process(enum proc_state state); /* there is a pid to signal */

#endif
