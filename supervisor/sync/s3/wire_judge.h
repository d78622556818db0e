/* How a try of a request ended, and what follows. */
#ifndef SYNC_S3_WIRE_JUDGE_H
#define SYNC_S3_WIRE_JUDGE_H

#include "sync/s3/wire_slot.h"

enum wire_again {
    AGAIN_NEVER,
    AGAIN_NOW,   /* something was set right */
    AGAIN_LATER, /* after a pause, from the quota */
    AGAIN_SLOWER,
    AGAIN_WITH_KEYS, /* they have expired */
};

struct wire_verdict {
    enum sync_exit why; /* SYNC_OK: well */
    enum wire_again again;
};

/* How a try ended; may move the place and set the clock. Calls on_end where all is well so far. */
struct wire_verdict wire_judge(struct wire_slot *s, CURLcode code, struct err *e);

#endif
