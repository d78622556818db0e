/*
 * One of the threads' turns that bring objects to disk: what a writer (local/writer.h) wants done
 * is tasks, and a lane does a list of them, one after the other, in a thread of the work queue.
 *
 * A lane owns its view of the target, so that lanes share nothing but the large files they write
 * to, and of these only the descriptor. Nothing here knows of the loop.
 */
#ifndef SYNC_LOCAL_LANE_H
#define SYNC_LOCAL_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/list.h"
#include "sync/local/digest.h"
#include "sync/local/release.h"
#include "sync/local/tree.h"
#include "sync/local/writer_task.h"

enum { LANE_SLICE = 32 << 10 }; /* that is read back of a file at a time */

struct lane {
    bool in_place;
    dev_t together; /* where one flush for many files is cheaper; 0: nowhere */
    int broken;     /* -errno: it could not be opened, and every task fails */
    unsigned number;
    uint64_t names; /* that were given so far */
    struct tree fresh;
    struct tree old;
    struct digest *digests[MD5_LANES]; /* for small files */
    char *buffer;                      /* MD5_LANES slices */
    struct list tasks;
};

void lane_init(struct lane *l, unsigned number, const struct release *release);
void lane_close(struct lane *l);
void lane_run(struct lane *l); /* in a thread; each task has its rc afterwards */

// --- for lane.c and lane_large.c ---------------------------------------------------------------

/* "WHAT: why"; the first failure of a task stays. */
int lane_fail(struct task *t, int rc, const char *what);
int lane_refuse(struct task *t, const char *sentence); /* -EBADMSG */
/* The open folder that the file goes to, and its name there. */
int lane_parent(struct lane *l, struct task *t, const char **name);
/* Compares what the digest has: 0, -EBADMSG in t, or -EAGAIN: all bytes are wanted once more. */
int lane_verify(struct task *t, struct digest *d);
struct digest_expect lane_expect(const struct file_spec *spec);
int lane_set_time(struct task *t, int fd);
/* Gives `from` in folder its name there; in place of what has it. */
int lane_rename(struct lane *l, struct task *t, const char *from);

void lane_write(struct task *t);
void lane_open(struct lane *l, struct task *t);
/* Of all large files' tasks: notes parts, then reads back what is to be summed, side by side. */
void lane_steps(struct lane *l);
void lane_finish(struct lane *l, struct task *t);
void lane_leave(struct lane *l, struct task *t);

#endif
