#include "handover/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "handover/bundle.h"
#include "output/stream.h"

struct keeper_place {
    uint64_t serial; /* 0: nobody's */
    char role;
};

struct keeper_wait {
    struct child *child;
    uint64_t serial;
    int64_t until;
};

enum { KEEPER_ROLES = 5 };
static const char keeper_roles[KEEPER_ROLES + 1] = "pioen"; /* pidfd, in, out, err, inbox */

static struct keeper *keeper_of(struct keep *keep)
{
    return container_of(keep, struct keeper, keep);
}

static struct host *keeper_host(const struct keeper *k)
{
    return k->whole->supervisor->host;
}

static void keeper_name(char kind, uint64_t serial, char *name, size_t size)
{
    (void)snprintf(name, size, "%c%" PRIu64, kind, serial);
}

/* --- Which child a descriptor belongs to ---------------------------------------------------- */

void keeper_place(struct keeper *k, int fd, uint64_t serial, char role)
{
    size_t at = (size_t)fd;
    if (fd < 0)
        return;
    if (at >= k->place_count) {
        size_t count = (at + 1) * 2;
        k->places = mem_grow(k->places, count, sizeof *k->places);
        memset(k->places + k->place_count, 0, (count - k->place_count) * sizeof *k->places);
        k->place_count = count;
    }
    k->places[at] = (struct keeper_place){serial, role};
}

/* What is not in a bundle (a gate, the report of a failed exec) is not kept. */
static json_t *keeper_give(struct carrier *c, int fd)
{
    const struct keeper *k = container_of(c, struct keeper, carrier);
    char text[32];
    if ((size_t)fd >= k->place_count || k->places[fd].serial == 0)
        return json_null();
    (void)snprintf(text, sizeof text, "%" PRIu64 ".%c", k->places[fd].serial, k->places[fd].role);
    return json_string(text);
}

static void keeper_place_child(struct keeper *k, const struct child *c)
{
    const int fds[KEEPER_ROLES] = {c->pidfd, c->in, c->out.fd, c->err.fd, c->inbox.fd};
    for (size_t i = 0; i < KEEPER_ROLES; i++)
        keeper_place(k, fds[i], c->serial, keeper_roles[i]);
    keeper_place(k, c->gate, 0, 0); /* their numbers may have been those of another child */
    keeper_place(k, c->report, 0, 0);
}

/* --- Lines --------------------------------------------------------------------------------- */

void keeper_forget(struct keeper *k, char kind, uint64_t serial)
{
    char name[STORE_NAME_MAX];
    keeper_name(kind, serial, name, sizeof name);
    store_drop(&k->store, name);
}

/* What is in k->lines is there at once or not at all. */
static void keeper_write(struct keeper *k)
{
    int rc = k->lines.len > 0 ? statelog_append(&k->kept.log, k->lines.data, k->lines.len) : 0;
    if (rc < 0 && !k->failing)
        log_critical("what happens is not kept any more, a crash would confuse it: %s",
                     strerror(-rc));
    k->failing = rc < 0;
    buf_clear(&k->lines);
    for (size_t i = 0; i < k->ended_count; i++)
        keeper_forget(k, 'c', k->ended[i]);
    k->ended_count = 0;
    if (statelog_is_long(&k->kept.log) || rc < 0)
        host_arm(keeper_host(k), &k->rewrite, host_now(keeper_host(k)));
}

static void keeper_write_soon(struct keeper *k)
{
    if (!timer_armed(&k->flush))
        host_arm(keeper_host(k), &k->flush, host_now(keeper_host(k)));
}

static void keeper_sockets_soon(struct keeper *k)
{
    k->sockets_changed = true;
    keeper_write_soon(k);
}

static void on_flush(struct timer *timer)
{
    struct keeper *k = container_of(timer, struct keeper, flush);
    if (k->sockets_changed)
        keeper_scan_sockets(k);
    keeper_write(k);
}

void keeper_rewrite(struct keeper *k)
{
    struct buf all = BUF_EMPTY;
    if (!k->begun)
        return;
    config_archive_close(&k->configs);
    keeper_scan_sockets(k);
    snapshot_all(k->whole, &k->configs, &k->carrier, &all);
    int rc = statelog_rewrite(&k->kept.log, buf_str(&all), all.len);
    buf_close(&all);
    if (rc == 0) { /* all that was to be appended is in it */
        buf_clear(&k->lines);
        keeper_write(k);
    } else if (!k->failing) {
        k->failing = true;
        log_critical("the state cannot be kept: %s", strerror(-rc));
    }
}

static void on_rewrite(struct timer *timer)
{
    keeper_rewrite(container_of(timer, struct keeper, rewrite));
}

static void keeper_owner_line(struct keeper *k, const struct child *c)
{
    if (c->of_job)
        line_write(snapshot_job(container_of_const(c, struct job, child), &k->configs, &k->lines),
                   &k->lines);
    else
        line_write(snapshot_proc(container_of_const(c, struct proc, child)), &k->lines);
}

/* --- The gate ------------------------------------------------------------------------------ */

static void keeper_unwait(struct keeper *k, size_t at)
{
    k->wait_count--;
    memmove(k->waits + at, k->waits + at + 1, (k->wait_count - at) * sizeof *k->waits);
}

static void keeper_wait(struct keeper *k, struct child *c)
{
    int64_t until = host_now(keeper_host(k)) + KEEPER_PATIENCE_MS;
    k->waits = mem_grow(k->waits, k->wait_count + 1, sizeof *k->waits);
    k->waits[k->wait_count++] = (struct keeper_wait){c, c->serial, until};
    if (!timer_armed(&k->patience))
        host_arm(keeper_host(k), &k->patience, until);
}

static void on_kept(struct store *s, const char *name)
{
    struct keeper *k = container_of(s, struct keeper, store);
    char first[STORE_NAME_MAX];
    for (size_t i = 0; i < k->wait_count; i++) { /* the first one: both are in order */
        keeper_name('c', k->waits[i].serial, first, sizeof first);
        if (strcmp(first, name) != 0)
            continue;
        struct child *c = k->waits[i].child;
        keeper_unwait(k, i);
        child_release(c);
        return;
    }
}

static void on_patience(struct timer *timer)
{
    struct keeper *k = container_of(timer, struct keeper, patience);
    int64_t now = host_now(keeper_host(k));
    size_t late = 0;
    while (k->wait_count > 0 && k->waits[0].until <= now) {
        struct child *c = k->waits[0].child;
        keeper_unwait(k, 0);
        child_release(c);
        late++;
    }
    if (late > 0)
        log_warn("systemd does not answer: %zu programs were started without being kept by it; "
                 "they would be lost if mainstayd crashed now",
                 late);
    if (k->wait_count > 0)
        host_arm(keeper_host(k), &k->patience, k->waits[0].until);
}

static void keeper_store_child(struct keeper *k, struct child *c)
{
    struct bundle b = {.roles = "pioen",
                       .fds = {c->pidfd, c->in, c->out.fd, c->err.fd, c->inbox.fd}};
    char name[STORE_NAME_MAX];
    keeper_name('c', c->serial, name, sizeof name);
    int fd = bundle_make(&b);
    int rc = fd < 0 ? fd : store_keep(&k->store, name, fd);
    if (rc == 0) {
        keeper_wait(k, c);
        return;
    }
    if (rc < 0)
        log_warn("'%s' is not kept by systemd, it would be lost if mainstayd crashed: %s",
                 c->config->name, strerror(-rc));
    child_release(c);
}

/* --- What happens -------------------------------------------------------------------------- */

static void keeper_child_started(struct keep *keep, struct child *c)
{
    struct keeper *k = keeper_of(keep);
    keeper_place_child(k, c);
    if (!k->begun) /* all lines are written anew soon */
        return;
    c->ticks = kept_ticks(c->pid);
    if (k->sockets_changed || (!c->of_job && container_of(c, struct proc, child)->socket))
        keeper_scan_sockets(k); /* what it was given has to be there with it */
    line_write(snapshot_child(c, &k->carrier), &k->lines);
    keeper_owner_line(k, c);
    keeper_write(k);
    if (c->gate < 0)
        return;
    statelog_hold(&k->kept.log, c->serial);
    keeper_store_child(k, c);
}

static void keeper_child_let_go(struct keep *keep, struct child *c)
{
    statelog_let_go(&keeper_of(keep)->kept.log, c->serial);
}

/* Its line goes together with the next one of its owner, so that an exit is never half known. */
static void keeper_child_ended(struct keep *keep, struct child *c)
{
    struct keeper *k = keeper_of(keep);
    char *key = snapshot_child_key(c);
    statelog_let_go(&k->kept.log, c->serial);
    for (size_t i = 0; i < k->wait_count; i++) {
        if (k->waits[i].child != c)
            continue;
        keeper_unwait(k, i);
        break;
    }
    line_write(line_gone("child", key), &k->lines);
    mem_free(key);
    k->ended = mem_grow(k->ended, k->ended_count + 1, sizeof *k->ended);
    k->ended[k->ended_count++] = c->serial;
    if (c->pid != c->born)
        keeper_forget(k, 'p', c->serial);
    keeper_write_soon(k);
}

static void keeper_proc_changed(struct keep *keep, struct proc *p)
{
    struct keeper *k = keeper_of(keep);
    if (!k->begun)
        return;
    line_write(snapshot_proc(p), &k->lines);
    keeper_write(k);
    if (p->socket) /* which may be closed after this */
        keeper_sockets_soon(k);
}

static void keeper_job_changed(struct keep *keep, struct job *job)
{
    struct keeper *k = keeper_of(keep);
    if (!k->begun)
        return;
    line_write(snapshot_job(job, &k->configs, &k->lines), &k->lines);
    keeper_write(k);
}

/* The one that lies in the store is that of a process which has ended. */
static void keeper_child_replaced(struct keep *keep, struct child *c)
{
    struct keeper *k = keeper_of(keep);
    struct bundle b = {.roles = "p", .fds = {c->pidfd}};
    char name[STORE_NAME_MAX];
    if (!k->begun)
        return;
    keeper_forget(k, 'p', c->serial);
    keeper_name('p', c->serial, name, sizeof name);
    int fd = bundle_make(&b);
    if (fd >= 0)
        (void)store_keep(&k->store, name, fd);
    c->ticks = kept_ticks(c->pid);
    keeper_place_child(k, c);
    line_write(snapshot_child(c, &k->carrier), &k->lines);
    keeper_owner_line(k, c);
    keeper_write(k);
}

/* A listener that has been sent a part of an event can be told no other one. */
static void keeper_member_changed(struct keep *keep, struct proc *p)
{
    struct keeper *k = keeper_of(keep);
    const struct pool *pool = p->group->pool;
    if (!k->begun)
        return;
    json_t *line = snapshot_member(&pool->members[p - p->group->procs], p->label);
    (void)json_object_set_new(line, "feeding", json_boolean(!feed_idle(&p->child.feed)));
    line_write(line, &k->lines);
    keeper_write(k);
}

static bool keeper_busy(const struct keep *keep)
{
    return container_of_const(keep, struct keeper, keep)->store.queued > 0;
}

/* All of it, once the jobs have followed. */
static void keeper_config_changed(struct keep *keep)
{
    struct keeper *k = keeper_of(keep);
    if (k->begun)
        host_arm(keeper_host(k), &k->rewrite, host_now(keeper_host(k)));
}

static const struct keep_ops keeper_ops = {
    .child_started = keeper_child_started,
    .child_let_go = keeper_child_let_go,
    .child_ended = keeper_child_ended,
    .proc_changed = keeper_proc_changed,
    .job_changed = keeper_job_changed,
    .member_changed = keeper_member_changed,
    .busy = keeper_busy,
    .child_replaced = keeper_child_replaced,
    .config_changed = keeper_config_changed,
    .listen_changed = keeper_listen_changed,
};

static void keeper_daemon_line(struct keeper *k)
{
    json_t *line = snapshot_daemon(k->whole, &k->configs, &k->carrier, &k->lines);
    line_write(line, &k->lines);
}

/* Before its first process starts. */
static void keeper_group_lines(struct keeper *k, const struct pgroup *g)
{
    json_t *line = snapshot_group(g, &k->configs, &k->lines);
    line_write(line, &k->lines);
    for (size_t i = 0; i < g->count; i++)
        line_write(snapshot_proc(&g->procs[i]), &k->lines);
    for (size_t i = 0; i < g->socket_count; i++)
        line_write(snapshot_socket(g, &g->sockets[i], &k->carrier), &k->lines);
    if (g->pool)
        snapshot_pool(g, &k->lines);
}

static void on_event(struct event_subscriber *sub, const struct event *ev)
{
    struct keeper *k = container_of(sub, struct keeper, subscriber);
    bool added = ev->type == EVENT_GROUP_ADDED;
    const struct pgroup *g = added ? supervisor_find_group(k->whole->supervisor, ev->group) : NULL;
    if (!k->begun ||
        (!added && ev->type != EVENT_GROUP_REMOVED && ev->type != EVENT_SUPERVISOR_STATE))
        return;
    if (g)
        keeper_group_lines(k, g);
    if (ev->type == EVENT_GROUP_REMOVED)
        line_write(line_gone("group", ev->group), &k->lines);
    keeper_daemon_line(k);
    keeper_write(k);
}

/* --- Life ---------------------------------------------------------------------------------- */

static void keeper_store_file(struct keeper *k, const char *name, int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    store_drop(&k->store, name); /* one that nobody could make use of */
    if (copy >= 0)
        (void)store_keep(&k->store, name, copy);
}

void keeper_open(struct keeper *k, uv_loop_t *loop, struct kept *kept, struct whole *w)
{
    struct err e;
    *k = (struct keeper){.keep = {.ops = &keeper_ops}, .whole = w, .kept = *kept};
    k->carrier.give = keeper_give;
    k->flush.on_due = on_flush;
    k->rewrite.on_due = on_rewrite;
    k->patience.on_due = on_patience;
    k->subscriber.on_event = on_event;
    *kept = (struct kept){0};
    store_init(&k->store, loop);
    k->store.on_kept = on_kept;
    if (!store_is_there(&k->store))
        return;
    bool fresh = !k->kept.there;
    if (fresh && kept_open(&k->kept, (const int[]){-1, -1, -1}, &e) < 0) {
        log_warn("a crash of mainstayd would end its programs: %s", e.text);
        return;
    }
    if (fresh) {
        keeper_store_file(k, "state-a", k->kept.log.halves[0].fd);
        keeper_store_file(k, "state-b", k->kept.log.halves[1].fd);
        keeper_store_file(k, "flight", k->kept.flight.fd);
    }
    const int fds[] = {k->kept.log.halves[0].fd, k->kept.log.halves[1].fd, k->kept.flight.fd};
    memcpy(w->kept, fds, sizeof fds);
    keeper_know_sockets(k, w->kept_sockets);
    k->on = true;
    stream_use_flight(&k->kept.flight);
    keeper_host(k)->keep = &k->keep;
}

void keeper_begin(struct keeper *k)
{
    if (!k->on)
        return;
    if (!k->hears)
        event_bus_subscribe(k->whole->supervisor->bus, &k->subscriber);
    k->hears = k->begun = true;
    keeper_rewrite(k);
}

void keeper_rest(struct keeper *k)
{
    k->begun = false;
}

void keeper_close(struct keeper *k)
{
    struct timer *timers[] = {&k->flush, &k->rewrite, &k->patience};
    if (k->on) {
        static const char *const names[] = {"state-a", "state-b", "flight"};
        statelog_end(&k->kept.log);
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            store_drop(&k->store, names[i]);
        for (size_t i = 0; i < k->socket_count; i++)
            keeper_forget(k, 'l', k->sockets[i].number);
        if (k->hears)
            event_bus_unsubscribe(&k->subscriber);
        keeper_host(k)->keep = NULL;
        stream_use_flight(NULL);
        k->on = k->begun = false;
    }
    for (size_t i = 0; i < sizeof timers / sizeof *timers; i++)
        host_disarm(keeper_host(k), timers[i]);
    kept_close(&k->kept);
    store_close(&k->store);
    config_archive_close(&k->configs);
    buf_close(&k->lines);
    mem_free(k->places);
    mem_free(k->waits);
    mem_free(k->ended);
    mem_free(k->sockets);
    k->sockets = NULL;
    k->socket_count = 0;
    k->places = NULL;
    k->waits = NULL;
    k->ended = NULL;
}
