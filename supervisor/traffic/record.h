/*
 * What one line of an access log says: the fields that were asked for, as pieces of the line, and
 * those that are numbers as numbers. Made by format_read, counted by tally_add; valid until the
 * next line is read.
 */
#ifndef TRAFFIC_RECORD_H
#define TRAFFIC_RECORD_H

#include <stddef.h>
#include <stdint.h>

/* A piece of text that somebody else owns; not terminated by NUL. */
struct span {
    const char *text;
    size_t len;
};

enum field {
    FIELD_ADDR,   /* the client; of a list of proxies ($http_x_forwarded_for) the first */
    FIELD_USER,   /* $remote_user; whatever the client wrote */
    FIELD_TIME,   /* record.when */
    FIELD_METHOD, /* as the client wrote it: also "get" */
    FIELD_PATH,   /* begins with '/', ends before '?' and '#'; otherwise as the log has it */
    FIELD_STATUS, /* record.status */
    FIELD_BYTES,  /* record.bytes; bodies where the log has them, else the whole answers */
    FIELD_REFERRER,
    FIELD_AGENT,
    FIELD_HOST,
    FIELD_LATENCY, /* record.latency_us: $request_time */
    FIELD_COUNT,
};

#define FIELD_BIT(field) (1U << (field))
#define FIELD_ALL (FIELD_BIT(FIELD_COUNT) - 1)

/* When a line was written. The day and the hour are those of the line's own zone. */
struct moment {
    int64_t epoch; /* seconds since 1970, UTC */
    int32_t day;   /* days since 1970-01-01 of the date as it is written */
    int16_t hour;  /* 0 to 23, as it is written */
};

/*
 * `have` has the bit of each field that is in the line and was wanted (format_want). "-" and "" are
 * fields that are not there, as nginx writes them. A request without a path ("", `OPTIONS *`, TLS
 * to a plain port, one that was cut) is a record without FIELD_PATH, and counts as a request.
 */
struct record {
    unsigned have;
    int status; /* 0 to 999: nginx writes 000 and 009, too */
    uint64_t bytes;
    uint64_t latency_us;
    struct moment when;
    struct span field[FIELD_COUNT]; /* also of the numbers: the text that they were read from */
};

/* What became of a line. All but the first are malformed: counted by kind, and nothing else. */
enum line_kind {
    LINE_OK,
    LINE_EMPTY,  /* without a byte */
    LINE_CUT,    /* it ends before the format does: half written */
    LINE_BINARY, /* holds NUL or other control bytes, and does not fit the format */
    LINE_TIME,   /* fits, but its time is none: 31 February, hour 25 */
    LINE_OTHER,  /* does not fit the format */
    LINE_LONG,   /* above SCAN_LINE_MAX (scan.too_long); format_read does not say this */
    LINE_KINDS,
};

/* "empty", "cut", "binary", "time", "other", "long": as reports name them; "ok" for LINE_OK. */
const char *line_kind_name(enum line_kind kind);

#endif
