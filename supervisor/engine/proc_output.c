/* What a process says, on its way to the bus and to its pool. Its log is its child's business. */
#include "base/list.h"
#include "base/log.h"
#include "engine/payload.h"
#include "engine/supervisor.h"

static void proc_publish_output(const struct proc *p, enum event_type type, bool is_err,
                                const char *data, size_t len)
{
    struct event ev = {.type = type,
                       .group = p->group->config->name,
                       .name = p->config->name,
                       .pid = p->child.pid,
                       .is_err = is_err,
                       .data = data,
                       .len = len};
    event_bus_publish(p->group->supervisor->bus, &ev);
}

/* At debug level the main log has everything that is said. */
static void proc_echo(const struct proc *p, bool is_err, const char *data, size_t len)
{
    struct buf text = BUF_EMPTY;
    if (log_get_level() > LOG_LEVEL_DEBUG)
        return;
    buf_printf(&text, "'%s' %s output:\n", p->config->name, is_err ? "stderr" : "stdout");
    payload_write_text(data, len, &text);
    log_text(LOG_LEVEL_DEBUG, text.data, text.len);
    buf_close(&text);
}

static void on_child_output(struct child *child, bool is_err, const char *data, size_t len)
{
    struct proc *p = container_of(child, struct proc, child);
    const struct log_config *log = is_err ? &p->config->err : &p->config->out;
    proc_echo(p, is_err, data, len);
    if (p->group->pool && !is_err)
        pools_heard(p, data, len);
    else if (log->events_enabled)
        proc_publish_output(p, EVENT_PROCESS_LOG, is_err, data, len);
}

static void on_child_message(struct child *child, bool is_err, const char *data, size_t len)
{
    const struct proc *p = container_of_const(child, struct proc, child);
    proc_publish_output(p, EVENT_PROCESS_COMM, is_err, data, len);
    log_debug("'%s' %s emitted a comm event", p->config->name, is_err ? "stderr" : "stdout");
}

void proc_hear(struct proc *p)
{
    p->child.on_output = on_child_output;
    child_capture(&p->child, p->group->config->kind != GROUP_LISTENER, on_child_message);
}
