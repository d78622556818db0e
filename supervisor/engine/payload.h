/*
 * What an event listener reads: one line of headers and a payload, as Supervisor writes them.
 * Pure text from values.
 */
#ifndef ENGINE_PAYLOAD_H
#define ENGINE_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "config/eventtype.h"
#include "event/event.h"

struct payload_head {
    const char *server; /* the daemon's identifier, verbatim */
    uint64_t serial;    /* of the event, the same in every pool */
    const char *pool;
    uint64_t pool_serial;
    enum eventtype type;
    size_t points; /* of the payload */
};

/* Which of the types an event is; EVENTTYPES: none, listeners do not hear of it. */
enum eventtype payload_type(const struct event *ev);

/* Appends the payload of an event that has a type. */
void payload_write(const struct event *ev, struct buf *out);

/* Appends the line in front of it: "ver:3.0 server:supervisor serial:0 ... len:58\n". */
void payload_write_head(const struct payload_head *h, struct buf *out);

/* Characters, as Supervisor counts them: code points, not bytes. */
size_t payload_points(const char *text, size_t len);

/* Appends bytes as text: UTF-8 as it is, all else as Python shows it: "Undecodable: b'\xe9'". */
void payload_write_text(const char *data, size_t len, struct buf *out);

#endif
