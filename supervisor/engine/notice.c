#include "engine/notice.h"

#include <limits.h>
#include <string.h>

#include "base/xml.h"

/* One line while it is read. */
struct word {
    const char *value;
    size_t len;
    struct notice *out;
};

typedef bool notice_reader(const struct word *w); /* false: it makes no sense */

static bool notice_is(const struct word *w, const char *value)
{
    return w->len == strlen(value) && memcmp(w->value, value, w->len) == 0;
}

/* Digits alone, up to `max`, which is what is beyond it, too. */
static bool notice_number(const struct word *w, int64_t max, int64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < w->len; i++) {
        if (w->value[i] < '0' || w->value[i] > '9')
            return false;
        int digit = w->value[i] - '0';
        *number = *number > (max - digit) / 10 ? max : *number * 10 + digit;
    }
    return w->len > 0;
}

static bool notice_flag(const struct word *w, enum notice_word word)
{
    if (notice_is(w, "1"))
        w->out->words |= word;
    return true; /* another value has no meaning yet */
}

static bool read_ready(const struct word *w)
{
    return notice_flag(w, NOTICE_READY);
}

static bool read_reloading(const struct word *w)
{
    return notice_flag(w, NOTICE_RELOADING);
}

static bool read_stopping(const struct word *w)
{
    return notice_flag(w, NOTICE_STOPPING);
}

static bool read_watchdog(const struct word *w)
{
    if (notice_is(w, "trigger"))
        w->out->words |= NOTICE_TRIGGER;
    return notice_flag(w, NOTICE_ALIVE);
}

/* U+0080 to U+009F are control characters, too. */
static bool notice_is_control(const char *at, size_t len)
{
    unsigned char c = (unsigned char)at[0];
    return c < ' ' || c == 0x7f || (len == 2 && c == 0xc2 && (unsigned char)at[1] < 0xa0);
}

static bool read_status(const struct word *w)
{
    size_t kept = 0;
    size_t at = 0;
    while (at < w->len) {
        size_t len = xml_utf8_char(w->value + at, w->len - at);
        bool odd = len == 0 || notice_is_control(w->value + at, len);
        size_t takes = odd ? 1 : len;
        if (kept + takes >= NOTICE_STATUS_MAX)
            break;
        memcpy(w->out->status + kept, odd ? "?" : w->value + at, takes);
        kept += takes;
        at += len ? len : 1;
    }
    w->out->status[kept] = '\0';
    w->out->words |= NOTICE_STATUS;
    return true;
}

static bool read_main_pid(const struct word *w)
{
    int64_t pid;
    if (!notice_number(w, INT64_MAX, &pid) || pid <= 1 || pid > INT_MAX)
        return false;
    w->out->main_pid = (pid_t)pid;
    w->out->words |= NOTICE_MAINPID;
    return true;
}

static bool read_errno(const struct word *w)
{
    int64_t error;
    if (!notice_number(w, INT64_MAX, &error) || error > 4095)
        return false;
    w->out->error = (int)error;
    w->out->words |= NOTICE_ERRNO;
    return true;
}

static bool notice_duration(const struct word *w, int64_t *ms)
{
    int64_t us;
    if (!notice_number(w, INT64_MAX, &us))
        return false;
    *ms = us / 1000 + (us % 1000 > 0);
    return true;
}

static bool read_extend(const struct word *w)
{
    int64_t ms;
    if (!notice_duration(w, &ms) || ms == 0)
        return false;
    w->out->extend_ms = ms;
    w->out->words |= NOTICE_EXTEND;
    return true;
}

static bool read_interval(const struct word *w)
{
    int64_t ms;
    if (!notice_duration(w, &ms))
        return false;
    w->out->watchdog_ms = ms;
    w->out->words |= NOTICE_INTERVAL;
    return true;
}

static bool read_changed(const struct word *w)
{
    w->out->changed = notice_is(w, "1");
    if (!w->out->changed && !notice_is(w, "0"))
        return false;
    w->out->words |= NOTICE_CHANGED;
    return true;
}

static bool read_objects(const struct word *w)
{
    if (!notice_number(w, INT64_MAX, &w->out->objects))
        return false;
    w->out->words |= NOTICE_OBJECTS;
    return true;
}

static bool read_bytes(const struct word *w)
{
    if (!notice_number(w, INT64_MAX, &w->out->bytes))
        return false;
    w->out->words |= NOTICE_BYTES;
    return true;
}

/* "3 120 0" */
static bool read_post(const struct word *w)
{
    struct post *post = &w->out->post;
    int64_t *const numbers[] = {&post->waiting, &post->sent, &post->lost};
    const char *at = w->value;
    const char *end = at + w->len;
    for (size_t i = 0; i < 3; i++) {
        const char *blank = i < 2 ? memchr(at, ' ', (size_t)(end - at)) : end;
        const struct word number = {at, blank ? (size_t)(blank - at) : 0, w->out};
        if (!notice_number(&number, INT64_MAX, numbers[i]))
            return false;
        at = i < 2 ? blank + 1 : end;
    }
    w->out->words |= NOTICE_POST;
    return true;
}

// clang-format off
static const struct { const char *name; notice_reader *read; } notice_words[] = {
    {"READY=",               read_ready},
    {"RELOADING=",           read_reloading},
    {"STOPPING=",            read_stopping},
    {"STATUS=",              read_status},
    {"ERRNO=",               read_errno},
    {"MAINPID=",             read_main_pid},
    {"WATCHDOG=",            read_watchdog},
    {"WATCHDOG_USEC=",       read_interval},
    {"EXTEND_TIMEOUT_USEC=", read_extend},
    {"MAINSTAY_CHANGED=",    read_changed},
    {"MAINSTAY_OBJECTS=",    read_objects},
    {"MAINSTAY_BYTES=",      read_bytes},
    {"MAINSTAY_POST=",       read_post},
};
// clang-format on

static bool notice_read_line(const char *line, size_t len, struct notice *out, struct err *why)
{
    for (size_t i = 0; i < sizeof notice_words / sizeof *notice_words; i++) {
        size_t name = strlen(notice_words[i].name);
        if (len < name || memcmp(line, notice_words[i].name, name) != 0)
            continue;
        struct word w = {.value = line + name, .len = len - name, .out = out};
        if (notice_words[i].read(&w))
            return true;
        (void)err_set(why, -1, "its %.*s makes no sense", (int)(name - 1), line);
        return false;
    }
    return true;
}

bool notice_parse(const char *data, size_t len, struct notice *out, struct err *why)
{
    bool good = true;
    *out = (struct notice){0};
    if (len > 0 && data[len - 1] == '\0')
        len--;
    if (len > NOTICE_LENGTH_MAX || (len > 0 && memchr(data, '\0', len))) {
        (void)err_set(why, -1, "%s",
                      len > NOTICE_LENGTH_MAX ? "it is too long" : "there is a NUL byte inside");
        return false;
    }
    while (len > 0) {
        const char *end = memchr(data, '\n', len);
        size_t line = end ? (size_t)(end - data) : len;
        good = notice_read_line(data, line, out, why) && good;
        data += line + (end != NULL);
        len -= line + (end != NULL);
    }
    return good;
}
