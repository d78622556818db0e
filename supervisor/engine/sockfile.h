/*
 * The file of a unix socket: made with its mode from the first moment on, never through a link,
 * since its folder may be another user's.
 */
#ifndef ENGINE_SOCKFILE_H
#define ENGINE_SOCKFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>

int sockfile_bind(int fd, const struct sockaddr_un *to, mode_t mode); /* 0 or -errno */

/* Its owner; CONFIG_UNSET (-1) leaves that as it is. 0 or -errno. */
int sockfile_give(const char *path, int64_t uid, int64_t gid);

/* Another mode and owner for that very file, whoever may change names in its folder; -ESTALE: what
 * is there is another one. */
int sockfile_change(const char *path, const struct stat *that, mode_t mode, int64_t uid,
                    int64_t gid);

/* Does anybody listen there, or might? -ENOTSOCK: it is something else; -ENOENT: nothing. */
int sockfile_answers(const char *path);

#endif
