#include "config/schedule.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* A piece of the text: not NUL-terminated. */
struct piece {
    const char *at;
    size_t len;
};

struct field {
    const char *what;
    unsigned least, most;
    const char *names; /* three letters each, from `least` on; NULL: none */
};

// clang-format off
static const struct field fields[] = {
    {"minute",           0, 59, NULL},
    {"hour",             0, 23, NULL},
    {"day of the month", 1, 31, NULL},
    {"month",            1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
    {"day of the week",  0, 7,  "sunmontuewedthufrisat"},
};
enum { FIELDS = sizeof fields / sizeof *fields };

static const struct { const char *word, *means; } words[] = {
    {"@hourly",   "0 * * * *"},
    {"@daily",    "0 0 * * *"},
    {"@midnight", "0 0 * * *"},
    {"@weekly",   "0 0 * * 0"},
    {"@monthly",  "0 0 1 * *"},
    {"@yearly",   "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
};

static const unsigned char month_days[] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
// clang-format on

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* --- One field ----------------------------------------------------------------------------- */

static bool read_name(const struct field *f, struct piece text, unsigned *value)
{
    for (size_t i = 0; f->names && text.len == 3 && f->names[i]; i += 3) {
        if (strncasecmp(f->names + i, text.at, 3) != 0)
            continue;
        *value = f->least + (unsigned)(i / 3);
        return true;
    }
    return false;
}

static int read_number(struct piece text, unsigned *value)
{
    *value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9' || *value > 9999)
            return -EINVAL;
        *value = *value * 10 + (unsigned)(text.at[i] - '0');
    }
    return text.len > 0 ? 0 : -EINVAL;
}

static int read_value(const struct field *f, struct piece text, unsigned *value, struct err *e)
{
    if (read_name(f, text, value))
        return 0;
    if (read_number(text, value) < 0)
        return err_set(e, -EINVAL, "the %s '%.*s' is no number%s", f->what, (int)text.len, text.at,
                       f->names ? " and no name of three letters" : "");
    if (*value < f->least || *value > f->most)
        return err_set(e, -EINVAL, "the %s '%.*s' is not between %u and %u", f->what, (int)text.len,
                       text.at, f->least, f->most);
    return 0;
}

static int read_range(const struct field *f, struct piece text, unsigned *low, unsigned *high,
                      struct err *e)
{
    const char *dash = memchr(text.at, '-', text.len);
    struct piece first = {text.at, dash ? (size_t)(dash - text.at) : text.len};
    int rc = read_value(f, first, low, e);
    *high = *low;
    if (rc < 0 || !dash)
        return rc;
    rc = read_value(f, (struct piece){dash + 1, text.len - first.len - 1}, high, e);
    if (rc == 0 && f->most == 7 && *high == 0) /* sat-sun */
        *high = 7;
    if (rc == 0 && *high < *low)
        return err_set(e, -EINVAL, "the %s '%.*s' goes backwards: write it as two, with a comma",
                       f->what, (int)text.len, text.at);
    return rc;
}

/* "1", "1-5", "1-5/2", an asterisk with or without a step. */
static int read_item(const struct field *f, struct piece text, uint64_t *bits, struct err *e)
{
    const char *slash = memchr(text.at, '/', text.len);
    struct piece range = {text.at, slash ? (size_t)(slash - text.at) : text.len};
    bool all = range.len == 1 && *range.at == '*';
    unsigned low = f->least;
    unsigned high = f->most == 7 ? 6 : f->most;
    unsigned step = 1;
    int rc = all ? 0 : read_range(f, range, &low, &high, e);
    if (rc < 0)
        return rc;
    if (slash && read_number((struct piece){slash + 1, text.len - range.len - 1}, &step) < 0)
        step = 0;
    if (step == 0)
        return err_set(e, -EINVAL, "the %s '%.*s' has a step that is no number above 0", f->what,
                       (int)text.len, text.at);
    if (slash && !all && !memchr(range.at, '-', range.len))
        return err_set(e, -EINVAL, "the %s '%.*s' has a step without a range: write %u-%u/%u",
                       f->what, (int)text.len, text.at, low, f->most == 7 ? 6 : f->most, step);
    for (unsigned i = low; i <= high; i += step)
        *bits |= UINT64_C(1) << i;
    return 0;
}

static int read_field(const struct field *f, struct piece text, uint64_t *bits, struct err *e)
{
    int rc = 0;
    *bits = 0;
    for (size_t at = 0; rc == 0 && at <= text.len;) {
        const char *comma = memchr(text.at + at, ',', text.len - at);
        size_t len = comma ? (size_t)(comma - text.at) - at : text.len - at;
        if (len == 0)
            return err_set(e, -EINVAL, "the %s '%.*s' has a comma too many", f->what, (int)text.len,
                           text.at);
        rc = read_item(f, (struct piece){text.at + at, len}, bits, e);
        at += len + 1;
    }
    return rc;
}

/* --- One line ------------------------------------------------------------------------------ */

static size_t read_words(struct piece line, struct piece out[FIELDS + 1])
{
    size_t count = 0;
    for (size_t at = 0; at < line.len && count <= FIELDS;) {
        size_t from = at;
        while (at < line.len && !is_blank(line.at[at]))
            at++;
        if (at > from)
            out[count++] = (struct piece){line.at + from, at - from};
        else
            at++;
    }
    return count;
}

/* Is there a day at all? Weekdays come around in every month: only the days may be too late. */
static int schedule_check(const struct schedule *s, struct err *e)
{
    if (s->either)
        return 0;
    for (unsigned month = 1; month <= 12; month++) {
        uint64_t possible = (UINT64_C(2) << month_days[month]) - 1;
        if ((s->months >> month & 1) && (s->days & possible))
            return 0;
    }
    return err_set(e, -EINVAL, "it never comes: none of its months has such a day");
}

static int schedule_parse_fields(struct piece line, struct schedule *out, struct err *e)
{
    struct piece texts[FIELDS + 1];
    uint64_t bits[FIELDS];
    size_t count = read_words(line, texts);
    if (count != FIELDS)
        return err_set(e, -EINVAL,
                       "it has %s than five fields: minute, hour, day of the month, month, day of "
                       "the week",
                       count < FIELDS ? "fewer" : "more");
    for (size_t i = 0; i < FIELDS; i++) {
        int rc = read_field(&fields[i], texts[i], &bits[i], e);
        if (rc < 0)
            return rc;
    }
    *out = (struct schedule){.minutes = bits[0],
                             .hours = bits[1],
                             .days = bits[2],
                             .months = bits[3],
                             .weekdays = (bits[4] | bits[4] >> 7) & 0x7f,
                             .either = *texts[2].at != '*' && *texts[4].at != '*',
                             .often = bits[1] == (UINT64_C(1) << 24) - 1};
    return schedule_check(out, e);
}

static int schedule_parse_word(struct piece line, struct schedule *out, struct err *e)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct piece fields_of_it = {words[i].means, strlen(words[i].means)};
        if (strlen(words[i].word) == line.len && strncasecmp(words[i].word, line.at, line.len) == 0)
            return schedule_parse_fields(fields_of_it, out, e);
    }
    return err_set(e, -EINVAL,
                   "there is @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually and "
                   "@reboot");
}

static int schedules_add(struct schedules *s, struct piece line, struct err *e)
{
    static const char reboot[] = "@reboot";
    struct schedule *next = &s->items[s->count];
    int rc = 0;
    if (line.len == sizeof reboot - 1 && strncasecmp(reboot, line.at, line.len) == 0) {
        s->at_boot = true;
        return 0;
    }
    if (s->count == SCHEDULE_LINES_MAX)
        return err_set(e, -EINVAL, "there are more than %d lines", SCHEDULE_LINES_MAX);
    rc =
        *line.at == '@' ? schedule_parse_word(line, next, e) : schedule_parse_fields(line, next, e);
    if (rc < 0)
        return err_prefix(e, rc, "'%.*s'", line.len > 100 ? 100 : (int)line.len, line.at);
    s->count++;
    return 0;
}

/* --- All of them --------------------------------------------------------------------------- */

static size_t count_lines(const char *text)
{
    size_t lines = 1;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

int schedules_parse(const char *text, struct arena *a, struct schedules *out, struct err *e)
{
    size_t lines = count_lines(text);
    int rc = 0;
    *out = (struct schedules){0};
    out->items = arena_array(a, lines < SCHEDULE_LINES_MAX ? lines : SCHEDULE_LINES_MAX + 1,
                             sizeof *out->items);
    for (size_t i = 0; rc == 0 && i < lines; i++) {
        const char *end = strchr(text, '\n');
        struct piece line = {text, end ? (size_t)(end - text) : strlen(text)};
        text += line.len + (end != NULL);
        while (line.len > 0 && is_blank(*line.at))
            line = (struct piece){line.at + 1, line.len - 1};
        while (line.len > 0 && is_blank(line.at[line.len - 1]))
            line.len--;
        if (line.len > 0)
            rc = schedules_add(out, line, e);
    }
    return rc;
}
