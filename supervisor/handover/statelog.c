#include "handover/statelog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

enum {
    STATELOG_FRONT = 8 * 1024,
    STATELOG_ROOM = 64 * 1024,  /* of a new file; it doubles */
    STATELOG_SLACK = 64 * 1024, /* outdated lines that are not worth a rewrite */
    STATELOG_FACTOR = 4,        /* how much longer than its beginning it may be */
};
static const char statelog_magic[8] = "mstlog1";

/* We may end between any two instructions: the atomics keep the stores in order. */
struct statelog_front {
    char magic[8];
    _Atomic uint64_t generation; /* 0: it does not hold; of two that do, the greater one does */
    _Atomic uint64_t length;     /* of the text behind this */
    _Atomic uint64_t held[STATELOG_HELD];
};
_Static_assert(sizeof(struct statelog_front) <= STATELOG_FRONT, "the front has no room");

static char *half_text(const struct statelog_half *h)
{
    return (char *)h->map + STATELOG_FRONT;
}

/* --- Room ---------------------------------------------------------------------------------- */

static int half_map(struct statelog_half *h, size_t room)
{
    void *map = h->map ? mremap(h->map, h->room, room, MREMAP_MAYMOVE)
                       : mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_SHARED, h->fd, 0);
    if (map == MAP_FAILED)
        return -errno;
    h->map = map;
    h->room = room;
    return 0;
}

/* Room that is there, so that no store into it can fail. */
static int half_grow(struct statelog_half *h, size_t len)
{
    size_t room = h->room ? h->room : STATELOG_ROOM;
    while (room - STATELOG_FRONT < len)
        room *= 2;
    if (h->map && room == h->room)
        return 0;
    return fallocate(h->fd, 0, 0, (off_t)room) < 0 ? -errno : half_map(h, room);
}

static int half_new(struct statelog_half *h)
{
    h->fd = memfd_create("mainstay-state", MFD_CLOEXEC);
    int rc = h->fd < 0 ? -errno : half_grow(h, 0);
    if (rc == 0)
        memcpy(h->map->magic, statelog_magic, sizeof statelog_magic);
    return rc;
}

/* One that died before it had written the magic left zeros: it does not hold. */
static int half_old(struct statelog_half *h, int fd)
{
    static const char nothing[sizeof statelog_magic];
    struct stat st;
    h->fd = fd;
    if (fstat(fd, &st) < 0 || st.st_size < STATELOG_ROOM)
        return -EINVAL;
    int rc = half_map(h, (size_t)st.st_size);
    if (rc < 0 || !h->map)
        return rc < 0 ? rc : -EINVAL;
    if (memcmp(h->map->magic, nothing, sizeof nothing) == 0)
        memcpy(h->map->magic, statelog_magic, sizeof statelog_magic);
    bool whole = h->map->length <= h->room - STATELOG_FRONT;
    return whole && memcmp(h->map->magic, statelog_magic, sizeof nothing) == 0 ? 0 : -EINVAL;
}

/* --- Life ---------------------------------------------------------------------------------- */

int statelog_open(struct statelog *l, const int fds[2], struct err *e)
{
    int rc = 0;
    uint64_t newest = 0;
    *l = (struct statelog){.halves = {{.fd = -1}, {.fd = -1}}, .current = -1};
    for (int i = 0; i < 2; i++) {
        int one = fds[i] >= 0 ? half_old(&l->halves[i], fds[i]) : half_new(&l->halves[i]);
        rc = rc == 0 ? one : rc;
    }
    if (rc < 0) {
        statelog_close(l);
        return rc == -EINVAL ? err_set(e, rc, "the state that was kept is of another version")
                             : err_set(e, rc, "no memory to keep the state in: %s", strerror(-rc));
    }
    for (int i = 0; i < 2; i++) {
        if (l->halves[i].map->generation > newest) {
            newest = l->halves[i].map->generation;
            l->current = i;
            l->whole = l->halves[i].map->length;
        }
    }
    return 0;
}

void statelog_close(struct statelog *l)
{
    for (int i = 0; i < 2; i++) {
        if (l->halves[i].map)
            (void)munmap(l->halves[i].map, l->halves[i].room);
        fd_close(&l->halves[i].fd);
        l->halves[i] = (struct statelog_half){.fd = -1};
    }
    l->current = -1;
}

bool statelog_text(const struct statelog *l, const char **text, size_t *len)
{
    if (l->current < 0)
        return false;
    *text = half_text(&l->halves[l->current]);
    *len = l->halves[l->current].map->length;
    return true;
}

int statelog_append(struct statelog *l, const char *text, size_t len)
{
    struct statelog_half *h = &l->halves[l->current];
    size_t used = h->map->length;
    int rc = half_grow(h, used + len);
    if (rc < 0)
        return rc;
    memcpy(half_text(h) + used, text, len);
    h->map->length = used + len;
    return 0;
}

int statelog_rewrite(struct statelog *l, const char *text, size_t len)
{
    int other = l->current == 0;
    struct statelog_half *h = &l->halves[other];
    uint64_t generation = l->current < 0 ? 0 : l->halves[l->current].map->generation;
    h->map->generation = 0;
    int rc = half_grow(h, len);
    if (rc < 0)
        return rc;
    memcpy(half_text(h), text, len);
    h->map->length = len;
    for (size_t i = 0; i < STATELOG_HELD; i++)
        h->map->held[i] = l->current < 0 ? 0 : l->halves[l->current].map->held[i];
    h->map->generation = generation + 1;
    l->current = other;
    l->whole = len;
    return 0;
}

bool statelog_is_long(const struct statelog *l)
{
    size_t used = l->current < 0 ? 0 : l->halves[l->current].map->length;
    return used > l->whole * STATELOG_FACTOR + STATELOG_SLACK;
}

/* The older one first: as long as one holds, it is the one that holds. */
void statelog_end(struct statelog *l)
{
    if (l->current < 0)
        return;
    l->halves[1 - l->current].map->generation = 0;
    l->halves[l->current].map->generation = 0;
    l->current = -1;
}

/* --- Who is held --------------------------------------------------------------------------- */

/* linear: those that wait are few, and searched for twice in the life of a process */
static _Atomic uint64_t *statelog_find(const struct statelog *l, uint64_t number)
{
    for (size_t i = 0; l->current >= 0 && i < STATELOG_HELD; i++) {
        if (l->halves[l->current].map->held[i] == number)
            return &l->halves[l->current].map->held[i];
    }
    return NULL;
}

void statelog_hold(struct statelog *l, uint64_t number)
{
    _Atomic uint64_t *place = statelog_find(l, 0);
    if (place)
        *place = number;
}

void statelog_let_go(struct statelog *l, uint64_t number)
{
    _Atomic uint64_t *place = statelog_find(l, number);
    if (place)
        *place = 0;
}

bool statelog_holds(const struct statelog *l, uint64_t number)
{
    return statelog_find(l, number) != NULL;
}
