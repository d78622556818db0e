#include "output/flight.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

enum {
    FLIGHT_FRONT = 16 * 1024, /* before the chunk */
    FLIGHT_ROOM = FLIGHT_FRONT + FLIGHT_CHUNK,
    FLIGHT_NOTES = 512, /* streams that are in the middle of a sequence or tag, at one time */
};
static const char flight_magic[8] = "mstfly1";

enum flight_stage { FLIGHT_NONE, FLIGHT_TAKING };

/* A write to a log: the text from `at` on, `len` bytes of it, to a file that was `size` long. */
struct flight_slot {
    uint64_t dev, ino, size, at, len;
};

struct flight_note {
    _Atomic uint64_t id; /* 0: free */
    _Atomic uint32_t state;
};

/*
 * We may end between any two instructions, and whoever comes then sees the stores before it, in
 * the order of the program: that is what the atomics are for, there is one thread.
 */
struct flight_map {
    char magic[8];
    _Atomic uint32_t stage;
    _Atomic uint32_t slot; /* which of the two holds */
    uint64_t id;
    uint32_t state; /* before the chunk */
    struct flight_slot slots[2];
    struct flight_note notes[FLIGHT_NOTES];
};
_Static_assert(sizeof(struct flight_map) <= FLIGHT_FRONT, "the front has no room");

static const char *flight_data(const struct flight *f)
{
    return (const char *)f->map + FLIGHT_FRONT;
}

/* --- Life ---------------------------------------------------------------------------------- */

static int flight_make(struct err *e)
{
    int fd = memfd_create("mainstay-flight", MFD_CLOEXEC);
    if (fd >= 0 && fallocate(fd, 0, 0, FLIGHT_ROOM) == 0)
        return fd;
    int rc = err_set(e, -errno, "cannot make room for output on its way: %s", strerror(errno));
    fd_close(&fd);
    return rc;
}

int flight_open(struct flight *f, int fd, struct err *e)
{
    struct stat st;
    bool fresh = fd < 0;
    int rc = 0;
    *f = (struct flight){.fd = fresh ? flight_make(e) : fd};
    if (f->fd < 0)
        return f->fd;
    if (fstat(f->fd, &st) < 0 || st.st_size != FLIGHT_ROOM)
        rc = err_set(e, -EINVAL, "the output that was on its way is of another version");
    void *map = rc == 0 ? mmap(NULL, FLIGHT_ROOM, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd, 0)
                        : MAP_FAILED;
    if (rc == 0 && map == MAP_FAILED)
        rc = err_set(e, -errno, "cannot map output on its way: %s", strerror(errno));
    if (rc == 0)
        f->map = map;
    if (rc == 0 && fresh)
        memcpy(f->map->magic, flight_magic, sizeof flight_magic);
    else if (rc == 0 && memcmp(f->map->magic, flight_magic, sizeof flight_magic) != 0)
        rc = err_set(e, -EINVAL, "the output that was on its way is of another version");
    if (rc < 0)
        flight_close(f);
    return rc;
}

void flight_close(struct flight *f)
{
    if (f->map)
        (void)munmap(f->map, FLIGHT_ROOM);
    f->map = NULL;
    fd_close(&f->fd);
}

/* --- What a stream remembers --------------------------------------------------------------- */

/* linear: but it is looked into only for a stream that is, or was, in the middle of something */
static struct flight_note *flight_find(const struct flight *f, uint64_t id)
{
    for (size_t i = 0; i < FLIGHT_NOTES; i++) {
        if (f->map->notes[i].id == id)
            return &f->map->notes[i];
    }
    return NULL;
}

uint32_t flight_state(const struct flight *f, uint64_t id)
{
    const struct flight_note *note = flight_find(f, id);
    return note ? note->state : 0;
}

void flight_forget(struct flight *f, uint64_t id)
{
    struct flight_note *note = flight_find(f, id);
    if (note)
        note->id = 0;
}

/* With no note free it is forgotten: half a sequence may then show in a log after a crash. */
static void flight_remember(struct flight *f, uint64_t id, uint32_t state)
{
    struct flight_note *note = flight_find(f, id);
    if (!note)
        note = flight_find(f, 0);
    if (!note)
        return;
    note->state = state;
    note->id = id;
}

/* --- A chunk ------------------------------------------------------------------------------- */

static void flight_begin_chunk(struct flight *f)
{
    f->taking = true;
    f->resuming = false;
    f->at = 0;
}

ssize_t flight_take(struct flight *f, uint64_t id, uint32_t state, int from, size_t max,
                    const char **data)
{
    struct flight_map *map = f->map;
    if (lseek(f->fd, FLIGHT_FRONT, SEEK_SET) < 0)
        return -errno;
    map->id = id;
    map->state = state;
    map->slots[0] = (struct flight_slot){0};
    map->slot = 0;
    map->stage = FLIGHT_TAKING;
    ssize_t n =
        splice(from, NULL, f->fd, NULL, max < FLIGHT_CHUNK ? max : FLIGHT_CHUNK, SPLICE_F_NONBLOCK);
    if (n <= 0) {
        n = n < 0 ? -errno : 0;
        map->stage = FLIGHT_NONE;
        return n;
    }
    flight_begin_chunk(f);
    *data = flight_data(f);
    return n;
}

void flight_done(struct flight *f, uint32_t state)
{
    struct flight_map *map = f->map;
    if (!f->taking)
        return;
    f->taking = false;
    if (state != 0)
        flight_remember(f, map->id, state);
    else if (map->state != 0)
        flight_forget(f, map->id);
    map->stage = FLIGHT_NONE;
}

/* From here on the write counts: the other slot is filled in, then it is the one that holds. */
static void flight_note_write(struct flight *f, const struct stat *st, uint64_t at, size_t len)
{
    uint32_t other = 1 - f->map->slot;
    f->map->slots[other] = (struct flight_slot){
        .dev = st->st_dev, .ino = st->st_ino, .size = (uint64_t)st->st_size, .at = at, .len = len};
    f->map->slot = other;
}

/* --- After a crash ------------------------------------------------------------------------- */

/* The file from `from` on, to be searched. A log that grew by more has seen more than a chunk.
 * NULL: it cannot be read, because it or the way to it is somebody else's. */
static char *flight_read_log(int fd, uint64_t from, size_t max, size_t *len)
{
    char path[32];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int in = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (in < 0)
        return NULL;
    char *text = mem_alloc(max + 1);
    ssize_t n = pread(in, text, max, (off_t)from);
    *len = n > 0 ? (size_t)n : 0;
    fd_close(&in);
    return text;
}

/*
 * How many of the `len` bytes at `data`, which were being written when it happened, the log
 * holds. Others may append to it as well: then what counts is whether the whole is there.
 */
static size_t flight_landed(int fd, const struct flight_slot *slot, const char *data, size_t len)
{
    struct stat st;
    size_t there;
    if (fstat(fd, &st) < 0 || st.st_dev != slot->dev || st.st_ino != slot->ino)
        return len; /* rotated, which comes after the write */
    if ((uint64_t)st.st_size < slot->size)
        return len; /* truncated: that is how a log without backups is rotated */
    char *log = flight_read_log(fd, slot->size, len + FLIGHT_CHUNK, &there);
    if (!log) { /* then its length has to do */
        uint64_t grown = (uint64_t)st.st_size - slot->size;
        return grown < len ? (size_t)grown : len;
    }
    size_t n = there < len ? there : len;
    if (memcmp(log, data, n) != 0)
        n = there >= len && memmem(log, there, data, len) ? len : 0;
    mem_free(log);
    return n;
}

/* Of a text that begins at f->at. */
static size_t flight_skip(struct flight *f, int fd, const char *data, size_t len)
{
    const struct flight_slot *slot = &f->map->slots[f->map->slot];
    if (slot->at >= f->at + len && slot->len > 0)
        return len; /* a later one was written: this one is there */
    size_t before = slot->at > f->at ? (size_t)(slot->at - f->at) : 0;
    size_t rest = len - before;
    f->resuming = false; /* what comes after this one was never begun */
    if (slot->len < rest)
        rest = (size_t)slot->len;
    return before + (rest > 0 ? flight_landed(fd, slot, data + before, rest) : 0);
}

size_t flight_begin(struct flight *f, int fd, const char *data, size_t len)
{
    struct stat st;
    if (!f->taking)
        return 0;
    size_t skip = f->resuming ? flight_skip(f, fd, data, len) : 0;
    if (skip < len && fstat(fd, &st) == 0)
        flight_note_write(f, &st, f->at + skip, len - skip);
    f->at += len;
    return skip;
}

size_t flight_left(struct flight *f, uint64_t *id, uint32_t *state, const char **data)
{
    struct flight_map *map = f->map;
    if (map->stage != FLIGHT_TAKING)
        return 0;
    off_t at = lseek(f->fd, 0, SEEK_CUR);
    if (at <= FLIGHT_FRONT || at > FLIGHT_ROOM) {
        map->stage = FLIGHT_NONE;
        return 0;
    }
    flight_begin_chunk(f);
    f->resuming = true;
    *id = map->id;
    *state = map->state;
    *data = flight_data(f);
    return (size_t)(at - FLIGHT_FRONT);
}
