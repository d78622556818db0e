/* What a reader sees of a folder of generations: sync_gen.h. */
#ifndef TEST_UNIT_SYNC_GEN_READ_H
#define TEST_UNIT_SYNC_GEN_READ_H

#include "sync_gen.h"

static bool gen_read(int folder, const char *path, char *text, size_t size)
{
    int fd = openat(folder, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);
    text[n > 0 ? n : 0] = '\0';
    fd_close(&fd);
    return n >= 0;
}

/*
 * The generation that a folder holds, whole and nothing but it; -1: it is a mixture, and why is
 * said; -2: it vanished meanwhile. *own: the user's files are there, too.
 */
static inline int gen_check(int folder, bool *own)
{
    char text[64];
    struct gen g;
    if (!gen_read(folder, "generation", text, sizeof text))
        return -2;
    int number = (int)strtol(text, NULL, 10);
    gen_make(&g, number);
    for (size_t i = 0; i < g.count; i++) {
        if (!gen_read(folder, g.files[i].path, text, sizeof text))
            return -2;
        if (strcmp(text, g.files[i].text) != 0) {
            (void)fprintf(stderr, "# generation %d: %s holds '%s', not '%s'\n", number,
                          g.files[i].path, text, g.files[i].text);
            return -1;
        }
    }
    struct walk_entry file;
    struct err e;
    struct scan *s = scan_new(folder, &(struct scan_options){.reserved = RELEASE_RESERVED});
    *own = false;
    while (scan_next(s, &file, &e) > 0) {
        *own = *own || strcmp(file.path, "own/notes") == 0;
        if (file.type == S_IFDIR || gen_find(&g, file.path) || strncmp(file.path, "own", 3) == 0)
            continue;
        (void)fprintf(stderr, "# generation %d: %s does not belong to it\n", number, file.path);
        number = -1;
    }
    scan_free(s);
    return number;
}

static inline int gen_shown(const char *target, bool *own)
{
    int fd = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int number = fd < 0 ? -3 : gen_check(fd, own);
    fd_close(&fd);
    return number;
}

#endif
