/*
 * The files of one access log that may hold lines of a day: the log itself and what logrotate
 * made of it (LOG.1, LOG.2.gz, LOG-20261121.gz), opened, so that a rotation in between changes
 * nothing. A file that was last written before the day is left out.
 */
#ifndef TRAFFIC_ROTATED_H
#define TRAFFIC_ROTATED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/err.h"

enum { ROTATED_FILES_MAX = 256 };

struct log_file {
    const char *log; /* whose it is: the path that was given */
    char *path;      /* owned */
    int fd;          /* owned; -1 once taken */
    bool rotated;    /* not the log itself */
    dev_t device;
    ino_t inode;
    int64_t size;
    int64_t written_ns; /* when it was written last, since 1970 */
};

struct log_files {
    struct log_file items[ROTATED_FILES_MAX]; /* no file is here twice, whatever its names */
    size_t count;
    char *unread; /* owned; a rotated file that is compressed in a way we do not know, or NULL */
};

void log_files_init(struct log_files *l);
void log_files_close(struct log_files *l);

/* The one that was written first comes first: so lines come in the order of their time. */
void log_files_sort(struct log_files *l);

/*
 * Opens the files of `path`. -ENOENT when neither it nor a rotated one is there (of whatever
 * age); a log that is there and empty is fine. `path` must stay. `since`: seconds since 1970.
 */
int log_files_add(struct log_files *l, const char *path, time_t since, struct err *e);

#endif
