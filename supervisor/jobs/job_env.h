/* What a run of a job is told by its environment, besides what is configured. */
#ifndef JOBS_JOB_ENV_H
#define JOBS_JOB_ENV_H

struct job;

enum { JOB_ENV_VARS = 3 };

struct job_env {
    char due[64];  /* MAINSTAY_DUE=2026-11-21T03:00:00+01:00: the moment that it belongs to */
    char date[64]; /* MAINSTAY_DUE_DATE=2026-11-21: its day; both in the zone of the schedule */
    char stop[64]; /* MAINSTAY_STOP_REASON=poweroff: of a run at the shutdown; see reason.h */
    char *vars[JOB_ENV_VARS + 1]; /* all of them; NULL at the end */
};

/* For the run that begins; `env` must stay where it is. */
void job_env_make(struct job_env *env, const struct job *job);

#endif
