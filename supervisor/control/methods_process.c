/* Methods for processes: what they do, start, stop, signal, input. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/parse.h"
#include "control/deed.h"
#include "control/methods.h"
#include "control/status.h"

/* --- Start ----------------------------------------------------------------------------------- */

static struct proc *find_item(struct control *c, const struct wait_item *i)
{
    struct pgroup *g = supervisor_find_group(c->supervisor, i->group);
    return g ? pgroup_find(g, i->name) : NULL;
}

/* What a start has come to; false: it is still on its way. */
static bool start_outcome(const struct proc *p, const char *spec, struct outcome *out)
{
    if (p->wanted && p->gate == GRAPH_BLOCKED)
        *out = outcome_fault(FAULT_SPAWN_ERROR, spec); /* the description says by whom */
    else if (p->wanted || p->fsm.state == PROC_STARTING)
        return false;
    else if (p->fsm.state == PROC_RUNNING)
        *out = outcome_ok();
    else
        *out = outcome_fault(p->spawnerr[0] ? FAULT_SPAWN_ERROR : FAULT_ABNORMAL_TERMINATION, spec);
    return true;
}

static bool look_started(struct control *c, const struct wait_item *i, struct outcome *out)
{
    const struct proc *p = find_item(c, i);
    if (p)
        return start_outcome(p, i->spec, out);
    *out = outcome_fault(FAULT_ABNORMAL_TERMINATION, i->spec);
    return true;
}

static bool start_applies(const struct proc *p)
{
    return !proc_state_is_running(proc_shown_state(p));
}

static struct outcome start_act(struct wait *w, struct proc *p, const char *spec)
{
    struct err e;
    struct outcome done;
    (void)w;
    int rc = proc_check_command(p, &e);
    if (rc < 0)
        return outcome_fault(rc == -ENOENT ? FAULT_NO_FILE : FAULT_NOT_EXECUTABLE, e.text);
    /* a start that waits for others already is no fault: we wait with it */
    bool waits = p->wanted && proc_shown_state(p) != PROC_STARTING;
    switch (proc_start(p)) {
    case PROC_START_OK:
        break;
    case PROC_START_ALREADY:
        return waits ? outcome_ok() : outcome_fault(FAULT_ALREADY_STARTED, spec);
    case PROC_START_STOPPING:
        log_warn("process '%s' already running", p->config->name);
        return outcome_fault(FAULT_ABNORMAL_TERMINATION, spec);
    case PROC_START_UNKNOWN: {
        char text[256];
        (void)snprintf(text, sizeof text, "%s is in an unknown process state", spec);
        return outcome_fault(FAULT_FAILED, text);
    }
    }
    /* what only waits for others is started as far as somebody is concerned who does not wait */
    bool known = !p->wanted && start_outcome(p, spec, &done);
    return known && done.code == FAULT_SPAWN_ERROR ? done : outcome_ok();
}

static const struct deed start_and_wait = {start_applies, start_act, false, look_started};
static const struct deed start_only = {start_applies, start_act, false, NULL};

static const struct deed *start_deed(const struct call *c, size_t wait_at)
{
    return call_flag(c, wait_at, true) ? &start_and_wait : &start_only;
}

static void start_process(struct call *c)
{
    deed_named(c, call_text(c, 0), start_deed(c, 1));
}

static void start_group(struct call *c)
{
    deed_group(c, call_text(c, 0), start_deed(c, 1));
}

static void start_all(struct call *c)
{
    deed_all(c, start_deed(c, 0));
}

/* --- Stop ------------------------------------------------------------------------------------ */

static bool look_stopped(struct control *c, const struct wait_item *i, struct outcome *out)
{
    const struct proc *p = find_item(c, i);
    *out = outcome_ok();
    return !p || (proc_state_is_stopped(p->fsm.state) && !p->fsm.again && !p->wanted);
}

static bool stop_applies(const struct proc *p)
{
    return proc_state_is_running(p->fsm.state) || p->fsm.again || p->wanted || p->anew;
}

static struct outcome stop_act(struct wait *w, struct proc *p, const char *spec)
{
    (void)w;
    if (!stop_applies(p))
        return outcome_fault(FAULT_NOT_RUNNING, spec);
    int rc = proc_stop(p);
    return rc < 0 ? outcome_fault(FAULT_FAILED, strerror(-rc)) : outcome_ok();
}

static struct outcome stop_await_act(struct wait *w, struct proc *p, const char *spec)
{
    struct outcome o = stop_act(w, p, spec);
    if (o.code == FAULT_SUCCESS)
        supervisor_await_stop(w->control->supervisor, p);
    return o;
}

static const struct deed stop_and_wait = {stop_applies, stop_await_act, true, look_stopped};
static const struct deed stop_only = {stop_applies, stop_act, true, NULL};

static const struct deed *stop_deed(const struct call *c, size_t wait_at)
{
    return call_flag(c, wait_at, true) ? &stop_and_wait : &stop_only;
}

static void stop_process(struct call *c)
{
    deed_named(c, call_text(c, 0), stop_deed(c, 1));
}

static void stop_group(struct call *c)
{
    deed_group(c, call_text(c, 0), stop_deed(c, 1));
}

static void stop_all(struct call *c)
{
    deed_all(c, stop_deed(c, 0));
}

/* --- Signal ---------------------------------------------------------------------------------- */

static bool signal_applies(const struct proc *p)
{
    return proc_state_has_process(p->fsm.state);
}

/* The signal is always the last parameter, a name or a number. */
static struct outcome signal_act(struct wait *w, struct proc *p, const char *spec)
{
    const json_t *given = json_array_get(w->params, json_array_size(w->params) - 1);
    char text[32];
    const char *name = json_string_value(given);
    int number;
    if (!name) {
        (void)snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(given));
        name = text;
    }
    if (parse_signal(name, &number, NULL) < 0)
        return outcome_fault(FAULT_BAD_SIGNAL, name);
    if (!signal_applies(p))
        return outcome_fault(FAULT_NOT_RUNNING, spec);
    int rc = proc_signal(p, number);
    return rc < 0 ? outcome_fault(FAULT_FAILED, strerror(-rc)) : outcome_ok();
}

static const struct deed signal_deed = {signal_applies, signal_act, false, NULL};

static void signal_process(struct call *c)
{
    deed_named(c, call_text(c, 0), &signal_deed);
}

static void signal_group(struct call *c)
{
    deed_group(c, call_text(c, 0), &signal_deed);
}

static void signal_all(struct call *c)
{
    deed_all(c, &signal_deed);
}

/* --- Input ----------------------------------------------------------------------------------- */

/* As Supervisor, which names what it was given instead of text. */
static void refuse_input(struct call *c, const json_t *given)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(given));
    call_fault(c, FAULT_INCORRECT_PARAMETERS, json_is_integer(given) ? text : NULL);
}

static void send_stdin(struct call *c)
{
    const char *spec = call_text(c, 0);
    const json_t *chars = json_array_get(c->params, 1);
    if (!json_is_string(chars)) {
        refuse_input(c, chars);
        return;
    }
    struct proc *p = find_process(c, spec);
    if (!p)
        return;
    if (p->child.pid == 0 || p->fsm.state == PROC_STOPPING) {
        call_fault(c, FAULT_NOT_RUNNING, spec);
        return;
    }
    int rc = child_write(&p->child, json_string_value(chars), json_string_length(chars));
    if (rc == 0)
        call_return(c, json_true());
    else if (rc == -EPIPE)
        call_fault(c, FAULT_NO_FILE, spec);
    else
        call_fault(c, FAULT_FAILED,
                   rc == -ENOBUFS ? "it has not read what it was sent before" : strerror(-rc));
}

static void send_remote_event(struct call *c)
{
    struct supervisor *s = control_of(c)->supervisor;
    const json_t *data = json_array_get(c->params, 1);
    struct event ev = {.type = EVENT_REMOTE,
                       .name = call_text(c, 0),
                       .data = json_string_value(data),
                       .len = json_string_length(data)};
    event_bus_publish(s->bus, &ev);
    call_return(c, json_true());
}

/* --- What they are doing --------------------------------------------------------------------- */

static void get_process_info(struct call *c)
{
    const struct proc *p = find_process(c, call_text(c, 0));
    if (p)
        call_return(c, status_process(p));
}

static void get_all_process_info(struct call *c)
{
    struct supervisor *s = control_of(c)->supervisor;
    struct buf document = BUF_EMPTY;
    if (c->outer) {
        call_return(c, status_all_processes(s));
        return;
    }
    status_write_processes(s, &document);
    call_return_document(c, &document);
}

// clang-format off
const struct rpc_method process_methods[] = {
    { "supervisor.getProcessInfo",      "struct",  "s",   get_process_info,     0,
      "Get info about the process `name`." },
    { "supervisor.getAllProcessInfo",   "array",   "",    get_all_process_info, 0,
      "Get info about all processes, sorted by group and name." },
    { "supervisor.startProcess",        "boolean", "s|b", start_process,        0,
      "Start the process `name`; with `wait`, answer when it runs. `group:*` starts a group." },
    { "supervisor.startProcessGroup",   "array",   "s|b", start_group,          0,
      "Start all processes of the group `name`; with `wait`, answer when they run." },
    { "supervisor.startAllProcesses",   "array",   "|b",  start_all,            0,
      "Start all processes; with `wait`, answer when they run." },
    { "supervisor.stopProcess",         "boolean", "s|b", stop_process,         0,
      "Stop the process `name`; with `wait`, answer when it is gone. `group:*` stops a group." },
    { "supervisor.stopProcessGroup",    "array",   "s|b", stop_group,           0,
      "Stop all processes of the group `name`; with `wait`, answer when they are gone." },
    { "supervisor.stopAllProcesses",    "array",   "|b",  stop_all,             0,
      "Stop all processes; with `wait`, answer when they are gone." },
    { "supervisor.signalProcess",       "boolean", "sg",  signal_process,       0,
      "Send `signal`, a name or a number, to the process `name`." },
    { "supervisor.signalProcessGroup",  "array",   "sg",  signal_group,         0,
      "Send `signal` to all processes of the group `name`." },
    { "supervisor.signalAllProcesses",  "array",   "g",   signal_all,           0,
      "Send `signal` to all processes." },
    { "supervisor.sendProcessStdin",    "boolean", "sv",  send_stdin,           0,
      "Send `chars` to the standard input of the process `name`." },
    { "supervisor.sendRemoteCommEvent", "boolean", "ss",  send_remote_event, RPC_ANYTIME,
      "Send an event with `type` and `data` to the event listeners." },
};
// clang-format on
const size_t process_methods_count = sizeof process_methods / sizeof *process_methods;
