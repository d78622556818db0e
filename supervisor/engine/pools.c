#include "engine/pools.h"

#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "config/blank.h"
#include "engine/keep.h"
#include "engine/supervisor.h"

/* --- What a pool asks of processes --------------------------------------------------------- */

static struct proc *member_proc(const struct pool *p, size_t member)
{
    const struct pgroup *g = p->owner;
    return &g->procs[member];
}

static const char *member_name(const struct pool *p, size_t member)
{
    return member_proc(p, member)->config->name;
}

static bool member_running(const struct pool *p, size_t member)
{
    return member_proc(p, member)->fsm.state == PROC_RUNNING;
}

static int member_send(struct pool *p, size_t member, const char *data, size_t len)
{
    return child_write(&member_proc(p, member)->child, data, len);
}

static size_t proc_member(const struct proc *p)
{
    return (size_t)(p - p->group->procs);
}

/* For whoever takes over after a crash: how far it is in its protocol. */
static void pools_keep(struct proc *p)
{
    struct pool_member *member = &p->group->pool->members[proc_member(p)];
    struct keep *keep = p->group->supervisor->host->keep;
    member->kept_busy = member->listener.state == LISTENER_BUSY;
    if (keep)
        keep->ops->member_changed(keep, p);
}

static void pools_keep_busy(struct pool *p)
{
    for (size_t i = 0; i < p->count; i++) {
        if (p->members[i].listener.state == LISTENER_BUSY && !p->members[i].kept_busy)
            pools_keep(member_proc(p, i));
    }
}

/* The word behind "key:" in the payload's first line. */
static struct span header(struct span line, const char *key)
{
    size_t len = strlen(key);
    for (size_t at = 0; at + len <= line.len; at++) {
        if ((at > 0 && line.text[at - 1] != ' ') || memcmp(line.text + at, key, len) != 0)
            continue;
        const char *word = line.text + at + len;
        size_t left = line.len - at - len;
        const char *blank = memchr(word, ' ', left);
        return (struct span){word, blank ? (size_t)(blank - word) : left};
    }
    return (struct span){NULL, 0};
}

/* The payload of a PROCESS_LOG event: each line of it as "process channel | line". */
static void write_lines(const struct buf *result, struct buf *out)
{
    const char *end = memchr(result->data, '\n', result->len);
    struct span line = {result->data, end ? (size_t)(end - result->data) : 0};
    struct span name = header(line, "processname:");
    struct span channel = header(line, "channel:");
    if (!name.text || !channel.text) { /* it has been made ready to be shown */
        buf_append(out, result->data, result->len);
        return;
    }
    size_t at = line.len + 1;
    while (at < result->len) {
        const char *text = result->data + at;
        end = memchr(text, '\n', result->len - at);
        size_t len = end ? (size_t)(end - text) : result->len - at;
        buf_printf(out, "%.*s %.*s | ", (int)name.len, name.text, (int)channel.len, channel.text);
        buf_append(out, text, len);
        buf_char(out, '\n');
        at += len + 1;
    }
}

/* To our standard output; what is lost there is said in the log. */
static void show(const struct pool *p, struct file_log *terminal, const struct buf *text)
{
    if (!terminal->path)
        (void)file_open_fd(terminal, STDOUT_FILENO, "standard output", NULL);
    if (text->len == 0 || !terminal->path)
        return;
    file_write(terminal, text->data, text->len);
    const char *trouble = file_trouble(terminal);
    if (trouble)
        log_warn("%s: %s", p->name, trouble);
}

/* supervisor_stdout:event_handler: whatever the result is, it is shown and the event is done. */
static bool judge_stdout(struct pool *p, const struct buf *result)
{
    const struct pgroup *g = p->owner;
    struct buf out = BUF_EMPTY;
    if (result->len > 0)
        write_lines(result, &out);
    show(p, &g->supervisor->pools.terminal, &out);
    buf_close(&out);
    return true;
}

static const struct pool_ops ops_default = {
    .name = member_name,
    .running = member_running,
    .send = member_send,
    .judge = pool_judge_ok,
};

static const struct pool_ops ops_stdout = {
    .name = member_name,
    .running = member_running,
    .send = member_send,
    .judge = judge_stdout,
};

/* --- Time ---------------------------------------------------------------------------------- */

/* Dispatching is not done where something happens: whoever is on the stack is left alone. */
static void pools_settle(struct pools *pools)
{
    struct host *host = pools->supervisor->host;
    const struct pool *p;
    int64_t next = -1;
    if (pools->supervisor->stopping_all)
        supervisor_settle(pools->supervisor); /* somebody may have heard the last of it */
    list_each (p, &pools->pools, link) {
        int64_t due = pool_due(p);
        if (due >= 0 && (next < 0 || due < next))
            next = due;
    }
    if (next < 0)
        host_disarm(host, &pools->dispatch);
    else
        host_arm(host, &pools->dispatch, next > host_now(host) ? next : host_now(host));
}

static void on_dispatch(struct timer *timer)
{
    struct pools *pools = container_of(timer, struct pools, dispatch);
    struct pool *p;
    list_each (p, &pools->pools, link) {
        pool_dispatch(p, host_now(pools->supervisor->host));
        pools_keep_busy(p);
    }
    pools_settle(pools);
}

static void on_patience(struct timer *timer)
{
    supervisor_settle(container_of(timer, struct pools, patience)->supervisor);
}

bool pools_may_stop(struct pgroup *g)
{
    struct host *host = g->supervisor->host;
    struct pool *p = g->pool;
    int64_t now = host_now(host);
    if (!p || pool_quiet(p))
        return true;
    if (p->patience == 0)
        p->patience = now + POOL_PATIENCE_MS;
    if (now < p->patience && !timer_armed(&g->supervisor->pools.patience))
        host_arm(host, &g->supervisor->pools.patience, p->patience);
    return now >= p->patience;
}

static unsigned pools_periods(const struct pools *pools)
{
    unsigned periods = 0;
    periods |= pools->types & EVENTTYPE_BIT(EVENTTYPE_TICK_5) ? 1u : 0;
    periods |= pools->types & EVENTTYPE_BIT(EVENTTYPE_TICK_60) ? 2u : 0;
    periods |= pools->types & EVENTTYPE_BIT(EVENTTYPE_TICK_3600) ? 4u : 0;
    return periods;
}

static void pools_arm_tick(struct pools *pools)
{
    struct host *host = pools->supervisor->host;
    unsigned periods = pools_periods(pools);
    if (periods)
        host_arm(host, &pools->tick, host_now(host) + ticks_wait(periods, host_wall(host)));
    else
        host_disarm(host, &pools->tick);
}

static void on_tick(struct timer *timer)
{
    struct pools *pools = container_of(timer, struct pools, tick);
    unsigned turned = ticks_turn(&pools->ticks, host_wall(pools->supervisor->host));
    pools_arm_tick(pools);
    for (int i = 0; i < TICKS; i++) {
        struct event ev = {
            .type = EVENT_TICK, .period = tick_periods[i], .when = pools->ticks.slices[i]};
        if (turned & pools_periods(pools) & 1u << i)
            event_bus_publish(pools->supervisor->bus, &ev);
    }
}

void pools_wake(struct pools *pools)
{
    struct host *host = pools->supervisor->host;
    pools_settle(pools);
    if (timer_armed(&pools->tick))
        host_arm(host, &pools->tick, host_now(host));
}

/* --- Events -------------------------------------------------------------------------------- */

static void on_event(struct event_subscriber *sub, const struct event *ev)
{
    struct pools *pools = container_of(sub, struct pools, subscriber);
    enum eventtype type = payload_type(ev);
    struct pool_event *event = NULL;
    struct pool *p;
    if (type == EVENTTYPES || list_empty(&pools->pools))
        return;
    list_each (p, &pools->pools, link) {
        if (!pool_wants(p, type))
            continue;
        if (!event)
            event = pool_event_new(ev, pools->next_serial++);
        pool_accept(p, event);
    }
    pool_event_unref(event);
    if (event || ev->type == EVENT_PROCESS_STATE) /* a listener may be RUNNING now */
        pools_settle(pools);
}

/* --- Pools come and go --------------------------------------------------------------------- */

static void pools_look(struct pools *pools)
{
    unsigned before = pools_periods(pools);
    const struct pool *p;
    pools->types = 0;
    list_each (p, &pools->pools, link)
        pools->types |= p->types;
    if (!before)
        ticks_start(&pools->ticks, host_wall(pools->supervisor->host));
    pools_arm_tick(pools);
}

struct pool *pools_add(struct pools *pools, struct pgroup *g)
{
    struct pool *p = mem_alloc(sizeof *p);
    bool to_stdout = strcmp(g->config->result_handler, "supervisor_stdout:event_handler") == 0;
    pool_init(p, to_stdout ? &ops_stdout : &ops_default, g->count);
    p->owner = g;
    p->name = g->config->name;
    p->server = g->snapshot->identifier;
    p->types = eventtype_mask(&g->config->events);
    p->buffer_size = g->config->buffer_size;
    list_append(&pools->pools, &p->link);
    pools_look(pools);
    return p;
}

void pools_mute(struct pools *pools, struct pool *p)
{
    list_remove(&p->link);
    pools_look(pools);
    pools_settle(pools);
}

void pools_free(struct pool *p)
{
    if (!p)
        return;
    pool_close(p);
    mem_free(p);
}

/* --- What processes do --------------------------------------------------------------------- */

void pools_started(struct proc *p)
{
    p->group->pool->patience = 0;
    pool_started(p->group->pool, proc_member(p));
    pools_keep(p);
}

void pools_ended(struct proc *p)
{
    pool_ended(p->group->pool, proc_member(p));
    pools_settle(&p->group->supervisor->pools);
}

void pools_heard(struct proc *p, const char *data, size_t len)
{
    struct supervisor *s = p->group->supervisor;
    pool_heard(p->group->pool, proc_member(p), data, len, host_now(s->host));
    pools_keep(p);
    pools_settle(&s->pools);
}

/* --- Life ---------------------------------------------------------------------------------- */

void pools_init(struct pools *pools, struct supervisor *s)
{
    *pools = (struct pools){.supervisor = s, .terminal = {.fd = -1}};
    list_init(&pools->pools);
    pools->dispatch.on_due = on_dispatch;
    pools->tick.on_due = on_tick;
    pools->patience.on_due = on_patience;
    pools->subscriber.on_event = on_event;
    event_bus_subscribe(s->bus, &pools->subscriber);
}

void pools_close(struct pools *pools)
{
    event_bus_unsubscribe(&pools->subscriber);
    host_disarm(pools->supervisor->host, &pools->dispatch);
    host_disarm(pools->supervisor->host, &pools->tick);
    host_disarm(pools->supervisor->host, &pools->patience);
    file_close(&pools->terminal);
}
