/* Objects that come to a target of writing.h, whole or part by part. */
#ifndef TEST_UNIT_ARRIVING_H
#define TEST_UNIT_ARRIVING_H

#include "writing.h"

/* Bytes of an object, the same from wherever they are asked for: offset is a multiple of 8. */
static inline void writing_bytes(uint32_t seed, int64_t offset, char *data, size_t len)
{
    for (size_t i = 0; i < len; i += sizeof(uint64_t)) {
        const uint64_t x = ((uint64_t)offset + i + seed) * 0x9e3779b97f4a7c15;
        const uint64_t word = x ^ x >> 29;
        memcpy(data + i, &word, len - i < sizeof word ? len - i : sizeof word);
    }
}

static inline struct arrival *writing_file(struct writing *w, size_t i, const char *path,
                                           int64_t size)
{
    struct arrival *a = &w->files[i];
    memset(a, 0, sizeof *a);
    (void)snprintf(a->path, sizeof a->path, "%s", path);
    a->seed = (uint32_t)i + 1;
    a->rc = a->opened = 1;
    a->file = (struct writer_file){.path = a->path,
                                   .size = size,
                                   .mtime = WRITING_TIME,
                                   .etag = a->etag,
                                   .ctx = w,
                                   .on_open = writing_on_open,
                                   .on_done = writing_on_done};
    return a;
}

static inline struct chunk *writing_chunk(struct writing *w)
{
    struct chunk *c = NULL;
    while (!(c = writer_chunk(w->writer)))
        writing_turn(w);
    return c;
}

static inline void writing_put(struct writing *w, struct arrival *a)
{
    struct chunk *c = writing_chunk(w);
    c->len = (size_t)a->file.size;
    writing_bytes(a->seed, 0, c->data, c->len);
    writer_put(w->writer, &a->file, c);
}

static inline int writing_open(struct writing *w, struct arrival *a)
{
    writer_open(w->writer, &a->file);
    while (a->opened > 0)
        writing_turn(w);
    return a->opened;
}

/* The chunks of a part from `from` on, and that it is whole unless only `len` bytes came. */
static inline void writing_part(struct writing *w, struct arrival *a, size_t part, int64_t len)
{
    const int64_t begin = (int64_t)part * WRITER_PART;
    const int64_t left = a->file.size - begin;
    const int64_t all = left < WRITER_PART ? left : WRITER_PART;
    for (int64_t at = 0; at < (len < all ? len : all); at += WRITER_CHUNK) {
        struct chunk *c = writing_chunk(w);
        c->offset = begin + at;
        c->len = (size_t)(all - at < WRITER_CHUNK ? all - at : WRITER_CHUNK);
        writing_bytes(a->seed, c->offset, c->data, c->len);
        writer_write(w->writer, &a->file, c);
    }
    if (len >= all)
        writer_part(w->writer, &a->file, part);
}

static inline int writing_wait(struct writing *w, struct arrival *a)
{
    while (a->rc > 0)
        writing_turn(w);
    return a->rc;
}

#endif
