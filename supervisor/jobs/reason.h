/*
 * Why everything is stopped, as jobs are told in MAINSTAY_STOP_REASON, and as people are told.
 * Pure; who finds it out is systemd/reason.h, a request, or a plan.
 */
#ifndef JOBS_REASON_H
#define JOBS_REASON_H

#include <stdbool.h>

/* From the mildest on: when two are said of the same stop, the later one in this list counts. */
enum stop_reason {
    STOP_NOT_KNOWN,   /* yet: somebody is asked */
    STOP_STOP,        /* the daemon alone is stopped */
    STOP_FAILURE,     /* an essential program is lost */
    STOP_RESTART,     /* the daemon's unit is restarted */
    STOP_UPGRADE,     /* ... and another mainstayd is installed than the one that ran */
    STOP_EXIT,        /* the container ends: the daemon is its first process */
    STOP_SOFT_REBOOT, /* all but the kernel begins anew */
    STOP_KEXEC,       /* another kernel follows */
    STOP_REBOOT,
    STOP_HALT,
    STOP_POWEROFF,
    STOP_REASONS,
};

const char *stop_reason_name(enum stop_reason r);    /* "poweroff"; "" of STOP_NOT_KNOWN */
const char *stop_reason_text(enum stop_reason r);    /* "the machine powers off" */
enum stop_reason stop_reason_find(const char *name); /* STOP_NOT_KNOWN: there is none */
bool stop_reason_is_off(enum stop_reason r);         /* when=poweroff jobs run then */
bool stop_reason_is_machine(enum stop_reason r);     /* not only the daemon ends */

#endif
