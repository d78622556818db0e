#include "control/status.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "control/xmlrpc.h"

json_t *status_text(const char *text)
{
    return xmlrpc_string(text ? text : "", text ? strlen(text) : 0);
}

static json_t *text_or(const char *text, const char *otherwise)
{
    return status_text(text ? text : otherwise);
}

/* --- Processes ------------------------------------------------------------------------------- */

/* A member of getProcessInfo's answer: a text, or without it a number. */
struct fact {
    const char *name;
    const char *text;
    int64_t number;
};

enum { FACTS = 14 };

/* `description` is used as room for that text. */
static void process_facts(const struct proc *p, struct fact facts[FACTS], struct buf *description)
{
    int64_t now = host_wall(p->group->supervisor->host);
    enum proc_state state = proc_shown_state(p);
    const char *out = child_out_path(&p->child);
    const char *err = child_err_path(&p->child);
    out = out ? out : "";
    buf_clear(description);
    proc_describe(p, now, description);
    // clang-format off
    const struct fact all[FACTS] = {
        {"name",           p->config->name, 0},
        {"group",          p->group->config->name, 0},
        {"start",          NULL, p->started_wall / 1000},
        {"stop",           NULL, p->stopped_wall / 1000},
        {"now",            NULL, now / 1000},
        {"state",          NULL, (int64_t)state},
        {"statename",      proc_state_name(state), 0},
        {"spawnerr",       p->spawnerr, 0},
        {"exitstatus",     NULL, p->exit_status},
        {"logfile",        out, 0},
        {"stdout_logfile", out, 0},
        {"stderr_logfile", err ? err : "", 0},
        {"pid",            NULL, p->child.pid},
        {"description",    buf_str(description), 0},
    };
    // clang-format on
    memcpy(facts, all, sizeof all);
}

json_t *status_process(const struct proc *p)
{
    struct buf description = BUF_EMPTY;
    struct fact facts[FACTS];
    json_t *info = json_object();
    process_facts(p, facts, &description);
    for (size_t i = 0; i < FACTS; i++) {
        const struct fact *f = &facts[i];
        json_object_set_new(info, f->name,
                            f->text ? status_text(f->text) : json_integer(f->number));
    }
    buf_close(&description);
    return info;
}

static int by_group_and_name(const void *a, const void *b)
{
    const struct proc *const *x = a;
    const struct proc *const *y = b;
    int order = strcmp((*x)->group->config->name, (*y)->group->config->name);
    return order ? order : strcmp((*x)->config->name, (*y)->config->name);
}

/* All of them, sorted; mem_free the array. */
static const struct proc **list_processes(struct supervisor *s, size_t *count)
{
    struct pgroup *g;
    size_t n = 0;
    list_each (g, &s->groups, link)
        n += g->count;
    const struct proc **all = mem_array(n + 1, sizeof *all);
    *count = n;
    n = 0;
    list_each (g, &s->groups, link) {
        for (size_t i = 0; i < g->count; i++)
            all[n++] = &g->procs[i];
    }
    qsort(all, n, sizeof *all, by_group_and_name);
    return all;
}

json_t *status_all_processes(struct supervisor *s)
{
    size_t count;
    const struct proc **all = list_processes(s, &count);
    json_t *infos = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(infos, status_process(all[i]));
    mem_free(all);
    return infos;
}

void status_write_processes(struct supervisor *s, struct buf *out)
{
    size_t count;
    struct fact facts[FACTS];
    struct buf description = BUF_EMPTY;
    const struct proc **all = list_processes(s, &count);
    xmlrpc_open_answer(out);
    xmlrpc_open_array(out);
    for (size_t i = 0; i < count; i++) {
        xmlrpc_open_struct(out);
        process_facts(all[i], facts, &description);
        for (const struct fact *f = facts; f < facts + FACTS; f++) {
            if (f->text)
                xmlrpc_member_text(out, f->name, f->text);
            else
                xmlrpc_member_int(out, f->name, f->number);
        }
        xmlrpc_close_struct(out);
    }
    xmlrpc_close_array(out);
    xmlrpc_close_answer(out);
    buf_close(&description);
    mem_free(all);
}

json_t *status_result(const char *group, const char *name, const struct outcome *o)
{
    struct buf text = BUF_EMPTY;
    if (o->code == FAULT_SUCCESS)
        buf_text(&text, "OK");
    else
        fault_text(o, &text);
    json_t *result = json_object();
    json_object_set_new(result, "name", status_text(name));
    json_object_set_new(result, "group", status_text(group));
    json_object_set_new(result, "status", json_integer((json_int_t)o->code));
    json_object_set_new(result, "description", status_text(buf_str(&text)));
    buf_close(&text);
    return result;
}

/* --- Configurations -------------------------------------------------------------------------- */

/* A group of the configuration with, when the running one is just this, its processes. */
struct listed {
    const struct group_config *group;
    const struct process_config *process;
    const struct pgroup *active; /* a group of that name runs; NULL */
    const struct proc *proc;     /* made from `process`; NULL */
};

static json_t *autorestart_value(enum autorestart a)
{
    switch (a) {
    case AUTORESTART_NEVER:
        return json_false();
    case AUTORESTART_UNEXPECTED:
        return json_string("unexpected");
    case AUTORESTART_ALWAYS:
        return json_true();
    }
    return json_null();
}

static json_t *log_path_value(const struct log_config *log, const char *running)
{
    switch (log->kind) {
    case LOG_KIND_AUTO:
        return text_or(running, "auto");
    case LOG_KIND_NONE:
        return json_string("none");
    case LOG_KIND_FILE:
        return text_or(log->path, "none");
    case LOG_KIND_JOURNAL:
        return json_string("journal");
    }
    return json_null();
}

static void set_log(json_t *info, const char *stream, const struct log_config *log,
                    const char *running)
{
    struct {
        const char *name;
        json_t *value;
    } members[] = {
        {"capture_maxbytes", json_integer(log->capture_maxbytes)},
        {"events_enabled", json_boolean(log->events_enabled)},
        {"logfile", log_path_value(log, running)},
        {"logfile_backups", json_integer(log->backups)},
        {"logfile_maxbytes", json_integer(log->maxbytes)},
        {"syslog", json_boolean(log->syslog)},
    };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        char *name = mem_printf("%s_%s", stream, members[i].name);
        json_object_set_new(info, name, members[i].value);
        mem_free(name);
    }
}

static json_t *config_info(const struct listed *l)
{
    const struct process_config *p = l->process;
    json_t *info = json_object();
    json_t *codes = json_array();
    for (size_t i = 0; i < p->exitcodes.count; i++)
        json_array_append_new(codes, json_integer(p->exitcodes.values[i]));
    json_object_set_new(info, "autostart", json_boolean(p->autostart));
    json_object_set_new(info, "autorestart", autorestart_value(p->autorestart));
    json_object_set_new(info, "directory", text_or(p->directory, "none"));
    json_object_set_new(info, "uid", p->uid >= 0 ? json_integer(p->uid) : json_string("none"));
    json_object_set_new(info, "command", text_or(p->command, "none"));
    json_object_set_new(info, "exitcodes", codes);
    json_object_set_new(info, "group", status_text(l->group->name));
    json_object_set_new(info, "group_prio", json_integer(l->group->priority));
    json_object_set_new(info, "inuse", json_boolean(l->active != NULL));
    json_object_set_new(info, "killasgroup", json_boolean(p->killasgroup));
    json_object_set_new(info, "name", status_text(p->name));
    json_object_set_new(info, "process_prio", json_integer(p->priority));
    json_object_set_new(info, "redirect_stderr", json_boolean(p->redirect_stderr));
    json_object_set_new(info, "startretries", json_integer(p->startretries));
    json_object_set_new(info, "startsecs", json_integer(p->startsecs));
    set_log(info, "stdout", &p->out, l->proc ? child_out_path(&l->proc->child) : NULL);
    json_object_set_new(info, "stopsignal", json_integer(p->stopsignal));
    json_object_set_new(info, "stopwaitsecs", json_integer(p->stopwaitsecs));
    set_log(info, "stderr", &p->err, l->proc ? child_err_path(&l->proc->child) : NULL);
    json_object_set_new(info, "serverurl", text_or(p->serverurl, "none"));
    return info;
}

/* By name; equal names stay in the order of the configuration, which the pointers have. */
static int by_name(const void *a, const void *b)
{
    const struct listed *x = a;
    const struct listed *y = b;
    int order = strcmp(x->process->name, y->process->name);
    if (order)
        return order;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return x->process < y->process ? -1 : x->process > y->process;
}

/* The groups that are active, sorted by name. */
struct active {
    struct pgroup **groups; /* owned array */
    size_t count;
};

static int by_group_name(const void *a, const void *b)
{
    struct pgroup *const *x = a;
    struct pgroup *const *y = b;
    return strcmp((*x)->config->name, (*y)->config->name);
}

static struct active list_active(struct supervisor *s)
{
    struct pgroup *g;
    struct active all = {0};
    size_t count = 0;
    list_each (g, &s->groups, link)
        count++;
    all.groups = mem_array(count + 1, sizeof *all.groups);
    list_each (g, &s->groups, link)
        all.groups[all.count++] = g;
    qsort(all.groups, all.count, sizeof *all.groups, by_group_name);
    return all;
}

static int named(const void *name, const void *group)
{
    struct pgroup *const *g = group;
    return strcmp(name, (*g)->config->name);
}

static size_t list_group(const struct active *all, const struct group_config *group,
                         struct listed *out)
{
    struct pgroup **found =
        bsearch(group->name, all->groups, all->count, sizeof *all->groups, named);
    struct pgroup *active = found ? *found : NULL;
    /* of a merger only the array is the same one */
    bool same = active && active->config->processes == group->processes;
    for (size_t i = 0; i < group->process_count; i++)
        out[i] = (struct listed){
            .group = group,
            .process = &group->processes[i],
            .active = active,
            .proc = same ? pgroup_find(active, group->processes[i].name) : NULL,
        };
    return group->process_count;
}

json_t *status_all_configs(struct supervisor *s)
{
    const struct config *config = s->config;
    size_t count = 0;
    for (size_t i = 0; i < config->group_count; i++)
        count += config->groups[i].process_count;
    struct listed *all = mem_array(count + 1, sizeof *all);
    struct active active = list_active(s);
    count = 0;
    for (size_t i = 0; i < config->group_count; i++)
        count += list_group(&active, &config->groups[i], all + count);
    mem_free(active.groups);
    qsort(all, count, sizeof *all, by_name);
    json_t *infos = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(infos, config_info(&all[i]));
    mem_free(all);
    return infos;
}

/* --- Jobs ------------------------------------------------------------------------------------ */

json_t *status_job(const struct job *job)
{
    struct buf description = BUF_EMPTY;
    job_describe(job, host_wall(job->jobs->host), &description);
    json_t *info = json_object();
    json_object_set_new(info, "name", status_text(job->label));
    json_object_set_new(info, "state", json_integer((json_int_t)job->state));
    json_object_set_new(info, "statename", json_string(job_shown_state(job)));
    json_object_set_new(info, "description", status_text(buf_str(&description)));
    json_object_set_new(info, "started", json_integer(job->started_wall / 1000));
    json_object_set_new(info, "ended", json_integer(job->ended_wall / 1000));
    json_object_set_new(info, "result", status_text(job->result));
    json_object_set_new(info, "attempts", json_integer(job->attempts));
    json_object_set_new(info, "next", json_integer(job->next > 0 ? job->next : 0));
    json_object_set_new(info, "missed", json_boolean(job->expect.missed));
    json_object_set_new(info, "expect_every", json_integer(expect_every(job)));
    json_object_set_new(info, "last_success", json_integer(job->expect.good));
    json_object_set_new(info, "status", status_text(job->said.status));
    json_object_set_new(info, "objects", json_real((double)job->said.objects));
    json_object_set_new(info, "bytes", json_real((double)job->said.bytes));
    json_object_set_new(info, "changed", json_boolean(!job->said.has_changed || job->said.changed));
    buf_close(&description);
    return info;
}

json_t *status_all_jobs(const struct jobs *j)
{
    json_t *infos = json_array();
    for (size_t i = 0; i < j->count; i++)
        json_array_append_new(infos, status_job(j->items[i]));
    return infos;
}
