/* A sync without a network: it fetches by writing. */
#ifndef TEST_UNIT_SYNC_GEN_RUN_H
#define TEST_UNIT_SYNC_GEN_RUN_H
#include "base/mem.h"
#include "sync/local/release.h"
#include "sync_gen.h"
#include "sync_gen_read.h"

#define GEN_SOURCE "http://s3.example bucket data/"

static int gen_fetch(struct release *p, const struct gen_file *f, struct err *e)
{
    bool atomic = p->mode == PUBLISH_ATOMIC;
    char part[64];
    const char *slash = strrchr(f->path, '/');
    (void)snprintf(part, sizeof part, "%.*s" RELEASE_PARTIAL "%016x",
                   slash ? (int)(slash + 1 - f->path) : 0, f->path, (unsigned)f->version);
    const char *name = atomic ? f->path : part;
    (void)tree_unlink(&p->fresh, name, NULL);
    int fd = tree_create(&p->fresh, name, e);
    if (fd < 0)
        return fd;
    const struct timespec at = {.tv_sec = 1000 + f->version};
    int rc = fd_write_all(fd, f->text, strlen(f->text));
    (void)futimens(fd, (const struct timespec[]){at, at});
    fd_close(&fd);
    return rc == 0 && !atomic
               ? tree_accept(&p->fresh, p->fresh.parent, strrchr(part, '.'), f->path, e)
               : rc;
}

static int gen_one(struct release *p, const struct gen_file *f, struct gen_counts *n, struct err *e)
{
    struct tree *here = p->mode == PUBLISH_ATOMIC ? &p->fresh : &p->old;
    const struct manifest_entry *known = gen_seek(&p->known, f->path);
    const struct manifest_entry *staged = gen_seek(&p->staged, f->path);
    struct manifest_entry x = {f->path, f->etag, (int64_t)strlen(f->text), gen_mtime(f),
                               MANIFEST_THERE};
    if (staged && staged->state == MANIFEST_THERE && gen_is_there(here, f, staged)) {
        n->staged++;
    } else if (gen_is_there(&p->old, f, known)) {
        n->kept++;
        x.state = p->mode == PUBLISH_ATOMIC ? MANIFEST_KEPT : MANIFEST_THERE;
    } else {
        n->fetched++;
        x.state = MANIFEST_WANTED;
    }
    int64_t id = 0;
    int rc = manifest_add(&p->manifest, &x, &id, e);
    if (rc < 0 || x.state != MANIFEST_WANTED)
        return rc;
    rc = release_begin(p, e);
    if (rc == 0)
        rc = gen_fetch(p, f, e);
    return rc < 0 ? rc : manifest_mark(&p->manifest, id, MANIFEST_THERE, x.mtime, e);
}

static int gen_extras(struct release *p, const struct gen *g, bool delete, struct err *e)
{
    struct walk_entry file;
    struct scan *s = scan_new(p->old.fd, &(struct scan_options){.reserved = RELEASE_RESERVED});
    int rc = 0;
    while ((rc = scan_next(s, &file, e)) > 0) {
        const char *name = strrchr(file.path, '/');
        name = name ? name + 1 : file.path;
        if (gen_find(g, file.path) || (file.type == S_IFDIR && delete))
            continue;
        /* those of earlier generations are no user's */
        bool ours = strncmp(file.path, "own", 3) != 0 && file.type != S_IFDIR;
        bool part = strncmp(name, RELEASE_PARTIAL, sizeof RELEASE_PARTIAL - 1) == 0;
        rc = spool_add(&p->extras,
                       part             ? SPOOL_PARTIAL
                       : ours || delete ? SPOOL_REMOVE
                                        : SPOOL_CARRY,
                       file.path, e);
        if (rc < 0)
            break;
    }
    scan_free(s);
    return rc;
}

/* All but the end; what release_commit would do then is the caller's. */
static inline int gen_stage(struct release *p, const struct gen *g, size_t count, bool delete,
                            struct gen_counts *n)
{
    struct err e;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < g->count && i < count; i++)
        rc = gen_one(p, &g->files[i], n, &e);
    if (rc == 0)
        rc = gen_extras(p, g, delete, &e);
    if (rc < 0)
        (void)fprintf(stderr, "# stage: %s\n", e.text);
    return rc;
}

static inline int gen_sync(const char *target, enum publish_mode mode, int number,
                           struct gen_counts *n)
{
    struct release p;
    struct gen g;
    struct err e;
    atomic_bool stop = false;
    gen_make(&g, number);
    *n = (struct gen_counts){0};
    int rc = release_open(&p, target, mode, false, GEN_SOURCE, &e);
    if (rc == 0)
        rc = gen_stage(&p, &g, SIZE_MAX, false, n);
    bool same = n->fetched + n->staged + p.extras.counts[1] == 0 && p.known.exists &&
                !p.took_folder && !p.known.foreign;
    if (rc == 0)
        rc = same ? release_unchanged(&p, &e) : release_commit(&p, &stop, &n->removed, &e);
    if (rc < 0)
        (void)fprintf(stderr, "# generation %d: %s\n", number, e.text);
    release_close(&p, true);
    return rc;
}

#endif
