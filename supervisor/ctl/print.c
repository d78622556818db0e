#include "ctl/print.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/xml.h"
#include "control/namespec.h"

enum { COLUMNS_WIDTH = 79, STATUS_NAME_MIN = 30, JOB_STATE_MIN = 9 };

/* What a terminal would obey: C0 but for tab and line feed, DEL, C1, and what is no UTF-8. */
static bool is_control(const char *at, size_t len)
{
    unsigned char c = (unsigned char)*at;
    if (len == 2)
        return c == 0xC2 && (unsigned char)at[1] < 0xA0;
    return len == 0 || (len == 1 && (c == 0x7F || (c < 0x20 && c != '\t' && c != '\n')));
}

/* A name or a message comes from a daemon that may be anybody's. */
static void put_text(const char *text, size_t n)
{
    for (size_t at = 0, len; at < n; at += len ? len : 1) {
        len = xml_utf8_char(text + at, n - at);
        if (is_control(text + at, len))
            (void)printf("\\x%02x", (unsigned char)text[len == 2 ? at + 1 : at]);
        else
            (void)fwrite(text + at, 1, len, stdout);
    }
}

void print_line(const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (n < 0)
        abort();
    put_text(text, (size_t)n);
    free(text);
    (void)putchar('\n');
}

static void quote_char(struct buf *out, const char *at, size_t len, char quote)
{
    static const char plain[] = "\\\n\r\t", escaped[] = "\\nrt";
    unsigned char c = (unsigned char)*at;
    const char *known = c ? strchr(plain, c) : NULL;
    if (known)
        buf_printf(out, "\\%c", escaped[known - plain]);
    else if (*at == quote)
        buf_printf(out, "\\%c", quote);
    else if (c < 0x20 || c == 0x7F)
        buf_printf(out, "\\x%02x", c);
    else if (len == 0) /* not UTF-8: as Python's surrogateescape shows it */
        buf_printf(out, "\\udc%02x", c);
    else
        buf_append(out, at, len);
}

void print_quoted(struct buf *out, const char *text)
{
    char quote = strchr(text, '\'') && !strchr(text, '"') ? '"' : '\'';
    size_t left = strlen(text);
    buf_char(out, quote);
    while (left > 0) {
        size_t len = xml_utf8_char(text, left);
        quote_char(out, text, len, quote);
        text += len ? len : 1;
        left -= len ? len : 1;
    }
    buf_char(out, quote);
}

/* How many characters a terminal shows, so that columns stay straight. */
static size_t text_width(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

/* --- Columns ------------------------------------------------------------------------------- */

static size_t column_width(const char *const *names, size_t count, size_t rows, size_t column)
{
    size_t width = 0;
    for (size_t i = column * rows; i < count && i < (column + 1) * rows; i++) {
        if (strlen(names[i]) > width)
            width = strlen(names[i]);
    }
    return width;
}

/* How wide `rows` rows are, with two blanks between columns. */
static size_t columns_width(const char *const *names, size_t count, size_t rows)
{
    size_t width = 0;
    for (size_t column = 0; column * rows < count; column++)
        width += column_width(names, count, rows, column) + (column ? 2 : 0);
    return width;
}

void print_columns(const char *const *names, size_t count)
{
    size_t rows = 1;
    while (rows < count && columns_width(names, count, rows) > COLUMNS_WIDTH)
        rows++;
    for (size_t row = 0; row < rows && row < count; row++) {
        for (size_t i = row, column = 0; i < count; i += rows, column++)
            (void)printf("%s%-*s", column ? "  " : "",
                         (int)column_width(names, count, rows, column), names[i]);
        (void)putchar('\n');
    }
}

void print_grid(const char *const *names, size_t count, size_t width)
{
    size_t column = 0;
    for (size_t i = 0; i < count; i++)
        column = text_width(names[i]) > column ? text_width(names[i]) : column;
    column += 3;
    size_t columns = column < width ? width / column : 1;
    size_t rows = (count + columns - 1) / columns;
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = row; i < count; i += rows) {
            put_text(names[i], strlen(names[i]));
            (void)printf("%*s", (int)(column - text_width(names[i])), "");
        }
        (void)putchar('\n');
    }
}

/* --- Tables -------------------------------------------------------------------------------- */

const char *print_text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

json_int_t print_int_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static void pad(struct buf *line, const char *text, size_t width)
{
    buf_text(line, text);
    for (size_t have = text_width(text); have < width; have++)
        buf_char(line, ' ');
}

static size_t widest_namespec(const json_t *infos)
{
    size_t widest = STATUS_NAME_MIN;
    struct buf name = BUF_EMPTY;
    for (size_t i = 0; i < json_array_size(infos); i++) {
        const json_t *info = json_array_get(infos, i);
        buf_clear(&name);
        namespec_join(print_text_of(info, "group"), print_text_of(info, "name"), &name);
        if (text_width(buf_str(&name)) > widest)
            widest = text_width(buf_str(&name));
    }
    buf_close(&name);
    return widest;
}

static double real_of(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

/* "512M", "1.5G": three digits at most, as people read it. */
static void append_memory(struct buf *line, double bytes)
{
    const char *unit = "KMGT";
    for (bytes /= 1024; bytes >= 1000 && unit[1]; unit++)
        bytes /= 1024;
    buf_printf(line, "%.*f%c", bytes < 9.95 ? 1 : 0, bytes, *unit);
}

static void append_usage(struct buf *line, const json_t *info, const json_t *usage)
{
    double up = (double)(print_int_of(info, "now") - print_int_of(info, "start"));
    json_int_t tasks = print_int_of(usage, "tasks");
    buf_text(line, "memory ");
    append_memory(line, real_of(usage, "memory"));
    if (real_of(usage, "memory_max") > 0) {
        buf_text(line, " of ");
        append_memory(line, real_of(usage, "memory_max"));
    }
    buf_printf(line, ", cpu %.1f s", real_of(usage, "cpu"));
    if (up >= 1)
        buf_printf(line, " (%.1f%%)", real_of(usage, "cpu") * 100 / up);
    buf_printf(line, ", %" JSON_INTEGER_FORMAT " task%s, ", tasks, tasks == 1 ? "" : "s");
}

/* linear: both are of the same processes, and of a person's question */
static const json_t *find_usage(const json_t *usages, const json_t *info)
{
    for (size_t i = 0; i < json_array_size(usages); i++) {
        const json_t *usage = json_array_get(usages, i);
        if (strcmp(print_text_of(usage, "group"), print_text_of(info, "group")) == 0 &&
            strcmp(print_text_of(usage, "name"), print_text_of(info, "name")) == 0)
            return usage;
    }
    return NULL;
}

static void print_usage(const json_t *usages, const json_t *info)
{
    struct buf line = BUF_EMPTY;
    const json_t *usage = find_usage(usages, info);
    json_int_t restarts = print_int_of(usage, "restarts");
    if (!usage)
        return;
    if (json_is_true(json_object_get(usage, "alive")))
        append_usage(&line, info, usage);
    buf_printf(&line, "%" JSON_INTEGER_FORMAT " restart%s", restarts, restarts == 1 ? "" : "s");
    if (*print_text_of(usage, "last_exit"))
        buf_printf(&line, "; last exit: %s", print_text_of(usage, "last_exit"));
    print_line("    %s", buf_str(&line));
    buf_close(&line);
}

void print_statuses(const json_t *infos, const json_t *usages)
{
    size_t width = widest_namespec(infos) + 3;
    struct buf name = BUF_EMPTY, line = BUF_EMPTY;
    for (size_t i = 0; i < json_array_size(infos); i++) {
        const json_t *info = json_array_get(infos, i);
        buf_clear(&name);
        buf_clear(&line);
        namespec_join(print_text_of(info, "group"), print_text_of(info, "name"), &name);
        pad(&line, buf_str(&name), width);
        pad(&line, print_text_of(info, "statename"), 10);
        print_line("%s%s", buf_str(&line), print_text_of(info, "description"));
        if (usages)
            print_usage(usages, info);
    }
    buf_close(&name);
    buf_close(&line);
}

static size_t widest_text(const json_t *infos, const char *name, size_t least)
{
    size_t widest = least;
    for (size_t i = 0; i < json_array_size(infos); i++) {
        size_t width = text_width(print_text_of(json_array_get(infos, i), name));
        widest = width > widest ? width : widest;
    }
    return widest;
}

void print_jobs(const json_t *infos)
{
    size_t name_width = widest_text(infos, "name", STATUS_NAME_MIN) + 3;
    size_t state_width = widest_text(infos, "statename", JOB_STATE_MIN) + 1;
    struct buf line = BUF_EMPTY;
    for (size_t i = 0; i < json_array_size(infos); i++) {
        const json_t *info = json_array_get(infos, i);
        buf_clear(&line);
        pad(&line, print_text_of(info, "name"), name_width);
        pad(&line, print_text_of(info, "statename"), state_width);
        print_line("%s%s", buf_str(&line), print_text_of(info, "description"));
    }
    buf_close(&line);
}

void print_calendar(const json_t *days)
{
    size_t job_width = widest_text(days, "job", 1) + 3;
    const char *day = "";
    struct buf line = BUF_EMPTY;
    for (size_t i = 0; i < json_array_size(days); i++) {
        const json_t *entry = json_array_get(days, i);
        if (strcmp(day, print_text_of(entry, "day")) != 0)
            print_line("%s%s", *day ? "\n" : "", print_text_of(entry, "day"));
        day = print_text_of(entry, "day");
        buf_clear(&line);
        pad(&line, print_text_of(entry, "job"), job_width);
        print_line("    %s%s", buf_str(&line), print_text_of(entry, "times"));
    }
    buf_close(&line);
}

/* "attempt 2, until 2026-11-21 03:00:12, exit status 3, log /var/log/x.log from byte 4096" */
static void history_details(const json_t *attempt, struct buf *line)
{
    const char *exit = print_text_of(attempt, "exit");
    const char *until = print_text_of(attempt, "until");
    const char *log = print_text_of(attempt, "log");
    int status = (int)print_int_of(attempt, "status");
    char number[16];
    buf_printf(line, "attempt %" JSON_INTEGER_FORMAT, print_int_of(attempt, "attempt"));
    if (*until)
        buf_printf(line, ", until %s", until);
    if (strcmp(exit, "exited") == 0)
        buf_printf(line, ", exit status %d", status);
    else if (*exit)
        buf_printf(line, ", %s by %s", exit, parse_signal_name(status, number, sizeof number));
    if (*log)
        buf_printf(line, ", log %s from byte %.0f", log,
                   json_number_value(json_object_get(attempt, "log_at")));
}

void print_history(const json_t *attempts, bool verbose)
{
    size_t took_width = widest_text(attempts, "took", 1) + 2;
    size_t cause_width = widest_text(attempts, "cause", 1) + 2;
    struct buf line = BUF_EMPTY;
    for (size_t i = 0; i < json_array_size(attempts); i++) {
        const json_t *attempt = json_array_get(attempts, i);
        buf_clear(&line);
        pad(&line, print_text_of(attempt, "when"), 21);
        pad(&line, *print_text_of(attempt, "took") ? print_text_of(attempt, "took") : "-",
            took_width);
        pad(&line, print_text_of(attempt, "cause"), cause_width);
        print_line("%s%s", buf_str(&line), print_text_of(attempt, "description"));
        if (!verbose || print_int_of(attempt, "attempt") == 0)
            continue;
        buf_clear(&line);
        history_details(attempt, &line);
        print_line("    %s", buf_str(&line));
    }
    buf_close(&line);
}

void print_available(const json_t *info)
{
    struct buf name = BUF_EMPTY, line = BUF_EMPTY;
    namespec_join(print_text_of(info, "group"), print_text_of(info, "name"), &name);
    pad(&line, buf_str(&name), 32);
    print_line("%s %-9s %-9s %" JSON_INTEGER_FORMAT ":%" JSON_INTEGER_FORMAT, buf_str(&line),
               json_is_true(json_object_get(info, "inuse")) ? "in use" : "avail",
               json_is_true(json_object_get(info, "autostart")) ? "auto" : "manual",
               print_int_of(info, "group_prio"), print_int_of(info, "process_prio"));
    buf_close(&name);
    buf_close(&line);
}
