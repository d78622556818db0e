/*
 * The daemon's own log, in Supervisor's line format:
 *     2026-11-21 05:26:38,205 INFO spawned: 'api' with pid 4711
 * (local time, comma before the milliseconds). One line is one call; where it goes is the
 * writer's business: standard error until log_set_writer says otherwise.
 *
 * Pure modules never log; the place that decides logs, once. Secrets never come here.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stddef.h>

/* Supervisor's levels and their numbers. */
enum log_level {
    LOG_LEVEL_BLATHER = 3,
    LOG_LEVEL_TRACE = 5,
    LOG_LEVEL_DEBUG = 10,
    LOG_LEVEL_INFO = 20,
    LOG_LEVEL_WARN = 30,
    LOG_LEVEL_ERROR = 40,
    LOG_LEVEL_CRITICAL = 50,
};

/* Takes one whole line with its newline. */
typedef void log_writer(void *ctx, enum log_level level, const char *line, size_t len);

void log_set_writer(log_writer *write, void *ctx); /* NULL: standard error */
void log_set_level(enum log_level level);          /* less important lines are dropped */
enum log_level log_get_level(void);

void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same for a text of any length that may hold anything, newlines and NUL too. */
void log_text(enum log_level level, const char *text, size_t len);

void log_raw(const char *lines, size_t len); /* whole lines that were made before */

#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warn(...) log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_critical(...) log_line(LOG_LEVEL_CRITICAL, __VA_ARGS__)

#endif
