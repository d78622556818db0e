#include "control/sheet.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/xml.h"

enum {
    SHEET_ROOM = 64,  /* lines at first */
    SHEET_PART = 100, /* lines of a row that are written in one go */
};
#define SHEET_WHOLE_MAX 9007199254740992.0 /* a double below it has all digits of its number */

/* --- Lines ----------------------------------------------------------------------------------- */

static size_t metric_width(const struct metric *row)
{
    size_t width = 0;
    while (row->label && row->values[width])
        width++;
    return row->label ? width : 1;
}

void sheet_init(struct sheet *s, const struct metric_table *table)
{
    *s = (struct sheet){.table = table};
    for (size_t i = 0; i < table->count; i++)
        s->columns += metric_width(&table->rows[i]);
}

void sheet_close(struct sheet *s)
{
    for (size_t i = 0; i < s->count; i++)
        mem_free(s->labels[i]);
    mem_free(s->labels);
    mem_free(s->values);
    *s = (struct sheet){0};
}

void sheet_add(struct sheet *s, const char *labels, const struct metric_subject *subject)
{
    if (s->count == s->room) {
        s->room = s->room ? 2 * s->room : SHEET_ROOM;
        s->labels = mem_grow(s->labels, s->room, sizeof *s->labels);
        s->values = mem_grow(s->values, s->room * s->columns, sizeof *s->values);
    }
    double *value = s->values + s->count * s->columns;
    s->labels[s->count++] = mem_strdup(labels);
    for (size_t i = 0; i < s->table->count; i++) {
        const struct metric *row = &s->table->rows[i];
        if (!row->label)
            *value++ = row->read(subject);
        for (size_t k = 0; row->label && row->values[k]; k++)
            *value++ = row->each(subject, k);
    }
}

/* --- Labels ---------------------------------------------------------------------------------- */

static bool is_control(const char *at, size_t len)
{
    const unsigned char *c = (const unsigned char *)at;
    return len == 1 ? c[0] < 0x20 || c[0] == 0x7f : len == 2 && c[0] == 0xc2 && c[1] < 0xa0;
}

static void label_char(struct buf *out, const char *at, size_t len)
{
    if (len == 1 && *at == '\n') {
        buf_text(out, "\\n");
    } else if (len == 1 && (*at == '"' || *at == '\\')) {
        buf_char(out, '\\');
        buf_char(out, *at);
    } else if (len == 0 || is_control(at, len)) {
        for (size_t i = 0; i == 0 || i < len; i++)
            buf_printf(out, "\\\\x%02x", (unsigned)(unsigned char)at[i]);
    } else {
        buf_append(out, at, len);
    }
}

void sheet_label(struct buf *labels, const char *name, const char *value)
{
    size_t len = strlen(value);
    buf_printf(labels, "%s%s=\"", labels->len > 0 ? "," : "", name);
    for (size_t at = 0; at < len;) {
        size_t n = xml_utf8_char(value + at, len - at);
        label_char(labels, value + at, n);
        at += n ? n : 1;
    }
    buf_char(labels, '"');
}

/* --- Text ------------------------------------------------------------------------------------ */

static void write_number(struct buf *out, double value)
{
    char text[32];
    if (value == 0 || value == 1) /* as most are */
        memcpy(text, value == 0 ? " 0\n" : " 1\n", sizeof " 0\n");
    else if (value == floor(value) && fabs(value) < SHEET_WHOLE_MAX)
        (void)snprintf(text, sizeof text, " %" PRId64 "\n", (int64_t)value);
    else
        (void)snprintf(text, sizeof text, " %.15g\n", value);
    buf_text(out, text);
}

static void write_sample(struct buf *out, const struct metric *row, const char *labels, size_t k,
                         double value)
{
    buf_text(out, row->name);
    if (*labels || row->label) {
        buf_char(out, '{');
        buf_text(out, labels);
        if (row->label) {
            buf_text(out, *labels ? "," : "");
            buf_text(out, row->label);
            buf_text(out, "=\"");
            buf_text(out, row->values[k]);
            buf_char(out, '"');
        }
        buf_char(out, '}');
    }
    write_number(out, value);
}

static void write_head(struct buf *out, const struct metric *m)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name,
               m->type == METRIC_COUNTER ? "counter" : "gauge");
}

size_t sheet_write(const struct sheet *s, size_t row, size_t line, struct buf *out)
{
    const struct metric *m = &s->table->rows[row];
    size_t first = 0;
    size_t width = metric_width(m);
    size_t end = line + SHEET_PART < s->count ? line + SHEET_PART : s->count;
    for (size_t i = 0; i < row; i++)
        first += metric_width(&s->table->rows[i]);
    if (line == 0)
        write_head(out, m);
    for (; line < end; line++) {
        const double *values = s->values + line * s->columns + first;
        for (size_t k = 0; k < width; k++) {
            if (!isnan(values[k]))
                write_sample(out, m, s->labels[line], k, values[k]);
        }
    }
    return end < s->count ? end : 0;
}
