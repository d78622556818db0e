/*
 * The file that holds our process id, locked for as long as we live, so that a second daemon
 * on the same configuration cannot start, and a file left by a dead one is no hindrance.
 */
#ifndef ENGINE_PIDFILE_H
#define ENGINE_PIDFILE_H

#include <sys/types.h>

#include "base/err.h"
#include "config/config.h"

struct pidfile {
    char *path; /* owned; NULL: none */
    int fd;     /* holds the lock; -1 */
};

/*
 * Takes the file: -EEXIST with one sentence when a living daemon has it, when it was written for
 * another process that lives, or when it holds something that is no process id. It is then left
 * as it is. Another -errno: it cannot be written. What is no regular file is nobody's: neither
 * locked nor removed.
 */
int pidfile_take(struct pidfile *f, const char *path, struct err *e);
/* The configured one, given to the user that we become. Only -EEXIST is a failure: one that cannot
 * be written is no reason to stay down; one that belongs to another is. */
int pidfile_take_configured(struct pidfile *f, const struct config *config, struct err *e);
/* One that this process has taken before it became another program; the lock came along. */
void pidfile_adopt(struct pidfile *f, const char *path, int fd);
/* To the user that we become, who could not remove it from a sticky folder otherwise. */
void pidfile_give(const struct pidfile *f, uid_t uid, gid_t gid);
void pidfile_drop(struct pidfile *f); /* removes it if it is still ours */

#endif
