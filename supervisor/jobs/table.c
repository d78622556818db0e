#include "jobs/table.h"

// clang-format off
const struct job_row job_table[] = {
    {JOB_IDLE,      JOB_RUN,            JOB_WAITING,   0},
    {JOB_SUCCEEDED, JOB_RUN,            JOB_WAITING,   0},
    {JOB_FAILED,    JOB_RUN,            JOB_WAITING,   0},
    {JOB_WAITING,   JOB_GO,             JOB_RUNNING,   JOB_SPAWN},
    {JOB_WAITING,   JOB_BLOCKED,        JOB_FAILED,    0},
    {JOB_WAITING,   JOB_STOP,           JOB_FAILED,    0},
    {JOB_RUNNING,   JOB_EXIT_OK,        JOB_SUCCEEDED, 0},
    {JOB_RUNNING,   JOB_ATTEMPT_FAILED, JOB_RETRYING,  0},
    {JOB_RUNNING,   JOB_GIVE_UP,        JOB_FAILED,    0},
    {JOB_RUNNING,   JOB_TIMEOUT,        JOB_ENDING,    JOB_TERMINATE},
    {JOB_RUNNING,   JOB_STOP,           JOB_STOPPING,  JOB_TERMINATE},
    {JOB_ENDING,    JOB_ATTEMPT_FAILED, JOB_RETRYING,  0},
    {JOB_ENDING,    JOB_GIVE_UP,        JOB_FAILED,    0},
    {JOB_ENDING,    JOB_KILL_DUE,       JOB_ENDING,    JOB_KILL},
    {JOB_ENDING,    JOB_STOP,           JOB_STOPPING,  0},
    {JOB_RETRYING,  JOB_RETRY,          JOB_RUNNING,   JOB_SPAWN},
    {JOB_RETRYING,  JOB_STOP,           JOB_FAILED,    0},
    {JOB_STOPPING,  JOB_KILL_DUE,       JOB_STOPPING,  JOB_KILL},
    {JOB_STOPPING,  JOB_GIVE_UP,        JOB_FAILED,    0},
};
const size_t job_table_rows = sizeof job_table / sizeof *job_table;
_Static_assert(sizeof job_table / sizeof *job_table == 19, "a row was added: add its test");

static const struct job_state_row { const char *name; bool active; } job_states[JOB_STATES] = {
    [JOB_IDLE]      = {"IDLE",      false},
    [JOB_WAITING]   = {"WAITING",   true},
    [JOB_RUNNING]   = {"RUNNING",   true},
    [JOB_RETRYING]  = {"RETRYING",  true},
    [JOB_ENDING]    = {"ENDING",    true},
    [JOB_STOPPING]  = {"STOPPING",  true},
    [JOB_SUCCEEDED] = {"SUCCEEDED", false},
    [JOB_FAILED]    = {"FAILED",    false},
};
// clang-format on

const struct job_row *job_step(enum job_state state, enum job_event event)
{
    for (size_t i = 0; i < job_table_rows; i++) {
        if (job_table[i].from == state && job_table[i].on == event)
            return &job_table[i];
    }
    return NULL;
}

bool job_state_active(enum job_state state)
{
    return job_states[state].active;
}

const char *job_state_name(enum job_state state)
{
    return job_states[state].name;
}
