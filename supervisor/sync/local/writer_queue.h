/* The inside of a writer, for writer.c and writer_large.c alone. Some is shared, under the lock. */
#ifndef SYNC_LOCAL_WRITER_QUEUE_H
#define SYNC_LOCAL_WRITER_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/list.h"
#include "sync/local/lane.h"
#include "sync/local/writer.h"

enum { WRITER_LANES = 3 };

/* What a lane does in one turn: many small files, many chunks, or one task. */
enum writer_turn { TURN_FILES, TURN_CHUNKS, TURN_STEP, TURN_LONG };
enum { TURNS = TURN_LONG + 1 };

/* What belongs to a chunk while somebody has it. */
struct writer_slot {
    struct task task;
    struct file_spec spec;
};

struct writer_lane {
    uv_work_t work;
    struct lane lane;
    struct writer *writer;
    bool away;             /* its thread has it; the loop's */
    enum writer_turn turn; /* of what it does */
};

struct writer_flight {
    uint16_t chunks; /* of the part, on their way to the disk */
    bool given;      /* all of them */
};

struct writer {
    uv_loop_t *loop;
    void *ctx;
    void (*on_room)(void *ctx);
    bool closing;
    void (*on_closed)(void *ctx); /* may be NULL */
    struct chunk *chunks;         /* mapped, and touched only as far as they are used */
    struct writer_slot slots[WRITER_CHUNKS];
    struct list idle; /* slots, the last that was used comes last */
    bool starved;     /* somebody was refused a chunk */
    bool in_place;

    /* Of the loop and of all lanes: under the lock. */
    uv_mutex_t lock;
    struct list queues[TURNS];
    unsigned queued[TURNS];
    unsigned busy[TURNS]; /* lanes */
    unsigned busy_count;
    unsigned next_turn;
    struct list done; /* tasks that the loop has not seen yet */

    uv_async_t news; /* there are such */
    struct list larges;
    struct writer_lane lanes[WRITER_LANES];
    unsigned lane_count;
    unsigned away_count;
    uv_check_t check; /* after what the network brought at once, and `idle_turn` that it comes */
    uv_idle_t idle_turn;
    bool waits; /* for it */
    unsigned handles;
};

void writer_queue(struct writer *w, struct task *t); /* to a lane, soon */
/* The chunk of t is the pool's again; what else t had is gone. */
void writer_recycle(struct writer *w, struct task *t);
void writer_spec(struct file_spec *spec, const struct writer_file *f);
void writer_judge(struct writer *w); /* the end, if all is done and the writer is being closed */

/* No callback for f, or for none at all. */
void writer_drop_small(struct writer *w, const struct writer_file *f);

/* Of large files. */
void writer_large_written(struct task *t); /* a chunk of one */
void writer_large_done(struct task *t);    /* its own task */
void writer_large_close(struct writer *w); /* drops all */

#endif
