/* Methods for jobs. */
#include <errno.h>

#include "control/job_calendar.h"
#include "control/methods.h"
#include "control/status.h"
#include "control/wait.h"
#include "jobs/history.h"
#include "jobs/say.h"

static struct job *find_job(struct call *c, const char *name)
{
    struct job *job = jobs_find(control_of(c)->jobs, name);
    if (!job)
        call_fault(c, FAULT_BAD_NAME, name);
    return job;
}

static bool look_run(struct control *c, const struct wait_item *i, struct outcome *out)
{
    const struct job *job = jobs_find(c->jobs, i->name);
    char text[sizeof out->extra];
    if (job && job_active(job))
        return false;
    *out = outcome_ok();
    if (!job || job->state != JOB_SUCCEEDED) {
        (void)snprintf(text, sizeof text, "%s: %s", i->spec, job ? job->result : "is gone");
        *out = outcome_fault(FAULT_FAILED, text);
    }
    return true;
}

static bool look_stopped(struct control *c, const struct wait_item *i, struct outcome *out)
{
    const struct job *job = jobs_find(c->jobs, i->name);
    *out = outcome_ok();
    return !job || !job_active(job);
}

static void job_wait(struct call *c, const struct job *job, wait_look *look)
{
    struct wait *w = wait_new(c, look, false);
    wait_add(w, NULL, job->label, call_text(c, 0));
    wait_go(w);
}

static void run_job(struct call *c)
{
    struct job *job = find_job(c, call_text(c, 0));
    if (!job)
        return;
    int rc = job_run(job, JOB_BY_HAND, 0);
    if (rc == -EALREADY)
        call_fault(c, FAULT_ALREADY_STARTED, call_text(c, 0));
    else if (rc == -ESHUTDOWN)
        call_fault(c, FAULT_SHUTDOWN_STATE, NULL);
    else if (call_flag(c, 1, true))
        job_wait(c, job, look_run);
    else
        call_return(c, json_true());
}

static void stop_job(struct call *c)
{
    struct job *job = find_job(c, call_text(c, 0));
    if (!job)
        return;
    if (job_stop(job) < 0)
        call_fault(c, FAULT_NOT_RUNNING, call_text(c, 0));
    else
        job_wait(c, job, look_stopped);
}

static void get_all_job_info(struct call *c)
{
    call_return(c, status_all_jobs(control_of(c)->jobs));
}

static void get_job_calendar(struct call *c)
{
    const struct jobs *j = control_of(c)->jobs;
    int64_t now = host_wall(j->host) / 1000;
    int64_t span = call_number(c, 0);
    if (span <= 0 || span > JOB_CALENDAR_SPAN_MAX)
        call_fault(c, FAULT_INCORRECT_PARAMETERS, "a span is 1 to 31622400 seconds");
    else
        call_return(c, job_calendar(j, now, now + span));
}

/* --- History ------------------------------------------------------------------------------- */

enum { HISTORY_SHOWN = 20 };

static const char *history_text(const json_t *line, const char *name)
{
    const char *text = json_string_value(json_object_get(line, name));
    return text ? text : "";
}

static int64_t history_number(const json_t *line, const char *name, int64_t otherwise)
{
    const json_t *number = json_object_get(line, name);
    return number ? json_integer_value(number) : otherwise;
}

/* "; due at 2026-11-21 03:00:00", where it did not begin then. */
static void history_due(const json_t *line, struct buf *out)
{
    enum { LATE = 60 }; /* s */
    int64_t due = history_number(line, "due", 0);
    char when[32];
    if (due == 0 || history_number(line, "start", 0) / 1000 - due <= LATE)
        return;
    say_clock(due * 1000, when, sizeof when);
    buf_printf(out, "; due at %s", when);
}

/* How it went, in words: "succeeded; 12 objects, 3.4 MB", "failed (attempt 2): exit status 3". */
static void history_words(const json_t *line, bool runs, struct buf *out)
{
    int64_t attempt = history_number(line, "attempt", 0);
    struct job_said said = {.has_changed = json_object_get(line, "changed") != NULL,
                            .changed = history_number(line, "changed", 1) != 0,
                            .objects = history_number(line, "objects", -1),
                            .bytes = history_number(line, "bytes", -1)};
    if (*history_text(line, "result") == '\0')
        buf_text(out, runs ? "runs" : "has no end: the daemon or the machine went down first");
    else
        buf_text(out, history_text(line, "result"));
    if (attempt > 1)
        buf_printf(out, " (attempt %lld)", (long long)attempt);
    if (*history_text(line, "why"))
        buf_printf(out, ": %s", history_text(line, "why"));
    job_describe_done(&said, out);
    history_due(line, out);
}

static json_t *history_value(const struct job *job, const json_t *line)
{
    static const char *const texts[] = {"job", "cause", "result", "exit", "why", "log"};
    struct buf words = BUF_EMPTY;
    char when[32];
    char until[32] = "";
    char took[32] = "";
    int64_t start = history_number(line, "start", 0);
    int64_t end = history_number(line, "end", 0);
    bool runs = job && job_active(job) && job->attempt_wall == start;
    json_t *value = json_object();
    say_clock(start, when, sizeof when);
    if (end)
        say_duration(end - start, took, sizeof took);
    if (end)
        say_clock(end, until, sizeof until);
    history_words(line, runs, &words);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        json_object_set_new(value, texts[i], status_text(history_text(line, texts[i])));
    json_object_set_new(value, "start", json_real((double)start / 1000));
    json_object_set_new(value, "end", json_real((double)end / 1000));
    json_object_set_new(value, "attempt", json_integer(history_number(line, "attempt", 0)));
    json_object_set_new(value, "status", json_integer(history_number(line, "status", -1)));
    json_object_set_new(value, "objects", json_real((double)history_number(line, "objects", -1)));
    json_object_set_new(value, "bytes", json_real((double)history_number(line, "bytes", -1)));
    json_object_set_new(value, "changed", json_integer(history_number(line, "changed", -1)));
    json_object_set_new(value, "log_at", json_real((double)history_number(line, "log_at", -1)));
    json_object_set_new(value, "when", status_text(when));
    json_object_set_new(value, "until", status_text(until));
    json_object_set_new(value, "took", status_text(took));
    json_object_set_new(value, "description", status_text(buf_str(&words)));
    buf_close(&words);
    return value;
}

/* A job that is no longer configured has a history all the same, by its whole name. */
static void get_job_history(struct call *c)
{
    const struct jobs *j = control_of(c)->jobs;
    const char *name = call_text(c, 0);
    const struct job *job = jobs_find(control_of(c)->jobs, name);
    int64_t most = call_number(c, 1);
    struct buf text = BUF_EMPTY;
    json_t *values = json_array();
    if (j->history)
        history_read(j->history, &text);
    json_t *lines = history_of(buf_str(&text), text.len, job ? job->label : name,
                               most > 0 && most < HISTORY_SIZE_MAX ? (size_t)most : HISTORY_SHOWN);
    for (size_t i = 0; i < json_array_size(lines); i++)
        json_array_append_new(values, history_value(job, json_array_get(lines, i)));
    bool known = job || json_array_size(lines) > 0;
    json_decref(lines);
    buf_close(&text);
    if (known) {
        call_return(c, values);
        return;
    }
    json_decref(values);
    call_fault(c, FAULT_BAD_NAME, name);
}

// clang-format off
const struct rpc_method job_methods[] = {
    { "mainstay.getAllJobInfo", "array",   "",    get_all_job_info, RPC_ANYTIME,
      "Get info about all jobs, in the order of the configuration." },
    { "mainstay.getJobCalendar", "array",  "i",   get_job_calendar, RPC_ANYTIME,
      "Get what runs in the next so many seconds by its schedule, day by day." },
    { "mainstay.getJobHistory", "array",   "s|i", get_job_history,  RPC_ANYTIME,
      "Get the newest attempts of the job `name`, oldest first, at most `most` (20)." },
    { "mainstay.runJob",        "boolean", "s|b", run_job,          0,
      "Run the job `name`; with `wait`, answer when it has ended: true or a fault." },
    { "mainstay.stopJob",       "boolean", "s",   stop_job,         RPC_ANYTIME,
      "Stop the job `name` and answer when it has ended." },
};
// clang-format on
const size_t job_methods_count = sizeof job_methods / sizeof *job_methods;
