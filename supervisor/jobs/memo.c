#include "jobs/memo.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "jobs/slate.h"

/* --- Lines ---------------------------------------------------------------------------------- */

uint64_t memo_schedule(const char *schedule, const char *zone)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (const char *at = schedule ? schedule : ""; *at; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
    hash *= UINT64_C(1099511628211); /* a NUL between the two */
    for (const char *at = zone ? zone : ""; *at; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
    return hash;
}

/* linear: jobs that catch up are few, and each is looked for when it has run */
static struct memo_line *memo_find(const struct memo *m, const char *job)
{
    for (size_t i = 0; i < m->count; i++) {
        if (strcmp(m->lines[i].job, job) == 0)
            return &m->lines[i];
    }
    return NULL;
}

static struct memo_line *memo_line(struct memo *m, const char *job)
{
    struct memo_line *line = memo_find(m, job);
    if (line)
        return line;
    if (m->count == m->room) {
        m->room = m->room ? 2 * m->room : 16;
        m->lines = mem_grow(m->lines, m->room, sizeof *m->lines);
    }
    line = &m->lines[m->count++];
    *line = (struct memo_line){.job = mem_strdup(job)};
    return line;
}

int64_t memo_get(const struct memo *m, const char *job, uint64_t schedule)
{
    const struct memo_line *line = memo_find(m, job);
    return line && line->schedule == schedule ? line->seen : -1;
}

void memo_put(struct memo *m, const char *job, uint64_t schedule, int64_t seen)
{
    struct memo_line *line = memo_line(m, job);
    if (line->schedule != schedule || line->seen != seen)
        m->dirty = true;
    line->schedule = schedule;
    line->seen = seen;
    line->used = true;
}

void memo_begin(struct memo *m)
{
    for (size_t i = 0; i < m->count; i++)
        m->lines[i].used = false;
}

void memo_prune(struct memo *m)
{
    size_t kept = 0;
    for (size_t i = 0; i < m->count; i++) {
        if (m->lines[i].used)
            m->lines[kept++] = m->lines[i];
        else
            mem_free(m->lines[i].job);
    }
    m->dirty = m->dirty || kept < m->count;
    m->count = kept;
}

static void memo_clear(struct memo *m)
{
    for (size_t i = 0; i < m->count; i++)
        mem_free(m->lines[i].job);
    mem_free(m->lines);
    m->lines = NULL;
    m->count = m->room = 0;
}

void memo_text(const struct memo *m, struct buf *out)
{
    for (size_t i = 0; i < m->count; i++) {
        const struct memo_line *line = &m->lines[i];
        if (line->used)
            buf_printf(out, "%" PRId64 " %016" PRIx64 " %s\n", line->seen, line->schedule,
                       line->job);
    }
}

/* "1795238798 9f8e7d6c5b4a3f2e job:certbot" */
static bool memo_parse_line(struct memo *m, const char *text)
{
    char *end;
    errno = 0;
    long long seen = strtoll(text, &end, 10);
    if (errno || end == text || *end != ' ' || seen < 0)
        return false;
    const char *second = end + 1;
    unsigned long long schedule = strtoull(second, &end, 16);
    if (errno || end != second + 16 || *end != ' ' || end[1] == '\0')
        return false;
    struct memo_line *line = memo_line(m, end + 1);
    line->schedule = schedule;
    line->seen = seen;
    return true;
}

size_t memo_parse(struct memo *m, const char *text, size_t len)
{
    size_t bad = 0;
    for (size_t at = 0; at < len;) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t n = end ? (size_t)(end - text) - at : len - at;
        char *line = mem_strndup(text + at, n);
        bad += !end || strlen(line) != n || !memo_parse_line(m, line);
        mem_free(line);
        at += n + 1;
    }
    return bad;
}

/* --- The file ------------------------------------------------------------------------------- */

static void memo_trouble(struct memo *m, const char *what, int error)
{
    if (!m->failing)
        log_error("what catch_up= has to know in %s %s: %s; what is missed while mainstayd is not "
                  "running is not made up for",
                  m->path, what, strerror(error));
    m->failing = true;
}

/* A power cut has left nothing, or nonsense: what was known before counts for what is missing. */
static void memo_read_old(struct memo *m)
{
    struct memo old = {0};
    struct buf text = BUF_EMPTY;
    int64_t when;
    if (slate_read_old(m->path, MEMO_READ_MAX, &text, &when) == 0)
        (void)memo_parse(&old, buf_str(&text), text.len);
    for (size_t i = 0; i < old.count; i++) {
        const struct memo_line *line = &old.lines[i];
        if (memo_find(m, line->job))
            continue;
        struct memo_line *next = memo_line(m, line->job);
        next->schedule = line->schedule;
        next->seen = line->seen;
        m->dirty = true;
    }
    buf_close(&text);
    memo_clear(&old);
}

static void memo_read(struct memo *m)
{
    struct buf text = BUF_EMPTY;
    int rc = fd_read_file(m->path, MEMO_READ_MAX, &text, NULL);
    size_t bad = rc == 0 ? memo_parse(m, buf_str(&text), text.len) : rc == -EFBIG;
    if (text.len == 0 || bad > 0)
        memo_read_old(m);
    if (rc < 0 && rc != -ENOENT && rc != -EFBIG)
        memo_trouble(m, "cannot be read", -rc);
    if (bad > 0) {
        char *aside = mem_printf("%s.bad", m->path);
        if (rename(m->path, aside) == 0)
            log_error("what catch_up= has to know in %s has %zu line%s that make%s no sense: it is "
                      "moved to %s, what makes sense counts",
                      m->path, bad, bad == 1 ? "" : "s", bad == 1 ? "s" : "", aside);
        mem_free(aside);
        m->dirty = true;
    }
    buf_close(&text);
}

void memo_write(struct memo *m)
{
    struct buf text = BUF_EMPTY;
    if (!m->dirty)
        return;
    m->dirty = false;
    if (!m->path)
        return;
    memo_text(m, &text);
    int rc = slate_write(m->path, &text);
    if (rc < 0) {
        m->dirty = true;
        memo_trouble(m, "cannot be written", -rc);
    } else if (m->failing) {
        log_info("what catch_up= has to know is written to %s again", m->path);
        m->failing = false;
    }
    buf_close(&text);
}

void memo_open(struct memo *m, const char *folder)
{
    *m = (struct memo){0};
    if (!folder)
        return;
    m->path = mem_printf("%s/schedules", folder);
    memo_read(m);
}

void memo_close(struct memo *m)
{
    memo_write(m);
    memo_clear(m);
    mem_free(m->path);
    *m = (struct memo){0};
}
