/*
 * mainstayd as a whole: every part that there is. main.c makes them and tells each of the others;
 * start.c is how it begins, also as a new version of itself, and how it ends.
 */
#ifndef MAINSTAY_H
#define MAINSTAY_H

#include <uv.h>

#include "config/cmdline.h"
#include "control/control.h"
#include "engine/cgroups.h"
#include "engine/daemon.h"
#include "engine/inherited.h"
#include "engine/machine.h"
#include "engine/pidfile.h"
#include "engine/reaper.h"
#include "engine/startlog.h"
#include "engine/supervisor.h"
#include "handover/keeper.h"
#include "handover/predecessor.h"
#include "handover/recovery.h"
#include "handover/upgrade.h"
#include "jobs/arrears.h"
#include "jobs/history.h"
#include "jobs/jobs.h"
#include "jobs/memo.h"
#include "jobs/power.h"
#include "jobs/shutdown.h"
#include "output/mainlog.h"
#include "systemd/bridge.h"
#include "systemd/life.h"

/* What the daemon listens to besides SIGCHLD, which is the reaper's. */
enum {
    MAINSTAY_SIGNALS = 7,
};
struct mainstay {
    uv_loop_t loop;
    struct arena arena; /* lives as long as the daemon */
    struct cmdline cmdline;
    struct config *config; /* what runs */
    struct config *first;  /* what the daemon was started with: some of it stays */
    struct config *next;   /* what a restart of everything will run; NULL: none is under way */
    char *server_url;      /* what children are told; owned */
    struct pidfile pidfile;
    struct mainlog mainlog;
    struct inherited inherited;
    struct machine machine;
    struct cgroups cgroups;
    struct reaper reaper;
    struct event_bus bus;
    struct supervisor supervisor;
    struct jobs jobs;
    struct history history;
    struct memo memo;
    struct shutdown shutdown;
    struct arrears arrears;
    struct power power;
    struct control control;
    struct bridge bridge;
    struct life life;
    struct event_subscriber subscriber;
    uv_signal_t signals[MAINSTAY_SIGNALS];
    struct startlog startlog;
    enum daemon_exit exit;
    char **argv;
    struct whole whole; /* what an upgrade hands over */
    struct upgrade upgrade;
    struct predecessor predecessor; /* the version before us */
    struct recovery recovery;       /* the daemon before us, that has crashed */
    struct keeper keeper;
    int told; /* where the parent waits to hear that we are up; -1 */
};

/* main.c: loads the file anew; what is wrong with it is in `e`, and all that is odd is logged. */
int mainstay_read_config(struct mainstay *m, struct config **out, struct err *e);
int mainstay_open_log(struct mainstay *m, struct err *e);
void mainstay_log_started(const struct mainstay *m); /* the last line of the start */
int mainstay_open_loop(struct mainstay *m, struct err *e);
void mainstay_make_parts(struct mainstay *m);
void mainstay_run_config(struct mainstay *m); /* everything that starts by itself */
void mainstay_begin_again(struct mainstay *m, enum supervisor_state what); /* after a crash */

/* start.c: the life of the daemon; its exit status. */
int mainstay_main(struct mainstay *m, char **argv);
void mainstay_check(const struct config *c, struct buf *out); /* for check_main */

#endif
