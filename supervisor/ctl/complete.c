#include "ctl/complete.h"

#include <string.h>

#include "control/namespec.h"
#include "ctl/print.h"

/* The candidates that begin with `word`, as far as they agree. */
struct match {
    const char *word; /* not NUL-terminated */
    size_t len;
    struct buf shared; /* what all candidates have behind it */
    size_t count;
};

static void match_offer(struct match *m, const char *candidate)
{
    if (strncmp(candidate, m->word, m->len) != 0)
        return;
    const char *rest = candidate + m->len;
    if (m->count > 0 && strcmp(buf_str(&m->shared), rest) == 0)
        return; /* the same once more */
    if (m->count++ == 0) {
        buf_text(&m->shared, rest);
        return;
    }
    size_t same = 0;
    while (same < m->shared.len && rest[same] == m->shared.data[same])
        same++;
    m->shared.len = same;
    if (m->shared.data)
        m->shared.data[same] = '\0';
}

static void offer_commands(struct ctl *c, struct match *m)
{
    for (size_t i = 0; i < command_count; i++) {
        if (c->o->native || !(command_table[i].flags & COMMAND_NATIVE))
            match_offer(m, command_table[i].name);
    }
}

/* A group's members go by "group:name", and all of them by "group:*". */
static void offer_process(struct match *m, const char *group, const char *name)
{
    struct buf b = BUF_EMPTY;
    namespec_join(group, name, &b);
    match_offer(m, buf_str(&b));
    if (strcmp(group, name) != 0) {
        buf_clear(&b);
        buf_printf(&b, "%s:*", group);
        match_offer(m, buf_str(&b));
    }
    buf_close(&b);
}

static void offer_names(struct ctl *c, struct match *m, enum command_words kind)
{
    json_t *infos = NULL;
    if (client_call_array(&c->client, "supervisor.getAllProcessInfo", NULL, &infos) < 0) {
        client_close(&c->client);
        return;
    }
    for (size_t i = 0; i < json_array_size(infos); i++) {
        const json_t *info = json_array_get(infos, i);
        if (kind == COMPLETE_GROUPS)
            match_offer(m, print_text_of(info, "group"));
        else
            offer_process(m, print_text_of(info, "group"), print_text_of(info, "name"));
    }
    json_decref(infos);
    client_close(&c->client);
}

void complete_line(struct ctl *c, const char *line, size_t len, struct buf *more)
{
    size_t start = len;
    while (start > 0 && line[start - 1] != ' ')
        start--;
    struct match m = {.word = line + start, .len = len - start};
    size_t skip = 0;
    while (skip < len && line[skip] == ' ')
        skip++;
    if (start <= skip) {
        offer_commands(c, &m);
    } else {
        size_t name_len = 0;
        while (skip + name_len < len && line[skip + name_len] != ' ')
            name_len++;
        const struct command *row = command_find(c, line + skip, name_len);
        if (row && row->completes == COMPLETE_COMMANDS)
            offer_commands(c, &m);
        else if (row && row->completes != COMPLETE_NONE)
            offer_names(c, &m, row->completes);
    }
    buf_append(more, buf_str(&m.shared), m.shared.len);
    if (m.count == 1)
        buf_char(more, ' ');
    buf_close(&m.shared);
}
