#include "engine/pool.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

/* --- Events -------------------------------------------------------------------------------- */

struct pool_event *pool_event_new(const struct event *ev, uint64_t serial)
{
    struct pool_event *new = mem_alloc(sizeof *new);
    *new = (struct pool_event){.refs = 1, .serial = serial, .type = payload_type(ev)};
    payload_write(ev, &new->payload);
    new->points = payload_points(buf_str(&new->payload), new->payload.len);
    return new;
}

void pool_event_unref(struct pool_event *ev)
{
    if (!ev || --ev->refs > 0)
        return;
    buf_close(&ev->payload);
    mem_free(ev);
}

/* --- What waits ---------------------------------------------------------------------------- */

/* Bytes that an event costs while it waits, also one without a payload. */
static size_t pool_cost(const struct pool_event *ev)
{
    return POOL_EVENT_COST + ev->payload.len;
}

static struct pool_entry pool_take_oldest(struct pool *p)
{
    struct pool_entry oldest = p->waiting[p->first];
    p->first = (p->first + 1) % p->room;
    p->waiting_count--;
    p->bytes -= pool_cost(oldest.event);
    return oldest;
}

static void pool_grow(struct pool *p)
{
    if (p->waiting_count < p->room)
        return;
    size_t room = p->room ? p->room * 2 : 16;
    struct pool_entry *waiting = mem_array(room, sizeof *waiting);
    for (size_t i = 0; i < p->room; i++) /* it is full */
        waiting[i] = p->waiting[(p->first + i) % p->room];
    mem_free(p->waiting);
    p->waiting = waiting;
    p->room = room;
    p->first = 0;
}

static void pool_put(struct pool *p, struct pool_entry entry, bool at_head)
{
    pool_grow(p);
    if (at_head)
        p->first = (p->first + p->room - 1) % p->room;
    p->waiting[(p->first + (at_head ? 0 : p->waiting_count)) % p->room] = entry;
    p->waiting_count++;
    p->bytes += pool_cost(entry.event);
}

static bool pool_full(const struct pool *p, const struct pool_event *next)
{
    return p->waiting_count > 0 && ((int64_t)p->waiting_count >= p->buffer_size ||
                                    p->bytes + pool_cost(next) > POOL_BYTES_MAX);
}

static void pool_make_room(struct pool *p, const struct pool_event *next)
{
    while (pool_full(p, next)) {
        struct pool_entry lost = pool_take_oldest(p);
        log_error("pool %s event buffer overflowed, discarding event %" PRIu64, p->name,
                  lost.event->serial);
        pool_event_unref(lost.event);
    }
}

bool pool_wants(const struct pool *p, enum eventtype type)
{
    return type != EVENTTYPES && p->types & EVENTTYPE_BIT(type);
}

void pool_accept(struct pool *p, struct pool_event *ev)
{
    pool_make_room(p, ev);
    ev->refs++;
    pool_put(p, (struct pool_entry){ev, p->next_serial++}, false);
}

void pool_restore(struct pool *p, struct pool_entry entry, size_t holder)
{
    if (holder < p->count && !p->members[holder].held.event)
        p->members[holder].held = entry;
    else
        pool_put(p, entry, false);
}

/* An event that could not be delivered is the next one again. */
static void pool_take_back(struct pool *p, struct pool_entry entry)
{
    log_debug("rebuffering event %" PRIu64 " for pool %s (buf size=%zu, max=%" PRId64 ")",
              entry.event->serial, p->name, p->waiting_count, p->buffer_size);
    pool_make_room(p, entry.event);
    pool_put(p, entry, true);
}

/* --- Sending ------------------------------------------------------------------------------- */

static bool pool_can_send(const struct pool *p, size_t member)
{
    return p->members[member].listener.state == LISTENER_READY && p->ops->running(p, member);
}

static void pool_write(const struct pool *p, const struct pool_entry *entry, struct buf *out)
{
    struct payload_head head = {.server = p->server,
                                .serial = entry->event->serial,
                                .pool = p->name,
                                .pool_serial = entry->serial,
                                .type = entry->event->type,
                                .points = entry->event->points};
    payload_write_head(&head, out);
    buf_append(out, buf_str(&entry->event->payload), entry->event->payload.len);
}

/* To the first member that takes it. */
static bool pool_send(struct pool *p, const struct pool_entry *entry)
{
    struct buf text = BUF_EMPTY;
    bool sent = false;
    for (size_t i = 0; i < p->count && !sent; i++) {
        if (!pool_can_send(p, i))
            continue;
        if (text.len == 0)
            pool_write(p, entry, &text);
        sent = p->ops->send(p, i, text.data, text.len) == 0;
        if (sent) {
            listener_sent(&p->members[i].listener);
            p->members[i].held = *entry;
        }
        log_debug(sent ? "event %" PRIu64 " sent to listener %s"
                       : "epipe occurred while sending event %" PRIu64
                         " to listener %s, listener state unchanged",
                  entry->event->serial, p->ops->name(p, i));
    }
    buf_close(&text);
    return sent;
}

static bool pool_any_ready(const struct pool *p)
{
    for (size_t i = 0; i < p->count; i++) {
        if (pool_can_send(p, i))
            return true;
    }
    return false;
}

void pool_dispatch(struct pool *p, int64_t now)
{
    if (p->resume > now || !pool_any_ready(p))
        return;
    p->resume = 0;
    while (p->waiting_count > 0) {
        struct pool_entry entry = pool_take_oldest(p);
        if (pool_send(p, &entry))
            continue;
        pool_take_back(p, entry);
        if (pool_any_ready(p)) /* it cannot be written to: nothing will tell when that changes */
            p->resume = now + POOL_PAUSE_MAX_MS;
        return;
    }
}

int64_t pool_due(const struct pool *p)
{
    return p->waiting_count > 0 && pool_any_ready(p) ? p->resume : -1;
}

bool pool_quiet(const struct pool *p)
{
    bool any = false;
    for (size_t i = 0; i < p->count; i++) {
        if (!p->ops->running(p, i) || p->members[i].listener.state == LISTENER_UNKNOWN)
            continue;
        any = true;
        if (p->members[i].listener.state == LISTENER_BUSY)
            return false;
    }
    return !any || p->waiting_count == 0;
}

/* --- What members say ---------------------------------------------------------------------- */

static void pool_log_step(const struct pool *p, size_t member, enum listener_state from)
{
    enum listener_state to = p->members[member].listener.state;
    const char *name = p->ops->name(p, member);
    log_debug("%s: %s -> %s", name, listener_state_name(from), listener_state_name(to));
    if (to == LISTENER_UNKNOWN)
        log_warn("%s: has entered the UNKNOWN state and will no longer receive events, this "
                 "usually indicates the process violated the eventlistener protocol",
                 name);
}

static void pool_let_go(struct pool *p, size_t member)
{
    pool_event_unref(p->members[member].held.event);
    p->members[member].held.event = NULL;
}

static void pool_reject(struct pool *p, size_t member)
{
    struct pool_entry entry = p->members[member].held;
    p->members[member].held.event = NULL;
    if (entry.event)
        pool_take_back(p, entry);
}

/* The second time an event is sent at once, as listeners may count on; later times wait. */
static void pool_slow_down(struct pool *p, int64_t now)
{
    int64_t pause = POOL_PAUSE_MS;
    if (p->rejections++ == 0)
        return;
    for (unsigned i = 2; i < p->rejections && pause < POOL_PAUSE_MAX_MS; i++)
        pause *= 2;
    p->resume = now + (pause < POOL_PAUSE_MAX_MS ? pause : POOL_PAUSE_MAX_MS);
}

static void pool_judge(struct pool *p, size_t member, int64_t now)
{
    struct listener *l = &p->members[member].listener;
    bool good = p->ops->judge(p, &l->text);
    log_line(good ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN, "%s: event was %s", p->ops->name(p, member),
             good ? "processed" : "rejected");
    pool_log_step(p, member, LISTENER_BUSY);
    if (good) {
        p->rejections = 0;
        pool_let_go(p, member);
    } else {
        pool_reject(p, member);
        pool_slow_down(p, now);
    }
}

static void pool_bad_result(struct pool *p, size_t member)
{
    struct buf line = BUF_EMPTY;
    const struct buf *text = &p->members[member].listener.text;
    payload_write_text(buf_str(text), text->len, &line);
    log_warn("%s: bad result line: '%s'", p->ops->name(p, member), buf_str(&line));
    buf_close(&line);
    pool_log_step(p, member, LISTENER_BUSY);
    pool_reject(p, member);
}

void pool_heard(struct pool *p, size_t member, const char *data, size_t len, int64_t now)
{
    struct listener *l = &p->members[member].listener;
    for (;;) {
        enum listener_state from = l->state;
        switch (listener_take(l, &data, &len)) {
        case LISTENER_SAYS_NOTHING:
            return;
        case LISTENER_SAYS_READY:
            if (p->rejections == 0)
                p->resume = 0; /* others may have been unable to read */
            pool_log_step(p, member, from);
            break;
        case LISTENER_SAYS_GARBAGE:
            pool_log_step(p, member, from);
            break;
        case LISTENER_SAYS_RESULT:
            pool_judge(p, member, now);
            break;
        case LISTENER_SAYS_BAD_RESULT:
            pool_bad_result(p, member);
            break;
        }
    }
}

void pool_started(struct pool *p, size_t member)
{
    pool_reject(p, member);
    listener_start(&p->members[member].listener);
}

void pool_ended(struct pool *p, size_t member)
{
    pool_reject(p, member);
}

bool pool_judge_ok(struct pool *p, const struct buf *result)
{
    (void)p;
    return result->len == 2 && memcmp(result->data, "OK", 2) == 0;
}

/* --- Life ---------------------------------------------------------------------------------- */

void pool_init(struct pool *p, const struct pool_ops *ops, size_t members)
{
    *p = (struct pool){.ops = ops, .count = members};
    list_init(&p->link);
    p->members = mem_array(members, sizeof *p->members);
    for (size_t i = 0; i < members; i++)
        listener_start(&p->members[i].listener);
}

void pool_close(struct pool *p)
{
    while (p->waiting_count > 0)
        pool_event_unref(pool_take_oldest(p).event);
    for (size_t i = 0; i < p->count; i++) {
        pool_let_go(p, i);
        listener_close(&p->members[i].listener);
    }
    mem_free(p->waiting);
    mem_free(p->members);
    p->waiting = NULL;
    p->members = NULL;
    p->count = 0;
}
