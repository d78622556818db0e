/*
 * What is known of everything, as lines (line.h). Nothing changes by it.
 *
 * One function for each kind of line, for who writes them as things happen (the store), and all of
 * them at once, for who hands over now (the upgrade).
 */
#ifndef HANDOVER_SNAPSHOT_H
#define HANDOVER_SNAPSHOT_H

#include "control/control.h"
#include "engine/inherited.h"
#include "engine/supervisor.h"
#include "handover/configs.h"
#include "handover/line.h"
#include "jobs/jobs.h"
#include "jobs/power.h"

/* What is handed over; borrowed where nothing else is said. */
struct whole {
    struct supervisor *supervisor;
    struct jobs *jobs;
    struct control *control;     /* NULL: there is none */
    struct power *power;         /* likewise */
    struct inherited *inherited; /* sockets that are lent to us */
    struct config *first;        /* what the daemon was started with */
    struct config *config;
    int pidfile;        /* the descriptor that holds its lock; -1 */
    char *folder;       /* that the daemon was started in; owned */
    char *program;      /* what the next upgrade runs unless another one is named; owned */
    bool ready;         /* systemd was told that all is up */
    int journal;        /* memory with what waits for journald; -1: nothing */
    int kept[3];        /* that outlives us: state-a, state-b, flight of keeper.h; -1: none */
    char *kept_sockets; /* "5:12345 " ...: numbers and inodes, likewise; owned; NULL: none */
    int64_t upgrades;   /* how often this pid has become another version */
    int64_t left;       /* us, monotonic: when the last turn of the loop ended */
    int64_t began_wall; /* ms since 1970: when the daemon of this pid was started first */
};

json_t *snapshot_daemon(const struct whole *w, struct config_archive *configs, struct carrier *c,
                        struct buf *out);
json_t *snapshot_group(const struct pgroup *g, struct config_archive *configs, struct buf *out);
json_t *snapshot_proc(const struct proc *p); /* its key is p->label */
json_t *snapshot_job(const struct job *job, struct config_archive *configs, struct buf *out);
json_t *snapshot_child(const struct child *c, struct carrier *carrier);
char *snapshot_child_key(const struct child *c); /* "proc web", "job sync:data"; mem_free */
json_t *snapshot_socket(const struct pgroup *g, const struct fcgi *f, struct carrier *c);
json_t *snapshot_listen(const struct listen_socket *s, struct carrier *c);
char *snapshot_socket_key(const struct pgroup *g, const struct fcgi *f); /* mem_free */
json_t *snapshot_member(const struct pool_member *m, const char *label);
void snapshot_pool(const struct pgroup *g, struct buf *out); /* with its members and events */

void snapshot_servers(const struct whole *w, struct carrier *c, struct buf *out);
void snapshot_clients(const struct whole *w, struct carrier *c, struct buf *out); /* at rest */

/* All of it, from the first line on. */
void snapshot_all(const struct whole *w, struct config_archive *configs, struct carrier *c,
                  struct buf *out);

#endif
