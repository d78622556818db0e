/*
 * Why we are asked to end: what logind said of the machine, which jobs systemd has in its queue
 * ("poweroff.target start", "mainstay.service restart"), and what we are ourselves, the first
 * process of a container or not. systemd is asked over the bus, and nobody waits for it.
 */
#ifndef SYSTEMD_REASON_H
#define SYSTEMD_REASON_H

#include "jobs/reason.h"
#include <stdbool.h>
#include <sys/types.h>

#include "systemd/bus.h"

struct reason_facts {
    enum stop_reason machine; /* what happens to the machine; STOP_NOT_KNOWN: nothing, it seems */
    enum stop_reason unit;    /* ... to our unit: STOP_STOP, STOP_RESTART; STOP_NOT_KNOWN */
    bool first;               /* we are process 1, or what a container's tiny one is there for */
    bool replaced;            /* our program is no longer the file that it was started from */
};

/* Owned by the bridge. */
struct reason {
    struct bus_user user;
    struct bus *bus; /* borrowed */
    struct bus_ask ask;
    char *unit; /* ours; NULL: we are none */
    struct reason_facts facts;
    bool waits; /* for the bus, which is to be asked */
    void (*on_known)(struct reason *r, enum stop_reason why);
};

void reason_open(struct reason *r, struct bus *bus);
void reason_close(struct reason *r);

/* `machine`: as logind said. on_known is called once, perhaps at once; not before there is a bus,
 * where there should be one. */
void reason_find(struct reason *r, enum stop_reason machine);

enum stop_reason reason_here(void); /* what it is when we end on our own: STOP_EXIT, STOP_STOP */

/*
 * Pure: do we end the container with us, as its first process or the child of one that does nothing
 * else (docker run --init: tini, dumb-init, catatonit)? `space` is what /proc/self/ns/pid points
 * to, `init` the name of process 1.
 */
bool reason_is_first(pid_t pid, pid_t parent, const char *space, const char *init);

/* Pure: of what is known, never STOP_NOT_KNOWN; and what a job in systemd's queue adds to it. */
enum stop_reason reason_decide(const struct reason_facts *f);
void reason_note_job(struct reason_facts *f, const char *ours, const char *unit, const char *type);

#endif
