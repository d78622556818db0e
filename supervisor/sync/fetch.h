/* From the server into the target: the pages of a listing, and the objects of a plan. */
#ifndef SYNC_FETCH_H
#define SYNC_FETCH_H

#include "base/err.h"
#include "sync/exit.h"
#include "sync/s3/list.h"
#include "sync/plan.h"
#include "sync/local/publish.h"
#include "sync/report.h"
#include "sync/s3/transfer.h"

/* Everything under the prefix, all pages, or nothing. */
enum sync_exit fetch_listing(struct transfer *t, const struct s3_place *place, struct listing *l,
                             struct report *r, struct err *e);

struct fetch_job {
    struct transfer *transfer;
    const struct s3_place *place;
    struct plan *plan; /* items learn the time that their file got */
    struct publish *target;
    struct report *report;
    unsigned concurrency;
    bool keep_going; /* an object that fails does not end the run; it is counted */
};

/* Every item that is to be fetched. What failed keeps item.fetch, what is there loses it. */
enum sync_exit fetch_objects(const struct fetch_job *job, struct err *e);

#endif
