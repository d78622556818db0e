#include "ctl/complete.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "control/namespec.h"
#include "ctl/jobs.h"
#include "ctl/print.h"

struct word {
    const char *text; /* not NUL-terminated */
    size_t len;
};

static void offer(struct completion *out, struct word word, const char *candidate)
{
    if (strncmp(candidate, word.text, word.len) != 0)
        return;
    out->names = mem_grow(out->names, out->count + 1, sizeof *out->names);
    out->names[out->count++] = mem_strdup(candidate);
}

static void offer_commands(struct ctl *c, struct word word, struct completion *out)
{
    for (size_t i = 0; i < command_count; i++) {
        if (c->o->native || !(command_table[i].flags & COMMAND_NATIVE))
            offer(out, word, command_table[i].name);
    }
}

/* A process alone in its group goes by its name, until somebody types a colon. */
static void offer_process(struct word word, const char *group, const char *name,
                          struct completion *out)
{
    struct buf b = BUF_EMPTY;
    if (strcmp(group, name) == 0 && !memchr(word.text, ':', word.len)) {
        offer(out, word, name);
        return;
    }
    buf_printf(&b, "%s:%s", group, name);
    offer(out, word, buf_str(&b));
    buf_clear(&b);
    buf_printf(&b, "%s:*", group);
    offer(out, word, buf_str(&b));
    buf_close(&b);
}

static void offer_names(struct ctl *c, struct word word, enum command_words kind,
                        struct completion *out)
{
    json_t *infos = NULL;
    if (client_call_array(&c->client, "supervisor.getAllProcessInfo", NULL, &infos) < 0) {
        client_close(&c->client);
        return;
    }
    for (size_t i = 0; i < json_array_size(infos); i++) {
        const json_t *info = json_array_get(infos, i);
        if (kind == COMPLETE_GROUPS)
            offer(out, word, print_text_of(info, "group"));
        else
            offer_process(word, print_text_of(info, "group"), print_text_of(info, "name"), out);
    }
    json_decref(infos);
    client_close(&c->client);
}

/* By the short name, until somebody types a colon. */
static void offer_jobs(struct ctl *c, struct word word, struct completion *out)
{
    json_t *infos = jobs_all(c);
    for (size_t i = 0; i < json_array_size(infos); i++) {
        const char *label = print_text_of(json_array_get(infos, i), "name");
        const char *colon = strchr(label, ':');
        offer(out, word, colon && !memchr(word.text, ':', word.len) ? colon + 1 : label);
    }
    json_decref(infos);
    client_close(&c->client);
}

static int name_order(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In order and without doubles. */
static void sort_names(struct completion *out)
{
    size_t kept = 0;
    if (out->count > 0)
        qsort(out->names, out->count, sizeof *out->names, name_order);
    for (size_t i = 0; i < out->count; i++) {
        if (kept > 0 && strcmp(out->names[kept - 1], out->names[i]) == 0)
            mem_free(out->names[i]);
        else
            out->names[kept++] = out->names[i];
    }
    out->count = kept;
}

/* In order, so that what the first and the last share is what all share. */
static void find_shared(struct completion *out, size_t typed)
{
    if (out->count == 0)
        return;
    const char *first = out->names[0], *last = out->names[out->count - 1];
    size_t same = typed;
    while (first[same] && first[same] == last[same])
        same++;
    buf_append(&out->more, first + typed, same - typed);
    if (out->count == 1)
        buf_char(&out->more, ' ');
}

void complete_line(struct ctl *c, const char *line, size_t len, struct completion *out)
{
    size_t start = len;
    while (start > 0 && line[start - 1] != ' ')
        start--;
    const struct word word = {line + start, len - start};
    size_t skip = 0;
    while (skip < len && line[skip] == ' ')
        skip++;
    *out = (struct completion){0};
    if (start <= skip) {
        offer_commands(c, word, out);
    } else {
        size_t name_len = 0;
        while (skip + name_len < len && line[skip + name_len] != ' ')
            name_len++;
        const struct command *row = command_find(c, line + skip, name_len);
        if (row && row->completes == COMPLETE_COMMANDS)
            offer_commands(c, word, out);
        else if (row && row->completes == COMPLETE_JOBS)
            offer_jobs(c, word, out);
        else if (row && row->completes != COMPLETE_NONE)
            offer_names(c, word, row->completes, out);
    }
    sort_names(out);
    find_shared(out, word.len);
}

void completion_close(struct completion *out)
{
    for (size_t i = 0; i < out->count; i++)
        mem_free(out->names[i]);
    mem_free(out->names);
    buf_close(&out->more);
    *out = (struct completion){0};
}
