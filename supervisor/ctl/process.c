/* Commands about processes: status pid start stop restart signal clear. */
#include <string.h>

#include "base/mem.h"
#include "control/namespec.h"
#include "ctl/jobs.h"
#include "ctl/power.h"
#include "ctl/print.h"

/* --- status, pid --------------------------------------------------------------------------- */

/* Appends what `name` means, which may be `found` already; an unknown name is said. */
static void status_select(struct ctl *c, const json_t *all, const char *name, bool found,
                          json_t *chosen)
{
    struct namespec n = namespec_split(name);
    for (size_t i = 0; i < json_array_size(all); i++) {
        json_t *info = json_array_get(all, i);
        if (strcmp(print_text_of(info, "group"), n.group) != 0 ||
            (n.process && strcmp(print_text_of(info, "name"), n.process) != 0))
            continue;
        found = true;
        (void)json_array_append(chosen, info);
    }
    if (!found) {
        print_line(n.process ? "%s: ERROR (no such process)" : "%s: ERROR (no such group)",
                   n.process ? name : n.group);
        c->exit = EXIT_STATUS_UNKNOWN;
    }
    namespec_close(&n);
}

/* STOPPED, EXITED, FATAL, UNKNOWN: what is up, or on its way there, counts as fine. */
static bool is_down(json_int_t state)
{
    return state == 0 || state == 100 || state == 200 || state == 1000;
}

static bool is_verbose(const struct ctl *c, const char *word)
{
    return c->o->native && strcmp(word, "-v") == 0;
}

/* How many names there are; *verbose: there is a -v among them. */
static size_t status_count_names(const struct ctl *c, const struct words *w, bool *verbose)
{
    size_t names = 0;
    for (size_t i = 0; i < w->count; i++) {
        if (is_verbose(c, w->items[i]))
            *verbose = true;
        else
            names++;
    }
    return names;
}

/* The processes that are named, and the jobs to `shown`. */
static json_t *status_choose(struct ctl *c, const struct words *w, json_t *all, json_t *shown)
{
    json_t *chosen = json_array();
    json_t *jobs = jobs_all(c);
    for (size_t i = 0; i < w->count; i++) {
        if (!is_verbose(c, w->items[i]))
            status_select(c, all, w->items[i], jobs_choose(jobs, w->items[i], shown), chosen);
    }
    json_decref(jobs);
    return chosen;
}

/* All processes, and the jobs that are on their way, or have failed, to `shown`. */
static json_t *status_everything(struct ctl *c, json_t *all, json_t *shown)
{
    json_t *jobs = jobs_all(c);
    jobs_choose_news(jobs, shown);
    power_show(c, shown);
    json_decref(jobs);
    return json_incref(all);
}

/* Supervisor's clients get no answer then; ours says what it is at. -1: it does not say. */
static int status_of_stop(struct ctl *c)
{
    json_t *info = NULL;
    json_t *shown = json_array();
    int rc = client_call(&c->client, "mainstay.getDaemonInfo", NULL, &info);
    if (rc == 0) {
        const char *reason = print_text_of(info, "reason");
        const char *waits = print_text_of(info, "waits");
        print_line("mainstayd is shutting down%s%s%s%s%s", *reason ? " (" : "", reason,
                   *reason ? ")" : "", *waits ? "; " : "", waits);
        json_t *jobs = jobs_all(c);
        jobs_choose_news(jobs, shown);
        json_decref(jobs);
        print_statuses(shown, NULL);
        c->exit = EXIT_STATUS_STOPPED;
    }
    json_decref(shown);
    json_decref(info);
    return rc;
}

int command_status(struct ctl *c, const struct words *w)
{
    json_t *all = NULL;
    json_t *usages = NULL;
    bool verbose = false;
    size_t names = status_count_names(c, w, &verbose);
    if (client_call_array(&c->client, "supervisor.getAllProcessInfo", NULL, &all) < 0) {
        bool stops = c->o->native && client_faulted(&c->client, FAULT_SHUTDOWN_STATE);
        return stops ? status_of_stop(c) : -1;
    }
    if (verbose &&
        client_call_array(&c->client, "mainstay.getAllProcessResources", NULL, &usages) < 0) {
        json_decref(all);
        return -1;
    }
    json_t *jobs = json_array();
    json_t *chosen = names == 0 || words_have(w, "all") ? status_everything(c, all, jobs)
                                                        : status_choose(c, w, all, jobs);
    json_t *shown = json_copy(chosen);
    (void)json_array_extend(shown, jobs);
    print_statuses(shown, usages);
    json_decref(shown);
    json_decref(jobs);
    json_decref(usages);
    for (size_t i = 0; i < json_array_size(chosen); i++) {
        if (is_down(print_int_of(json_array_get(chosen, i), "state")))
            c->exit = EXIT_STATUS_STOPPED;
    }
    json_decref(chosen);
    json_decref(all);
    return 0;
}

static int pid_of_daemon(struct ctl *c)
{
    json_t *pid = NULL;
    if (client_call(&c->client, "supervisor.getPID", NULL, &pid) < 0)
        return -1;
    print_line("%" JSON_INTEGER_FORMAT, json_integer_value(pid));
    json_decref(pid);
    return 0;
}

static int pid_of_all(struct ctl *c)
{
    json_t *all = NULL;
    if (client_call_array(&c->client, "supervisor.getAllProcessInfo", NULL, &all) < 0)
        return -1;
    for (size_t i = 0; i < json_array_size(all); i++)
        print_line("%" JSON_INTEGER_FORMAT, print_int_of(json_array_get(all, i), "pid"));
    json_decref(all);
    return 0;
}

static int pid_of(struct ctl *c, const char *name)
{
    json_t *info = NULL;
    if (client_call(&c->client, "supervisor.getProcessInfo", json_pack("[o]", client_text(name)),
                    &info) < 0) {
        c->exit = EXIT_GENERIC;
        if (!client_faulted(&c->client, FAULT_BAD_NAME))
            return -1;
        print_line("No such process %s", name);
        return 0;
    }
    json_int_t pid = print_int_of(info, "pid");
    print_line("%" JSON_INTEGER_FORMAT, pid);
    if (pid == 0)
        c->exit = EXIT_NOT_RUNNING;
    json_decref(info);
    return 0;
}

int command_pid(struct ctl *c, const struct words *w)
{
    if (w->count == 0)
        return pid_of_daemon(c);
    if (words_have(w, "all"))
        return pid_of_all(c);
    for (size_t i = 0; i < w->count; i++) {
        if (pid_of(c, w->items[i]) < 0)
            return -1;
    }
    return 0;
}

/* --- Commands that do one thing to many processes ------------------------------------------ */

struct reason {
    int code;
    const char *text; /* NULL: what the daemon says, as the whole line */
};

/* What start, stop, signal and clear have in common, and what they do not. */
struct verb {
    const char *done;
    const char *all; /* methods */
    const char *group;
    const char *process;
    const struct reason *reasons; /* ends with code 0 */
    int ignored;                  /* this fault is no failure */
    int bad_group_exit;
    const char *job; /* the method for jobs, which only mainstayd has; NULL: there is none */
};

// clang-format off
static const struct verb verb_start = {
    "started", "supervisor.startAllProcesses", "supervisor.startProcessGroup",
    "supervisor.startProcess",
    (const struct reason[]){{FAULT_BAD_NAME, "no such process"},
                            {FAULT_NO_FILE, "no such file"},
                            {FAULT_NOT_EXECUTABLE, "file is not executable"},
                            {FAULT_ALREADY_STARTED, "already started"},
                            {FAULT_SPAWN_ERROR, "spawn error"},
                            {FAULT_ABNORMAL_TERMINATION, "abnormal termination"},
                            {0}},
    FAULT_ALREADY_STARTED, EXIT_INVALID,
};
static const struct reason reasons_stop[] = {{FAULT_BAD_NAME, "no such process"},
                                             {FAULT_BAD_SIGNAL, "bad signal name"},
                                             {FAULT_NOT_RUNNING, "not running"},
                                             {FAULT_FAILED, NULL},
                                             {0}};
static const struct verb verb_stop = {
    "stopped", "supervisor.stopAllProcesses", "supervisor.stopProcessGroup",
    "supervisor.stopProcess", reasons_stop, FAULT_NOT_RUNNING, EXIT_GENERIC,
    .job = "mainstay.stopJob",
};
static const struct verb verb_signal = {
    "signalled", "supervisor.signalAllProcesses", "supervisor.signalProcessGroup",
    "supervisor.signalProcess", reasons_stop, FAULT_SUCCESS, EXIT_GENERIC,
};
static const struct verb verb_clear = { /* knows no groups */
    "cleared", "supervisor.clearAllProcessLogs", NULL, "supervisor.clearProcessLogs",
    (const struct reason[]){{FAULT_BAD_NAME, "no such process"},
                            {FAULT_FAILED, "failed"},
                            {0}},
    FAULT_SUCCESS, EXIT_GENERIC,
};
// clang-format on

static void exit_from_fault(struct ctl *c, int code, int ignored)
{
    if (code == ignored || code == FAULT_SUCCESS)
        return;
    bool dead = code == FAULT_SPAWN_ERROR || code == FAULT_ABNORMAL_TERMINATION ||
                code == FAULT_NOT_RUNNING;
    c->exit = dead ? EXIT_NOT_RUNNING : EXIT_GENERIC;
}

/* Prints how it went for one process. supervisorctl has no words for some codes: a failure. */
static int verb_print(struct ctl *c, const struct verb *v, const char *name, int code,
                      const char *text)
{
    const struct reason *r = v->reasons;
    while (r->code != 0 && r->code != code)
        r++;
    if (code == FAULT_SUCCESS)
        print_line("%s: %s", name, v->done);
    else if (r->code == 0 && !c->o->native)
        return client_fail(&c->client, FAILURE_RESULT, code, "Unknown result code %d for %s", code,
                           name);
    else if (r->code != 0 && !r->text)
        print_line("%s", text);
    else
        print_line("%s: ERROR (%s)", name, r->code != 0 ? r->text : text);
    exit_from_fault(c, code, v->ignored);
    return 0;
}

/* Prints an array of results and frees it. */
static int verb_results(struct ctl *c, const struct verb *v, json_t *results)
{
    struct buf name = BUF_EMPTY;
    int rc = 0;
    for (size_t i = 0; i < json_array_size(results) && rc == 0; i++) {
        const json_t *r = json_array_get(results, i);
        buf_clear(&name);
        namespec_join(print_text_of(r, "group"), print_text_of(r, "name"), &name);
        rc = verb_print(c, v, buf_str(&name), (int)print_int_of(r, "status"),
                        print_text_of(r, "description"));
    }
    buf_close(&name);
    json_decref(results);
    return rc;
}

/* ["signal"] or [], after `first` when it is not NULL. */
static json_t *verb_params(const char *first, const char *signal)
{
    json_t *params = json_array();
    if (first)
        (void)json_array_append_new(params, client_text(first));
    if (signal)
        (void)json_array_append_new(params, client_text(signal));
    return params;
}

static int verb_all(struct ctl *c, const struct verb *v, const char *signal)
{
    json_t *results = NULL;
    if (client_call_array(&c->client, v->all, verb_params(NULL, signal), &results) < 0)
        return -1;
    return verb_results(c, v, results);
}

static int verb_group(struct ctl *c, const struct verb *v, const char *group, const char *signal)
{
    json_t *results = NULL;
    if (client_call_array(&c->client, v->group, verb_params(group, signal), &results) == 0)
        return verb_results(c, v, results);
    if (!client_faulted(&c->client, FAULT_BAD_NAME))
        return -1;
    print_line("%s: ERROR (no such group)", group);
    c->exit = v->bad_group_exit;
    return 0;
}

/* No process has this name, or all are on their way down: perhaps a job has it. Else the first
 * fault stays; a daemon without jobs knows no such method. */
static int verb_job(struct ctl *c, const struct verb *v, const char *spec, json_t **answer)
{
    const struct failure first = c->client.failure;
    int rc = client_call(&c->client, v->job, verb_params(spec, NULL), answer);
    if (rc < 0 && (client_faulted(&c->client, FAULT_UNKNOWN_METHOD) ||
                   client_faulted(&c->client, FAULT_BAD_NAME)))
        c->client.failure = first;
    return rc;
}

static bool verb_may_be_of_job(const struct ctl *c, const struct verb *v)
{
    return v->job && c->o->native &&
           (client_faulted(&c->client, FAULT_BAD_NAME) ||
            client_faulted(&c->client, FAULT_SHUTDOWN_STATE));
}

static bool is_job(struct ctl *c, const char *name)
{
    const struct failure before = c->client.failure;
    json_t *jobs = jobs_all(c);
    json_t *shown = json_array();
    bool found = jobs_choose(jobs, name, shown);
    json_decref(shown);
    json_decref(jobs);
    c->client.failure = before;
    return found;
}

/* It failed for one process: in the words of its fault, or that it is none. */
static int verb_failed(struct ctl *c, const struct verb *v, const char *spec, const char *name)
{
    const struct failure f = c->client.failure;
    if (f.code != FAULT_BAD_NAME || !c->o->native || !is_job(c, spec))
        return verb_print(c, v, name, f.code, f.text);
    print_line("%s: ERROR (no such process, but a job: run starts it, stop ends it)", name);
    c->exit = EXIT_GENERIC;
    return 0;
}

static int verb_process(struct ctl *c, const struct verb *v, const struct namespec *n,
                        const char *spec, const char *signal)
{
    json_t *answer = NULL;
    struct buf name = BUF_EMPTY;
    /* a group where only a process can be: supervisorctl calls its process None */
    namespec_join(n->group, n->process ? n->process : c->o->native ? "*" : "None", &name);
    int rc = client_call(&c->client, v->process, verb_params(spec, signal), &answer);
    if (rc < 0 && verb_may_be_of_job(c, v))
        rc = verb_job(c, v, spec, &answer);
    if (rc == 0)
        print_line("%s: %s", buf_str(&name), v->done);
    else if (c->client.failure.kind == FAILURE_FAULT)
        rc = verb_failed(c, v, spec, buf_str(&name));
    json_decref(answer);
    buf_close(&name);
    return rc;
}

static int verb_one(struct ctl *c, const struct verb *v, const char *spec, const char *signal)
{
    struct namespec n = namespec_split(spec);
    int rc = v->group && !n.process ? verb_group(c, v, n.group, signal)
                                    : verb_process(c, v, &n, spec, signal);
    namespec_close(&n);
    return rc;
}

/* `signal` is NULL but for the command signal. */
static int verb_run(struct ctl *c, const struct verb *v, const struct words *w, const char *signal)
{
    struct words names = {.items = w->items + (signal ? 1 : 0),
                          .count = w->count - (signal ? 1 : 0)};
    if (words_have(&names, "all"))
        return verb_all(c, v, signal);
    int rc = 0;
    for (size_t i = 0; i < names.count && rc == 0; i++)
        rc = verb_one(c, v, names.items[i], signal);
    return rc;
}

int command_start(struct ctl *c, const struct words *w)
{
    return verb_run(c, &verb_start, w, NULL);
}

int command_stop(struct ctl *c, const struct words *w)
{
    return verb_run(c, &verb_stop, w, NULL);
}

int command_restart(struct ctl *c, const struct words *w)
{
    struct verb stop = verb_stop;
    stop.job = NULL; /* run is what starts one again */
    int rc = verb_run(c, &stop, w, NULL);
    return rc < 0 ? rc : command_start(c, w);
}

int command_signal(struct ctl *c, const struct words *w)
{
    return verb_run(c, &verb_signal, w, w->items[0]);
}

int command_clear(struct ctl *c, const struct words *w)
{
    return verb_run(c, &verb_clear, w, NULL);
}
