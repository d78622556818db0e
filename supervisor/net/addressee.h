/*
 * One addressee: what waits for it, and the attempt that runs. Attempts are made one after the
 * other, in order, after ever longer pauses while they fail; a text goes when it was delivered, or
 * refused for good.
 */
#ifndef NET_ADDRESSEE_H
#define NET_ADDRESSEE_H

#include "net/answer.h"
#include "net/errand.h"
#include "net/note.h"
#include "net/outbox.h"
#include "net/request.h"
#include "net/setup.h"

struct addressee {
    const struct setup *setup; /* borrowed, as all but the spool */
    const struct note_about *about;
    struct requests *requests;
    const char *job; /* of a dead man's switch: a GET of `job_url`, and only the newest */
    const char *job_url;
    char *folder; /* owned; where the outbox is, or should be; NULL: in memory */
    struct outbox outbox;
    struct request request;
    struct errand errand;
    bool sends;       /* the oldest text is under way */
    uint64_t worth;   /* how many messages it stands for */
    uint64_t sent;    /* how many were delivered */
    unsigned failed;  /* attempts since something was delivered */
    int64_t due;      /* clock_now: not before */
    bool memory_told; /* that the spool's folder cannot be used */
};

/* Logs what is wrong with the spool, and works without. `folder` becomes the addressee's. */
void addressee_open(struct addressee *a, size_t limit, char *folder);
void addressee_close(struct addressee *a);

void addressee_add(struct addressee *a, const json_t *note);

/* Begins what is due, ends what has ended; -1, or when it is to be called again at the latest. */
int64_t addressee_turn(struct addressee *a, int64_t now);

bool addressee_rests(const struct addressee *a, int64_t now); /* nothing runs, and nothing is due */

#endif
