#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"

/* The one piece of global state: a log line can come from anywhere, and there is one log. */
static struct {
    log_writer *write;
    void *ctx;
    enum log_level level;
} the_log = {.level = LOG_LEVEL_INFO};

static const char *log_level_word(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_BLATHER:
        return "BLAT";
    case LOG_LEVEL_TRACE:
        return "TRAC";
    case LOG_LEVEL_DEBUG:
        return "DEBG";
    case LOG_LEVEL_INFO:
        return "INFO";
    case LOG_LEVEL_WARN:
        return "WARN";
    case LOG_LEVEL_ERROR:
        return "ERRO";
    case LOG_LEVEL_CRITICAL:
        return "CRIT";
    }
    return "INFO";
}

void log_set_writer(log_writer *write, void *ctx)
{
    the_log.write = write;
    the_log.ctx = ctx;
}

void log_set_level(enum log_level level)
{
    the_log.level = level;
}

enum log_level log_get_level(void)
{
    return the_log.level;
}

static size_t log_head(char *line, size_t size, enum log_level level)
{
    struct timespec ts;
    struct tm tm;
    (void)clock_gettime(CLOCK_REALTIME, &ts);
    (void)localtime_r(&ts.tv_sec, &tm);
    size_t n = strftime(line, size, "%Y-%m-%d %H:%M:%S", &tm);
    int more =
        snprintf(line + n, size - n, ",%03ld %s ", ts.tv_nsec / 1000000, log_level_word(level));
    return n + (size_t)more;
}

void log_raw(const char *lines, size_t len)
{
    if (the_log.write)
        the_log.write(the_log.ctx, LOG_LEVEL_INFO, lines, len);
    else
        (void)fd_write_all(STDERR_FILENO, lines, len);
}

void log_text(enum log_level level, const char *text, size_t len)
{
    char head[64];
    struct buf line = BUF_EMPTY;
    if (level < the_log.level)
        return;
    buf_append(&line, head, log_head(head, sizeof head, level));
    buf_append(&line, text, len);
    buf_char(&line, '\n');
    if (the_log.write)
        the_log.write(the_log.ctx, level, line.data, line.len);
    else
        (void)fd_write_all(STDERR_FILENO, line.data, line.len);
    buf_close(&line);
}

void log_line(enum log_level level, const char *fmt, ...)
{
    char line[8192];
    if (level < the_log.level)
        return;
    size_t n = log_head(line, sizeof line, level);
    va_list ap;
    va_start(ap, fmt);
    int more = vsnprintf(line + n, sizeof line - n - 1, fmt, ap);
    va_end(ap);
    if (more < 0)
        return;
    n = n + (size_t)more < sizeof line - 2 ? n + (size_t)more : sizeof line - 2;
    line[n++] = '\n';
    if (the_log.write)
        the_log.write(the_log.ctx, level, line, n);
    else
        (void)fd_write_all(STDERR_FILENO, line, n);
}
