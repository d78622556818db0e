#include "systemd/status.h"

#include <stdbool.h>

static const struct {
    const char *count; /* "7 running" */
    const char *news;  /* "api in backoff"; NULL: no bad news */
    const char *why;   /* what joins the news to the reason */
} kinds[] = {
    // clang-format off
    [NOTIFY_RUNNING]  = {"running",    NULL,            NULL},
    [NOTIFY_STARTING] = {"starting",   NULL,            NULL},
    [NOTIFY_STOPPING] = {"stopping",   NULL,            NULL},
    [NOTIFY_STOPPED]  = {"stopped",    NULL,            NULL},
    [NOTIFY_EXITED]   = {"exited",     NULL,            NULL},
    [NOTIFY_WAITING]  = {"waiting",    "waits",         " for "},
    [NOTIFY_BACKOFF]  = {"in backoff", "in backoff",    ": "},
    [NOTIFY_FAILED]   = {"failed",     "failed",        ": "},
    [NOTIFY_MISSED]   = {"missed",     "missed",        ": "},
    [NOTIFY_FATAL]    = {"given up",   "given up",      ": "},
    [NOTIFY_UNKNOWN]  = {"unknown",    "in a state nobody knows", ": "},
    // clang-format on
};
_Static_assert(sizeof kinds / sizeof *kinds == NOTIFY_KINDS, "one row for each kind");

void notify_count(struct notify_counts *c, enum notify_kind kind, const char *name, const char *why)
{
    c->of[kind]++;
    if (!kinds[kind].news || (c->name && kind <= c->worst))
        return;
    c->worst = kind;
    c->name = name;
    c->why = why;
}

/* A single one of the worst kind is not counted: the news are about it. */
static unsigned notify_shown(const struct notify_counts *c, enum notify_kind kind)
{
    bool told = c->name && kind == c->worst && c->of[kind] == 1;
    return told ? 0 : c->of[kind];
}

static void notify_text_counts(const struct notify_counts *c, struct buf *out)
{
    const char *between = "";
    for (int kind = 0; kind < NOTIFY_KINDS; kind++) {
        unsigned n = notify_shown(c, (enum notify_kind)kind);
        if (n == 0)
            continue;
        buf_printf(out, "%s%u %s", between, n, kinds[kind].count);
        between = ", ";
    }
    if (*between == '\0')
        buf_text(out, c->name ? "0 running" : "nothing to run");
}

void notify_status_text(const struct notify_counts *c, const char *phase, struct buf *out)
{
    if (phase)
        buf_printf(out, "%s; ", phase);
    notify_text_counts(c, out);
    if (!c->name)
        return;
    buf_printf(out, "; %s %s", c->name, kinds[c->worst].news);
    if (c->why && *c->why)
        buf_printf(out, "%s%s", kinds[c->worst].why, c->why);
}
