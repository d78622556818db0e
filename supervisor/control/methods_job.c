/* Methods for jobs. */
#include <errno.h>

#include "control/methods.h"
#include "control/status.h"
#include "control/wait.h"

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
    int rc = job_run(job, JOB_BY_HAND);
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

// clang-format off
const struct rpc_method job_methods[] = {
    { "mainstay.getAllJobInfo", "array",   "",    get_all_job_info, RPC_ANYTIME,
      "Get info about all jobs, in the order of the configuration." },
    { "mainstay.runJob",        "boolean", "s|b", run_job,          0,
      "Run the job `name`; with `wait`, answer when it has ended: true or a fault." },
    { "mainstay.stopJob",       "boolean", "s",   stop_job,         RPC_ANYTIME,
      "Stop the job `name` and answer when it has ended." },
};
// clang-format on
const size_t job_methods_count = sizeof job_methods / sizeof *job_methods;
