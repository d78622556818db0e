/*
 * What an event listener reads: a line of headers, and behind it a payload of so many characters,
 * in whatever pieces they come. Pure.
 */
#ifndef NET_INTAKE_H
#define NET_INTAKE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum {
    INTAKE_HEAD_MAX = 64 * 1024, /* bytes of a line of headers; a longer one breaks the feed */
    INTAKE_TEXT_MAX = 64 * 1024, /* bytes of a payload that are kept; the rest is cut off */
    INTAKE_CHAR_MAX = 4,         /* bytes of a character */
};

enum intake_news {
    INTAKE_NOTHING, /* all bytes were taken, more are needed */
    INTAKE_EVENT,   /* head and text hold one event, until the next call */
    INTAKE_BROKEN,  /* these are no headers: nobody knows where the next ones begin */
};

struct intake {
    struct buf head;            /* owned; the line without its end */
    struct buf text;            /* owned; the payload */
    size_t left;                /* characters of it that are still to come */
    char part[INTAKE_CHAR_MAX]; /* the beginning of a character */
    size_t part_len;
    bool in_text;
    bool cut;  /* there was more of the payload */
    bool told; /* the event was handed out */
};

/* Takes bytes up to the end of one event: call it until it says INTAKE_NOTHING. */
enum intake_news intake_take(struct intake *in, const char **data, size_t *len);
void intake_close(struct intake *in);

/* A word of a line such as "processname:web groupname:web pid:7"; text NULL: it is not there. */
struct field {
    const char *text;
    size_t len;
};

/* Behind the last "key:" that begins a word: what stands before may hold whatever it likes. */
struct field field_get(const char *line, size_t len, const char *key);
bool field_is(struct field f, const char *text);

#endif
