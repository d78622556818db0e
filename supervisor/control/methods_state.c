/* Methods for the daemon itself: version, state, end, and its own log. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "control/log.h"
#include "control/methods.h"
#include "control/status.h"

static void get_api_version(struct call *c)
{
    call_return(c, json_string(CONTROL_API_VERSION));
}

static void get_supervisor_version(struct call *c)
{
    call_return(c, json_string(CONTROL_SUPERVISOR_VERSION));
}

static void get_version(struct call *c)
{
    call_return(c, json_string(MAINSTAY_VERSION));
}

static void get_identification(struct call *c)
{
    call_return(c, status_text(control_of(c)->identifier));
}

static const char *state_name(enum supervisor_state state)
{
    switch (state) {
    case SUPERVISOR_SHUTDOWN:
        return "SHUTDOWN";
    case SUPERVISOR_RESTARTING:
        return "RESTARTING";
    case SUPERVISOR_RUNNING:
        return "RUNNING";
    }
    return "UNKNOWN";
}

static void get_state(struct call *c)
{
    enum supervisor_state state = control_of(c)->supervisor->state;
    call_return(c,
                json_pack("{s:i, s:s}", "statecode", (int)state, "statename", state_name(state)));
}

static void get_pid(struct call *c)
{
    call_return(c, json_integer(getpid()));
}

/* Both answer first: what follows may take away what the answer goes through. */
static void shut_down(struct call *c)
{
    struct control *control = control_of(c);
    call_return(c, json_true());
    control->host->shutdown(control->owner);
}

/* A configuration that does not load is said to the caller, and nothing stops. */
static void restart(struct call *c)
{
    struct control *control = control_of(c);
    struct config *next = NULL;
    struct err e;
    if (control->host->reread(control->owner, &next, &e) < 0) {
        log_error("the restart is refused, everything stays as it is: %s", e.text);
        call_fault(c, FAULT_CANT_REREAD, e.text);
        return;
    }
    config_unref(next);
    call_return(c, json_true());
    control->host->restart(control->owner);
}

static void on_upgrade_abandoned(struct call *c)
{
    control_of(c)->upgrading = NULL;
}

/*
 * Answered when the new version has been tried, just before it takes over. What is named is run as
 * who we are: a client that may only start and stop programs must not become root by that.
 */
static void upgrade(struct call *c)
{
    struct control *control = control_of(c);
    const char *program = call_text(c, 0);
    struct err e;
    if (program && *program && !control_trusts(c)) {
        log_warn("XML-RPC: refused an upgrade to a program that a stranger names");
        call_fault(
            c, FAULT_FAILED,
            "only root and the daemon's own user may name the program, over its unix socket");
        return;
    }
    if (control->host->upgrade(control->owner, program, &e) < 0) {
        call_fault(c, FAULT_FAILED, e.text);
        return;
    }
    control->upgrading = c;
    c->abandon = on_upgrade_abandoned;
}

static void get_daemon_info(struct call *c)
{
    struct control *control = control_of(c);
    call_return(c, control->host->daemon_info(control->owner));
}

static void read_log(struct call *c)
{
    struct control *control = control_of(c);
    if (strcmp(control->supervisor->config->logfile, "journal") == 0)
        call_fault(c, FAULT_NO_FILE, LOG_IN_JOURNAL "SYSLOG_IDENTIFIER=mainstayd");
    else
        log_read(c, control->host->main_log(control->owner), 0);
}

static void clear_log(struct call *c)
{
    struct control *control = control_of(c);
    struct err e;
    const char *path = control->host->main_log(control->owner);
    if (!path || access(path, F_OK) < 0)
        call_fault(c, FAULT_NO_FILE, NULL);
    else if (control->host->clear_main_log(control->owner, &e) < 0)
        call_fault(c, FAULT_FAILED, e.text);
    else
        call_return(c, json_true());
}

// clang-format off
const struct rpc_method state_methods[] = {
    { "supervisor.getAPIVersion",        "string",  "",   get_api_version,        0,
      "Return the version of this interface." },
    { "supervisor.getVersion",           "string",  "",   get_api_version,        0,
      "Return the version of this interface." },
    { "supervisor.getSupervisorVersion", "string",  "",   get_supervisor_version, 0,
      "Return the version of Supervisor that this daemon behaves like." },
    { "mainstay.getVersion",             "string",  "",   get_version,            RPC_ANYTIME,
      "Return the version of mainstay." },
    { "supervisor.getIdentification",    "string",  "",   get_identification,     0,
      "Return the daemon's identifier." },
    { "supervisor.getState",             "struct",  "",   get_state,              0,
      "Return the daemon's state as a struct {statecode, statename}." },
    { "supervisor.getPID",               "int",     "",   get_pid,                0,
      "Return the daemon's process id." },
    { "supervisor.readLog",              "string",  "ii", read_log,               0,
      "Read `length` bytes from `offset` of the daemon's log." },
    { "supervisor.readMainLog",          "string",  "ii", read_log,               0,
      "Read `length` bytes from `offset` of the daemon's log." },
    { "supervisor.clearLog",             "boolean", "",   clear_log,              0,
      "Clear the daemon's log." },
    { "supervisor.shutdown",             "boolean", "",   shut_down,              0,
      "Stop all processes and end the daemon." },
    { "supervisor.restart",              "boolean", "",   restart,                0,
      "Stop all processes, read the configuration anew and start again." },
    { "mainstay.upgrade",                "string",  "|s", upgrade,                0,
      "Become another version of the program (its path) in place; return the version." },
    { "mainstay.getDaemonInfo",          "struct",  "",   get_daemon_info,        RPC_ANYTIME,
      "Return a struct about the daemon: version, pid, start, upgrades; of a stop of everything, "
      "whether it is under way (stopping), its reason, and what it waits for, in words (waits)." },
};
// clang-format on
const size_t state_methods_count = sizeof state_methods / sizeof *state_methods;
