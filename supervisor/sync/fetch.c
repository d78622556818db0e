#include "sync/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "sync/s3/sigv4.h"

enum { PREALLOCATE_FROM = 1 << 20, PAGES_MAX = 1000000 };

// --- the listing -------------------------------------------------------------------------------

struct list_job {
    struct listing *list;
    const struct s3_place *place;
    struct report *report;
    struct list_page *page; /* being read, or NULL */
    bool asked;             /* for this page */
    enum sync_exit why;
};

static int on_page_begin(struct request *r, struct err *e)
{
    (void)e;
    struct list_job *job = r->ctx;
    list_page_free(job->page);
    job->page = list_page_new(job->list);
    return 0;
}

static int on_page_data(struct request *r, const char *data, size_t len, struct err *e)
{
    struct list_job *job = r->ctx;
    return list_page_feed(job->page, data, len, e);
}

static int on_page_end(struct request *r, const struct answer *a, struct err *e)
{
    (void)a;
    struct list_job *job = r->ctx;
    int rc = list_page_end(job->page, e);
    if (rc == 0)
        job->report->listed = job->list->count;
    return rc;
}

static enum sync_exit on_page_failed(struct request *r, enum sync_exit why, struct err *e)
{
    struct list_job *job = r->ctx;
    if (why == SYNC_SERVER)
        (void)err_prefix(e, -EIO, "cannot list s3://%s/%s", job->place->bucket, job->place->prefix);
    return why;
}

static bool next_page(void *ctx, struct request *r)
{
    struct list_job *job = ctx;
    if (job->asked)
        return false;
    job->asked = true;
    r->target = s3_list_target(job->place, job->list->token);
    r->ctx = job;
    r->on_begin = on_page_begin;
    r->on_data = on_page_data;
    r->on_end = on_page_end;
    r->on_failed = on_page_failed;
    return true;
}

static void on_list_tick(void *ctx)
{
    report_tick(((struct list_job *)ctx)->report);
}

enum sync_exit fetch_listing(struct transfer *t, const struct s3_place *place, struct listing *l,
                             struct report *r, struct err *e)
{
    struct list_job job = {.list = l, .place = place, .report = r};
    enum sync_exit rc = SYNC_OK;
    int pages = 0;
    do {
        job.asked = false;
        rc = transfer_run(t, next_page, on_list_tick, &job, e);
        list_page_free(job.page);
        job.page = NULL;
    } while (rc == SYNC_OK && l->token && ++pages < PAGES_MAX);
    if (rc == SYNC_OK && l->token) {
        (void)err_set(e, -EBADMSG, "the listing does not end");
        rc = SYNC_SERVER;
    }
    return rc;
}

// --- the objects -------------------------------------------------------------------------------

struct file {
    struct fetch *fetch;
    struct item *item; /* being fetched */
    int fd;            /* -1: not created yet */
    int64_t got;       /* bytes in this try */
    struct md5 md5;
};

struct fetch {
    const struct fetch_job *job;
    struct file *files; /* one per slot */
    size_t next;        /* item to look at next */
};

/* "d41d8cd98f00b204e9800998ecf8427e" in quotes: the MD5 of the body, or looks like one. */
static bool is_md5_tag(const char *etag)
{
    return etag && strlen(etag) == 34 && strspn(etag + 1, "0123456789abcdefABCDEF") == 32;
}

/* Room for a large file is claimed at once: a full disk shows before the hours of transfer. */
static int reserve(int fd, int64_t size)
{
    if (size < PREALLOCATE_FROM || fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, size) == 0)
        return 0;
    return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? -errno : 0;
}

static int create_file(struct file *f, unsigned slot, struct err *e)
{
    f->fd = publish_create(f->fetch->job->target, f->item->path, slot, e);
    if (f->fd < 0)
        return f->fd;
    int rc = reserve(f->fd, f->item->object->size);
    return rc < 0 ? err_set(e, rc, "%s", strerror(-rc)) : 0;
}

static int on_file_begin(struct request *r, struct err *e)
{
    struct file *f = r->ctx;
    int rc = 0;
    if (f->fd < 0)
        rc = create_file(f, r->slot, e);
    else if (ftruncate(f->fd, 0) < 0 || lseek(f->fd, 0, SEEK_SET) < 0)
        rc = err_set(e, -errno, "cannot start again: %s", strerror(errno));
    f->fetch->job->report->moved_bytes -= f->got;
    f->got = 0;
    if (rc == 0 && is_md5_tag(f->item->object->etag))
        md5_start(&f->md5);
    return rc;
}

static int on_file_data(struct request *r, const char *data, size_t len, struct err *e)
{
    struct file *f = r->ctx;
    f->got += (int64_t)len;
    f->fetch->job->report->moved_bytes += (int64_t)len;
    if (f->got > f->item->object->size)
        return err_set(e, -EBADMSG, "it is longer than listed");
    md5_add(&f->md5, data, len);
    int rc = fd_write_all(f->fd, data, len);
    return rc < 0 ? err_set(e, rc, "cannot write: %s", strerror(-rc)) : 0;
}

static int verify(struct file *f, const struct answer *a, struct err *e)
{
    const struct object *o = f->item->object;
    if (a->etag[0] && o->etag && strcmp(a->etag, o->etag) != 0)
        return err_set(e, -ESTALE, "it changed since the listing");
    if (f->got != o->size)
        return err_set(e, -EBADMSG, "it is shorter than listed");
    char hex[MD5_HEX_SIZE];
    if (is_md5_tag(o->etag) && !a->opaque_etag && md5_end(&f->md5, hex) &&
        strncasecmp(hex, o->etag + 1, sizeof hex - 1) != 0)
        return err_set(e, -EBADMSG, "its bytes are not those that were stored (MD5 differs)");
    return 0;
}

/* The time is the object's; what the file system made of it is what will be compared. */
static int set_time(struct file *f)
{
    const int64_t ns = 1000000000;
    const int64_t part = (f->item->mtime % ns + ns) % ns; /* not negative, also before 1970 */
    struct timespec when = {.tv_sec = (f->item->mtime - part) / ns, .tv_nsec = part};
    struct timespec times[2] = {when, when};
    struct stat st;
    if (futimens(f->fd, times) < 0 || fstat(f->fd, &st) < 0)
        return -errno;
    f->item->mtime = tree_mtime(&st);
    return 0;
}

static int close_file(struct file *f)
{
    int rc = close(f->fd) < 0 && errno != EINTR ? -errno : 0;
    f->fd = -1;
    return rc;
}

static int on_file_end(struct request *r, const struct answer *a, struct err *e)
{
    struct file *f = r->ctx;
    int rc = verify(f, a, e);
    if (rc < 0)
        return rc;
    rc = set_time(f);
    int closed = close_file(f);
    if (rc < 0 || closed < 0)
        return err_set(e, rc < 0 ? rc : closed, "cannot write: %s",
                       strerror(rc < 0 ? -rc : -closed));
    rc = publish_accept(f->fetch->job->target, f->item->path, r->slot, e);
    if (rc == 0) {
        f->item->fetch = false;
        f->fetch->job->report->fetched++;
        f->fetch->job->report->fetched_bytes += f->item->object->size;
    }
    return rc;
}

static void name_object(struct err *e, const struct object *o)
{
    struct buf shown = BUF_EMPTY;
    s3key_show(&shown, o->key, o->key_len);
    (void)err_prefix(e, -EIO, "%s", buf_str(&shown));
    buf_close(&shown);
}

/* The listing was allowed, so what is denied or missing is this object alone. */
static enum sync_exit on_file_failed(struct request *r, enum sync_exit why, struct err *e)
{
    struct file *f = r->ctx;
    fd_close(&f->fd);
    name_object(e, f->item->object);
    if (why == SYNC_DENIED || why == SYNC_NOT_FOUND)
        why = SYNC_OBJECTS;
    f->fetch->job->report->failed++;
    if (why != SYNC_OBJECTS || !f->fetch->job->keep_going)
        return why;
    report_complain(f->fetch->job->report, e->text);
    return SYNC_OK;
}

static struct item *next_item(struct fetch *x)
{
    const struct plan *p = x->job->plan;
    while (x->next < p->count && !p->items[x->next].fetch)
        x->next++;
    return x->next < p->count ? &p->items[x->next++] : NULL;
}

static bool next_object(void *ctx, struct request *r)
{
    struct fetch *x = ctx;
    struct item *item = next_item(x);
    if (!item)
        return false;
    struct file *f = &x->files[r->slot];
    f->item = item;
    f->fd = -1;
    f->got = 0;
    r->target = s3_object_target(x->job->place, item->object->key, item->object->key_len);
    r->if_match = item->object->etag;
    r->ctx = f;
    r->on_begin = on_file_begin;
    r->on_data = on_file_data;
    r->on_end = on_file_end;
    r->on_failed = on_file_failed;
    return true;
}

static void on_object_tick(void *ctx)
{
    report_tick(((struct fetch *)ctx)->job->report);
}

enum sync_exit fetch_objects(const struct fetch_job *job, struct err *e)
{
    struct fetch x = {.job = job, .files = mem_array(job->concurrency, sizeof *x.files)};
    for (unsigned i = 0; i < job->concurrency; i++) {
        x.files[i] = (struct file){.fetch = &x, .fd = -1};
        md5_init(&x.files[i].md5);
    }
    enum sync_exit rc = transfer_run(job->transfer, next_object, on_object_tick, &x, e);
    for (unsigned i = 0; i < job->concurrency; i++) {
        fd_close(&x.files[i].fd);
        md5_close(&x.files[i].md5);
    }
    mem_free(x.files);
    return rc;
}
