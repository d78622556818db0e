#include "config/dump.h"

#include <jansson.h>
#include <string.h>

#include "base/mem.h"
#include "base/xml.h"
#include "config/kind.h"

/* Text as JSON; bytes that are not UTF-8 become U+FFFD. */
static json_t *json_text(const char *text)
{
    struct buf clean = BUF_EMPTY;
    if (!text)
        return json_null();
    size_t left = strlen(text);
    while (left > 0) {
        size_t len = xml_utf8_char(text, left);
        if (len)
            buf_append(&clean, text, len);
        else
            buf_text(&clean, "\xef\xbf\xbd");
        text += len ? len : 1;
        left -= len ? len : 1;
    }
    json_t *value = json_stringn(buf_str(&clean), clean.len);
    buf_close(&clean);
    return value;
}

static json_t *json_number(int64_t n)
{
    return n == CONFIG_UNSET ? json_null() : json_integer(n);
}

static json_t *json_names(const struct name_list *l)
{
    json_t *array = json_array();
    for (size_t i = 0; i < l->count; i++)
        json_array_append_new(array, json_text(l->names[i]));
    return array;
}

static json_t *json_ints(const struct int_list *l)
{
    json_t *array = json_array();
    for (size_t i = 0; i < l->count; i++)
        json_array_append_new(array, json_integer(l->values[i]));
    return array;
}

static json_t *json_env(const struct env_list *l)
{
    json_t *object = json_object();
    for (size_t i = 0; i < l->count; i++) {
        json_t *name = json_text(l->vars[i].name);
        json_object_set_new(object, json_string_value(name), json_text(l->vars[i].value));
        json_decref(name);
    }
    return object;
}

static json_t *json_autorestart(enum autorestart value)
{
    switch (value) {
    case AUTORESTART_NEVER:
        break;
    case AUTORESTART_UNEXPECTED:
        return json_string("unexpected");
    case AUTORESTART_ALWAYS:
        return json_string("true");
    }
    return json_false();
}

static json_t *json_log(const struct log_config *log)
{
    switch (log->kind) {
    case LOG_KIND_AUTO:
        return json_string("Automatic");
    case LOG_KIND_NONE:
        break;
    case LOG_KIND_FILE:
        return json_text(log->path);
    case LOG_KIND_JOURNAL:
        return json_string("journal");
    }
    return json_null();
}

static json_t *json_choice(const struct key_row *row, int value)
{
    for (const struct key_choice *c = row->choices; c->name; c++)
        if (c->value == value)
            return json_string(c->name);
    return json_null();
}

static json_t *json_choices(const struct key_row *row, unsigned bits)
{
    json_t *array = json_array();
    for (const struct key_choice *c = row->choices; c->name; c++)
        if (bits & (unsigned)c->value)
            json_array_append_new(array, json_string(c->name));
    return array;
}

/* An address or an owner: two values behind one key. */
static json_t *json_pair(json_t *first, int64_t second)
{
    json_t *array = json_array();
    json_array_append_new(array, first);
    json_array_append_new(array, json_number(second));
    return array;
}

static json_t *json_value(const struct key_row *row, const void *base)
{
    const void *at = (const char *)base + row->offset;
    const int64_t *also = (const void *)((const char *)base + row->also);
    switch (row->type) {
    case KEY_INT:
    case KEY_OCTAL:
    case KEY_SIZE:
    case KEY_LEVEL:
    case KEY_DURATION:
        return row->fallback ? json_integer(*(const int64_t *)at)
                             : json_number(*(const int64_t *)at);
    case KEY_MEMORY:
    case KEY_CPUS:
    case KEY_COUNT:
        return *(const int64_t *)at == CONFIG_NO_LIMIT ? json_string("max")
                                                       : json_number(*(const int64_t *)at);
    case KEY_BOOL:
        return json_boolean(*(const bool *)at);
    case KEY_SIGNAL:
        return json_integer(*(const int *)at);
    case KEY_AUTORESTART:
        return json_autorestart(*(const enum autorestart *)at);
    case KEY_CHOICE:
        return json_choice(row, *(const int *)at);
    case KEY_CHOICES:
        return json_choices(row, *(const unsigned *)at);
    case KEY_EXITCODES:
        return json_ints(at);
    case KEY_LOGFILE:
        return json_log(at);
    case KEY_ENVIRONMENT:
        return json_env(at);
    case KEY_NAMES:
    case KEY_EVENTS:
        return json_names(at);
    case KEY_OWNER:
        return json_pair(json_number(*(const int64_t *)at), *also);
    case KEY_ADDRESS:
        return json_pair(json_text(*(const char *const *)at), *also);
    case KEY_TEXT:
    case KEY_USER:
    case KEY_FOLDER:
    case KEY_FILE:
    case KEY_MAINLOG:
    case KEY_SOCKET:
    case KEY_NAME:
    case KEY_SERVERURL:
    case KEY_URL:
    case KEY_S3:
    case KEY_ABSOLUTE:
        return json_text(*(const char *const *)at);
    case KEY_TYPES:
        break;
    }
    return json_null();
}

/* What Supervisor does not have, or keeps apart, is shown only where it is set. */
static bool shown(const struct key_row *row, const void *base)
{
    const void *at = (const char *)base + row->offset;
    if (row->type == KEY_USER || row->type == KEY_SERVERURL)
        return *(const char *const *)at;
    if (row->flags & KEY_AT_ONCE)
        return *(const int64_t *)at != CONFIG_UNSET;
    if (row->type == KEY_NAMES && (row->flags & KEY_NATIVE))
        return ((const struct name_list *)at)->count > 0;
    return strcmp(row->name, "password") != 0;
}

/* The rows that lie in the first `size` bytes of the struct at base. */
static void put_rows(json_t *object, const struct key_table *t, const void *base, size_t size)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct key_row *row = &t->rows[i];
        if (row->offset < size && shown(row, base))
            json_object_set_new(object, row->name, json_value(row, base));
    }
}

/* Of ours, only what was asked for. */
static void hide_unset(json_t *object, const struct process_config *p)
{
    if (p->ready == READY_DELAY) {
        json_object_del(object, "ready");
        json_object_del(object, "ready_timeout");
    }
    if (!p->essential)
        json_object_del(object, "essential");
    if (p->watchdog_ms == 0)
        json_object_del(object, "watchdog");
    if (p->listen.count == 0)
        json_object_del(object, "listen_mode");
}

static json_t *json_process(const struct process_config *p, bool program)
{
    json_t *object = json_object();
    put_rows(object, &key_process, p, sizeof *p);
    put_rows(object, &key_command, p, sizeof *p);
    if (program) {
        put_rows(object, &key_program, p, sizeof *p);
        hide_unset(object, p);
    }
    if (p->dependent_startup)
        put_rows(object, &key_startup, p, sizeof *p);
    json_object_set_new(object, "name", json_text(p->name));
    json_object_set_new(object, "uid", json_number(p->uid));
    json_object_set_new(object, "gid", json_number(p->gid));
    return object;
}

static json_t *json_group(const struct group_config *g)
{
    static const char *const types[] = {
        [GROUP_PROGRAM] = "ProcessGroupConfig",
        [GROUP_LISTENER] = "EventListenerPoolConfig",
        [GROUP_FCGI] = "FastCGIGroupConfig",
    };
    json_t *object = json_object();
    json_t *processes = json_array();
    for (size_t i = 0; i < g->process_count; i++)
        json_array_append_new(processes, json_process(&g->processes[i], true));
    json_object_set_new(object, "processes", processes);
    json_object_set_new(object, "name", json_text(g->name));
    json_object_set_new(object, "type", json_string(types[g->kind]));
    if (g->kind == GROUP_LISTENER)
        put_rows(object, &key_listener, g, sizeof *g);
    else
        put_rows(object, &key_priority, g, sizeof *g);
    if (g->kind == GROUP_FCGI)
        put_rows(object, &key_fcgi, g, sizeof *g);
    return object;
}

static json_t *json_job(const struct job_config *j)
{
    json_t *object = json_object();
    json_t *process = json_process(&j->process, false);
    put_rows(object, &key_job, j, offsetof(struct job_config, process));
    put_rows(object, &key_jobonly, j, sizeof *j);
    put_rows(object, &key_job, j, sizeof *j);
    if (!j->schedule_text || !*j->schedule_text)
        json_object_del(object, "schedule");
    if (!j->timezone || !*j->timezone)
        json_object_del(object, "timezone");
    if (j->jitter_ms == 0)
        json_object_del(object, "jitter");
    if (!j->catch_up)
        json_object_del(object, "catch_up");
    if (json_is_null(json_object_get(object, "before")))
        json_object_del(object, "before");
    json_object_set_new(process, "redirect_stderr", json_boolean(j->process.redirect_stderr));
    json_object_set_new(object, "process", process);
    json_object_set_new(object, "name", json_text(j->name));
    json_object_set_new(object, "section", json_text(j->process.section));
    if (j->target) {
        json_object_set_new(object, "target", json_text(j->target));
        json_object_set_new(object, "stale_ok", json_integer(j->stale_ok_ms));
    }
    return object;
}

static json_t *json_server(const struct server_config *s)
{
    json_t *object = json_object();
    put_rows(object, s->is_unix ? &key_unix : &key_inet, s, sizeof *s);
    json_object_set_new(object, "section", json_text(s->section));
    return object;
}

static json_t *json_problems(const struct problem_list *problems)
{
    json_t *array = json_array();
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *p = &problems->items[i];
        json_t *item = json_object();
        json_object_set_new(item, "file", json_text(p->file));
        json_object_set_new(item, "line", json_integer(p->line));
        json_object_set_new(item, "key", json_text(p->key));
        json_object_set_new(item, "text", json_text(p->text));
        json_object_set_new(item, "warning", json_boolean(p->warning));
        json_array_append_new(array, item);
    }
    return array;
}

static json_t *json_config(const struct config *c)
{
    json_t *object = json_object();
    json_t *groups = json_array();
    json_t *jobs = json_array();
    json_t *servers = json_array();
    json_t *daemon = json_object();
    json_t *stop = json_object();
    json_t *ctl = json_object();
    for (size_t i = 0; i < c->group_count; i++)
        json_array_append_new(groups, json_group(&c->groups[i]));
    for (size_t i = 0; i < c->job_count; i++)
        json_array_append_new(jobs, json_job(&c->jobs[i]));
    for (size_t i = 0; i < c->server_count; i++)
        json_array_append_new(servers, json_server(&c->servers[i]));
    put_rows(daemon, &key_supervisord, c, sizeof *c);
    if (!c->statedir)
        json_object_del(daemon, "statedir");
    json_object_set_new(daemon, "uid", json_number(c->uid));
    json_object_set_new(daemon, "gid", json_number(c->gid));
    put_rows(stop, &key_shutdown, c, sizeof *c);
    put_rows(ctl, &key_ctl, &c->ctl, sizeof c->ctl);
    json_object_set_new(object, "ok", json_true());
    json_object_set_new(object, "file", json_text(c->path));
    json_object_set_new(object, "included", json_names(&c->included));
    json_object_set_new(object, "groups", groups);
    json_object_set_new(object, "jobs", jobs);
    json_object_set_new(object, "servers", servers);
    json_object_set_new(object, "supervisord", daemon);
    json_object_set_new(object, "shutdown", stop);
    json_object_set_new(object, "supervisorctl", ctl);
    return object;
}

static int on_chunk(const char *data, size_t size, void *ctx)
{
    buf_append(ctx, data, size);
    return 0;
}

static void put_json(json_t *value, struct buf *out)
{
    (void)json_dump_callback(value, on_chunk, out, JSON_SORT_KEYS | JSON_ENSURE_ASCII);
    buf_char(out, '\n');
    json_decref(value);
}

void config_dump(const struct config *c, const struct problem_list *problems, struct buf *out)
{
    json_t *object = json_config(c);
    json_object_set_new(object, "problems", json_problems(problems));
    put_json(object, out);
}

void config_dump_problems(const struct problem_list *problems, const struct err *e, struct buf *out)
{
    json_t *object = json_object();
    json_object_set_new(object, "ok", json_false());
    json_object_set_new(object, "error", json_text(e->text));
    json_object_set_new(object, "problems", json_problems(problems));
    put_json(object, out);
}
