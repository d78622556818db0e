#include "output/journal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/process.h"
#include "output/catalog.h"
#include "output/entry.h"

enum {
    TURN_SENDS = 32, /* system calls in one turn of the loop */
    STUCK_MS = 1000, /* then the log says so */
    LOOK_MS = 1000,  /* the loop tells when there is room again; this is a net below */
    PAUSE_MS = 20,   /* it told so, and there was none */
    RETRY_MS = 50,   /* the first time that there is nobody; then twice of it, up to: */
    RETRY_MOST_MS = 2000,
    HARD_FACTOR = 4, /* of the limit, for who cannot wait */
};

static struct {
    const char *path; /* NULL: JOURNAL_SOCKET */
    size_t max;       /* 0: LIMIT_JOURNAL */
    int64_t patience; /* ms; 0: LIMIT_JOURNAL_PATIENCE_MS */
    struct outlet outlet;
    bool waiting; /* for the loop to say that it is time to try again */
    bool reached; /* there has been a journald */
    bool busy;    /* inside journal_flush */
    bool told;    /* the log knows that it takes nothing */
    struct list queue;
    struct journal_counts counts;
    uint64_t untold; /* lost entries that no entry has told of */
    uint64_t sent;
    int64_t since; /* when it began to take nothing, ms; 0: it takes */
    int64_t pause; /* ms until the next try to reach somebody */
    struct list waiters;
    uv_loop_t *loop; /* NULL: none */
    bool watched;    /* `writable` is a handle of the loop */
    uv_poll_t writable;
    uv_timer_t retry;
} the_journal = {
    .outlet = {.fd = -1},
    .queue = {&the_journal.queue, &the_journal.queue},
    .waiters = {&the_journal.waiters, &the_journal.waiters},
};

void journal_set_path(const char *path)
{
    the_journal.path = path;
}

void journal_set_limits(size_t max, int64_t ms)
{
    the_journal.max = max;
    the_journal.patience = ms;
}

static const char *journal_path(void)
{
    return the_journal.path ? the_journal.path : JOURNAL_SOCKET;
}

bool journal_there(void)
{
    return access(journal_path(), F_OK) == 0;
}

/* --- What waits ---------------------------------------------------------------------------- */

static size_t journal_max(void)
{
    return the_journal.max ? the_journal.max : LIMIT_JOURNAL;
}

/* Is there somebody who will read again? */
static bool journal_is_patient(void)
{
    int64_t patience = the_journal.patience ? the_journal.patience : LIMIT_JOURNAL_PATIENCE_MS;
    return the_journal.reached &&
           (the_journal.since == 0 || clock_now() - the_journal.since < patience);
}

bool journal_full(void)
{
    return the_journal.counts.bytes >= journal_max() && journal_is_patient();
}

struct journal_counts journal_counts(void)
{
    return the_journal.counts;
}

static struct parcel *journal_first(void)
{
    return container_of(the_journal.queue.next, struct parcel, link);
}

struct journal_head *journal_head_new(const struct buf *fields)
{
    struct journal_head *head = mem_grow(NULL, 1, sizeof *head + fields->len);
    head->refs = 1;
    head->len = fields->len;
    memcpy(head->data, fields->data, fields->len);
    return head;
}

void journal_head_unref(struct journal_head *head)
{
    if (head && --head->refs == 0)
        mem_free(head);
}

static void journal_drop_first(void)
{
    struct parcel *p = journal_first();
    journal_head_unref(p->head);
    the_journal.counts.bytes -= sizeof *p + p->len;
    the_journal.counts.count--;
    list_remove(&p->link);
    mem_free(p);
}

static void journal_lose(void)
{
    the_journal.counts.lost++;
    the_journal.untold++;
}

/* --- Who waits ----------------------------------------------------------------------------- */

void journal_wait(struct journal_waiter *waiter)
{
    list_append(&the_journal.waiters, &waiter->link);
}

void journal_wait_end(struct journal_waiter *waiter)
{
    if (waiter->link.next)
        list_remove(&waiter->link);
}

static void journal_make_room(void)
{
    if (the_journal.counts.bytes > journal_max() / 2 && journal_is_patient())
        return;
    while (!list_empty(&the_journal.waiters)) {
        struct journal_waiter *w =
            container_of(the_journal.waiters.next, struct journal_waiter, link);
        list_remove(&w->link);
        w->on_room(w);
    }
}

/* --- Putting ------------------------------------------------------------------------------- */

static void on_writable(uv_poll_t *handle, int status, int events);

static void journal_watch(void)
{
    if (!the_journal.loop || the_journal.outlet.fd < 0 || the_journal.watched)
        return;
    if (uv_poll_init(the_journal.loop, &the_journal.writable, the_journal.outlet.fd) < 0)
        return; /* the timer does it alone */
    the_journal.watched = true;
    uv_unref((uv_handle_t *)&the_journal.writable);
}

static int journal_connect(void)
{
    int rc = outlet_connect(&the_journal.outlet, journal_path());
    journal_watch();
    the_journal.reached = the_journal.reached || rc == 0;
    return rc;
}

void journal_put(struct journal_head *head, const struct iovec *parts, size_t count)
{
    size_t len = 0;
    if (!the_journal.reached && list_empty(&the_journal.queue))
        (void)journal_connect(); /* is there somebody to wait for? */
    for (size_t i = 0; i < count; i++)
        len += parts[i].iov_len;
    size_t limit = journal_max() * (journal_is_patient() ? HARD_FACTOR : 1);
    if (the_journal.counts.bytes + sizeof(struct parcel) + len > limit) {
        journal_lose();
        return;
    }
    struct parcel *p = mem_grow(NULL, 1, sizeof *p + len);
    p->len = 0;
    p->head = head;
    if (head)
        head->refs++;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].iov_len > 0)
            memcpy(p->data + p->len, parts[i].iov_base, parts[i].iov_len);
        p->len += parts[i].iov_len;
    }
    list_append(&the_journal.queue, &p->link);
    the_journal.counts.bytes += sizeof *p + len;
    the_journal.counts.count++;
}

void journal_put_entry(const struct buf *entry)
{
    const struct iovec part = {entry->data, entry->len};
    journal_put(NULL, &part, 1);
}

void journal_save(struct buf *out)
{
    const struct parcel *p;
    list_each (p, &the_journal.queue, link) {
        size_t head = p->head ? p->head->len : 0;
        size_t len = head + p->len;
        buf_append(out, &len, sizeof len);
        if (head > 0)
            buf_append(out, p->head->data, head);
        buf_append(out, p->data, p->len);
    }
}

void journal_restore(const struct buf *saved)
{
    size_t len;
    for (size_t at = 0; saved->len - at > sizeof len; at += len) {
        memcpy(&len, saved->data + at, sizeof len);
        at += sizeof len;
        if (len > saved->len - at)
            return; /* no save of ours */
        const struct iovec part = {saved->data + at, len};
        journal_put(NULL, &part, 1);
    }
    journal_flush();
}

/* --- Now or later -------------------------------------------------------------------------- */

static void on_retry(uv_timer_t *timer);

static void journal_retry_in(int64_t ms)
{
    if (the_journal.loop)
        (void)uv_timer_start(&the_journal.retry, on_retry, (uint64_t)ms, 0);
}

static void journal_try_later(int error)
{
    if (the_journal.since == 0)
        the_journal.since = clock_now();
    the_journal.waiting = the_journal.loop != NULL;
    if (error == EAGAIN && the_journal.watched) {
        (void)uv_poll_start(&the_journal.writable, UV_WRITABLE, on_writable);
        journal_retry_in(LOOK_MS);
        return;
    }
    if (error != EAGAIN)
        the_journal.outlet.connected = false;
    the_journal.pause = the_journal.pause ? the_journal.pause * 2 : RETRY_MS;
    if (the_journal.pause > RETRY_MOST_MS)
        the_journal.pause = RETRY_MOST_MS;
    journal_retry_in(the_journal.pause);
}

static void journal_rest(void)
{
    if (the_journal.watched)
        (void)uv_poll_stop(&the_journal.writable);
    if (the_journal.loop)
        (void)uv_timer_stop(&the_journal.retry);
}

static void journal_tell_lost(void)
{
    struct buf entry = BUF_EMPTY;
    uint64_t lost = the_journal.untold;
    if (lost == 0 || the_journal.counts.bytes > journal_max() / 2)
        return;
    the_journal.untold = 0;
    catalog_begin(&entry, CATALOG_LOST);
    entry_number(&entry, "PRIORITY", catalog_rows[CATALOG_LOST].level);
    entry_number(&entry, "MAINSTAY_LOST", (long long)lost);
    buf_printf(&entry, "MESSAGE=%llu entries were lost: journald did not take them in time\n",
               (unsigned long long)lost);
    journal_put_entry(&entry);
    buf_close(&entry);
    log_warn("%llu entries for the journal were lost: journald did not take them in time",
             (unsigned long long)lost);
}

/* It took something. */
static void journal_went_on(void)
{
    if (the_journal.told)
        log_info("journald reads again");
    the_journal.told = false;
    the_journal.since = the_journal.pause = 0;
}

/* One call's worth. False: no more now. */
static bool journal_step(void)
{
    int n = journal_connect();
    if (n == 0)
        n = outlet_send(&the_journal.outlet, &the_journal.queue);
    if (n < 0 && outlet_error_passes(-n)) {
        journal_try_later(-n);
        return false;
    }
    if (n < 0)
        journal_lose();
    the_journal.sent += n < 0 ? 0 : (uint64_t)n;
    for (int i = 0; i < (n < 0 ? 1 : n); i++)
        journal_drop_first();
    journal_went_on();
    journal_tell_lost();
    return true;
}

static void journal_flush_now(void)
{
    bool more = true;
    the_journal.waiting = false;
    if (the_journal.busy || list_empty(&the_journal.queue))
        return;
    the_journal.busy = true;
    for (int i = 0; more && i < TURN_SENDS && !list_empty(&the_journal.queue); i++)
        more = journal_step();
    if (list_empty(&the_journal.queue))
        journal_rest();
    else if (more)
        journal_retry_in(0);
    the_journal.busy = false;
    journal_make_room();
}

void journal_flush(void)
{
    if (!the_journal.waiting)
        journal_flush_now();
}

static void on_writable(uv_poll_t *handle, int status, int events)
{
    uint64_t before = the_journal.sent;
    (void)events;
    journal_flush_now();
    if (the_journal.sent != before)
        return;
    (void)uv_poll_stop(handle); /* it said so, and it was not so */
    if (!list_empty(&the_journal.queue))
        journal_retry_in(status < 0 ? RETRY_MS : PAUSE_MS);
}

static void on_retry(uv_timer_t *timer)
{
    (void)timer;
    the_journal.outlet.connected = false; /* somebody else may have the name by now */
    journal_flush_now();
    journal_make_room();
    if (the_journal.told || the_journal.since == 0 || clock_now() - the_journal.since < STUCK_MS)
        return;
    the_journal.told = true;
    log_warn("journald takes nothing at %s: what is written to the journal waits", journal_path());
}

/* --- Life ---------------------------------------------------------------------------------- */

void journal_open(uv_loop_t *loop)
{
    the_journal.loop = loop;
    (void)uv_timer_init(loop, &the_journal.retry); /* never fails */
    uv_unref((uv_handle_t *)&the_journal.retry);
    journal_watch();
    if (!list_empty(&the_journal.queue))
        journal_retry_in(0);
}

void journal_close(void)
{
    if (the_journal.watched)
        uv_close((uv_handle_t *)&the_journal.writable, NULL);
    if (the_journal.loop)
        uv_close((uv_handle_t *)&the_journal.retry, NULL);
    the_journal.watched = false;
    the_journal.loop = NULL;
}

void journal_finish(int64_t ms)
{
    int64_t end = clock_now() + ms;
    journal_flush_now();
    while (!list_empty(&the_journal.queue) && the_journal.reached && clock_now() < end) {
        struct pollfd p = {.fd = the_journal.outlet.connected ? the_journal.outlet.fd : -1,
                           .events = POLLOUT};
        (void)poll(&p, 1, PAUSE_MS);
        journal_flush_now();
    }
    if (!list_empty(&the_journal.queue))
        log_warn("%zu entries for the journal are lost: journald did not take them",
                 the_journal.counts.count);
    while (!list_empty(&the_journal.queue))
        journal_drop_first();
    fd_close(&the_journal.outlet.fd);
    the_journal.outlet.connected = the_journal.reached = the_journal.told = false;
    the_journal.since = the_journal.pause = 0;
    the_journal.untold = 0;
}
