#include "output/journal_lines.h"

#include <string.h>
#include <sys/uio.h>
#include <syslog.h>

#include "base/limits.h"
#include "output/entry.h"

enum { SPARE_ROOM = 64 * 1024 }; /* more than this is given back after a long line */

enum line_end { LINE_WHOLE, LINE_CUT, LINE_EOF };

void journal_lines_begin(struct journal_lines *l, const struct journal_source *source)
{
    struct buf fields = BUF_EMPTY;
    l->level = -1;
    buf_clear(&l->partial);
    entry_text(&fields, "SYSLOG_IDENTIFIER", source->name);
    entry_number(&fields, "SYSLOG_FACILITY", LOG_DAEMON >> 3);
    entry_text(&fields, source->group ? "MAINSTAY_PROGRAM" : "MAINSTAY_JOB", source->name);
    entry_text(&fields, "MAINSTAY_GROUP", source->group);
    entry_number(&fields, "MAINSTAY_PID", source->pid);
    entry_text(&fields, "MAINSTAY_STREAM", source->is_err ? "stderr" : "stdout");
    journal_head_unref(l->head);
    l->head = journal_head_new(&fields);
    buf_close(&fields);
}

/* A piece of a line keeps the level that its beginning had. */
static void journal_line(struct journal_lines *l, const char *line, size_t len, enum line_end end)
{
    // clang-format off
    static const char *const tails[] = {
        [LINE_WHOLE] = "\n",
        [LINE_CUT]   = "\nMAINSTAY_LINE_BREAK=line-max\n",
        [LINE_EOF]   = "\nMAINSTAY_LINE_BREAK=eof\n",
    };
    // clang-format on
    char level[] = "PRIORITY=6\nMESSAGE=";
    union {
        const char *in;
        void *out;
    } body, tail = {.in = tails[end]}; /* nobody writes through them */
    size_t skip = 0;
    int found = l->level < 0 ? entry_level(line, len, &skip) : -1;
    if (l->level < 0)
        l->level = found < 0 ? LOG_INFO : found;
    level[strlen("PRIORITY=")] = (char)('0' + l->level);
    body.in = line + skip;
    const struct iovec parts[] = {
        {level, sizeof level - 1}, {body.out, len - skip}, {tail.out, strlen(tails[end])}};
    journal_put(l->head, parts, sizeof parts / sizeof *parts);
    if (end != LINE_CUT)
        l->level = -1;
}

/* What came may be the rest of a line: with its beginning in `partial`. */
static void journal_line_ends(struct journal_lines *l, const char *data, size_t len,
                              enum line_end end)
{
    if (l->partial.len == 0) {
        journal_line(l, data, len, end);
        return;
    }
    buf_append(&l->partial, data, len);
    journal_line(l, l->partial.data, l->partial.len, end);
    if (l->partial.room > SPARE_ROOM)
        buf_close(&l->partial);
    else
        buf_clear(&l->partial);
}

void journal_lines_write(struct journal_lines *l, const char *data, size_t len)
{
    while (len > 0) {
        const char *end = memchr(data, '\n', len);
        size_t line = end ? (size_t)(end - data) : len;
        size_t room = LIMIT_JOURNAL_LINE - l->partial.len;
        if (line > room) {
            journal_line_ends(l, data, room, LINE_CUT);
            line = room;
            end = NULL;
        } else if (end) {
            journal_line_ends(l, data, line, LINE_WHOLE);
        } else {
            buf_append(&l->partial, data, line);
        }
        data += line + (end ? 1 : 0);
        len -= line + (end ? 1 : 0);
    }
    journal_flush();
}

void journal_lines_close(struct journal_lines *l)
{
    if (l->partial.len > 0 || l->level >= 0)
        journal_line_ends(l, "", 0, LINE_EOF);
    buf_close(&l->partial);
    journal_head_unref(l->head);
    l->head = NULL;
    journal_flush();
}
