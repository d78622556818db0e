/*
 * What is told: one event as JSON, the way it waits on disk, and the texts that are made of it for
 * whoever is told. Pure.
 */
#ifndef NET_NOTE_H
#define NET_NOTE_H

#include <jansson.h>
#include <stdint.h>

#include "net/quiet.h"
#include "net/words.h"

enum note_format { NOTE_JSON, NOTE_SLACK, NOTE_TEXT };

/* What every note of a program says, too. */
struct note_about {
    const char *host;
    const char *notify; /* x of [notify:x] */
};

/* A new reference each. `when` is in ms since 1970. */
json_t *note_new(const struct note_about *about, const struct told *t, int64_t when);
/* That something has happened again, so often since it was told. */
json_t *note_again(const struct note_about *about, const struct quiet_entry *entry, int64_t when);
/* That notes were lost. */
json_t *note_lost(const struct note_about *about, uint64_t count, int64_t when);

/* Appends what is sent: the JSON itself, {"text": ...} as Slack reads it, or lines for people. */
void note_write(const json_t *note, enum note_format format, struct buf *out);

/* "box: web has given up: ...", on one line. */
void note_subject(const json_t *note, struct buf *out);

/* The text of a member, "" when it has none. Borrowed. */
const char *note_text(const json_t *note, const char *member);

#endif
