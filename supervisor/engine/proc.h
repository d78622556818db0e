/*
 * One supervised process: the state machine, its child, and what people want to know of it.
 * Owned by its group. Only proc_feed writes a state.
 */
#ifndef ENGINE_PROC_H
#define ENGINE_PROC_H

#include "base/buf.h"
#include "engine/child.h"
#include "engine/fsm.h"
#include "engine/graph.h"
#include "engine/listen.h"
#include "engine/notice.h"
#include "engine/tally.h"

struct fcgi;
struct pgroup;

struct proc {
    struct pgroup *group; /* the owner */
    const struct process_config *config;
    struct fsm fsm;
    struct fsm_rules rules;
    struct timer timer; /* armed exactly while fsm.deadline is set */
    struct child child;
    struct fcgi *socket; /* of an fcgi-program, in the group; NULL: none */
    bool has_socket;     /* it counts as one of the socket's users */
    struct listen_use listen;
    struct graph_node node;
    char *label; /* "api" or "group:name", owned */
    bool wanted; /* somebody asked for it; it is not started yet, because it waits for others */
    enum graph_gate_kind gate;        /* while wanted: how it looked when last tried */
    const struct graph_node *blocker; /* while wanted: who is in the way; may be NULL */
    bool left_starting;               /* has been anything but STARTING since it was last wanted */
    bool resume;                      /* it was up, or on its way, when everything was stopped */
    bool anew;                        /* STOPPING, and to be started again when that is over */
    bool awaited;                     /* STOPPING, and somebody wants to know when it is over */
    int64_t report_at;                /* while awaited: when the log says so again */
    unsigned reached;                 /* enum startup_state: where it has been since it was made */
    bool spawn_pending; /* the old pipes are still closing: the process follows when they are */
    int64_t restarts;   /* by itself, since somebody wanted it up */
    struct proc_tally tally; /* for monitoring */
    int64_t started_wall;    /* ms since 1970 of the last start and stop; 0: never */
    int64_t stopped_wall;
    pid_t ended_pid; /* while the end of a process is told: its pid; 0 otherwise */
    int ended_code;  /* meanwhile: si_code and si_status of waitid(2) */
    int ended_status;
    int exit_status; /* of the last exit; -1 after a signal */
    bool exit_expected;
    char spawnerr[512]; /* Supervisor's spawnerr; "" */
    char last_exit[96]; /* "exited 1", "killed by SIGKILL"; "" before the first */
    struct said said;   /* by its process, since the last start */
};

enum proc_start_result {
    PROC_START_OK,       /* started, or waits for what it requires */
    PROC_START_ALREADY,  /* STARTING, RUNNING, BACKOFF, or waiting already */
    PROC_START_STOPPING, /* is being stopped */
    PROC_START_UNKNOWN,  /* in the UNKNOWN state */
};

void proc_init(struct proc *p, struct pgroup *group, const struct process_config *config);
void proc_hear(struct proc *p);  /* of proc_init: its output becomes events */
void proc_heed(struct proc *p);  /* of proc_init: what it says of itself counts */
void proc_close(struct proc *p); /* it must be stopped and its child idle */

enum proc_start_result proc_start(struct proc *p);
int proc_stop(struct proc *p);               /* -ESRCH: nothing to stop */
void proc_leave(struct proc *p);             /* it does not end by SIGKILL: UNKNOWN */
bool proc_renew(struct proc *p);             /* stops it and starts it anew; false: it is not up */
int proc_signal(struct proc *p, int number); /* -ESRCH: not running; -errno of kill */

/* Its process has ended: `status` as waitid(2) tells in si_code and si_status. */
void proc_exited(struct proc *p, int code, int status);

extern const struct graph_node_ops proc_graph_ops; /* in proc_graph.c */

int proc_take_sockets(struct proc *p, struct err *e); /* these two in proc_socket.c */
void proc_leave_sockets(struct proc *p);              /* if it has no use for them now */

void proc_spawn(struct proc *p); /* for proc_exit.c */

/* For proc_notice.c. The one place where a state is written; false: it means nothing now. */
bool proc_feed(struct proc *p, enum fsm_event event);
void proc_blame(struct proc *p, enum fsm_event event); /* it has broken its word: why, and feed */
void proc_extend(struct proc *p, int64_t ms);          /* it may take so long from now on */

void proc_want(struct proc *p);          /* wants it up, without trying yet */
void proc_boot(struct proc *p);          /* likewise, if it is one that starts by itself */
bool proc_waiting(const struct proc *p); /* wanted, and waits for what it requires or follows */
bool proc_settled(const struct proc *p); /* nothing of it is on its way */
void proc_try_start(struct proc *p);     /* starts it if it waits and nothing is in the way */

/* Would a start find the command? 0, -ENOENT (fault 20) or -ENOEXEC (fault 21), with why. */
int proc_check_command(const struct proc *p, struct err *e);

/* The rest is in proc_words.c. */

/* For clients: STARTING as soon as it is only the loop's next turn that it waits for. */
enum proc_state proc_shown_state(const struct proc *p);

/* While wanted: who is in the way, in a word; NULL when nobody has looked yet. Borrowed. */
const char *proc_waits_for(const struct proc *p);

/* Why it is down, or not yet up, in a few words; "" when there is nothing to say. Borrowed. */
const char *proc_why(const struct proc *p);

/* Supervisor's `description` at `wall` (ms), or in words what the process waits for. */
void proc_describe(const struct proc *p, int64_t wall, struct buf *out);

#endif
