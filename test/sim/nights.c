/*
 * Many lives of a machine whose jobs have catch_up=: it is shut down, or its power is cut at any
 * moment, and it is switched on again after minutes or days. What was missed must be made up for
 * exactly once, for the right date.
 *
 * Each life is a process of its own, and a cut is its _exit: what is on disk then is all that the
 * next one knows. Files get the time of the simulated clock.
 *
 * usage: nights [--seed N]
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "host.h"
#include "jobs/arrears.h"
#include "jobs/calendar.h"
#include "jobs/job_tell.h"
#include "jobs/memo.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };
enum { JOBS = 5, LIVES = 60, SEEDS = 12, OWED = 200 };

// clang-format off
static const struct {
    const char *schedule, *timezone;
    int64_t jitter_s;
    unsigned when;
    enum job_before before;
    enum job_overlap overlap;
} rows[JOBS] = {
    {"0 3 * * *",    "",                 0,    JOB_WHEN_MANUAL,   JOB_BEFORE_NOTHING, JOB_OVERLAP_SKIP},
    {"10 * * * *",   "",                 0,    JOB_WHEN_MANUAL,   JOB_BEFORE_NOTHING, JOB_OVERLAP_QUEUE},
    {"30 2 * * *",   "America/New_York", 1200, JOB_WHEN_MANUAL,   JOB_BEFORE_NOTHING, JOB_OVERLAP_SKIP},
    {"",             "",                 0,    JOB_WHEN_SHUTDOWN, JOB_BEFORE_NOTHING, JOB_OVERLAP_SKIP},
    {"",             "",                 0,    JOB_WHEN_POWEROFF, JOB_BEFORE_STOP,    JOB_OVERLAP_SKIP},
};
// clang-format on

/* What was seen so far, by all lives: shared memory. */
struct ledger {
    int64_t wall;  /* ms since 1970: the end of the last life */
    int64_t first; /* s: the beginning of the first one */
    uint64_t cuts, runs, late, owed_runs;
    struct {
        int64_t due;        /* s: of the last run that came to its end */
        int64_t owed[OWED]; /* days that are still to be made up for */
        size_t owed_count;
    } jobs[JOBS];
};

struct life {
    struct sim_host sim;
    struct event_bus bus;
    struct supervisor s;
    struct jobs jobs;
    struct shutdown shutdown;
    struct arrears arrears;
    struct memo memo;
    struct event_subscriber subscriber;
    struct ledger *ledger;
    uint64_t seed;
    int number;
    int64_t begin;     /* ms since 1970 */
    bool served[JOBS]; /* the job for the shutdown has come to its end in this life's */
    bool done;
    struct timespec mtime; /* of the note, as we have set it */
};

static struct life *life_of(struct sim_host *sim)
{
    return container_of(sim, struct life, sim);
}

static int64_t now_s(const struct life *l)
{
    return (l->sim.now + l->sim.wall_offset) / 1000;
}

__attribute__((format(printf, 2, 3), noreturn)) static void fail(const struct life *l,
                                                                 const char *fmt, ...)
{
    time_t now = (time_t)now_s(l);
    char text[32];
    va_list args;
    (void)strftime(text, sizeof text, "%F %T", localtime(&now));
    printf("not ok nights --seed %" PRIu64 ": life %d, %s: ", l->seed, l->number, text);
    va_start(args, fmt);
    (void)vprintf(fmt, args);
    va_end(args);
    (void)puts("");
    (void)fflush(stdout);
    _exit(1);
}

/* --- What is seen --------------------------------------------------------------------------- */

static int64_t day_of(int64_t at)
{
    time_t t = (time_t)at;
    struct tm tm;
    (void)localtime_r(&t, &tm);
    return (tm.tm_year * 12 + tm.tm_mon) * 31 + tm.tm_mday;
}

static int number_of(const char *name)
{
    const char *n = strchr(name, 'n');
    return n ? n[1] - '0' : -1;
}

/* The last moment of its schedule until then; -1: none for days. */
static int64_t last_moment(const struct job *job, int64_t until)
{
    const struct schedules *s = &job->config->schedule;
    int64_t last = -1;
    int64_t at = calendar_next_of(s, agenda_zone(job), until - 3 * 86400);
    for (; at >= 0 && at <= until; at = calendar_next_of(s, agenda_zone(job), at))
        last = at;
    return last;
}

static void see_scheduled(struct life *l, const struct job *job, int i)
{
    struct ledger *g = l->ledger;
    int64_t began = job->started_wall / 1000;
    if (job->due <= g->jobs[i].due)
        fail(l, "n%d runs for %" PRId64 " after it ran for %" PRId64, i, job->due, g->jobs[i].due);
    if (last_moment(job, job->due) != job->due)
        fail(l, "n%d runs for %" PRId64 ", which is no moment of its schedule", i, job->due);
    if (last_moment(job, began - rows[i].jitter_s) > job->due)
        fail(l, "n%d runs for %" PRId64 ", and a later moment has gone by", i, job->due);
    g->late += began - job->due > rows[i].jitter_s + 300;
    g->jobs[i].due = job->due;
}

static void see_owed(struct life *l, const struct job *job, int i)
{
    struct ledger *g = l->ledger;
    for (size_t k = 0; k < g->jobs[i].owed_count; k++) {
        if (g->jobs[i].owed[k] != day_of(job->due))
            continue;
        g->jobs[i].owed[k] = g->jobs[i].owed[--g->jobs[i].owed_count];
        g->owed_runs++;
        return;
    }
    fail(l, "n%d is made up for on %" PRId64 ", and nobody owes that", i, day_of(job->due));
}

static void see_end(struct life *l, const struct job *job)
{
    int i = number_of(job->label);
    l->ledger->runs++;
    if (job->cause == JOB_BY_SCHEDULE)
        see_scheduled(l, job, i);
    else if (job->cause == JOB_OWED)
        see_owed(l, job, i);
    else if (job->cause == JOB_AT_SHUTDOWN && l->served[i])
        fail(l, "n%d runs twice in one shutdown", i);
    else
        l->served[i] = true;
}

static void on_event(struct event_subscriber *sub, const struct event *ev)
{
    struct life *l = container_of(sub, struct life, subscriber);
    const struct job *job = ev->type == EVENT_JOB_STATE ? jobs_find(&l->jobs, ev->name) : NULL;
    jobs_settle(&l->jobs);
    shutdown_look(&l->shutdown);
    if (job && !job_state_active(job->state) && ev->from != JOB_WAITING &&
        strcmp(job_result_name(job, (enum job_state)ev->from), "stopped") != 0)
        see_end(l, job);
}

/* --- What must hold ------------------------------------------------------------------------- */

/* Whoever had time to make up for everything owes nothing. */
static void check_nothing_is_left(const struct life *l)
{
    const struct ledger *g = l->ledger;
    int64_t up = now_s(l) - l->begin / 1000;
    for (int i = 0; i < JOBS && up > 7200; i++) {
        const struct job *job = l->jobs.items[i];
        int64_t moment = last_moment(job, now_s(l) - rows[i].jitter_s - 60);
        if (job_active(job) || job->queued.wanted)
            continue;
        if (moment > g->first && g->jobs[i].due < moment)
            fail(l, "n%d has not run for %" PRId64, i, moment);
        if (g->jobs[i].owed_count > 0)
            fail(l, "n%d still owes %zu runs", i, g->jobs[i].owed_count);
    }
}

/* The power is gone: who was to run at the shutdown, and did not, owes it for this day. */
static void cut(struct life *l)
{
    struct ledger *g = l->ledger;
    int64_t day = day_of(now_s(l) - 1); /* the note is touched a second after midnight */
    for (int i = 0; i < JOBS; i++) {
        size_t k = 0;
        if (!(rows[i].when & JOB_WHEN_STOP) || l->served[i])
            continue;
        while (k < g->jobs[i].owed_count && g->jobs[i].owed[k] != day)
            k++;
        if (k == g->jobs[i].owed_count && k < OWED)
            g->jobs[i].owed[g->jobs[i].owed_count++] = day;
    }
    g->cuts++;
    g->wall = l->sim.now + l->sim.wall_offset;
    _exit(0);
}

/* --- The machine ---------------------------------------------------------------------------- */

static int on_owner_of(struct sim_host *sim, const char *name)
{
    (void)sim;
    return number_of(name);
}

static void on_draw_fate(struct sim_host *sim, int owner, struct sim_fate *fate)
{
    (void)owner;
    *fate = (struct sim_fate){.birth = sim_chance(sim, 50) ? SIM_NO_FORK : SIM_LIVES,
                              .life_ms = sim_between(sim, 1, 5 * MINUTE),
                              .code = CLD_EXITED,
                              .status = sim_chance(sim, 5),
                              .ends_ms = sim_between(sim, 0, 3 * SECOND)};
}

static void on_exit_of(struct sim_host *sim, const struct sim_child *child, int code, int status)
{
    if (!jobs_exited(&life_of(sim)->jobs, child->pid, code, status))
        fail(life_of(sim), "nobody knows pid %d", (int)child->pid);
}

static void on_wrong(struct sim_host *sim, const char *sentence)
{
    fail(life_of(sim), "%s", sentence);
}

/* A file that was written has the time of the machine, which is not ours. */
static void date_note(struct life *l)
{
    int64_t wall = l->sim.now + l->sim.wall_offset;
    struct timespec times[2] = {{.tv_sec = wall / 1000, .tv_nsec = wall % 1000 * 1000000 + 77}};
    struct stat st;
    times[1] = times[0];
    if (stat("shutdown", &st) < 0 ||
        (st.st_mtim.tv_sec == l->mtime.tv_sec && st.st_mtim.tv_nsec == l->mtime.tv_nsec))
        return;
    (void)utimensat(AT_FDCWD, "shutdown", times, 0);
    l->mtime = times[0];
}

/* --- As main.c wires it --------------------------------------------------------------------- */

static struct config *make_config(void)
{
    struct arena arena;
    arena_init(&arena);
    struct config *c = arena_alloc(&arena, sizeof *c);
    c->arena = arena;
    c->refs = 1;
    c->path = c->here = "/";
    c->shutdown_timeout_ms = HOUR;
    c->jobs = arena_array(&c->arena, JOBS, sizeof *c->jobs);
    for (int i = 0; i < JOBS; i++) {
        const char *name = arena_printf(&c->arena, "n%d", i);
        int64_t *codes = arena_array(&c->arena, 1, sizeof *codes);
        struct job_config *job = &c->jobs[c->job_count++];
        *job = (struct job_config){
            .name = name,
            .process = {.name = name,
                        .program = name,
                        .section = arena_printf(&c->arena, "job:n%d", i),
                        .command = "/bin/true",
                        .uid = CONFIG_UNSET,
                        .gid = CONFIG_UNSET,
                        .umask = CONFIG_UNSET,
                        .stopwaitsecs = 10,
                        .stopsignal = SIGTERM,
                        .out.kind = LOG_KIND_NONE,
                        .err.kind = LOG_KIND_NONE},
            .when = rows[i].when,
            .before = rows[i].before,
            .overlap = rows[i].overlap,
            .catch_up = true,
            .retries = i % 2,
            .retry_delay_ms = 5 * SECOND,
            .retry_delay_max_ms = 5 * SECOND,
            .schedule_text = rows[i].schedule,
            .timezone = rows[i].timezone,
            .jitter_ms = rows[i].jitter_s * 1000,
        };
        job->process.exitcodes = (struct int_list){.values = codes, .count = 1};
        (void)schedules_parse(rows[i].schedule, &c->arena, &job->schedule, NULL);
    }
    return c;
}

static void on_all_stopped(struct supervisor *s)
{
    shutdown_look(&((struct life *)s->owner)->shutdown);
}

static void on_jobs_changed(struct jobs *j)
{
    shutdown_look(&((struct life *)j->owner)->shutdown);
}

static void on_done(struct shutdown *sd)
{
    ((struct life *)sd->owner)->done = true;
}

static void life_open(struct life *l)
{
    struct sim_host *sim = &l->sim;
    sim_init(sim, l->seed * 1000 + (uint64_t)l->number);
    sim->wall_offset = l->begin - sim->now;
    sim->owner_of = on_owner_of;
    sim->draw_fate = on_draw_fate;
    sim->on_exit = on_exit_of;
    sim->on_wrong = on_wrong;
    event_bus_init(&l->bus);
    supervisor_init(&l->s, &sim->host, &l->bus);
    l->s.on_all_stopped = on_all_stopped;
    jobs_init(&l->jobs, &sim->host, &l->bus, &l->s.graph);
    l->jobs.on_changed = on_jobs_changed;
    shutdown_init(&l->shutdown, &l->s, &l->jobs);
    l->shutdown.on_done = on_done;
    l->s.owner = l->jobs.owner = l->shutdown.owner = l;
    memo_open(&l->memo, ".");
    l->jobs.memo = &l->memo;
    l->subscriber.on_event = on_event;
    event_bus_subscribe(&l->bus, &l->subscriber);
    arrears_open(&l->arrears, &l->shutdown, &l->bus, ".");
}

static void life_boot(struct life *l)
{
    struct config *config = make_config();
    jobs_load(&l->jobs, config);
    supervisor_load(&l->s, config);
    jobs_relink(&l->jobs);
    config_unref(config);
    jobs_start(&l->jobs, JOB_WHEN_BOOT);
    arrears_begin(&l->arrears, true);
    supervisor_autostart(&l->s);
    date_note(l);
}

/* --- A life --------------------------------------------------------------------------------- */

static bool step(struct life *l, int64_t until)
{
    bool more = sim_step(&l->sim, until);
    date_note(l);
    return more;
}

/* What was decided is on its way to the disk before anything else happens. */
static void settle(struct life *l)
{
    while (l->memo.dirty && step(l, l->sim.now))
        continue;
}

static int64_t draw_span(struct sim_host *sim)
{
    switch (sim_draw(sim, 4)) {
    case 0:
        return sim_between(sim, 0, 10 * MINUTE);
    case 1:
        return sim_between(sim, 1, 5 * 24 * 60) * MINUTE + sim_between(sim, 0, MINUTE);
    }
    return sim_between(sim, 0, 20 * HOUR);
}

static void go_down(struct life *l)
{
    static const enum stop_reason reasons[] = {STOP_STOP, STOP_RESTART, STOP_REBOOT, STOP_POWEROFF};
    int64_t end = l->sim.now + HOUR;
    if (sim_chance(&l->sim, 4))
        end = l->sim.now + sim_between(&l->sim, 0, 6 * MINUTE);
    shutdown_begin(&l->shutdown, SUPERVISOR_SHUTDOWN, reasons[sim_draw(&l->sim, 4)]);
    while (!l->done && step(l, end))
        continue;
    settle(l);
    if (!l->done)
        cut(l);
    l->ledger->wall = l->sim.now + l->sim.wall_offset;
    memo_close(&l->memo);
    _exit(0);
}

__attribute__((noreturn)) static void life_take(struct life *l)
{
    life_open(l);
    life_boot(l);
    int64_t end = l->sim.now + draw_span(&l->sim);
    while (step(l, end))
        continue;
    settle(l);
    check_nothing_is_left(l);
    if (sim_chance(&l->sim, 2))
        cut(l);
    go_down(l);
    _exit(0);
}

/* --- Many ----------------------------------------------------------------------------------- */

static bool nights_take(uint64_t seed, struct ledger *g)
{
    struct sim_host dice;
    sim_init(&dice, seed);
    *g = (struct ledger){.wall = SIM_WALL, .first = SIM_WALL / 1000};
    for (int number = 0; number < LIVES; number++) {
        int status = 1;
        struct life *l = mem_alloc(sizeof *l);
        *l = (struct life){.ledger = g, .seed = seed, .number = number, .begin = g->wall};
        (void)fflush(stdout);
        pid_t pid = fork();
        if (pid == 0)
            life_take(l);
        mem_free(l);
        if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0) {
            printf("not ok seed %" PRIu64 ": life %d ends with %d\n", seed, number, status);
            return false;
        }
        g->wall += 20 * SECOND + draw_span(&dice);
    }
    sim_close(&dice);
    (void)unlink("shutdown");
    (void)unlink("shutdown.old");
    (void)unlink("schedules");
    (void)unlink("schedules.old");
    printf("ok seed %" PRIu64 ": %d lives, %" PRIu64 " cut off, %" PRIu64 " runs, %" PRIu64
           " of schedules made up for, %" PRIu64 " of shutdowns\n",
           seed, LIVES, g->cuts, g->runs, g->late, g->owed_runs);
    return true;
}

int main(int argc, char **argv)
{
    char memory[] = "/dev/shm/mainstay-nights.XXXXXX"; /* thousands of files are written */
    char disk[] = "/tmp/mainstay-nights.XXXXXX";
    const char *folder = mkdtemp(memory) ? memory : mkdtemp(disk);
    struct ledger *g =
        mmap(NULL, sizeof *g, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bool good = true;
    log_set_level(LOG_LEVEL_CRITICAL);
    (void)setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    if (g == MAP_FAILED || !folder || chdir(folder) < 0)
        return 1;
    if (argc > 2)
        good = nights_take(strtoull(argv[2], NULL, 10), g);
    for (uint64_t seed = 1; argc <= 2 && good && seed <= SEEDS; seed++)
        good = nights_take(seed, g);
    return rmdir(folder) < 0 || !good;
}
