#include "event/event.h"

bool event_is_change(const struct event *ev)
{
    switch (ev->type) {
    case EVENT_PROCESS_STATE:
    case EVENT_PROCESS_NEWS:
    case EVENT_GROUP_ADDED:
    case EVENT_GROUP_REMOVED:
    case EVENT_JOB_STATE:
    case EVENT_JOB_NEWS:
    case EVENT_SUPERVISOR_STATE:
        return true;
    case EVENT_PROCESS_LOG:
    case EVENT_PROCESS_COMM:
    case EVENT_REMOTE:
    case EVENT_TICK:
    case EVENT_SHUTDOWN:
        break;
    }
    return false;
}
