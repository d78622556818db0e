/* A writer and its target, made by hand, for the tests. */
#ifndef TEST_UNIT_WRITING_H
#define TEST_UNIT_WRITING_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "base/fd.h"
#include "base/list.h"
#include "base/mem.h"
#include "sync/local/digest.h"
#include "sync/local/writer.h"

enum { WRITING_FILES = 400, WRITING_TIME = 1000000007 };

struct arrival {
    struct writer_file file;
    char path[1200];
    char etag[300];
    uint32_t seed; /* of its bytes */
    int rc;        /* 1: nothing was heard yet */
    int opened;    /* likewise */
    unsigned told; /* how often on_done came */
    char text[1024];
};

struct writing {
    uv_loop_t loop;
    struct release release;
    struct writer *writer;
    char folder[64];
    bool closed;
    unsigned rooms; /* how often on_room came */
    unsigned done;
    struct arrival files[WRITING_FILES];
};

static inline void writing_on_room(void *ctx)
{
    ((struct writing *)ctx)->rooms++;
}

static inline void writing_on_closed(void *ctx)
{
    ((struct writing *)ctx)->closed = true;
}

static inline void writing_on_open(struct writer_file *f, int rc, struct err *e)
{
    struct arrival *a = container_of(f, struct arrival, file);
    assert_int_equal(a->opened, 1);
    assert_int_equal(rc < 0, e != NULL);
    a->opened = rc;
    if (e)
        memcpy(a->text, e->text, sizeof a->text);
}

static inline void writing_on_done(struct writer_file *f, int rc, struct err *e)
{
    struct arrival *a = container_of(f, struct arrival, file);
    struct writing *w = f->ctx;
    assert_int_equal(rc < 0, e != NULL);
    a->rc = rc;
    a->told++;
    w->done++;
    if (e)
        memcpy(a->text, e->text, sizeof a->text);
}

static inline int writing_folder(const char *path)
{
    (void)mkdir(path, 0755);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

/* `folder` is where new files go; what it holds stays. */
static inline void writing_start(struct writing *w, const char *folder, enum publish_mode mode)
{
    memset(w, 0, sizeof *w);
    assert_int_equal(uv_loop_init(&w->loop), 0);
    (void)snprintf(w->folder, sizeof w->folder, "%s", folder);
    w->release.mode = mode;
    tree_init(&w->release.old, -1);
    tree_init(&w->release.fresh, writing_folder(folder));
    w->release.store_fd = w->release.fresh.fd;
    w->writer = writer_new(&w->loop, &w->release, w, writing_on_room);
}

static inline void writing_turn(struct writing *w)
{
    (void)uv_run(&w->loop, UV_RUN_ONCE);
}

static inline void writing_end(struct writing *w)
{
    writer_close(w->writer, writing_on_closed);
    while (!w->closed)
        writing_turn(w);
    assert_int_equal(uv_run(&w->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    tree_close(&w->release.fresh);
    tree_close(&w->release.old);
}

#endif
