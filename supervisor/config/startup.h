/* What a start at boot waits for, beside requires= and after=: states programs have been in. */
#ifndef CONFIG_STARTUP_H
#define CONFIG_STARTUP_H

#include <stddef.h>

/* States that a program can have been in; bits. */
enum startup_state {
    STARTUP_STARTING = 1,
    STARTUP_RUNNING = 2,
    STARTUP_BACKOFF = 4,
    STARTUP_STOPPING = 8,
    STARTUP_EXITED = 16,
    STARTUP_FATAL = 32,
};

/* dependent_startup_wait_for=: a start at boot waits until this program was in such a state. */
struct startup_wait {
    const char *program; /* "program:x" */
    unsigned states;     /* enum startup_state: one of them is enough */
};

struct startup_list {
    struct startup_wait *waits;
    size_t count;
};

#endif
