/*
 * Why a sync ended: the exit code of mainstay-sync, and the type of every step that can fail
 * for more than one of these reasons. Anything but SYNC_OK comes with one sentence in err.
 * The numbers are documented in mainstay-sync(1) and never change.
 */
#ifndef SYNC_EXIT_H
#define SYNC_EXIT_H

#include <errno.h>

enum sync_exit {
    SYNC_OK = 0,
    SYNC_OBJECTS = 1,   /* an object could not be fetched; the old data is kept */
    SYNC_USAGE = 2,     /* an option, a name or a setting makes no sense */
    SYNC_DENIED = 3,    /* no credentials, or the server refuses them */
    SYNC_NOT_FOUND = 4, /* no such bucket, or nothing under the prefix */
    SYNC_SERVER = 5,    /* the server or the network failed, or the listing cannot be trusted */
    SYNC_LOCAL = 6,     /* a local file or folder */
    SYNC_KEYS = 7,      /* done, but some keys are no usable file names and were skipped */
    SYNC_BUSY = 8,      /* another sync of the same target is running */
    SYNC_FULL = 9,      /* no room on the disk, or a quota is used up */
    SYNC_SIGHUP = 129,
    SYNC_SIGINT = 130,
    SYNC_SIGTERM = 143,
};

/* The reason behind 0 or a -errno of something local. */
static inline enum sync_exit sync_exit_local(int rc)
{
    if (rc >= 0)
        return SYNC_OK;
    return rc == -ENOSPC || rc == -EDQUOT ? SYNC_FULL : SYNC_LOCAL;
}

#endif
