/*
 * Generation after generation of files, of which about a third changes each time. Times are those
 * of the versions, so that equal files are equal files.
 */
#ifndef TEST_UNIT_SYNC_GEN_H
#define TEST_UNIT_SYNC_GEN_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "sync/local/manifest.h"
#include "sync/local/scan.h"
#include "sync/local/walk.h"
#include "sync/s3/s3key.h"

enum { GEN_FILES = 24, GEN_SECOND = 1000000000 };

struct gen_file {
    char path[32];
    char etag[32];
    char text[64];
    int version;
};

struct gen {
    struct gen_file files[GEN_FILES + 1];
    size_t count;
};

static int gen_compare(const void *a, const void *b)
{
    return path_order(((const struct gen_file *)a)->path, ((const struct gen_file *)b)->path);
}

static void gen_put(struct gen *g, int version, const char *path)
{
    struct gen_file *f = &g->files[g->count++];
    f->version = version;
    (void)snprintf(f->path, sizeof f->path, "%s", path);
    (void)snprintf(f->etag, sizeof f->etag, "\"%08x\"", (unsigned)version);
    (void)snprintf(f->text, sizeof f->text, "%d %s", version, path);
}

static inline void gen_make(struct gen *g, int number)
{
    char path[32];
    g->count = 0;
    gen_put(g, number, "generation");
    for (int i = 0; i < GEN_FILES; i++) {
        (void)snprintf(path, sizeof path, i % 3 ? "f%d/g/%d" : "%d-%d", i % 4, i);
        if ((i * 7 + number) % 5 != 0)
            gen_put(g, number - (number + i) % 3, path);
    }
    qsort(g->files, g->count, sizeof *g->files, gen_compare);
}

static inline int64_t gen_mtime(const struct gen_file *f)
{
    return (int64_t)(1000 + f->version) * GEN_SECOND;
}

static inline const struct gen_file *gen_find(const struct gen *g, const char *path)
{
    for (size_t i = 0; i < g->count; i++) {
        if (strcmp(g->files[i].path, path) == 0)
            return &g->files[i];
    }
    return NULL;
}

static bool gen_is_there(struct tree *t, const struct gen_file *f, const struct manifest_entry *x)
{
    struct stat st;
    return x && x->etag && strcmp(x->etag, f->etag) == 0 && tree_stat(t, f->path, &st) == 0 &&
           st.st_size == x->size && tree_mtime(&st) == x->mtime;
}

/* The entry about `path`, passing over those before. */
static const struct manifest_entry *gen_seek(struct manifest_reader *x, const char *path)
{
    const struct manifest_entry *at = NULL;
    while ((at = manifest_look(x)) != NULL && path_order(at->path, path) < 0)
        manifest_next(x);
    return at && strcmp(at->path, path) == 0 ? at : NULL;
}

struct gen_counts {
    size_t fetched;
    size_t kept;
    size_t staged;
    size_t removed;
};

#endif
