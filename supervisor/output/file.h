/*
 * A log file that somebody else's bytes go to, with rotation by size.
 *
 * Writing never fails towards the caller and never holds the loop for longer than
 * FILE_WAIT_MS: what cannot be written (disk full, folder gone, nobody reads the pipe) is
 * dropped and counted, opening is tried again, and file_trouble says so in one sentence.
 * SIGPIPE must be ignored by the process. Not a text writer: it adds nothing to the bytes.
 */
#ifndef OUTPUT_FILE_H
#define OUTPUT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "output/flight.h"

enum {
    FILE_WAIT_MS = 200,       /* how long one write waits for a slow pipe, terminal or socket */
    FILE_RETRY_MS = 1000,     /* between two attempts to open or rotate what failed */
    FILE_TELL_MS = 60 * 1000, /* between two sentences of file_trouble */
    FILE_BACKUPS_MAX = 10000, /* renames of one rotation; more backups count as so many */
};

struct file_options {
    const char *path; /* copied */
    int64_t maxbytes; /* rotate when the file is at least so long after a write; 0: never */
    int64_t backups;  /* path.1 (newest) to path.N; 0: the file is truncated */
    mode_t mode;      /* of a new file, before the umask; 0: 0666 */
    bool own;         /* nobody else has a say in where it is: a symbolic link is refused */
};

struct file_log {
    char *path;   /* owned; NULL: never opened or closed */
    int fd;       /* -1: lost, opened again by a later write */
    bool regular; /* has a size, and a path that may be renamed and unlinked */
    bool socket;  /* written by send() */
    bool given;   /* a duplicate of a descriptor: there is no path to open again */
    bool stalled; /* the reader of a pipe was too slow: no more waiting until it reads */
    int64_t maxbytes;
    int64_t backups;
    mode_t mode;
    bool own;
    struct flight *flight; /* told of each write; borrowed, set after the opening; or NULL */
    int error;             /* errno of the trouble there is, 0: none */
    const char *doing;     /* "write", "open", "rotate": what failed */
    bool told;             /* file_trouble has spoken of a trouble that is not over */
    uint64_t dropped;      /* bytes lost since the last time all was well */
    int64_t retry_at;      /* clock_now() */
    int64_t tell_at;
    char *text; /* owned: what file_trouble returned last */
};

/*
 * Opens for appending, close-on-exec. /dev/stdout, /dev/stderr and their names below /dev/fd and
 * /proc/self/fd fall back to a duplicate of our own descriptor (a socket, or a pipe of another
 * user, cannot be opened by name), and are never rotated, cleared or truncated; nor is anything
 * that is not a regular file. On failure (-EISDIR, -EACCES, -ENOENT ...) f is closed.
 */
int file_open(struct file_log *f, const struct file_options *o, struct err *e);

/* Appends to a duplicate of a descriptor that is open already, such as 1; never rotated. */
int file_open_fd(struct file_log *f, int fd, const char *name, struct err *e);

void file_write(struct file_log *f, const void *data, size_t len);

/*
 * Closes and opens the same path (after somebody renamed the file). On failure f stays usable:
 * writes are dropped and opening is tried again.
 */
int file_reopen(struct file_log *f, struct err *e);

/* Unlinks the file and opens a new one. Special files stay as they are. */
int file_clear(struct file_log *f, struct err *e);

/* The same for a log that nobody has open: removes a regular file, 0 when there is none. */
int file_clear_path(const char *path, struct err *e);

/*
 * One sentence about a trouble that began, goes on or ended, or NULL when there is nothing new:
 * at most one in FILE_TELL_MS for a file. Borrowed until the next call.
 */
const char *file_trouble(struct file_log *f);

/* Zeroed and closed ones are fine; f can be opened again. */
void file_close(struct file_log *f);

#endif
