#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

enum { SIM_SPIN = 200000 }; /* so many steps in one moment, and it is an endless loop */

static struct sim_host *sim_of(struct host *h)
{
    return (struct sim_host *)(void *)h;
}

uint32_t sim_draw(struct sim_host *sim, uint32_t below)
{
    sim->seed = sim->seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(((sim->seed >> 32) * below) >> 32);
}

int64_t sim_between(struct sim_host *sim, int64_t least, int64_t most)
{
    return least + (int64_t)sim_draw(sim, (uint32_t)(most - least + 1));
}

bool sim_chance(struct sim_host *sim, uint32_t one_in)
{
    return sim_draw(sim, one_in) == 0;
}

const struct sim_child *sim_find(const struct sim_host *sim, pid_t pid)
{
    return pid > 0 && pid < SIM_PIDS ? sim->children[pid] : NULL;
}

/* --- What the engine asks ------------------------------------------------------------------ */

static int64_t sim_now(struct host *h)
{
    return sim_of(h)->now;
}

static int64_t sim_wall(struct host *h)
{
    return sim_of(h)->now + sim_of(h)->wall_offset;
}

static void sim_wake_at(struct host *h, int64_t due)
{
    sim_of(h)->wake = due;
}

/* Pids are used again, as on a real machine, but never while somebody has them. */
static pid_t sim_new_pid(struct sim_host *sim)
{
    do
        sim->last_pid = sim->last_pid + 1 < SIM_PIDS ? sim->last_pid + 1 : 2;
    while (sim->children[sim->last_pid]);
    return sim->last_pid;
}

/* The pipe in which a child says that its exec did not work, as engine/spawn.c writes it. */
static int sim_report(const struct sim_fate *fate)
{
    enum { STAGE_EXEC = 6 };
    const int report[2] = {STAGE_EXEC, ENOENT};
    int ends[2];
    if (fate->birth != SIM_NO_EXEC || pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    (void)!write(ends[1], report, sizeof report);
    (void)close(ends[1]);
    return ends[0];
}

static int sim_spawn(struct host *h, const struct spawn_plan *plan, struct spawned *out,
                     struct err *e)
{
    struct sim_host *sim = sim_of(h);
    int owner = sim->owner_of(sim, plan->name);
    struct sim_fate fate = {0};
    sim->draw_fate(sim, owner, &fate);
    if (fate.birth == SIM_NO_FORK) {
        sim->refused++;
        return err_set(e, sim_chance(sim, 2) ? -EAGAIN : -ENOMEM, "no fork for '%s'", plan->name);
    }
    struct sim_child *child = mem_alloc(sizeof *child);
    *child = (struct sim_child){.sim = sim, .pid = sim_new_pid(sim), .owner = owner, .fate = fate};
    if (fate.birth == SIM_NO_EXEC) {
        child->fate = (struct sim_fate){.birth = SIM_NO_EXEC, .code = CLD_EXITED, .status = 127};
        child->fate.life_ms = sim_between(sim, 0, 20);
    }
    sim->children[child->pid] = child;
    sim->alive++;
    sim->spawned++;
    timer_arm(&sim->fates, &child->timer, sim->now + child->fate.life_ms);
    *out = (struct spawned){child->pid, -1, -1, -1, -1, -1, sim_report(&fate)};
    if (sim->on_spawn)
        sim->on_spawn(sim, child);
    return 0;
}

static void sim_doom(struct sim_child *child, int64_t delay, int code, int status)
{
    struct sim_host *sim = child->sim;
    if (child->dead || child->timer.due <= sim->now + delay)
        return;
    child->fate.code = code;
    child->fate.status = status;
    timer_arm(&sim->fates, &child->timer, sim->now + delay);
}

static int sim_kill(struct host *h, pid_t pid, int number)
{
    struct sim_host *sim = sim_of(h);
    struct sim_child *child = sim->children[abs(pid) % SIM_PIDS];
    if (!child) {
        sim->on_wrong(sim, "a signal is sent to a process that does not exist");
        return -ESRCH;
    }
    sim->killed++;
    if (sim->on_kill)
        sim->on_kill(sim, child, number);
    if (number == SIGKILL) {
        child->killed = true;
        sim_doom(child, sim_between(sim, 0, 20), CLD_KILLED, SIGKILL);
    } else if (number != SIGHUP && number != SIGUSR1 && child->fate.ends_ms >= 0) {
        bool politely = sim_chance(sim, 2);
        sim_doom(child, child->fate.ends_ms, politely ? CLD_EXITED : CLD_KILLED,
                 politely ? 0 : number);
    }
    return 0;
}

static int sim_watch_wall(struct host *h, int64_t wall)
{
    sim_of(h)->wall = wall;
    return 0;
}

static const struct host_ops sim_ops = {
    .now = sim_now,
    .wall = sim_wall,
    .spawn = sim_spawn,
    .kill = sim_kill,
    .wake_at = sim_wake_at,
    .watch_wall = sim_watch_wall,
};

/* --- What happens by itself ---------------------------------------------------------------- */

/* First it is dead, a little later somebody waits for it: signals reach the dead until then. */
static void on_fate(struct timer *timer)
{
    struct sim_child *child = (struct sim_child *)(void *)timer;
    struct sim_host *sim = child->sim;
    if (!child->dead) {
        child->dead = true;
        timer_arm(&sim->fates, timer, sim->now + (sim_chance(sim, 50) ? 300 : sim_draw(sim, 4)));
        return;
    }
    sim->children[child->pid] = NULL;
    sim->alive--;
    sim->on_exit(sim, child, child->fate.code, child->fate.status);
    mem_free(child);
}

static void sim_move_clock(struct sim_host *sim, int64_t to)
{
    sim->idle_steps = to > sim->now ? 0 : sim->idle_steps + 1;
    if (to > sim->now)
        sim->now = to;
    if (sim->idle_steps > SIM_SPIN)
        sim->on_wrong(sim, "the engine turns without any time passing");
}

static void sim_tell_wall(struct sim_host *sim)
{
    sim->wall = -1;
    sim->host.wall->on_wall(sim->host.wall);
}

void sim_set_clock(struct sim_host *sim, int64_t ms)
{
    sim->wall_offset += ms;
    if (sim->wall >= 0)
        sim_tell_wall(sim);
}

bool sim_quiet(const struct sim_host *sim)
{
    bool wall = sim->wall >= 0 && sim->wall - sim->wall_offset <= sim->now;
    return !wall && (sim->wake < 0 || sim->wake > sim->now);
}

/* The wall clock shows what somebody waits for before anything else happens. */
static bool sim_step_wall(struct sim_host *sim, int64_t next, int64_t until)
{
    int64_t due = sim->wall - sim->wall_offset;
    if (sim->wall < 0 || due > until || (next >= 0 && next < due))
        return false;
    sim->steps++;
    sim_move_clock(sim, due);
    sim_tell_wall(sim);
    return true;
}

bool sim_step(struct sim_host *sim, int64_t until)
{
    int64_t fate = timer_next(&sim->fates);
    bool engine_first = sim->wake >= 0 &&
                        (fate < 0 || sim->wake < fate || (sim->wake == fate && sim_chance(sim, 2)));
    int64_t next = engine_first ? sim->wake : fate;
    if (sim_step_wall(sim, next, until))
        return true;
    if (next < 0 || next > until) {
        sim_move_clock(sim, until);
        return false;
    }
    sim->steps++;
    sim_move_clock(sim, next);
    if (engine_first)
        host_run_due(&sim->host);
    else
        on_fate(timer_take_due(&sim->fates, sim->now));
    return true;
}

void sim_init(struct sim_host *sim, uint64_t seed)
{
    *sim = (struct sim_host){
        .host.ops = &sim_ops, .now = 1000000, .wake = -1, .wall = -1, .last_pid = 100};
    sim->wall_offset = SIM_WALL - sim->now;
    sim->seed = seed * 2862933555777941757u + 3037000493u;
    sim->children = mem_array(SIM_PIDS, sizeof(struct sim_child *));
}

void sim_close(struct sim_host *sim)
{
    for (size_t i = 0; i < SIM_PIDS && sim->alive > 0; i++)
        mem_free(sim->children[i]);
    mem_free(sim->children);
    timer_heap_close(&sim->fates);
    timer_heap_close(&sim->host.timers);
}
