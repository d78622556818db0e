/*
 * Files beneath one folder, by relative path, never through a symbolic link: every step of a
 * path is opened without following. The folder of the last path is kept open, so sorted paths
 * cost one open each.
 */
#ifndef SYNC_LOCAL_TREE_H
#define SYNC_LOCAL_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"

struct tree {
    int fd;            /* the folder; owned; -1: there is none, and nothing is in it */
    int parent;        /* folder of the last path; owned, or -1 */
    char *parent_path; /* "" for the top itself; owned */
    struct tree *like; /* new folders get the mode they have there; borrowed, may be NULL */
};

/* Nanoseconds since 1970, before it too; what no int64_t can hold wraps. */
int64_t tree_mtime(const struct stat *st);

void tree_init(struct tree *t, int fd); /* takes fd */
void tree_close(struct tree *t);

/* All return 0 (or a descriptor) or -errno, with a sentence where they take an err. */
int tree_stat(struct tree *t, const char *path, struct stat *st);
/* The open folder that path is in, and in *name the last part of path. Both are borrowed. */
int tree_parent(struct tree *t, const char *path, bool create, const char **name);
int tree_create(struct tree *t, const char *path, struct err *e); /* new file, for writing */
int tree_unlink(struct tree *t, const char *path, struct err *e); /* missing: fine */
int tree_open(struct tree *t, const char *path, struct err *e);   /* a regular file, for reading */
int tree_remove(struct tree *t, const char *path, struct err *e); /* and folders it leaves empty */
int tree_mkdir(struct tree *t, const char *path, struct err *e);  /* a slash may end it */
int tree_rmdir(struct tree *t, const char *path, struct err *e);  /* likewise; -ENOTEMPTY */
int tree_accept(struct tree *t, int from, const char *name, const char *path, struct err *e);

/* A second name for the file, or a copy where that cannot be, of the same blocks if possible.
 * -EEXIST: path is in `to` already. */
int tree_link(struct tree *from, struct tree *to, const char *path, struct err *e);

bool tree_is_mounted(int folder); /* something is, on just this folder */

/* Removes a file or a folder with all that is in it. -EBUSY: something is mounted there. */
int tree_clear(int folder, const char *name);

#endif
