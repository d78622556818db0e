#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "sync/local/release_store.h"

/* In a version that is no longer shown, nothing is half-way any more. */
static void forget_place(const struct release *p)
{
    (void)unlinkat(p->store_fd, "place.manifest", 0);
    (void)unlinkat(p->store_fd, "place.manifest.new", 0);
}

static int find_previous(const struct release *p, char **version, struct err *e)
{
    *version = store_read_link(p, TARGET_PREVIOUS);
    if (*version && strcmp(*version, p->at.current) != 0 && store_has(p, *version))
        return 0;
    mem_free(*version);
    *version = NULL;
    return err_set(e, -ENOENT, "there is no version of %s before the one that it shows",
                   p->at.path);
}

static int open_store(struct release *p, const char *target, struct err *e)
{
    int rc = target_resolve(&p->at, target, true, e);
    if (rc < 0)
        return rc;
    if (!p->at.current)
        return err_set(e, -EINVAL,
                       "%s was not synced with --publish atomic: there is nothing to go back to",
                       p->at.path);
    rc = store_open(p, e);
    return rc < 0 ? rc : store_lock(p, e);
}

int release_rollback(const char *target, struct err *e)
{
    struct release p;
    char *version = NULL;
    release_init(&p);
    int rc = open_store(&p, target, e);
    if (rc == 0)
        rc = find_previous(&p, &version, e);
    if (rc == 0)
        rc = store_prepare(&p, version, e);
    if (rc == 0)
        rc = store_switch(&p, version, e);
    if (rc == 0)
        forget_place(&p);
    if (p.lock_fd >= 0)
        (void)store_settle(&p, NULL);
    mem_free(version);
    release_close(&p, true);
    return rc;
}
