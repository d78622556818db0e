/*
 * The way to journald, in its native protocol, without ever waiting for it: sd_journal_send(3)
 * blocks when journald does not read, and its stdout streams carry no fields of ours.
 *
 * One for the process. Entries leave in the order in which they were put, whoever puts them, so
 * that the last lines of a process stand before the news of its end. What journald does not take
 * waits here, and is sent when it reads again; journald may be restarted, also by SIGKILL.
 *
 * From LIMIT_JOURNAL bytes on journal_full tells those who can wait to do so; who cannot may go on
 * to four times of it. Beyond that entries are lost, and an entry says how many. The same happens
 * at LIMIT_JOURNAL bytes when there never was a journald, or when it has taken nothing for
 * LIMIT_JOURNAL_PATIENCE_MS: its own watchdog would have replaced it by then.
 */
#ifndef OUTPUT_JOURNAL_H
#define OUTPUT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>
#include <uv.h>

#include "base/buf.h"
#include "output/outlet.h"

/* Who waits until there is room. The owner removes it with journal_wait_end before it goes. */
struct journal_waiter {
    struct list link;
    void (*on_room)(struct journal_waiter *waiter); /* called once, from the loop */
};

struct journal_counts {
    size_t bytes;  /* that wait */
    size_t count;  /* entries that wait */
    uint64_t lost; /* entries, ever */
};

void journal_set_path(const char *path);         /* for tests; NULL: journald's. Borrowed */
void journal_set_limits(size_t max, int64_t ms); /* for tests; 0, 0: those of limits.h */
bool journal_there(void);                        /* is there a socket of that name now? */

/* From now on the loop retries what waits. Without it only the next journal_flush does. */
void journal_open(uv_loop_t *loop);
/* The handles close in the loop, and never keep it from ending; what waits goes on waiting. */
void journal_close(void);
/* At the very end: waits at most so long until all is taken, then forgets it and the socket. */
void journal_finish(int64_t ms);

struct journal_head *journal_head_new(const struct buf *fields);
void journal_head_unref(struct journal_head *head); /* NULL is fine */

/* One entry: the head (NULL: none; it takes a reference), then the parts, which are copied. */
void journal_put(struct journal_head *head, const struct iovec *parts, size_t count);
void journal_put_entry(const struct buf *entry);
void journal_flush(void); /* sends what journald takes now */

/* What waits, for another process that goes on in our place; and what such a one has left. */
void journal_save(struct buf *out);
void journal_restore(const struct buf *saved);

bool journal_full(void);
void journal_wait(struct journal_waiter *waiter);
void journal_wait_end(struct journal_waiter *waiter); /* also when it does not wait */
struct journal_counts journal_counts(void);

#endif
