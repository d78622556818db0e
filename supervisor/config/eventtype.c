#include "config/eventtype.h"

#include <string.h>

// clang-format off
#define ROW(name, parent) [EVENTTYPE_##name] = {#name, EVENTTYPE_##parent}
static const struct { const char *name; enum eventtype parent; } eventtype_rows[] = {
    ROW(EVENT,                            EVENT),
    ROW(PROCESS_STATE,                    EVENT),
    ROW(PROCESS_STATE_STOPPED,            PROCESS_STATE),
    ROW(PROCESS_STATE_EXITED,             PROCESS_STATE),
    ROW(PROCESS_STATE_STARTING,           PROCESS_STATE),
    ROW(PROCESS_STATE_STOPPING,           PROCESS_STATE),
    ROW(PROCESS_STATE_BACKOFF,            PROCESS_STATE),
    ROW(PROCESS_STATE_FATAL,              PROCESS_STATE),
    ROW(PROCESS_STATE_RUNNING,            PROCESS_STATE),
    ROW(PROCESS_STATE_UNKNOWN,            PROCESS_STATE),
    ROW(PROCESS_COMMUNICATION,            EVENT),
    ROW(PROCESS_COMMUNICATION_STDOUT,     PROCESS_COMMUNICATION),
    ROW(PROCESS_COMMUNICATION_STDERR,     PROCESS_COMMUNICATION),
    ROW(PROCESS_LOG,                      EVENT),
    ROW(PROCESS_LOG_STDOUT,               PROCESS_LOG),
    ROW(PROCESS_LOG_STDERR,               PROCESS_LOG),
    ROW(REMOTE_COMMUNICATION,             EVENT),
    ROW(SUPERVISOR_STATE_CHANGE,          EVENT),
    ROW(SUPERVISOR_STATE_CHANGE_RUNNING,  SUPERVISOR_STATE_CHANGE),
    ROW(SUPERVISOR_STATE_CHANGE_STOPPING, SUPERVISOR_STATE_CHANGE),
    ROW(TICK,                             EVENT),
    ROW(TICK_5,                           TICK),
    ROW(TICK_60,                          TICK),
    ROW(TICK_3600,                        TICK),
    ROW(PROCESS_GROUP,                    EVENT),
    ROW(PROCESS_GROUP_ADDED,              PROCESS_GROUP),
    ROW(PROCESS_GROUP_REMOVED,            PROCESS_GROUP),
    ROW(JOB,                              EVENT),
    ROW(JOB_STARTED,                      JOB),
    ROW(JOB_SUCCEEDED,                    JOB),
    ROW(JOB_FAILED,                       JOB),
    ROW(JOB_MISSED,                       JOB),
    ROW(JOB_SKIPPED,                      JOB),
    ROW(SHUTDOWN,                         EVENT),
    ROW(SHUTDOWN_PLANNED,                 SHUTDOWN),
    ROW(SHUTDOWN_WARNING,                 SHUTDOWN),
    ROW(SHUTDOWN_POSTPONED,               SHUTDOWN),
    ROW(SHUTDOWN_CANCELLED,               SHUTDOWN),
    ROW(SHUTDOWN_FAILED,                  SHUTDOWN),
};
#undef ROW
// clang-format on
_Static_assert(sizeof eventtype_rows / sizeof *eventtype_rows == EVENTTYPES, "a row for each type");
_Static_assert(EVENTTYPES < 64, "a set of types is 64 bits");

const char *eventtype_name(enum eventtype type)
{
    return eventtype_rows[type].name;
}

enum eventtype eventtype_parent(enum eventtype type)
{
    return eventtype_rows[type].parent;
}

enum eventtype eventtype_find(const char *name)
{
    int type = 0;
    while (type < EVENTTYPES && strcmp(eventtype_rows[type].name, name) != 0)
        type++;
    return (enum eventtype)type;
}

bool eventtype_is(enum eventtype type, enum eventtype node)
{
    while (type != node && type != EVENTTYPE_EVENT)
        type = eventtype_rows[type].parent;
    return type == node;
}

uint64_t eventtype_mask(const struct name_list *names)
{
    uint64_t mask = 0;
    for (size_t i = 0; i < names->count; i++) {
        enum eventtype node = eventtype_find(names->names[i]);
        for (int type = 0; node != EVENTTYPES && type < EVENTTYPES; type++)
            mask |= eventtype_is((enum eventtype)type, node) ? EVENTTYPE_BIT(type) : 0;
    }
    return mask;
}
