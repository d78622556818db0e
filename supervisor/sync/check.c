#include "sync/check.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/list.h"
#include "base/mem.h"
#include "sync/local/digest.h"
#include "sync/local/tree.h"

enum { CHECK_BLOCK = 256 << 10 };

/* false: it cannot be read, or is shorter or longer by now. */
static bool feed(const struct check *c, int fd, struct digest *d)
{
    char *block = mem_alloc(CHECK_BLOCK);
    int64_t left = c->size;
    ssize_t n = 0;
    while (!atomic_load(&c->stop) && (n = read(fd, block, CHECK_BLOCK)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || n > left)
            break;
        digest_add(d, block, (size_t)n);
        left -= n;
    }
    mem_free(block);
    return n == 0 && left == 0 && !atomic_load(&c->stop);
}

/* A sum that says nothing of the bytes makes the file another one: it is fetched again. */
static void on_work(uv_work_t *work)
{
    struct check *c = container_of(work, struct check, work);
    const struct digest_expect expect = {.etag = c->etag, .size = c->size};
    struct tree t;
    struct digest *d = digest_new(&expect);
    if (!d)
        return;
    const char *name = NULL;
    tree_init(&t, fcntl(c->folder, F_DUPFD_CLOEXEC, 0));
    int parent = tree_parent(&t, c->path, false, &name);
    int fd = parent < 0 ? -1 : openat(parent, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && feed(c, fd, d))
        c->same = digest_end(d, NULL) == DIGEST_SAME;
    fd_close(&fd);
    tree_close(&t);
    digest_free(d);
}

static void on_work_done(uv_work_t *work, int status)
{
    (void)status;
    struct check *c = container_of(work, struct check, work);
    c->busy = false;
    c->known = true;
    mem_free(c->path);
    mem_free(c->etag);
    c->path = c->etag = NULL;
    c->on_checked(c);
}

void check_start(struct check *c, uv_loop_t *loop, int folder, const struct remote_file *o,
                 void (*on_checked)(struct check *c))
{
    c->busy = true;
    c->same = false;
    c->folder = folder;
    c->path = mem_strndup(o->path, o->path_len);
    c->etag = mem_strdup(o->etag);
    c->size = o->size;
    c->on_checked = on_checked;
    (void)uv_queue_work(loop, &c->work, on_work, on_work_done);
}
