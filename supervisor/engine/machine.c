#include "engine/machine.h"

#include <errno.h>
#include <signal.h>

#include "base/clock.h"
#include "base/list.h"
#include "engine/spawn.h"

static int64_t machine_now(struct host *h)
{
    (void)h;
    return clock_now();
}

static int64_t machine_wall(struct host *h)
{
    (void)h;
    return clock_wall();
}

static int machine_spawn(struct host *h, const struct spawn_plan *plan, struct spawned *out,
                         struct err *e)
{
    (void)h;
    return spawn_process(plan, out, e);
}

static int machine_kill(struct host *h, pid_t pid, int number)
{
    (void)h;
    return kill(pid, number) < 0 ? -errno : 0;
}

static void on_due(uv_idle_t *due)
{
    (void)uv_idle_stop(due);
    host_run_due(&container_of(due, struct machine, due)->host);
}

static void on_timer(uv_timer_t *timer)
{
    (void)uv_idle_start(&container_of(timer, struct machine, timer)->due, on_due);
}

static void machine_wake_at(struct host *h, int64_t due)
{
    struct machine *m = container_of(h, struct machine, host);
    if (uv_is_closing((uv_handle_t *)&m->timer))
        return;
    int64_t wait = due - clock_now();
    (void)uv_timer_stop(&m->timer);
    (void)uv_idle_stop(&m->due);
    if (due < 0)
        return;
    if (wait <= 0) {
        /* Zero timers that arm each other would keep libuv from ever looking at descriptors. */
        (void)uv_idle_start(&m->due, on_due);
        return;
    }
    /* libuv's idea of now is as old as the loop's turn: a timer must not fire too early. */
    uv_update_time(h->loop);
    (void)uv_timer_start(&m->timer, on_timer, (uint64_t)wait, 0);
}

static const struct host_ops machine_ops = {
    .now = machine_now,
    .wall = machine_wall,
    .spawn = machine_spawn,
    .kill = machine_kill,
    .wake_at = machine_wake_at,
};

int machine_open(struct machine *m, uv_loop_t *loop)
{
    *m = (struct machine){.host = {.ops = &machine_ops, .loop = loop}};
    (void)uv_idle_init(loop, &m->due); /* it never fails */
    return uv_timer_init(loop, &m->timer);
}

void machine_close(struct machine *m)
{
    if (uv_is_closing((uv_handle_t *)&m->timer))
        return;
    uv_close((uv_handle_t *)&m->timer, NULL);
    uv_close((uv_handle_t *)&m->due, NULL);
}
