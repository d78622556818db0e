/*
 * The bytes that are on their way from a pipe to a log, kept where our own death cannot reach:
 * in a memory file that somebody else holds too (handover/keeper.h). One chunk at a time.
 *
 * splice(2) moves bytes out of the pipe and into the file in one system call, and the position
 * of the open file says how many: they are in the pipe or here, never nowhere. Before each write
 * to a log the file's identity and size are noted, so that whoever comes after us sees from the
 * file how much of the chunk it holds, and writes the rest: no byte is lost, none is doubled.
 *
 * Also here: what a stream remembers between two chunks (half an escape sequence, half a tag).
 * Not here: messages of capture mode; one that is in progress is lost with its daemon.
 */
#ifndef OUTPUT_FLIGHT_H
#define OUTPUT_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum { FLIGHT_CHUNK = 128 * 1024 };

struct flight_map;

struct flight {
    int fd;                 /* owned */
    struct flight_map *map; /* the same memory */
    bool taking;            /* a chunk is under way */
    bool resuming;          /* it is one that a daemon before us has left */
    uint64_t at;            /* bytes of its text that were handed to flight_begin so far */
};

/* Which stream: the start of a process (child.serial) and which of its two. */
static inline uint64_t flight_id(uint64_t serial, bool is_err)
{
    return serial * 2 + is_err;
}

/* `fd`: that of a daemon before us, taken also on failure; -1: a new one. */
int flight_open(struct flight *f, int fd, struct err *e);
void flight_close(struct flight *f);

/*
 * Takes at most `max` bytes from the pipe `from`; `state` is what the stream `id` remembers of
 * the chunks before. As read(2): how many, 0 at the end of the pipe, -errno. They are at *data
 * until flight_done.
 */
ssize_t flight_take(struct flight *f, uint64_t id, uint32_t state, int from, size_t max,
                    const char **data);

/*
 * The text `data` is to be written to the log `fd`, a regular file: returns how many of its first
 * bytes are there already, which is 0 but after a crash. What flight_begin was not told of goes
 * unnoticed.
 */
size_t flight_begin(struct flight *f, int fd, const char *data, size_t len);

/* All of the chunk is where it belongs; `state` is what the stream remembers from now on. */
void flight_done(struct flight *f, uint32_t state);

/*
 * The chunk that a daemon before us had not done: 0 when there is none. Then *id says whose it
 * is, *state what that stream remembered before it. Delivered again in the same order, as if it
 * were just taken, it is completed; flight_done ends it. */
size_t flight_left(struct flight *f, uint64_t *id, uint32_t *state, const char **data);

/* What the stream remembers now; and that there is no such stream any more. */
uint32_t flight_state(const struct flight *f, uint64_t id);
void flight_forget(struct flight *f, uint64_t id);

#endif
