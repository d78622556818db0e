/*
 * The types of events, Supervisor's and ours: a tree that eventlistener sections name nodes of.
 * To ask for a node is to ask for every leaf below it; only leaves happen.
 */
#ifndef CONFIG_EVENTTYPE_H
#define CONFIG_EVENTTYPE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/process.h"

enum eventtype {
    EVENTTYPE_EVENT, /* the root, which is its own parent */
    EVENTTYPE_PROCESS_STATE,
    EVENTTYPE_PROCESS_STATE_STOPPED,
    EVENTTYPE_PROCESS_STATE_EXITED,
    EVENTTYPE_PROCESS_STATE_STARTING,
    EVENTTYPE_PROCESS_STATE_STOPPING,
    EVENTTYPE_PROCESS_STATE_BACKOFF,
    EVENTTYPE_PROCESS_STATE_FATAL,
    EVENTTYPE_PROCESS_STATE_RUNNING,
    EVENTTYPE_PROCESS_STATE_UNKNOWN,
    EVENTTYPE_PROCESS_COMMUNICATION,
    EVENTTYPE_PROCESS_COMMUNICATION_STDOUT,
    EVENTTYPE_PROCESS_COMMUNICATION_STDERR,
    EVENTTYPE_PROCESS_LOG,
    EVENTTYPE_PROCESS_LOG_STDOUT,
    EVENTTYPE_PROCESS_LOG_STDERR,
    EVENTTYPE_REMOTE_COMMUNICATION,
    EVENTTYPE_SUPERVISOR_STATE_CHANGE,
    EVENTTYPE_SUPERVISOR_STATE_CHANGE_RUNNING,
    EVENTTYPE_SUPERVISOR_STATE_CHANGE_STOPPING,
    EVENTTYPE_TICK,
    EVENTTYPE_TICK_5,
    EVENTTYPE_TICK_60,
    EVENTTYPE_TICK_3600,
    EVENTTYPE_PROCESS_GROUP,
    EVENTTYPE_PROCESS_GROUP_ADDED,
    EVENTTYPE_PROCESS_GROUP_REMOVED,
    EVENTTYPE_JOB, /* from here on ours */
    EVENTTYPE_JOB_STARTED,
    EVENTTYPE_JOB_SUCCEEDED,
    EVENTTYPE_JOB_FAILED,
    EVENTTYPE_JOB_MISSED,
    EVENTTYPE_JOB_SKIPPED,
    EVENTTYPE_SHUTDOWN,
    EVENTTYPE_SHUTDOWN_PLANNED,
    EVENTTYPE_SHUTDOWN_WARNING,
    EVENTTYPE_SHUTDOWN_POSTPONED,
    EVENTTYPE_SHUTDOWN_CANCELLED,
    EVENTTYPE_SHUTDOWN_FAILED,
    EVENTTYPES, /* how many there are; also: no type of theirs */
};

#define EVENTTYPE_BIT(type) (UINT64_C(1) << (type))

const char *eventtype_name(enum eventtype type);      /* "PROCESS_STATE_EXITED" */
enum eventtype eventtype_parent(enum eventtype type); /* of the root: the root */

/* The type of that name in upper case; EVENTTYPES when there is none. */
enum eventtype eventtype_find(const char *name);

/* Is the type the node, or below it? */
bool eventtype_is(enum eventtype type, enum eventtype node);

/* One bit for each type that is one of the named nodes or below them. Unknown names are none. */
uint64_t eventtype_mask(const struct name_list *names);

#endif
