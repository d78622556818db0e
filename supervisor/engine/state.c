#include "engine/state.h"

#include <stddef.h>

// clang-format off
static const struct state_row {
    enum proc_state state;
    const char *name;
    bool running, stopped, has_process;
} state_rows[] = {
    /* state         name        running stopped process */
    {PROC_STOPPED,  "STOPPED",   false,  true,   false},
    {PROC_STARTING, "STARTING",  true,   false,  true },
    {PROC_RUNNING,  "RUNNING",   true,   false,  true },
    {PROC_BACKOFF,  "BACKOFF",   true,   false,  false},
    {PROC_STOPPING, "STOPPING",  false,  false,  true },
    {PROC_EXITED,   "EXITED",    false,  true,   false},
    {PROC_FATAL,    "FATAL",     false,  true,   false},
    {PROC_UNKNOWN,  "UNKNOWN",   false,  true,   false},
};
// clang-format on

static const struct state_row *state_find(enum proc_state state)
{
    for (size_t i = 0; i < sizeof state_rows / sizeof *state_rows; i++) {
        if (state_rows[i].state == state)
            return &state_rows[i];
    }
    return &state_rows[sizeof state_rows / sizeof *state_rows - 1];
}

const char *proc_state_name(enum proc_state state)
{
    return state_find(state)->name;
}

bool proc_state_is_running(enum proc_state state)
{
    return state_find(state)->running;
}

bool proc_state_is_stopped(enum proc_state state)
{
    return state_find(state)->stopped;
}

bool proc_state_has_process(enum proc_state state)
{
    return state_find(state)->has_process;
}
