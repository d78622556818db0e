/*
 * Our half of test/compat/random-walk: reads what happens to a process, one fact a line, and
 * answers each with what became of it. The state machine alone, no engine around it.
 *
 *   new STARTSECS STARTRETRIES STOPWAITSECS   in ms, number, ms      (no answer)
 *   NOW start WORKS    somebody starts it; WORKS 0: there will be no process
 *   NOW stop WORKS     somebody stops it; WORKS 0: it cannot be signalled
 *   NOW exit AGAIN     its process has ended; AGAIN 1: autorestart wants it back
 *   NOW due WORKS      a look at the deadline; WORKS for what follows from it
 *
 * The answer: "STATE RETRIES DEADLINE ACTS", the acts in order: the number of each state that
 * was entered, `spawn`, `term`, `kill`.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "engine/fsm.h"

struct walk {
    struct fsm fsm;
    struct fsm_rules rules;
    bool works;
    struct buf acts;
};

/* What engine/proc.c does around a step, without a machine. */
static void walk_feed(struct walk *w, enum fsm_event event, int64_t now)
{
    struct fsm_result r = fsm_step(&w->fsm, &w->rules, event, now);
    enum proc_state from = w->fsm.state;
    w->fsm = r.next;
    if (r.taken && r.next.state != from)
        buf_printf(&w->acts, " %d", (int)r.next.state);
    if (r.actions & FSM_SPAWN)
        buf_text(&w->acts, w->works ? " spawn" : "");
    if (r.actions & FSM_TERMINATE)
        buf_text(&w->acts, " term");
    if (r.actions & FSM_KILL)
        buf_text(&w->acts, " kill");
    if (w->works)
        return;
    if (r.actions & FSM_SPAWN)
        walk_feed(w, FSM_SPAWN_FAILED, now);
    if (r.actions & (FSM_TERMINATE | FSM_KILL))
        walk_feed(w, FSM_LOST, now);
}

/* A deadline that was reached before the end comes first; a dead process is not killed. */
static void walk_exit(struct walk *w, bool again, int64_t now)
{
    enum fsm_event event;
    w->works = true;
    if (fsm_due(&w->fsm, &w->rules, now, &event) && event != FSM_KILL_DUE)
        walk_feed(w, event, now);
    walk_feed(w, fsm_exit(&w->fsm, &w->rules, again, now), now);
}

static int walk_line(struct walk *w, const char *line)
{
    int64_t now;
    char what[16];
    int flag;
    enum fsm_event event;
    if (sscanf(line, "new %" SCNd64 " %" SCNd64 " %" SCNd64, &w->rules.startsecs_ms,
               &w->rules.startretries, &w->rules.stopwaitsecs_ms) == 3) {
        w->fsm = fsm_new();
        return 0;
    }
    if (sscanf(line, "%" SCNd64 " %15s %d", &now, what, &flag) != 3)
        return -1;
    buf_clear(&w->acts);
    w->works = flag;
    if (strcmp(what, "start") == 0)
        walk_feed(w, FSM_START, now);
    else if (strcmp(what, "stop") == 0)
        walk_feed(w, FSM_STOP, now);
    else if (strcmp(what, "exit") == 0)
        walk_exit(w, flag, now);
    else if (strcmp(what, "due") == 0 && fsm_due(&w->fsm, &w->rules, now, &event))
        walk_feed(w, event, now);
    printf("%d %" PRId64 " %" PRId64 "%s\n", (int)w->fsm.state, w->fsm.retries, w->fsm.deadline,
           buf_str(&w->acts));
    return 0;
}

int main(void)
{
    struct walk w = {.rules.spacing_ms = 0};
    char line[128];
    while (fgets(line, sizeof line, stdin)) {
        if (walk_line(&w, line) < 0) {
            fprintf(stderr, "walk: not understood: %s", line);
            return EXIT_FAILURE;
        }
    }
    buf_close(&w.acts);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
