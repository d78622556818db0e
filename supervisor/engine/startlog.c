#include "engine/startlog.h"

#include <string.h>

#include "base/log.h"

/* log_writer */
static void startlog_write(void *ctx, enum log_level level, const char *line, size_t len)
{
    struct startlog *s = ctx;
    struct buf *rank = &s->ranks[level >= LOG_LEVEL_ERROR ? 0 : level >= LOG_LEVEL_WARN ? 1 : 2];
    if (rank->len < STARTLOG_LIMIT)
        buf_append(rank, line, len);
}

void startlog_begin(struct startlog *s)
{
    *s = (struct startlog){0};
    log_set_writer(startlog_write, s);
}

void startlog_tell(struct startlog *s)
{
    static const enum log_level most[STARTLOG_RANKS] = {LOG_LEVEL_CRITICAL, LOG_LEVEL_WARN,
                                                        LOG_LEVEL_INFO};
    for (int i = 0; i < STARTLOG_RANKS; i++) {
        if (s->ranks[i].len && most[i] >= log_get_level())
            log_raw(s->ranks[i].data, s->ranks[i].len);
    }
    startlog_close(s);
}

void startlog_close(struct startlog *s)
{
    for (int i = 0; i < STARTLOG_RANKS; i++)
        buf_close(&s->ranks[i]);
}

/* Supervisor says some of it, too, and without a place: people look for these lines. */
static bool startlog_supervisors_own(const struct problem *p)
{
    static const char *const beginnings[] = {"For [", "No file matches via include "};
    for (size_t i = 0; p->warning && i < sizeof beginnings / sizeof *beginnings; i++) {
        if (strncmp(p->text, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    }
    return false;
}

static void startlog_problem(const struct problem *p)
{
    struct buf line = BUF_EMPTY;
    if (startlog_supervisors_own(p)) {
        log_warn("%s", p->text);
        return;
    }
    problem_print(p, &line);
    log_line(p->warning ? LOG_LEVEL_WARN : LOG_LEVEL_ERROR, "%.*s", (int)line.len - 1,
             buf_str(&line));
    buf_close(&line);
}

void startlog_problems(const struct problem_list *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        startlog_problem(&problems->items[i]);
}

void startlog_included(const struct config *config)
{
    for (size_t i = 0; i < config->included.count; i++)
        log_info("Included extra file \"%s\" during parsing", config->included.names[i]);
}
