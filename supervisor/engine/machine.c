#include "engine/machine.h"

#include <errno.h>
#include <signal.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
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

/* --- The wall clock -------------------------------------------------------------------------- */

static void on_wall(uv_poll_t *poll, int status, int events)
{
    struct machine *m = container_of(poll, struct machine, wall);
    uint64_t times;
    (void)status;
    (void)events;
    /* Zero times: ECANCELED, somebody has set the clock. */
    if (read(m->wall_fd, &times, sizeof times) < 0 && errno == EAGAIN)
        return;
    if (m->host.wall)
        m->host.wall->on_wall(m->host.wall);
}

static int machine_open_wall(struct machine *m)
{
    int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    int rc = uv_poll_init(m->host.loop, &m->wall, fd);
    if (rc < 0) {
        fd_close(&fd);
        return rc;
    }
    m->wall_fd = fd;
    return uv_poll_start(&m->wall, UV_READABLE, on_wall);
}

static void machine_close_wall(struct machine *m)
{
    if (m->wall_fd < 0)
        return;
    uv_close((uv_handle_t *)&m->wall, NULL);
    fd_close(&m->wall_fd);
}

static int machine_set_wall(const struct machine *m, int64_t wall)
{
    const int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
    struct itimerspec when = {0};
    if (wall >= 0) /* all zeros would be never */
        when.it_value = (struct timespec){(time_t)(wall / 1000), wall % 1000 * 1000000 + 1};
    return timerfd_settime(m->wall_fd, flags, &when, NULL) < 0 ? -errno : 0;
}

static int machine_watch_wall(struct host *h, int64_t wall)
{
    struct machine *m = container_of(h, struct machine, host);
    if (uv_is_closing((uv_handle_t *)&m->timer) || (m->wall_fd < 0 && wall < 0))
        return 0;
    int rc = m->wall_fd < 0 ? machine_open_wall(m) : 0;
    if (rc == 0)
        rc = machine_set_wall(m, wall);
    if (rc == -ECANCELED) /* the clock was set just before: it is armed by the new one */
        rc = machine_set_wall(m, wall);
    return rc;
}

static const struct host_ops machine_ops = {
    .now = machine_now,
    .wall = machine_wall,
    .spawn = machine_spawn,
    .kill = machine_kill,
    .wake_at = machine_wake_at,
    .watch_wall = machine_watch_wall,
};

int machine_open(struct machine *m, uv_loop_t *loop)
{
    *m = (struct machine){.host = {.ops = &machine_ops, .loop = loop}, .wall_fd = -1};
    (void)uv_idle_init(loop, &m->due); /* it never fails */
    return uv_timer_init(loop, &m->timer);
}

void machine_close(struct machine *m)
{
    if (uv_is_closing((uv_handle_t *)&m->timer))
        return;
    uv_close((uv_handle_t *)&m->timer, NULL);
    uv_close((uv_handle_t *)&m->due, NULL);
    machine_close_wall(m);
}
