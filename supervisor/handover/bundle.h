/*
 * Several descriptors as one: a socket with a message in it that nobody reads, only looks at.
 * So systemd has to keep one descriptor for each child, they come and go together, and the bundle
 * need not be made anew after they were taken out of it.
 */
#ifndef HANDOVER_BUNDLE_H
#define HANDOVER_BUNDLE_H

enum { BUNDLE_MAX = 8 };

struct bundle {
    char roles[BUNDLE_MAX + 1]; /* one letter for each, which says what it is */
    int fds[BUNDLE_MAX];        /* -1: taken */
};

/* Those of b's descriptors that are not -1, which are borrowed; the new socket, or -errno. */
int bundle_make(const struct bundle *b);

/* Copies of what is in `fd` (borrowed), close-on-exec. 0 or -errno. */
int bundle_look(struct bundle *b, int fd);
int bundle_take(struct bundle *b, char role); /* the caller's from now on; -1: it is not there */
void bundle_close(struct bundle *b);          /* what was not taken */

#endif
