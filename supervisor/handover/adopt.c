#include "handover/adopt.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "handover/adopt_child.h"
#include "handover/rows.h"

/* --- Reading ------------------------------------------------------------------------------- */

// clang-format off
static const struct {
    const char *kind;
    const struct line_table *table;
} adopt_tables[] = {
    { "daemon", &rows_whole },
    { "daemon", &rows_host },
    { "daemon", &rows_pools },
    { "daemon", &rows_power },
    { "server", &rows_server },
    { "proc",   &rows_proc },
    { "child",  &rows_child },
    { "child",  &rows_child_state },
    { "visitor", &rows_visitor },
    { "follow", &rows_follow },
    { "job",    &rows_job },
    { "socket", &rows_fcgi },
    { "listen", &rows_listen },
    { "pool",   &rows_pool },
    { "member", &rows_member },
};
// clang-format on

static int adopt_check_rows(const struct adoption *a, struct err *e)
{
    const struct book_entry *entry;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof adopt_tables / sizeof *adopt_tables; i++) {
        size_t at = 0;
        while (rc == 0 && (entry = book_next(&a->book, adopt_tables[i].kind, &at)) != NULL)
            rc = line_unpack(entry->line, adopt_tables[i].table, NULL, NULL, e);
    }
    return rc;
}

static const struct job_config *adopt_find_job(const struct config *config, const char *label)
{
    for (size_t i = 0; config && i < config->job_count; i++) {
        if (strcmp(config->jobs[i].process.section, label) == 0)
            return &config->jobs[i];
    }
    return NULL;
}

static const struct group_config *adopt_find_group(const struct config *config, const char *name)
{
    return config ? config_find_group(config, name) : NULL;
}

static int adopt_check_names(const struct adoption *a, struct err *e)
{
    static const char *const members[] = {"first", "config", "pending", "jobs"};
    const struct book_entry *entry;
    size_t at = 0;
    while ((entry = book_next(&a->book, "group", &at)) != NULL) {
        if (!adopt_find_group(configs_get(&a->configs, entry->line, "config"), entry->key))
            return err_set(e, -EINVAL, "the configuration of group '%s' is not among it",
                           entry->key);
    }
    at = 0;
    while ((entry = book_next(&a->book, "job", &at)) != NULL) {
        if (!adopt_find_job(configs_get(&a->configs, entry->line, "config"), entry->key))
            return err_set(e, -EINVAL, "the configuration of '%s' is not among it", entry->key);
    }
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (!configs_get(&a->configs, a->daemon, members[i]))
            return err_set(e, -EINVAL, "the configuration '%s' is not among it", members[i]);
    }
    return 0;
}

int adopt_read(struct adoption *a, const char *text, size_t len, struct err *e)
{
    *a = (struct adoption){0};
    int rc = book_read(&a->book, text, len, rows_kinds, e);
    if (rc < 0)
        return rc;
    a->daemon = book_find(&a->book, "daemon", "");
    if (!a->daemon)
        return err_set(e, -EINVAL, "it has no line for the daemon itself");
    rc = adopt_check_rows(a, e);
    if (rc < 0)
        return rc;
    if (configs_read(&a->configs, &a->book, e) < 0)
        return -ENOEXEC;
    return adopt_check_names(a, e);
}

void adopt_close(struct adoption *a)
{
    book_close(&a->book);
    config_archive_close(&a->configs);
    a->daemon = NULL;
}

/* --- Adopting ------------------------------------------------------------------------------ */

/* False: it says so and counts it. What was read has been checked, but one never knows. */
static bool adopt_line(struct adoption *a, const char *kind, const char *key, const json_t **line)
{
    *line = book_find(&a->book, kind, key);
    if (*line)
        return true;
    log_critical("the hand-over says nothing of %s '%s'", kind, key);
    a->lost++;
    return false;
}

static bool adopt_rows(struct adoption *a, const json_t *line, const struct line_table *t,
                       void *into, struct carrier *c)
{
    struct err e;
    if (line_unpack(line, t, into, c, &e) == 0)
        return true;
    log_critical("the hand-over cannot be followed: %s", e.text);
    a->lost++;
    return false;
}

void adopt_daemon(const struct adoption *a, struct whole *w, struct carrier *c)
{
    w->kept[0] = w->kept[1] = w->kept[2] = -1;
    (void)line_unpack(a->daemon, &rows_whole, w, c, NULL);
    w->first = configs_get(&a->configs, a->daemon, "first");
    w->config = configs_get(&a->configs, a->daemon, "config");
}

void adopt_servers(const struct adoption *a, struct inherited *t, struct carrier *c)
{
    const struct book_entry *entry;
    size_t at = 0;
    while ((entry = book_next(&a->book, "server", &at)) != NULL) {
        struct inherited_socket item = {.fd = -1};
        if (line_unpack(entry->line, &rows_server, &item, c, NULL) == 0 && item.fd >= 0)
            inherited_add(t, item.fd, item.name, item.own);
        mem_free(item.name);
    }
}

static void adopt_sockets(struct adoption *a, struct pgroup *g, struct carrier *c)
{
    for (size_t i = 0; i < g->socket_count; i++) {
        const json_t *line;
        char *key = snapshot_socket_key(g, &g->sockets[i]);
        if (adopt_line(a, "socket", key, &line))
            (void)adopt_rows(a, line, &rows_fcgi, &g->sockets[i], c);
        mem_free(key);
    }
}

/* Their users take them by their addresses: see adopt_proc. */
static void adopt_listens(struct adoption *a, struct supervisor *s, struct carrier *c)
{
    const struct book_entry *entry;
    size_t at = 0;
    while ((entry = book_next(&a->book, "listen", &at)) != NULL) {
        struct listen_socket kept = {.fd = -1};
        if (entry->line && adopt_rows(a, entry->line, &rows_listen, &kept, c) && kept.fd >= 0)
            listens_adopt(&s->listens, entry->key, kept.fd, kept.lent);
    }
}

static void adopt_use(struct proc *p)
{
    struct err e;
    if (!p->listen.taken)
        return;
    p->listen.taken = false;
    if (listen_take(&p->listen, p->config, &e) < 0)
        log_error("'%s' goes on, but what it listens at is not kept: %s", p->config->name, e.text);
}

/* linear: a hundred that wait for a hundred others is ten thousand compares, once */
static const struct graph_node *adopt_node(const struct graph *graph, const json_t *name)
{
    struct buf label = BUF_EMPTY;
    const struct graph_node *found = NULL;
    const struct graph_node *n;
    if (name && line_text_read(name, &label)) {
        list_each (n, &graph->nodes, link) {
            if (strcmp(n->label, buf_str(&label)) == 0)
                found = n;
        }
    }
    buf_close(&label);
    return found;
}

static void adopt_runs(struct adoption *a, struct proc *p)
{
    a->programs++;
    /* As long as there was no daemon nobody could hear it. */
    if (p->child.adopted && p->fsm.state == PROC_RUNNING && p->rules.watchdog_ms > 0)
        proc_extend(p, p->rules.watchdog_ms);
}

static void adopt_proc(struct adoption *a, struct proc *p, struct carrier *c)
{
    struct supervisor *s = p->group->supervisor;
    const json_t *line;
    if (!adopt_line(a, "proc", p->label, &line) || !adopt_rows(a, line, &rows_proc, p, c))
        return;
    if (p->fsm.deadline != FSM_NEVER)
        host_arm(s->host, &p->timer, p->fsm.deadline);
    p->blocker = adopt_node(&s->graph, json_object_get(line, "blocker"));
    p->awaited = json_is_true(json_object_get(line, "awaited"));
    if (p->awaited)
        host_arm(s->host, &s->awaited, host_now(s->host));
    p->has_socket = p->has_socket && p->socket && p->socket->fd >= 0;
    if (p->has_socket)
        p->socket->users++;
    adopt_use(p);
    if (adopt_child(&p->child, &a->book, c))
        adopt_runs(a, p);
    else if (p->fsm.state == PROC_STARTING)
        p->spawn_pending = true; /* it was about to be started */
}

static void adopt_job(struct adoption *a, struct job *job, const json_t *line, struct carrier *c)
{
    json_int_t due = json_integer_value(json_object_get(line, "due"));
    if (!adopt_rows(a, line, &rows_job, job, c))
        return;
    if (job->state >= JOB_STATES)
        job->state = JOB_IDLE;
    if (job->cause >= JOB_CAUSES)
        job->cause = JOB_BY_HAND;
    if (job->queued.cause >= JOB_CAUSES)
        job->queued.cause = JOB_BY_HAND;
    agenda_enter(job, job->seen);
    if (due >= 0)
        host_arm(job->jobs->host, &job->timer, due);
    if (adopt_child(&job->child, &a->book, c))
        a->jobs++;
    else if (job->state == JOB_RUNNING)
        job->start_pending = true;
}

/* --- Event listeners ----------------------------------------------------------------------- */

static void adopt_pool(struct adoption *a, struct pgroup *g)
{
    const json_t *line;
    if (adopt_line(a, "pool", g->config->name, &line))
        (void)adopt_rows(a, line, &rows_pool, g->pool, NULL);
    for (size_t i = 0; i < g->count; i++) {
        if (adopt_line(a, "member", g->procs[i].label, &line))
            (void)adopt_rows(a, line, &rows_member, &g->pool->members[i], NULL);
    }
}

static size_t adopt_holder(const struct pgroup *g, const json_t *line)
{
    char *label = line_get(line, "holder");
    size_t at = 0;
    while (at < g->count && !(label && strcmp(g->procs[at].label, label) == 0))
        at++;
    mem_free(label);
    return at;
}

static void adopt_event(struct supervisor *s, const json_t *line)
{
    char *name = line_get(line, "pool");
    const char *type = json_string_value(json_object_get(line, "type"));
    const struct pgroup *g = name ? supervisor_find_group(s, name) : NULL;
    mem_free(name);
    if (!g || !g->pool || !type || eventtype_find(type) == EVENTTYPES)
        return;
    struct pool_event *ev = mem_alloc(sizeof *ev);
    *ev =
        (struct pool_event){.refs = 1,
                            .serial = (uint64_t)json_integer_value(json_object_get(line, "serial")),
                            .type = eventtype_find(type),
                            .points = (size_t)json_integer_value(json_object_get(line, "points"))};
    (void)line_bytes_read(json_object_get(line, "payload"), &ev->payload);
    struct pool_entry entry = {ev,
                               (uint64_t)json_integer_value(json_object_get(line, "pool_serial"))};
    pool_restore(g->pool, entry, adopt_holder(g, line));
}

/* --- All of it ----------------------------------------------------------------------------- */

static void adopt_make(struct adoption *a, const struct whole *w)
{
    const struct book_entry *entry;
    size_t at = 0;
    w->supervisor->adopting = w->jobs->adopting = true;
    supervisor_set_config(w->supervisor, configs_get(&a->configs, a->daemon, "pending"));
    jobs_set_snapshot(w->jobs, configs_get(&a->configs, a->daemon, "jobs"));
    while ((entry = book_next(&a->book, "job", &at)) != NULL) {
        struct config *config = configs_get(&a->configs, entry->line, "config");
        (void)jobs_adopt(w->jobs, config, adopt_find_job(config, entry->key));
    }
    at = 0;
    while ((entry = book_next(&a->book, "group", &at)) != NULL) {
        struct config *config = configs_get(&a->configs, entry->line, "config");
        (void)supervisor_adopt_group(w->supervisor, config, adopt_find_group(config, entry->key));
    }
    w->supervisor->adopting = w->jobs->adopting = false;
    jobs_relink(w->jobs);
    supervisor_relink(w->supervisor);
}

static void adopt_group(struct adoption *a, struct pgroup *g, struct carrier *c)
{
    adopt_sockets(a, g, c);
    for (size_t i = 0; i < g->count; i++)
        adopt_proc(a, &g->procs[i], c);
    if (g->pool)
        adopt_pool(a, g);
}

void adopt_go_on(const struct whole *w)
{
    struct pgroup *g;
    struct proc *p;
    supervisor_each_proc(p, g, w->supervisor)
    {
        if (p->spawn_pending && p->child.pid == 0)
            p->child.on_idle(&p->child);
    }
    for (size_t i = 0; i < w->jobs->count; i++) {
        struct job *job = w->jobs->items[i];
        if (job->start_pending && job->child.pid == 0)
            job->child.on_idle(&job->child);
        job_nudge(job);
    }
    supervisor_settle(w->supervisor);
    jobs_settle(w->jobs);
    agenda_look(w->jobs);
    pools_wake(&w->supervisor->pools);
}

void adopt_all(struct adoption *a, const struct whole *w, struct carrier *c)
{
    const struct book_entry *entry;
    struct pgroup *g;
    size_t at = 0;
    adopt_make(a, w);
    (void)adopt_rows(a, a->daemon, &rows_host, w->supervisor->host, c);
    adopt_listens(a, w->supervisor, c);
    list_each (g, &w->supervisor->groups, link)
        adopt_group(a, g, c);
    for (size_t i = 0; i < w->jobs->count; i++) {
        const json_t *line;
        if (adopt_line(a, "job", w->jobs->items[i]->label, &line))
            adopt_job(a, w->jobs->items[i], line, c);
    }
    while ((entry = book_next(&a->book, "event", &at)) != NULL)
        adopt_event(w->supervisor, entry->line);
    (void)adopt_rows(a, a->daemon, &rows_pools, &w->supervisor->pools, c);
    if (w->power && adopt_rows(a, a->daemon, &rows_power, w->power, c) &&
        !power_under_way(w->power))
        w->power->step = POWER_IDLE; /* what was asked is asked again */
}

static void adopt_watch_child(struct reaper *r, const struct child *c)
{
    if (c->pid == 0 || !c->adopted || c->pidfd < 0)
        return;
    int rc = reaper_adopt(r, c->pid, c->pidfd);
    if (rc < 0)
        log_critical("the end of '%s' (%d) will not be seen: %s", c->config->name, (int)c->pid,
                     strerror(-rc));
}

void adopt_watch(const struct whole *w, struct reaper *r)
{
    struct pgroup *g;
    struct proc *p;
    supervisor_each_proc(p, g, w->supervisor) adopt_watch_child(r, &p->child);
    for (size_t i = 0; i < w->jobs->count; i++)
        adopt_watch_child(r, &w->jobs->items[i]->child);
}
