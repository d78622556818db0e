#include "sync/check.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/list.h"
#include "base/mem.h"
#include "sync/local/digest.h"
#include "sync/local/tree.h"

/* By now it may be longer than listed, too. */
static bool matches(const struct check *c, int fd)
{
    struct stat st;
    return digest_matches(fd, c->size, c->etag, &c->stop) && fstat(fd, &st) == 0 &&
           st.st_size == c->size;
}

/* A sum that says nothing of the bytes makes the file another one: it is fetched again. */
static void on_work(uv_work_t *work)
{
    struct check *c = container_of(work, struct check, work);
    struct tree t;
    const char *name = NULL;
    tree_init(&t, fcntl(c->folder, F_DUPFD_CLOEXEC, 0));
    int parent = tree_parent(&t, c->path, false, &name);
    int fd = parent < 0 ? -1 : openat(parent, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    c->same = fd >= 0 && matches(c, fd);
    fd_close(&fd);
    tree_close(&t);
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
