#include "control/metrics.h"

#include "base/limits.h"
#include "base/mem.h"
#include "control/sheet.h"

enum { PAUSE_MS = 1, NS_PER_MS = 1000 * 1000 }; /* with 0 the loop would do nothing else before */

struct metrics_asker {
    struct list link;
    struct exchange *x;
};

/* Who is told about; looked up when its turn comes, as it may be gone by then. */
struct metrics_name {
    enum metric_kind kind;
    char *name; /* owned: of the group, or of the job; NULL: the daemon */
    char *proc; /* owned: in the group; NULL */
};

struct metrics_run {
    struct metrics_name *names; /* owned */
    size_t count, room;
    size_t next; /* of the names */
    struct sheet sheets[METRIC_KINDS];
    size_t kind, row, line; /* of the sheets: what is written next */
    struct buf text;
};

/* --- Who is told about ----------------------------------------------------------------------- */

static void run_name(struct metrics_run *r, enum metric_kind kind, const char *name,
                     const char *proc)
{
    if (r->count == r->room) {
        r->room = r->room ? 2 * r->room : 64;
        r->names = mem_grow(r->names, r->room, sizeof *r->names);
    }
    r->names[r->count++] = (struct metrics_name){.kind = kind,
                                                 .name = name ? mem_strdup(name) : NULL,
                                                 .proc = proc ? mem_strdup(proc) : NULL};
}

static struct metrics_run *run_new(const struct control *c)
{
    struct metrics_run *r = mem_alloc(sizeof *r);
    const struct pgroup *g;
    const struct proc *p;
    *r = (struct metrics_run){0};
    for (size_t i = 0; i < METRIC_KINDS; i++)
        sheet_init(&r->sheets[i], &metric_tables[i]);
    run_name(r, METRIC_DAEMON, NULL, NULL);
    supervisor_each_proc(p, g, c->supervisor)
        run_name(r, METRIC_PROCESS, g->config->name, p->config->name);
    list_each (g, &c->supervisor->groups, link) {
        if (g->pool)
            run_name(r, METRIC_LISTENER, g->config->name, NULL);
    }
    for (size_t i = 0; i < c->jobs->count; i++)
        run_name(r, METRIC_JOB, c->jobs->items[i]->label, NULL);
    return r;
}

static void run_free(struct metrics_run *r)
{
    for (size_t i = 0; i < r->count; i++) {
        mem_free(r->names[i].name);
        mem_free(r->names[i].proc);
    }
    for (size_t i = 0; i < METRIC_KINDS; i++)
        sheet_close(&r->sheets[i]);
    mem_free(r->names);
    buf_close(&r->text);
    mem_free(r);
}

/* --- Values ---------------------------------------------------------------------------------- */

/* False: it is gone. The names of its group, and of what is in it, become its labels. */
static bool subject_find(struct metric_subject *s, const struct metrics_name *n,
                         const struct control *c, struct buf *labels)
{
    struct pgroup *g = NULL;
    switch (n->kind) {
    case METRIC_DAEMON:
        s->alive = usage_of_self(&s->usage);
        return true;
    case METRIC_PROCESS:
        g = supervisor_find_group(c->supervisor, n->name);
        s->proc = g ? pgroup_find(g, n->proc) : NULL;
        s->alive = s->proc && usage_of(&s->proc->child, &s->usage);
        sheet_label(labels, "group", n->name);
        sheet_label(labels, "program", n->proc);
        return s->proc != NULL;
    case METRIC_LISTENER:
        g = supervisor_find_group(c->supervisor, n->name);
        s->pool = g ? g->pool : NULL;
        sheet_label(labels, "group", n->name);
        return s->pool != NULL;
    case METRIC_JOB:
        s->job = jobs_find(c->jobs, n->name);
        sheet_label(labels, "job_name", n->name);
        return s->job != NULL;
    case METRIC_KINDS:
        break;
    }
    return false;
}

static void run_look(struct metrics_run *r, const struct control *c)
{
    const struct metrics_name *n = &r->names[r->next++];
    struct metric_subject s = {.control = c};
    struct buf labels = BUF_EMPTY;
    json_t *info = n->kind == METRIC_DAEMON ? c->host->daemon_info(c->owner) : NULL;
    s.daemon = info;
    if (subject_find(&s, n, c, &labels))
        sheet_add(&r->sheets[n->kind], buf_str(&labels), &s);
    json_decref(info);
    buf_close(&labels);
}

/* One step: a subject's values, or a part of a metric's text. False: that was all. */
static bool run_step(struct metrics_run *r, const struct control *c)
{
    if (r->next < r->count) {
        run_look(r, c);
        return true;
    }
    while (r->kind < METRIC_KINDS && r->row == metric_tables[r->kind].count) {
        r->kind++;
        r->row = 0;
    }
    if (r->kind == METRIC_KINDS)
        return false;
    r->line = sheet_write(&r->sheets[r->kind], r->row, r->line, &r->text);
    r->row += r->line == 0;
    return true;
}

/* --- Who asks -------------------------------------------------------------------------------- */

static struct exchange *asker_take(struct metrics *m)
{
    struct metrics_asker *a = container_of(m->askers.next, struct metrics_asker, link);
    struct exchange *x = a->x;
    list_remove(&a->link);
    mem_free(a);
    return x;
}

/* A copy for each but the last one. */
static void metrics_answer(struct metrics *m, struct buf *text)
{
    while (!list_empty(&m->askers)) {
        struct exchange *x = asker_take(m);
        struct buf body = BUF_EMPTY;
        if (text->len > LIMIT_ANSWER) {
            exchange_error(x, 500);
        } else if (list_empty(&m->askers)) {
            exchange_answer(x, 200, SHEET_TYPE, text);
        } else {
            buf_append(&body, text->data, text->len);
            exchange_answer(x, 200, SHEET_TYPE, &body);
            buf_close(&body);
        }
    }
}

static void metrics_forget_run(struct metrics *m)
{
    (void)uv_timer_stop(&m->go_on);
    if (m->run)
        run_free(m->run);
    m->run = NULL;
}

static void on_go_on(uv_timer_t *timer);

/* As far as this turn goes. */
static void metrics_turn(struct metrics *m)
{
    struct metrics_run *r = m->run;
    const uint64_t end = uv_hrtime() + (uint64_t)METRICS_TURN_MS * NS_PER_MS;
    while (run_step(r, m->control)) {
        if (uv_hrtime() >= end) {
            (void)uv_timer_start(&m->go_on, on_go_on, PAUSE_MS, 0);
            return;
        }
    }
    m->run = NULL; /* who asks from now on gets what is true then */
    metrics_answer(m, &r->text);
    run_free(r);
}

static void on_go_on(uv_timer_t *timer)
{
    metrics_turn(container_of(timer, struct metrics, go_on));
}

void metrics_ask(struct metrics *m, struct exchange *x)
{
    struct metrics_asker *a = mem_alloc(sizeof *a);
    *a = (struct metrics_asker){.x = x};
    list_append(&m->askers, &a->link);
    if (m->run)
        return;
    m->run = run_new(m->control);
    metrics_turn(m);
}

void metrics_gone(struct metrics *m, const struct exchange *x)
{
    struct metrics_asker *a;
    list_each (a, &m->askers, link) {
        if (a->x != x)
            continue;
        list_remove(&a->link);
        mem_free(a);
        break;
    }
    if (list_empty(&m->askers))
        metrics_forget_run(m);
}

/* --- Life ------------------------------------------------------------------------------------ */

void metrics_open(struct metrics *m, struct control *c)
{
    *m = (struct metrics){.control = c};
    list_init(&m->askers);
    (void)uv_timer_init(c->loop, &m->go_on);
    m->go_on.data = c;
}

void metrics_close(struct metrics *m, uv_close_cb on_closed)
{
    metrics_forget_run(m);
    while (!list_empty(&m->askers))
        exchange_error(asker_take(m), 503);
    uv_close((uv_handle_t *)&m->go_on, on_closed);
}
