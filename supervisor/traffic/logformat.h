/*
 * Goes when main.c reads lines by format.h.
 *
 * One line of an access log as nginx writes it: `... [$time_local] "$request" $status ...`, with
 * any quoted fields, such as "$host", between the time and the request. Pure.
 *
 * Understands nginx's default escaping (\x22) and that of Apache, gunicorn and escape=json (\").
 * Nothing is unescaped or percent-decoded: a path is compared as it was logged.
 */
#ifndef TRAFFIC_LOGFORMAT_H
#define TRAFFIC_LOGFORMAT_H

#include <stddef.h>

#include "traffic/record.h"

enum { LOGFORMAT_DAY_LEN = 11 }; /* "21/Nov/2026" */

enum logformat_kind {
    LINE_PATH,       /* a request of that day for a path */
    LINE_NO_PATH,    /* of that day, but without one: "", `OPTIONS *`, TLS to a plain port, cut */
    LINE_OTHER_DAY,  /* a request of another day */
    LINE_UNREADABLE, /* no line of such a log */
};

/*
 * Reads one line (without its newline). `day` holds LOGFORMAT_DAY_LEN bytes. Writes *path, which
 * begins with '/' and ends before the query string, for LINE_PATH only.
 */
enum logformat_kind logformat_read(const char *line, size_t len, const char *day,
                                   struct span *path);

/* Writes the day as $time_local has it, English whatever the locale. month 1 to 12. */
void logformat_day(int year, int month, int mday, char day[LOGFORMAT_DAY_LEN + 1]);

#endif
