/* Methods for logs: reading and clearing what processes have said. */
#include <errno.h>
#include <unistd.h>

#include "control/deed.h"
#include "control/log.h"
#include "control/methods.h"
#include "control/xmlrpc.h"
#include "output/tail.h"

enum { TAIL_WAS = 3 }; /* members of tailProcessLog's answer */

/* Takes the bytes from what the whole answer may have. */
static bool room_take(struct call *c, size_t bytes)
{
    if (bytes > *c->room)
        return false;
    *c->room -= bytes;
    return true;
}

void log_read(struct call *c, const char *path, size_t at)
{
    struct buf text = BUF_EMPTY;
    int rc =
        path ? tail_read(path, call_number(c, at), call_number(c, at + 1), &text, NULL) : -ENOENT;
    if (rc == -ENOENT)
        call_fault(c, FAULT_NO_FILE, path);
    else if (rc == -EINVAL)
        call_fault(c, FAULT_BAD_ARGUMENTS, NULL);
    else if (rc < 0)
        call_fault(c, FAULT_FAILED, NULL);
    else if (!room_take(c, text.len))
        call_fault(c, FAULT_FAILED, "too much for one answer");
    else
        call_return(c, xmlrpc_string(buf_str(&text), text.len));
    buf_close(&text);
}

static void log_tail(struct call *c, const char *path)
{
    struct buf text = BUF_EMPTY;
    int64_t offset = call_number(c, 1);
    bool overflow = false;
    int rc = path ? tail_tail(path, offset, call_number(c, 2), &text, &offset, &overflow) : -ENOENT;
    if (rc == -ENOENT || rc == -ENOTDIR)
        offset = 0;
    if (room_take(c, text.len))
        call_return(c, json_pack("[o, I, b]", xmlrpc_string(buf_str(&text), text.len),
                                 (json_int_t)offset, (int)overflow));
    else
        call_fault(c, FAULT_FAILED, "too much for one answer");
    buf_close(&text);
}

/* Of a process or a job, which Supervisor has not; NULL: unknown, the call got its fault. */
static struct child *find_log(struct call *c)
{
    struct child *child = find_speaker(control_of(c), call_text(c, 0));
    if (!child)
        call_fault(c, FAULT_BAD_NAME, call_text(c, 0));
    return child;
}

/* A log in the journal is no file: the fault says where to look. */
static void log_read_of(struct call *c, bool is_err)
{
    const struct child *child = find_log(c);
    if (!child)
        return;
    const struct log_config *log = is_err ? &child->config->err : &child->config->out;
    const char *path = is_err ? child_err_path(child) : child_out_path(child);
    struct buf place = BUF_EMPTY;
    buf_printf(&place, LOG_IN_JOURNAL "MAINSTAY_%s=%s", child->of_job ? "JOB" : "PROGRAM",
               child->config->name);
    if (log->kind == LOG_KIND_JOURNAL)
        call_fault(c, FAULT_NO_FILE, buf_str(&place));
    else
        log_read(c, path, 1);
    buf_close(&place);
}

static void read_stdout(struct call *c)
{
    log_read_of(c, false);
}

static void read_stderr(struct call *c)
{
    log_read_of(c, true);
}

static void tail_stdout(struct call *c)
{
    const struct child *child = find_log(c);
    if (child)
        log_tail(c, child_out_path(child));
}

static void tail_stderr(struct call *c)
{
    const struct child *child = find_log(c);
    if (child)
        log_tail(c, child_err_path(child));
}

static struct outcome clear_act(struct wait *w, struct proc *p, const char *spec)
{
    (void)w;
    return child_clear_logs(&p->child, NULL) < 0 ? outcome_fault(FAULT_FAILED, spec) : outcome_ok();
}

static const struct deed clear_deed = {NULL, clear_act, false, NULL};

static void clear_logs(struct call *c)
{
    struct child *child = find_log(c); /* as Supervisor: not for a whole group */
    if (child && !child->of_job)
        deed_named(c, call_text(c, 0), &clear_deed);
    else if (child && child_clear_logs(child, NULL) < 0)
        call_fault(c, FAULT_FAILED, call_text(c, 0));
    else if (child)
        call_return(c, json_true());
}

static void clear_all_logs(struct call *c)
{
    deed_all(c, &clear_deed);
}

// clang-format off
const struct rpc_method log_methods[] = {
    { "supervisor.readProcessStdoutLog", "string",  "sii", read_stdout,    0,
      "Read `length` bytes from `offset` of the standard output of the process `name`." },
    { "supervisor.readProcessLog",       "string",  "sii", read_stdout,    0,
      "Read `length` bytes from `offset` of the standard output of the process `name`." },
    { "supervisor.readProcessStderrLog", "string",  "sii", read_stderr,    0,
      "Read `length` bytes from `offset` of the standard error of the process `name`." },
    { "supervisor.tailProcessStdoutLog", "array",   "sii", tail_stdout,    0,
      "Return [text, size, overflow]: the last `length` bytes when there are any after `offset`." },
    { "supervisor.tailProcessLog",       "array",   "sii", tail_stdout,    0,
      "Return [text, size, overflow]: the last `length` bytes when there are any after `offset`." },
    { "supervisor.tailProcessStderrLog", "array",   "sii", tail_stderr,    0,
      "Return [text, size, overflow]: the last `length` bytes when there are any after `offset`." },
    { "supervisor.clearProcessLogs",     "boolean", "s",   clear_logs,     0,
      "Clear the logs of the process `name`." },
    { "supervisor.clearProcessLog",      "boolean", "s",   clear_logs,     0,
      "Clear the logs of the process `name`." },
    { "supervisor.clearAllProcessLogs",  "array",   "",    clear_all_logs, 0,
      "Clear the logs of all processes." },
};
// clang-format on
const size_t log_methods_count = sizeof log_methods / sizeof *log_methods;
