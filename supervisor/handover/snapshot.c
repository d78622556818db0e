#include "handover/snapshot.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "control/resume.h"
#include "control/servers.h"
#include "handover/rows.h"

/* --- Programs ------------------------------------------------------------------------------ */

json_t *snapshot_group(const struct pgroup *g, struct config_archive *configs, struct buf *out)
{
    json_t *line = line_new("group", g->config->name);
    (void)json_object_set_new(line, "config", configs_name(configs, g->snapshot, out));
    return line;
}

json_t *snapshot_proc(const struct proc *p)
{
    json_t *line = line_new("proc", p->label);
    line_pack(line, &rows_proc, p, NULL);
    (void)json_object_set_new(line, "awaited", json_boolean(p->awaited));
    if (p->blocker)
        (void)json_object_set_new(line, "blocker",
                                  line_text(p->blocker->label, strlen(p->blocker->label)));
    return line;
}

char *snapshot_child_key(const struct child *c)
{
    return mem_printf("%s %s", c->of_job ? "job" : "proc", c->label);
}

json_t *snapshot_child(const struct child *c, struct carrier *carrier)
{
    char *key = snapshot_child_key(c);
    json_t *line = line_new("child", key);
    line_pack(line, &rows_child, c, carrier);
    line_pack(line, &rows_child_state, c, carrier);
    mem_free(key);
    return line;
}

char *snapshot_socket_key(const struct pgroup *g, const struct fcgi *f)
{
    return mem_printf("%s %s", g->config->name, f->config->url);
}

json_t *snapshot_socket(const struct pgroup *g, const struct fcgi *f, struct carrier *c)
{
    char *key = snapshot_socket_key(g, f);
    json_t *line = line_new("socket", key);
    line_pack(line, &rows_fcgi, f, c);
    mem_free(key);
    return line;
}

json_t *snapshot_listen(const struct listen_socket *s, struct carrier *c)
{
    json_t *line = line_new("listen", s->address.text);
    line_pack(line, &rows_listen, s, c);
    return line;
}

static void snapshot_listens(const struct listens *l, struct carrier *c, struct buf *out)
{
    const struct listen_socket *s;
    list_each (s, &l->sockets, link) {
        if (s->fd >= 0)
            line_write(snapshot_listen(s, c), out);
    }
}

/* --- Jobs ---------------------------------------------------------------------------------- */

json_t *snapshot_job(const struct job *job, struct config_archive *configs, struct buf *out)
{
    json_t *line = line_new("job", job->label);
    line_pack(line, &rows_job, job, NULL);
    (void)json_object_set_new(line, "due",
                              json_integer(timer_armed(&job->timer) ? job->timer.due : -1));
    (void)json_object_set_new(line, "config", configs_name(configs, job->snapshot, out));
    return line;
}

/* --- Event listeners ----------------------------------------------------------------------- */

/* `holder`: the member that is busy with it; NULL: it waits. */
static json_t *snapshot_event(const struct pool *p, const struct pool_entry *entry,
                              const char *holder)
{
    char *key = mem_printf("%s %" PRIu64, p->name, entry->serial);
    json_t *line = line_new("event", key);
    mem_free(key);
    (void)json_object_set_new(line, "pool", line_text(p->name, strlen(p->name)));
    (void)json_object_set_new(line, "pool_serial", json_integer((json_int_t)entry->serial));
    (void)json_object_set_new(line, "serial", json_integer((json_int_t)entry->event->serial));
    (void)json_object_set_new(line, "type", json_string(eventtype_name(entry->event->type)));
    (void)json_object_set_new(line, "points", json_integer((json_int_t)entry->event->points));
    (void)json_object_set_new(line, "payload", line_bytes(&entry->event->payload));
    if (holder)
        (void)json_object_set_new(line, "holder", line_text(holder, strlen(holder)));
    return line;
}

json_t *snapshot_member(const struct pool_member *m, const char *label)
{
    json_t *line = line_new("member", label);
    line_pack(line, &rows_member, m, NULL);
    return line;
}

void snapshot_pool(const struct pgroup *g, struct buf *out)
{
    const struct pool *p = g->pool;
    json_t *line = line_new("pool", p->name);
    line_pack(line, &rows_pool, p, NULL);
    line_write(line, out);
    for (size_t i = 0; i < p->count; i++) {
        const char *label = g->procs[i].label;
        line_write(snapshot_member(&p->members[i], label), out);
        if (p->members[i].held.event)
            line_write(snapshot_event(p, &p->members[i].held, label), out);
    }
    for (size_t i = 0; i < p->waiting_count; i++)
        line_write(snapshot_event(p, &p->waiting[(p->first + i) % p->room], NULL), out);
}

/* --- Listening sockets --------------------------------------------------------------------- */

static void snapshot_server(const struct inherited_socket *item, size_t *number, struct carrier *c,
                            struct buf *out)
{
    char *key = mem_printf("%zu", ++*number);
    json_t *line = line_new("server", key);
    mem_free(key);
    line_pack(line, &rows_server, item, c);
    line_write(line, out);
}

void snapshot_servers(const struct whole *w, struct carrier *c, struct buf *out)
{
    const struct serving *s;
    size_t number = 0;
    char none[] = "";
    for (size_t i = 0; w->inherited && i < w->inherited->count; i++)
        snapshot_server(&w->inherited->items[i], &number, c, out);
    if (!w->control)
        return;
    list_each (s, &w->control->servers, link) {
        const struct socket *l = &s->server.listener;
        struct inherited_socket item = {.fd = l->fd, .name = l->path ? l->path : none, .own = true};
        if (!l->lent && l->fd >= 0)
            snapshot_server(&item, &number, c, out);
    }
}

struct clients {
    struct carrier *carrier;
    struct buf *out;
    size_t number;
};

static void snapshot_client(struct clients *c, const char *kind, const struct line_table *rows,
                            const struct follow_state *state)
{
    char *key = mem_printf("%zu", ++c->number);
    json_t *line = line_new(kind, key);
    mem_free(key);
    line_pack(line, rows, state, c->carrier);
    line_write(line, c->out);
}

static void snapshot_follow(void *owner, const struct follow_state *state)
{
    snapshot_client(owner, "follow", &rows_follow, state);
}

static void snapshot_visitor(void *owner, const char *section, int fd)
{
    char *name = mem_strdup(section);
    const struct follow_state state = {.socket = fd, .section = name};
    snapshot_client(owner, "visitor", &rows_visitor, &state);
    mem_free(name);
}

void snapshot_clients(const struct whole *w, struct carrier *c, struct buf *out)
{
    struct clients clients = {c, out, 0};
    if (!w->control)
        return;
    control_each_follow(w->control, snapshot_follow, &clients);
    control_each_idle(w->control, snapshot_visitor, &clients);
}

/* --- All of it ----------------------------------------------------------------------------- */

json_t *snapshot_daemon(const struct whole *w, struct config_archive *configs, struct carrier *c,
                        struct buf *out)
{
    json_t *line = line_new("daemon", "");
    line_pack(line, &rows_host, w->supervisor->host, NULL);
    line_pack(line, &rows_pools, &w->supervisor->pools, NULL);
    line_pack(line, &rows_whole, w, c);
    if (w->power)
        line_pack(line, &rows_power, w->power, NULL);
    (void)json_object_set_new(line, "pid", json_integer(getpid()));
    (void)json_object_set_new(line, "state", json_integer(w->supervisor->state));
    (void)json_object_set_new(line, "first", configs_name(configs, w->first, out));
    (void)json_object_set_new(line, "config", configs_name(configs, w->config, out));
    (void)json_object_set_new(line, "pending", configs_name(configs, w->supervisor->config, out));
    (void)json_object_set_new(line, "jobs", configs_name(configs, w->jobs->snapshot, out));
    return line;
}

static void snapshot_one_child(const struct child *child, struct carrier *c, struct buf *out)
{
    if (child->pid != 0)
        line_write(snapshot_child(child, c), out);
}

static void snapshot_one_group(const struct pgroup *g, struct config_archive *configs,
                               struct carrier *c, struct buf *out)
{
    json_t *line = snapshot_group(g, configs, out);
    line_write(line, out);
    for (size_t i = 0; i < g->socket_count; i++)
        line_write(snapshot_socket(g, &g->sockets[i], c), out);
    for (size_t i = 0; i < g->count; i++) {
        line_write(snapshot_proc(&g->procs[i]), out);
        snapshot_one_child(&g->procs[i].child, c, out);
    }
    if (g->pool)
        snapshot_pool(g, out);
}

void snapshot_all(const struct whole *w, struct config_archive *configs, struct carrier *c,
                  struct buf *out)
{
    const struct pgroup *g;
    line_write(line_first(MAINSTAY_VERSION), out);
    json_t *daemon = snapshot_daemon(w, configs, c, out);
    line_write(daemon, out);
    snapshot_servers(w, c, out);
    snapshot_listens(&w->supervisor->listens, c, out);
    list_each (g, &w->supervisor->groups, link)
        snapshot_one_group(g, configs, c, out);
    for (size_t i = 0; i < w->jobs->count; i++) {
        json_t *job = snapshot_job(w->jobs->items[i], configs, out);
        line_write(job, out);
        snapshot_one_child(&w->jobs->items[i]->child, c, out);
    }
    snapshot_clients(w, c, out);
}
