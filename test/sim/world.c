#include "world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/mem.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

/* --- Drawing ------------------------------------------------------------------------------- */

/*
 * Programs and jobs stand in one row, job k before program k * stride: edges only lead forward
 * in it, so that there is no cycle.
 */
static int world_stride(const struct world *w)
{
    return w->job_count ? (int)(w->program_count / w->job_count) : 1;
}

static struct world_edges world_draw_edges(struct world *w, int programs_before, int jobs_before)
{
    struct world_edges edges = {.job = -1};
    for (int i = 0; i < WORLD_EDGES; i++) {
        bool some = programs_before > 0 && sim_chance(w->sim, 6);
        int reach = programs_before < 40 ? programs_before : 40;
        edges.programs[i] =
            some ? programs_before - 1 - (int)sim_draw(w->sim, (uint32_t)reach) : -1;
    }
    if (jobs_before > 0 && sim_chance(w->sim, 8))
        edges.job = (int)sim_draw(w->sim, (uint32_t)jobs_before);
    return edges;
}

static enum temper world_draw_temper(struct world *w)
{
    uint32_t n = sim_draw(w->sim, 100);
    return n < 65 ? STEADY : n < 80 ? WORKER : n < 90 ? FLAKY : n < 93 ? DOOMED : STUBBORN;
}

static void world_draw_program(struct world *w, int i)
{
    static const int64_t priorities[] = {999, 999, 999, 1, 50, 100, 500, 1000};
    struct sim_host *sim = w->sim;
    int jobs_before = w->job_count ? i / world_stride(w) + 1 : 0;
    if (jobs_before > (int)w->job_count)
        jobs_before = (int)w->job_count;
    w->programs[i] = (struct world_program){
        .present = true,
        .temper = world_draw_temper(w),
        .group = sim_chance(sim, 5) ? (int)sim_draw(sim, (uint32_t)w->groups) : -1,
        .priority = priorities[sim_draw(sim, 8)],
        .procs = sim_chance(sim, 6) ? 1 + sim_draw(sim, WORLD_PROCS) : 1,
        .autostart = !sim_chance(sim, 10),
        .autorestart = (enum autorestart)sim_draw(sim, 3),
        .startsecs = sim_between(sim, -1, 4),
        .startretries = sim_between(sim, -1, 5),
        .stopwaitsecs = sim_between(sim, 0, 15),
        .odd_exitcodes = sim_chance(sim, 4),
        .requires = world_draw_edges(w, i, jobs_before),
        .after = world_draw_edges(w, i, jobs_before),
    };
}

static void world_draw_job(struct world *w, int k)
{
    static const char *const schedules[] = {
        "", "", "*/20 * * * *", "@hourly", "30 2 * * *", "0 */3 * * *\n15 4 * * mon", "0 0 1 * *"};
    static const char *const zones[] = {"", "", "America/New_York", "Australia/Lord_Howe"};
    struct sim_host *sim = w->sim;
    int programs_before = k * world_stride(w);
    w->jobs[k] = (struct world_job){
        .temper = world_draw_temper(w),
        .when = 1u << sim_draw(sim, 4),
        .before = sim_chance(sim, 2) ? JOB_BEFORE_STOP : JOB_BEFORE_NOTHING,
        .timeout_ms = sim_chance(sim, 3) ? 0 : sim_between(sim, 1, 10) * MINUTE,
        .retries = sim_between(sim, 0, 4),
        .retry_delay_ms = sim_between(sim, 0, 60) * SECOND,
        .overlap = (enum job_overlap)sim_draw(sim, 3),
        .on_failure = sim_chance(sim, 2) ? JOB_ON_FAILURE_BLOCK : JOB_ON_FAILURE_CONTINUE,
        .schedule = schedules[sim_draw(sim, sizeof schedules / sizeof *schedules)],
        .timezone = zones[sim_draw(sim, sizeof zones / sizeof *zones)],
        .jitter_ms = sim_chance(sim, 3) ? sim_between(sim, 1, 120) * MINUTE : 0,
        .nudges = sim_chance(sim, 2) ? (int)sim_draw(sim, (uint32_t)w->program_count) : -1,
        .requires = world_draw_edges(w, programs_before, k),
        .after = world_draw_edges(w, programs_before, k),
    };
}

void world_init(struct world *w, struct sim_host *sim, size_t programs, size_t jobs)
{
    *w = (struct world){.sim = sim, .program_count = programs, .job_count = jobs};
    w->groups = 1 + (int)(programs / 20);
    w->programs = mem_array(programs, sizeof *w->programs);
    w->jobs = mem_array(jobs, sizeof *w->jobs);
    for (size_t i = 0; i < programs; i++)
        world_draw_program(w, (int)i);
    for (size_t k = 0; k < jobs; k++)
        world_draw_job(w, (int)k);
}

void world_close(struct world *w)
{
    mem_free(w->programs);
    mem_free(w->jobs);
}

void world_change(struct world *w)
{
    for (size_t n = 1 + w->program_count / 100; n > 0; n--) {
        int i = (int)sim_draw(w->sim, (uint32_t)w->program_count);
        if (w->programs[i].present && sim_chance(w->sim, 2))
            w->programs[i].present = false;
        else
            world_draw_program(w, i);
    }
}

/* --- The configuration --------------------------------------------------------------------- */

static struct name_list world_names(const struct world *w, struct arena *a,
                                    const struct world_edges *edges)
{
    struct name_list list = {.names = arena_array(a, WORLD_EDGES + 1, sizeof *list.names)};
    for (int i = 0; i < WORLD_EDGES; i++) {
        if (edges->programs[i] >= 0 && w->programs[edges->programs[i]].present)
            list.names[list.count++] = arena_printf(a, "p%04d", edges->programs[i]);
    }
    if (edges->job >= 0)
        list.names[list.count++] = arena_printf(a, "j%02d", edges->job);
    return list;
}

static struct int_list world_exitcodes(struct arena *a, bool odd)
{
    struct int_list list = {.values = arena_array(a, 2, sizeof *list.values), .count = 1};
    if (odd)
        list.values[list.count++] = 3;
    return list;
}

static void world_add_process(const struct world *w, struct arena *a, size_t i, uint32_t number,
                              struct group_config *group)
{
    const struct world_program *program = &w->programs[i];
    struct process_config *p = &group->processes[group->process_count++];
    *p = (struct process_config){
        .name = arena_printf(a, "p%04zu_%u", i, number),
        .program = arena_printf(a, "p%04zu", i),
        .section = arena_printf(a, "program:p%04zu", i),
        .command = "/bin/true",
        .uid = CONFIG_UNSET,
        .gid = CONFIG_UNSET,
        .umask = CONFIG_UNSET,
        .priority = program->priority,
        .autostart = program->autostart,
        .autorestart = program->autorestart,
        .startsecs = program->startsecs,
        .startretries = program->startretries,
        .stopwaitsecs = program->stopwaitsecs,
        .stopsignal = SIGTERM,
        .stopasgroup = i % 2,
        .killasgroup = i % 3 == 0,
        .exitcodes = world_exitcodes(a, program->odd_exitcodes),
        .out.kind = LOG_KIND_NONE,
        .err.kind = LOG_KIND_NONE,
        .requires = world_names(w, a, &program->requires),
        .after = world_names(w, a, &program->after),
    };
}

static struct name_list world_nudges(struct arena *a, const struct world_job *job)
{
    struct name_list list = {.names = arena_array(a, 1, sizeof *list.names)};
    if (job->nudges >= 0)
        list.names[list.count++] = arena_printf(a, "restart:p%04d", job->nudges);
    return list;
}

static void world_add_job(const struct world *w, struct config *c, size_t k)
{
    struct arena *a = &c->arena;
    const struct world_job *job = &w->jobs[k];
    c->jobs[c->job_count++] = (struct job_config){
        .name = arena_printf(a, "j%02zu", k),
        .process =
            {
                .name = arena_printf(a, "j%02zu", k),
                .program = arena_printf(a, "j%02zu", k),
                .section = arena_printf(a, "job:j%02zu", k),
                .command = "/bin/true",
                .uid = CONFIG_UNSET,
                .gid = CONFIG_UNSET,
                .umask = CONFIG_UNSET,
                .stopwaitsecs = 10,
                .stopsignal = SIGTERM,
                .exitcodes = world_exitcodes(a, false),
                .out.kind = LOG_KIND_NONE,
                .err.kind = LOG_KIND_NONE,
                .requires = world_names(w, a, &job->requires),
                .after = world_names(w, a, &job->after),
            },
        .when = job->when,
        .before = job->when & JOB_WHEN_STOP ? job->before : JOB_BEFORE_NOTHING,
        .timeout_ms = job->timeout_ms,
        .retries = job->retries,
        .retry_delay_ms = job->retry_delay_ms,
        .retry_delay_max_ms = 90 * SECOND,
        .overlap = job->overlap,
        .on_failure = job->on_failure,
        .notify = world_nudges(a, job),
        .schedule_text = job->schedule,
        .timezone = job->timezone,
        .jitter_ms = job->jitter_ms,
    };
    (void)schedules_parse(job->schedule, a, &c->jobs[k].schedule, NULL);
}

static int by_start_order(const void *left, const void *right)
{
    const struct group_config *a = left;
    const struct group_config *b = right;
    if (a->priority != b->priority)
        return a->priority < b->priority ? -1 : 1;
    return strcmp(a->name, b->name);
}

static struct group_config *world_group(const struct world *w, struct config *c, size_t i)
{
    const struct world_program *program = &w->programs[i];
    const char *name = program->group < 0 ? arena_printf(&c->arena, "p%04zu", i)
                                          : arena_printf(&c->arena, "g%02d", program->group);
    for (size_t k = 0; k < c->group_count; k++) {
        if (program->group >= 0 && strcmp(c->groups[k].name, name) == 0)
            return &c->groups[k];
    }
    struct group_config *group = &c->groups[c->group_count++];
    size_t room = WORLD_PROCS * (program->group < 0 ? 1 : w->program_count);
    group->name = name;
    group->kind = GROUP_PROGRAM;
    group->priority = program->group < 0 ? program->priority : 900 + program->group % 3 * 50;
    group->processes = arena_array(&c->arena, room, sizeof *group->processes);
    return group;
}

struct config *world_config(const struct world *w)
{
    struct arena arena;
    arena_init(&arena);
    struct config *c = arena_alloc(&arena, sizeof *c);
    c->arena = arena;
    c->refs = 1;
    c->path = c->here = "/";
    c->shutdown_timeout_ms = HOUR;
    c->groups = arena_array(&c->arena, w->program_count, sizeof *c->groups);
    c->jobs = arena_array(&c->arena, w->job_count, sizeof *c->jobs);
    for (size_t i = 0; i < w->program_count; i++) {
        if (!w->programs[i].present)
            continue;
        struct group_config *group = world_group(w, c, i);
        for (uint32_t n = 0; n < w->programs[i].procs; n++)
            world_add_process(w, &c->arena, i, n, group);
    }
    qsort(c->groups, c->group_count, sizeof *c->groups, by_start_order);
    for (size_t k = 0; k < w->job_count; k++)
        world_add_job(w, c, k);
    return c;
}

/* --- Numbers and fates --------------------------------------------------------------------- */

int world_number(const struct world *w, const char *name)
{
    unsigned i = 0;
    unsigned n = 0;
    int got = sscanf(name, "p%u_%u", &i, &n);
    if (got >= 1 && i < w->program_count && n < WORLD_PROCS)
        return (int)(i * WORLD_PROCS + n);
    if (strncmp(name, "job:", 4) == 0)
        name += 4;
    if (sscanf(name, "j%u", &i) == 1 && i < w->job_count)
        return (int)(w->program_count * WORLD_PROCS + i);
    return -1;
}

size_t world_numbers(const struct world *w)
{
    return w->program_count * WORLD_PROCS + w->job_count;
}

bool world_is_job(const struct world *w, int number)
{
    return (size_t)number >= w->program_count * WORLD_PROCS;
}

static int64_t world_life(struct sim_host *sim, enum temper temper, bool job)
{
    if (job)
        return temper == STUBBORN ? sim_between(sim, 1, 3) * HOUR
                                  : sim_between(sim, 50, 4 * MINUTE);
    switch (temper) {
    case WORKER:
        return sim_between(sim, 2 * MINUTE, 6 * HOUR);
    case FLAKY:
        return sim_chance(sim, 2) ? sim_between(sim, 0, 5 * SECOND)
                                  : sim_between(sim, 1, 20) * HOUR;
    case DOOMED:
        return sim_chance(sim, 40) ? 10 * HOUR : sim_between(sim, 0, SECOND);
    case STEADY:
    case STUBBORN:
        break;
    }
    return sim_between(sim, 1, 400) * HOUR + sim_draw(sim, HOUR);
}

void world_draw_fate(const struct world *w, int number, struct sim_fate *fate)
{
    struct sim_host *sim = w->sim;
    bool job = world_is_job(w, number);
    enum temper temper = job ? w->jobs[(size_t)number - w->program_count * WORLD_PROCS].temper
                             : w->programs[number / WORLD_PROCS].temper;
    static const int statuses[] = {0, 0, 0, 1, 3, 255};
    bool by_signal = sim_chance(sim, 5);
    *fate = (struct sim_fate){
        .birth = sim_chance(sim, 150)   ? SIM_NO_FORK
                 : sim_chance(sim, 150) ? SIM_NO_EXEC
                                        : SIM_LIVES,
        .life_ms = world_life(sim, temper, job),
        .code = by_signal ? CLD_KILLED : CLD_EXITED,
        .status = by_signal ? SIGSEGV : statuses[sim_draw(sim, 6)],
        .ends_ms = temper == STUBBORN ? -1 : sim_between(sim, 0, 3 * SECOND),
    };
}
