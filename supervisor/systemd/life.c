#include "systemd/life.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "base/parse.h"
#include "config/config.h"
#include "engine/state.h"
#include "engine/supervisor.h"
#include "jobs/say.h"
#include "jobs/table.h"
#include "output/catalog.h"
#include "output/entry.h"
#include "output/journal.h"

/* --- Words --------------------------------------------------------------------------------- */

static const char *life_why(const struct event *ev)
{
    return ev->why ? ev->why : "";
}

/* "exited with status 3", "was killed by SIGKILL"; `otherwise` when there was no exit. */
static void life_put_exit(struct buf *text, const struct event *ev, const char *otherwise)
{
    char name[16];
    if (ev->code == CLD_EXITED)
        buf_printf(text, "exited with status %d", ev->status);
    else if (ev->code == CLD_KILLED || ev->code == CLD_DUMPED)
        buf_printf(text, "was killed by %s%s", parse_signal_name(ev->status, name, sizeof name),
                   ev->code == CLD_DUMPED ? " (core dumped)" : "");
    else
        buf_text(text, otherwise);
}

static enum catalog_kind life_process_kind(enum proc_state state)
{
    switch (state) {
    case PROC_STOPPED:
        return CATALOG_PROCESS_STOPPED;
    case PROC_STARTING:
        return CATALOG_PROCESS_STARTING;
    case PROC_RUNNING:
        return CATALOG_PROCESS_RUNNING;
    case PROC_BACKOFF:
        return CATALOG_PROCESS_BACKOFF;
    case PROC_STOPPING:
        return CATALOG_PROCESS_STOPPING;
    case PROC_EXITED:
        return CATALOG_PROCESS_EXITED;
    case PROC_FATAL:
        return CATALOG_PROCESS_FATAL;
    case PROC_UNKNOWN:
        break;
    }
    return CATALOG_PROCESS_UNKNOWN;
}

static void life_process_words(struct buf *text, const struct event *ev)
{
    switch ((enum proc_state)ev->state) {
    case PROC_STARTING:
        buf_text(text, "is being started");
        break;
    case PROC_RUNNING:
        buf_printf(text, "runs with pid %d", (int)ev->pid);
        break;
    case PROC_BACKOFF:
        buf_text(text, "did not come up");
        if (*life_why(ev))
            buf_printf(text, ": %s", ev->why);
        buf_printf(text, "; failed starts so far: %d", ev->tries);
        break;
    case PROC_STOPPING:
        buf_printf(text, "with pid %d is being stopped", (int)ev->pid);
        break;
    case PROC_STOPPED:
        life_put_exit(text, ev, "is stopped");
        if (ev->code)
            buf_text(text, " and stays stopped");
        break;
    case PROC_EXITED:
        life_put_exit(text, ev, "has ended");
        buf_text(text, ev->expected ? ", as expected" : ", which is not expected");
        break;
    case PROC_FATAL:
        buf_text(text, "is given up");
        if (*life_why(ev))
            buf_printf(text, ": %s", ev->why);
        break;
    case PROC_UNKNOWN:
        buf_text(text, "cannot be controlled");
        break;
    }
}

/* CATALOG_KINDS: nothing to tell. */
static enum catalog_kind life_job_kind(enum job_state state)
{
    switch (state) {
    case JOB_RUNNING:
        return CATALOG_JOB_STARTED;
    case JOB_RETRYING:
        return CATALOG_JOB_RETRYING;
    case JOB_ENDING:
        return CATALOG_JOB_TIMED_OUT;
    case JOB_STOPPING:
        return CATALOG_JOB_STOPPING;
    case JOB_SUCCEEDED:
        return CATALOG_JOB_SUCCEEDED;
    case JOB_FAILED:
        return CATALOG_JOB_FAILED;
    case JOB_IDLE:
    case JOB_WAITING:
    case JOB_STATES:
        break;
    }
    return CATALOG_KINDS;
}

static void life_job_words(struct buf *text, const struct event *ev)
{
    char took[32];
    say_duration(ev->took, took, sizeof took);
    switch ((enum job_state)ev->state) {
    case JOB_RUNNING:
        buf_text(text, "runs");
        break;
    case JOB_RETRYING:
        buf_printf(text, "failed: %s; it is tried again", life_why(ev));
        break;
    case JOB_ENDING:
        buf_printf(text, "%s and is asked to end", life_why(ev));
        break;
    case JOB_STOPPING:
        buf_text(text, "is being stopped");
        break;
    case JOB_SUCCEEDED:
        buf_printf(text, "succeeded after %s", took);
        break;
    case JOB_FAILED:
        buf_printf(text, "failed after %s: %s", took, life_why(ev));
        break;
    case JOB_IDLE:
    case JOB_WAITING:
    case JOB_STATES:
        break;
    }
}

/* --- Entries ------------------------------------------------------------------------------- */

static const char *life_exit_word(int code)
{
    switch (code) {
    case CLD_EXITED:
        return "exited";
    case CLD_KILLED:
        return "killed";
    case CLD_DUMPED:
        return "dumped";
    }
    return NULL;
}

static void life_send(struct buf *entry, int level, const struct buf *message)
{
    entry_number(entry, "PRIORITY", level);
    entry_data(entry, "MESSAGE", buf_str(message), message->len);
    journal_put_entry(entry);
    journal_flush();
}

/* What an entry about a process and one about a job have in common. */
static void life_put_event(struct buf *entry, const struct event *ev)
{
    const char *exit = life_exit_word(ev->code);
    if (ev->pid > 0)
        entry_number(entry, "MAINSTAY_PID", ev->pid);
    entry_text(entry, "EXIT_CODE", exit);
    if (exit)
        entry_number(entry, "EXIT_STATUS", ev->status);
}

static void life_tell_process(const struct event *ev)
{
    enum catalog_kind kind = life_process_kind((enum proc_state)ev->state);
    struct buf entry = BUF_EMPTY;
    struct buf message = BUF_EMPTY;
    bool bad = kind == CATALOG_PROCESS_EXITED && !ev->expected;
    bool has_result = kind == CATALOG_PROCESS_EXITED || kind == CATALOG_PROCESS_BACKOFF ||
                      kind == CATALOG_PROCESS_FATAL;
    if (strcmp(ev->group, ev->name) != 0)
        buf_printf(&message, "%s:", ev->group);
    buf_printf(&message, "%s ", ev->name);
    life_process_words(&message, ev);
    catalog_begin(&entry, kind);
    entry_text(&entry, "MAINSTAY_PROGRAM", ev->name);
    entry_text(&entry, "MAINSTAY_GROUP", ev->group);
    entry_text(&entry, "MAINSTAY_STATE", proc_state_name((enum proc_state)ev->state));
    entry_text(&entry, "MAINSTAY_FROM", proc_state_name((enum proc_state)ev->from));
    if (has_result && *life_why(ev))
        entry_text(&entry, "MAINSTAY_RESULT", ev->why);
    if (kind != CATALOG_PROCESS_FATAL) /* it has forgotten them */
        entry_number(&entry, "MAINSTAY_TRIES", ev->tries);
    life_put_event(&entry, ev);
    life_send(&entry, bad ? LOG_WARNING : catalog_rows[kind].level, &message);
    buf_close(&entry);
    buf_close(&message);
}

static void life_tell_job(const struct event *ev)
{
    enum catalog_kind kind = life_job_kind((enum job_state)ev->state);
    struct buf entry = BUF_EMPTY;
    struct buf message = BUF_EMPTY;
    if (kind == CATALOG_KINDS)
        return;
    const char *colon = strchr(ev->name, ':'); /* "job:data", "sync:data" */
    buf_printf(&message, "job %s ", colon ? colon + 1 : ev->name);
    life_job_words(&message, ev);
    catalog_begin(&entry, kind);
    entry_text(&entry, "MAINSTAY_JOB", colon ? colon + 1 : ev->name);
    entry_text(&entry, "MAINSTAY_STATE", job_state_name((enum job_state)ev->state));
    entry_text(&entry, "MAINSTAY_FROM", job_state_name((enum job_state)ev->from));
    if (kind != CATALOG_JOB_STARTED && *life_why(ev))
        entry_text(&entry, "MAINSTAY_RESULT", ev->why);
    if (kind != CATALOG_JOB_STARTED)
        entry_number(&entry, "MAINSTAY_DURATION_USEC", (long long)ev->took * 1000);
    entry_number(&entry, "MAINSTAY_TRIES", ev->tries);
    life_put_event(&entry, ev);
    life_send(&entry, catalog_rows[kind].level, &message);
    buf_close(&entry);
    buf_close(&message);
}

/* What happens to a job that stays in its state. */
static void life_tell_news(const struct event *ev)
{
    bool missed = ev->news == JOB_NEWS_MISSED;
    enum catalog_kind kind = missed ? CATALOG_JOB_MISSED : CATALOG_JOB_SKIPPED;
    struct buf entry = BUF_EMPTY;
    struct buf message = BUF_EMPTY;
    if (!missed && ev->news != JOB_NEWS_SKIPPED)
        return;
    const char *colon = strchr(ev->name, ':');
    const char *name = colon ? colon + 1 : ev->name;
    buf_printf(&message, "job %s is %s: %s", name, missed ? "missed" : "not run", life_why(ev));
    catalog_begin(&entry, kind);
    entry_text(&entry, "MAINSTAY_JOB", name);
    entry_text(&entry, "MAINSTAY_RESULT", life_why(ev));
    life_send(&entry, catalog_rows[kind].level, &message);
    buf_close(&entry);
    buf_close(&message);
}

static void life_tell_daemon(enum catalog_kind kind)
{
    struct buf entry = BUF_EMPTY;
    struct buf message = BUF_EMPTY;
    buf_text(&message, catalog_rows[kind].subject);
    catalog_begin(&entry, kind);
    entry_number(&entry, "MAINSTAY_PID", getpid());
    entry_text(&entry, "MAINSTAY_VERSION", MAINSTAY_VERSION);
    life_send(&entry, catalog_rows[kind].level, &message);
    buf_close(&entry);
    buf_close(&message);
}

static void life_tell_supervisor(struct life *l, enum supervisor_state state)
{
    switch (state) {
    case SUPERVISOR_SHUTDOWN:
        life_tell_daemon(CATALOG_DAEMON_STOPPING);
        return;
    case SUPERVISOR_RESTARTING:
        life_tell_daemon(CATALOG_RELOADING);
        return;
    case SUPERVISOR_RUNNING:
        life_tell_daemon(l->started ? CATALOG_RELOADED : CATALOG_DAEMON_STARTED);
        l->started = true;
        return;
    }
}

static enum catalog_kind life_power_kind(enum power_news news)
{
    switch (news) {
    case POWER_PLANNED:
        return CATALOG_POWER_PLANNED;
    case POWER_WARNING:
        return CATALOG_POWER_WARNING;
    case POWER_POSTPONED:
        return CATALOG_POWER_POSTPONED;
    case POWER_CANCELLED:
        return CATALOG_POWER_CANCELLED;
    case POWER_FAILED:
        break;
    }
    return CATALOG_POWER_FAILED;
}

static void life_tell_power(const struct event *ev)
{
    enum catalog_kind kind = life_power_kind(ev->power);
    struct buf entry = BUF_EMPTY;
    struct buf message = BUF_EMPTY;
    buf_append(&message, ev->data, ev->len);
    catalog_begin(&entry, kind);
    entry_text(&entry, "MAINSTAY_ACTION", ev->name);
    entry_text(&entry, "MAINSTAY_CAUSE", ev->cause);
    entry_data(&entry, "MAINSTAY_RESULT", ev->data, ev->len);
    if (ev->when > 0)
        entry_number(&entry, "MAINSTAY_WHEN_USEC", (long long)ev->when * 1000000);
    life_send(&entry, catalog_rows[kind].level, &message);
    buf_close(&entry);
    buf_close(&message);
}

static void on_event(struct event_subscriber *sub, const struct event *ev)
{
    struct life *l = container_of(sub, struct life, subscriber);
    if (!l->told)
        return;
    if (ev->type == EVENT_PROCESS_STATE)
        life_tell_process(ev);
    else if (ev->type == EVENT_JOB_STATE)
        life_tell_job(ev);
    else if (ev->type == EVENT_JOB_NEWS)
        life_tell_news(ev);
    else if (ev->type == EVENT_SHUTDOWN)
        life_tell_power(ev);
    else if (ev->type == EVENT_SUPERVISOR_STATE)
        life_tell_supervisor(l, (enum supervisor_state)ev->state);
}

/* --- Life ---------------------------------------------------------------------------------- */

void life_change(struct life *l, const struct config *config)
{
    l->told = config_uses_journal(config) || (getenv("JOURNAL_STREAM") && journal_there());
}

void life_open(struct life *l, struct event_bus *bus, const struct config *config)
{
    *l = (struct life){.subscriber = {.on_event = on_event}};
    life_change(l, config);
    event_bus_subscribe(bus, &l->subscriber);
}

void life_upgraded(struct life *l, const char *failed)
{
    l->started = true;
    if (l->told && !failed)
        life_tell_daemon(CATALOG_DAEMON_UPGRADED);
}

void life_stopped(struct life *l)
{
    if (l->told)
        life_tell_daemon(CATALOG_DAEMON_STOPPED);
}
