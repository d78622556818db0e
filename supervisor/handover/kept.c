#include "handover/kept.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"

int kept_open(struct kept *kept, const int fds[3], struct err *e)
{
    int flight = fds[2];
    int rc = statelog_open(&kept->log, fds, e);
    if (rc < 0) {
        fd_close(&flight);
        return rc;
    }
    rc = flight_open(&kept->flight, flight, e);
    if (rc < 0)
        statelog_close(&kept->log);
    kept->there = rc == 0;
    return rc;
}

void kept_close(struct kept *kept)
{
    if (!kept->there)
        return;
    statelog_close(&kept->log);
    flight_close(&kept->flight);
    kept->there = false;
}

void kept_inherit(struct kept *kept, const struct whole *w)
{
    struct err e;
    if (w->kept[0] >= 0 && w->kept[1] >= 0 && w->kept[2] >= 0 && kept_open(kept, w->kept, &e) < 0)
        log_error("what was kept for a crash is made anew: %s", e.text);
}

/* When it was started, in the kernel's ticks since boot; 0: there is no such process. */
uint64_t kept_ticks(pid_t pid)
{
    char path[64];
    struct buf stat = BUF_EMPTY;
    uint64_t ticks = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (fd_read_file(path, 4096, &stat, NULL) == 0) {
        const char *at = strrchr(buf_str(&stat), ')'); /* its name may hold anything */
        for (int field = 2; at && field < 22; field++)
            at = strchr(at + 1, ' ');
        ticks = at ? strtoull(at, NULL, 10) : 0;
    }
    buf_close(&stat);
    return ticks;
}
