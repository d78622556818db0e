#include "sync/sync.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/fd.h"
#include "base/mem.h"
#include "sync/fetch.h"

enum { STOP_CHECK_EVERY = 256 };

struct run {
    const struct arguments *o;
    int stop_fd;
    struct report *report;
    struct creds creds;
    struct s3_place place;
    char *identity; /* endpoint, bucket and prefix: what an index belongs to */
    struct transfer *transfer;
    struct publish target;
    struct listing list;
    struct plan plan;
    struct index index;
    unsigned steps;    /* counted by is_stopped */
    size_t extras;     /* local files that the source does not have and that go */
    struct buf doomed; /* their paths, each with its NUL */
};

static enum sync_exit local(int rc)
{
    return rc == 0 ? SYNC_OK : rc == -EINTR ? SYNC_SIGTERM : SYNC_LOCAL;
}

/* Looked at between files, now and then: a system call each time would cost more than the file. */
static int check_stop(struct run *x, struct err *e)
{
    struct pollfd p = {.fd = x->stop_fd, .events = POLLIN};
    if (x->stop_fd < 0 || ++x->steps % STOP_CHECK_EVERY != 0 || poll(&p, 1, 0) <= 0)
        return 0;
    return err_set(e, -EINTR, "interrupted");
}

// --- what we know before the first request -----------------------------------------------------

static enum sync_exit find_place(struct run *x, struct err *e)
{
    const struct arguments *o = x->o;
    const struct creds_query q = {
        .profile = o->profile,
        .env_file = o->env_file,
        .region = o->region,
        .ca_file = o->ca_file,
        .anonymous = o->anonymous,
    };
    int rc = creds_load(&q, &x->creds, e);
    if (rc < 0)
        return creds_why(rc);
    const struct s3_where w = {
        .source = o->source,
        .endpoint = o->endpoint ? o->endpoint : x->creds.endpoint,
        .region = o->region         ? o->region
                  : x->creds.region ? x->creds.region
                                    : "us-east-1",
        .style = o->style,
    };
    rc = s3_place_init(&x->place, &w, e);
    if (rc < 0)
        return SYNC_USAGE;
    x->identity = mem_printf("%s%s/%s", x->place.origin, x->place.base, x->place.prefix);
    const char *bundle = getenv("AWS_CA_BUNDLE");
    const struct transfer_options t = {
        .concurrency = (unsigned)o->concurrency,
        .tries = (unsigned)o->tries,
        .stall_ms = o->stall_ms,
        .connect_ms = o->connect_ms,
        .ca_file = o->ca_file          ? o->ca_file
                   : bundle && *bundle ? bundle
                                       : NULL,
        .stop_fd = x->stop_fd,
    };
    x->transfer = transfer_new(&t, &x->place, &x->creds);
    return SYNC_OK;
}

static enum sync_exit open_target(struct run *x, struct err *e)
{
    int rc = publish_open(&x->target, x->o->target, x->o->publish, x->o->dry, e);
    if (rc < 0)
        return rc == -EBUSY ? SYNC_BUSY : rc == -EINVAL ? SYNC_USAGE : SYNC_LOCAL;
    char *path = publish_old_index(&x->target);
    rc = index_read(&x->index, path, x->identity, e);
    mem_free(path);
    return local(rc);
}

// --- what is to be done --------------------------------------------------------------------------

static void complain_about_keys(struct run *x)
{
    for (size_t i = 0; i < x->plan.reject_count; i++) {
        const struct reject *r = &x->plan.rejects[i];
        struct buf b = BUF_EMPTY;
        buf_text(&b, "skipped: the key ");
        s3key_show(&b, r->object->key, r->object->key_len);
        buf_printf(&b, " %s", s3key_fault_text(r->fault));
        report_complain(x->report, buf_str(&b));
        buf_close(&b);
    }
    x->report->skipped = x->plan.reject_count;
}

/* Nothing where data was expected is a mistake far more often than a wish. */
static enum sync_exit check_not_empty(const struct run *x, struct err *e)
{
    if (x->plan.count > 0 || x->o->allow_empty)
        return SYNC_OK;
    if (x->plan.reject_count > 0) {
        (void)err_set(e, -EINVAL, "no key under %s is a usable file name; nothing was changed",
                      x->o->source);
        return SYNC_KEYS;
    }
    if (x->plan.excluded > 0)
        (void)err_set(e, -ENOENT, "--include and --exclude leave none of the %zu objects under %s",
                      x->plan.excluded, x->o->source);
    else
        (void)err_set(e, -ENOENT, "there are no objects under %s (--allow-empty accepts that)",
                      x->o->source);
    return SYNC_NOT_FOUND;
}

static enum sync_exit make_plan(struct run *x, struct err *e)
{
    listing_init(&x->list, x->place.prefix);
    enum sync_exit rc = fetch_listing(x->transfer, &x->place, &x->list, x->report, e);
    if (rc != SYNC_OK)
        return rc;
    if (plan_make(&x->plan, &x->list, &x->o->filter, PUBLISH_RESERVED, e) < 0)
        return SYNC_SERVER;
    x->report->listed_all = true;
    complain_about_keys(x);
    return check_not_empty(x, e);
}

static enum sync_exit compare_files(struct run *x, struct err *e)
{
    for (size_t i = 0; i < x->plan.count; i++) {
        struct item *item = &x->plan.items[i];
        struct stat st;
        struct local_file file = {0};
        if (tree_stat(&x->target.old, item->path, &st) == 0 && S_ISREG(st.st_mode)) {
            file.exists = true;
            file.size = st.st_size;
            file.mtime = tree_mtime(&st);
        }
        plan_compare(&x->plan, item, &file, &x->index);
        if (check_stop(x, e) < 0)
            return SYNC_SIGTERM;
    }
    x->report->unchanged = x->plan.count - x->plan.to_fetch;
    x->report->to_fetch = x->plan.to_fetch;
    x->report->to_fetch_bytes = x->plan.to_fetch_bytes;
    return SYNC_OK;
}

enum extra {
    EXTRA_NONE, /* it is an object, or ours */
    EXTRA_KEEP,
    EXTRA_GONE,
};

/* Whether one of the folders above path is an object now. */
static bool is_below_object(const struct plan *p, const char *path)
{
    char *folder = mem_strdup(path);
    bool found = false;
    for (char *slash; !found && (slash = strrchr(folder, '/')) != NULL;) {
        *slash = '\0';
        found = plan_find(p, folder) != NULL;
    }
    mem_free(folder);
    return found;
}

static enum extra classify(const struct run *x, const char *path, mode_t type)
{
    const struct plan *p = &x->plan;
    if (strcmp(path, PUBLISH_RESERVED) == 0 || s3key_inside(path, PUBLISH_RESERVED))
        return EXTRA_NONE;
    if (plan_find(p, path))
        return EXTRA_NONE;
    if (type == S_IFDIR)
        return x->o->delete || is_below_object(p, path) ? EXTRA_NONE : EXTRA_KEEP;
    /* in the way of what the source has: only a new version can do without it */
    if (x->target.mode == PUBLISH_ATOMIC && (plan_find_inside(p, path) || is_below_object(p, path)))
        return EXTRA_GONE;
    return x->o->delete &&filter_wants(&x->o->filter, path) ? EXTRA_GONE : EXTRA_KEEP;
}

static int on_count(void *ctx, const char *path, mode_t type, struct err *e)
{
    struct run *x = ctx;
    if (classify(x, path, type) == EXTRA_GONE) {
        x->extras++;
        buf_append(&x->doomed, path, strlen(path) + 1);
    }
    return check_stop(x, e);
}

static void print_dry(const struct run *x)
{
    for (size_t i = 0; i < x->plan.count; i++) {
        struct buf b = BUF_EMPTY;
        s3key_show(&b, x->plan.items[i].path, strlen(x->plan.items[i].path));
        if (x->plan.items[i].fetch)
            (void)printf("fetch %s\n", buf_str(&b));
        buf_close(&b);
    }
    for (size_t at = 0; at < x->doomed.len; at += strlen(x->doomed.data + at) + 1) {
        struct buf b = BUF_EMPTY;
        s3key_show(&b, x->doomed.data + at, strlen(x->doomed.data + at));
        (void)printf("delete %s\n", buf_str(&b));
        buf_close(&b);
    }
}

// --- doing it ------------------------------------------------------------------------------------

/* Who may not list the target may not read its names in the index either. */
static mode_t index_mode(const struct run *x)
{
    int fd = x->target.fresh.fd >= 0 ? x->target.fresh.fd : x->target.old.fd;
    struct stat st;
    return fstat(fd, &st) == 0 && (st.st_mode & S_IROTH) ? 0644 : 0600;
}

static int write_index(const struct run *x, char *path, struct err *e)
{
    struct buf b = BUF_EMPTY;
    index_begin(&b, x->identity);
    for (size_t i = 0; i < x->plan.count; i++) {
        const struct item *item = &x->plan.items[i];
        if (item->fetch)
            continue; /* it failed */
        index_add(&b, &(struct index_entry){.path = item->path,
                                            .etag = item->object->etag,
                                            .size = item->object->size,
                                            .mtime = item->mtime});
    }
    int rc = path ? fd_write_file(path, b.data, b.len, index_mode(x), e) : 0;
    mem_free(path);
    buf_close(&b);
    return rc;
}

static enum sync_exit check_room(const struct run *x, struct err *e)
{
    struct statvfs v;
    if (fstatvfs(x->target.fresh.fd, &v) < 0)
        return SYNC_OK;
    uint64_t room = (uint64_t)v.f_bavail * v.f_frsize;
    if ((uint64_t)x->plan.to_fetch_bytes <= room)
        return SYNC_OK;
    struct buf need = BUF_EMPTY;
    struct buf have = BUF_EMPTY;
    progress_show_bytes(&need, x->plan.to_fetch_bytes);
    progress_show_bytes(&have, (int64_t)room);
    (void)err_set(e, -ENOSPC, "%s are to be fetched but only %s are free on the disk of %s",
                  buf_str(&need), buf_str(&have), x->o->target);
    buf_close(&need);
    buf_close(&have);
    return SYNC_LOCAL;
}

static int on_carry(void *ctx, const char *path, mode_t type, struct err *e)
{
    struct run *x = ctx;
    if (classify(x, path, type) != EXTRA_KEEP)
        return check_stop(x, e);
    int rc = type == S_IFDIR ? tree_mkdir(&x->target.fresh, path, e)
                             : tree_link(&x->target.old, &x->target.fresh, path, e);
    return rc < 0 ? rc : check_stop(x, e);
}

/* What of the old version is also in the new one. */
static int carry_over(struct run *x, struct err *e)
{
    for (size_t i = 0; i < x->plan.count; i++) {
        const struct item *item = &x->plan.items[i];
        int rc = item->fetch ? 0 : tree_link(&x->target.old, &x->target.fresh, item->path, e);
        if (rc == 0)
            rc = check_stop(x, e);
        if (rc < 0)
            return rc;
    }
    return tree_walk(&x->target.old, on_carry, x, e);
}

static int remove_extras(struct run *x, struct err *e)
{
    for (size_t at = 0; at < x->doomed.len; at += strlen(x->doomed.data + at) + 1) {
        int rc = tree_remove(&x->target.fresh, x->doomed.data + at, e);
        if (rc < 0)
            return rc;
        x->report->deleted++;
    }
    return 0;
}

static enum sync_exit fetch(struct run *x, struct err *e)
{
    const struct fetch_job job = {
        .transfer = x->transfer,
        .place = &x->place,
        .plan = &x->plan,
        .target = &x->target,
        .report = x->report,
        .concurrency = (unsigned)x->o->concurrency,
        .keep_going = x->target.mode == PUBLISH_INPLACE,
    };
    enum sync_exit rc = check_room(x, e);
    return rc == SYNC_OK ? fetch_objects(&job, e) : rc;
}

static enum sync_exit run_atomic(struct run *x, struct err *e)
{
    int rc = publish_begin(&x->target, e);
    if (rc == 0)
        rc = carry_over(x, e);
    if (rc < 0)
        return local(rc);
    enum sync_exit why = fetch(x, e);
    if (why != SYNC_OK)
        return why;
    rc = write_index(x, publish_new_index(&x->target), e);
    if (rc == 0)
        rc = publish_commit(&x->target, e);
    if (rc < 0)
        return local(rc);
    x->report->deleted = x->extras;
    x->report->published = true;
    return SYNC_OK;
}

static enum sync_exit run_inplace(struct run *x, struct err *e)
{
    int rc = publish_begin(&x->target, e);
    enum sync_exit why = rc < 0 ? SYNC_LOCAL : fetch(x, e);
    if (why == SYNC_OK && x->report->failed == 0)
        rc = remove_extras(x, e);
    /* what is in place already stays in place: the index must know of it, whatever happened */
    struct err *index_err = why == SYNC_OK && rc == 0 ? e : NULL;
    int written = write_index(x, publish_new_index(&x->target), index_err);
    x->report->published = x->report->fetched > 0 || x->report->deleted > 0;
    if (why != SYNC_OK || rc < 0 || written < 0)
        return why != SYNC_OK ? why : SYNC_LOCAL;
    if (publish_commit(&x->target, e) < 0)
        return SYNC_LOCAL;
    if (x->report->failed == 0)
        return SYNC_OK;
    (void)err_set(e, -EIO, "%zu objects could not be fetched; nothing was deleted",
                  x->report->failed);
    return SYNC_OBJECTS;
}

static bool is_done(const struct run *x)
{
    bool published = x->target.mode == PUBLISH_INPLACE || !x->target.took_folder;
    return x->plan.to_fetch == 0 && x->extras == 0 && published && x->target.old.fd >= 0;
}

static enum sync_exit apply(struct run *x, struct err *e)
{
    if (x->o->dry) {
        if (!x->o->json && !x->o->quiet)
            print_dry(x);
        x->report->fetched = x->plan.to_fetch;
        x->report->fetched_bytes = x->plan.to_fetch_bytes;
        x->report->deleted = x->extras;
        return SYNC_OK;
    }
    if (!is_done(x))
        return x->target.mode == PUBLISH_ATOMIC ? run_atomic(x, e) : run_inplace(x, e);
    if (x->index.count != x->plan.count)
        return local(write_index(x, publish_old_index(&x->target), e));
    return SYNC_OK;
}

static enum sync_exit run_steps(struct run *x, struct err *e)
{
    enum sync_exit rc = find_place(x, e);
    if (rc == SYNC_OK)
        rc = open_target(x, e);
    if (rc == SYNC_OK)
        rc = make_plan(x, e);
    if (rc == SYNC_OK)
        rc = compare_files(x, e);
    if (rc == SYNC_OK)
        rc = local(tree_walk(&x->target.old, on_count, x, e));
    if (rc == SYNC_OK)
        rc = apply(x, e);
    if (rc == SYNC_OK && !x->o->dry)
        rc = local(publish_confirm(&x->target, e));
    return rc == SYNC_OK && x->report->skipped > 0 ? SYNC_KEYS : rc;
}

enum sync_exit sync_run(const struct arguments *o, int stop_fd, struct report *r, struct err *e)
{
    struct run x = {.o = o, .stop_fd = stop_fd, .report = r, .target.mode = o->publish};
    e->text[0] = '\0';
    enum sync_exit rc = run_steps(&x, e);
    transfer_free(x.transfer);
    publish_close(&x.target);
    plan_close(&x.plan);
    listing_close(&x.list);
    index_close(&x.index);
    s3_place_close(&x.place);
    creds_close(&x.creds);
    mem_free(x.identity);
    buf_close(&x.doomed);
    return rc;
}
