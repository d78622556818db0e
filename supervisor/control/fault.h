/* The faults of the XML-RPC interface, with Supervisor's numbers and words. */
#ifndef CONTROL_FAULT_H
#define CONTROL_FAULT_H

#include <stdbool.h>

#include "base/buf.h"

enum fault {
    FAULT_UNKNOWN_METHOD = 1,
    FAULT_INCORRECT_PARAMETERS = 2,
    FAULT_BAD_ARGUMENTS = 3,
    FAULT_SIGNATURE_UNSUPPORTED = 4,
    FAULT_SHUTDOWN_STATE = 6,
    FAULT_BAD_NAME = 10,
    FAULT_BAD_SIGNAL = 11,
    FAULT_NO_FILE = 20,
    FAULT_NOT_EXECUTABLE = 21,
    FAULT_FAILED = 30,
    FAULT_ABNORMAL_TERMINATION = 40,
    FAULT_SPAWN_ERROR = 50,
    FAULT_ALREADY_STARTED = 60,
    FAULT_NOT_RUNNING = 70,
    FAULT_SUCCESS = 80, /* only inside results of many processes */
    FAULT_ALREADY_ADDED = 90,
    FAULT_STILL_RUNNING = 91,
    FAULT_CANT_REREAD = 92,
};

/* What became of one thing that was asked for; no fault means success or not known yet. */
struct outcome {
    enum fault code; /* FAULT_SUCCESS or what went wrong */
    bool has_extra;
    char extra[1024]; /* what stands after the fault's name; may be "" */
};

/* What stands behind NO_FILE when the log is in the journal, with a match behind it. */
#define LOG_IN_JOURNAL "see journalctl "

const char *fault_name(enum fault code);

/* "NAME" or "NAME: extra" */
void fault_text(const struct outcome *o, struct buf *out);

struct outcome outcome_ok(void);
struct outcome outcome_fault(enum fault code, const char *extra); /* extra may be NULL */

#endif
