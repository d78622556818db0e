#include "engine/gift.h"

#include <string.h>

enum { GIFT_VARIABLES = 6, GIFT_PID_ROOM = 11 };

/* `entry` is NAME=VALUE. */
static void gift_put(struct spawn_plan *plan, char *entry)
{
    char **at = plan->envp;
    size_t len = (size_t)(strchr(entry, '=') - entry) + 1;
    while (*at && strncmp(*at, entry, len) != 0)
        at++;
    if (!*at)
        at[1] = NULL;
    *at = entry;
}

/* The pid is not known yet: the process writes it itself. */
static char *gift_pid(const char *name, struct spawn_plan *plan, struct arena *a)
{
    char *entry = arena_printf(a, "%s=%*s", name, GIFT_PID_ROOM, "");
    gift_put(plan, entry);
    return strchr(entry, '=') + 1;
}

static size_t gift_count(char *const *vars)
{
    size_t count = 0;
    while (vars[count])
        count++;
    return count;
}

void gift_give(const struct gift *g, struct spawn_plan *plan, struct arena *a)
{
    size_t count = gift_count(plan->envp);
    size_t room = count + GIFT_VARIABLES + (g->vars ? gift_count(g->vars) : 0) + 1;
    char **envp = arena_array(a, room, sizeof *envp);
    memcpy(envp, plan->envp, count * sizeof *envp);
    plan->envp = envp;
    if (g->fd_count > 0) {
        plan->pass = g->fds;
        plan->pass_count = g->fd_count;
        plan->pid_at[0] = gift_pid("LISTEN_PID", plan, a);
        gift_put(plan, arena_printf(a, "LISTEN_FDS=%d", g->fd_count));
        gift_put(plan, arena_printf(a, "LISTEN_FDNAMES=%s", g->fd_names));
    }
    if (g->notify)
        gift_put(plan, arena_printf(a, "NOTIFY_SOCKET=%s", g->notify));
    if (g->watchdog_us > 0) {
        plan->pid_at[1] = gift_pid("WATCHDOG_PID", plan, a);
        gift_put(plan, arena_printf(a, "WATCHDOG_USEC=%lld", (long long)g->watchdog_us));
    }
    for (size_t i = 0; g->vars && g->vars[i]; i++)
        gift_put(plan, g->vars[i]);
}
