#include "ctl/complete.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/parse.h"
#include "config/power.h"
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

/* --- Options --------------------------------------------------------------------------------- */

static bool is_option_char(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* "-v", "--at": what begins so in the lines of help. "-100" is only an example. */
static void offer_options_of(struct word word, const char *help, struct completion *out)
{
    for (const char *at = help; *at; at++) {
        size_t len = 0;
        bool begins = *at == '-' && (at == help || strchr(" \t\n[", at[-1]));
        while (begins && is_option_char(at[len]))
            len++;
        size_t dashes = begins && at[1] == '-' ? 2 : 1;
        if (len <= dashes || !isalpha((unsigned char)at[dashes]))
            continue;
        char *option = mem_strndup(at, len);
        offer(out, word, option);
        mem_free(option);
    }
}

static void offer_options(struct ctl *c, struct word word, const struct command *row,
                          struct completion *out)
{
    offer_options_of(word, row->help, out);
    if (row->more && c->o->native)
        offer_options_of(word, row->more, out);
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

/* --- What belongs where ---------------------------------------------------------------------- */

/* Where the word is that is to be completed. */
struct place {
    const struct command *row;
    struct word before; /* the word before it, which may be the command */
    size_t names;       /* words between the command and it that are no options */
};

static bool word_is(struct word word, const char *text)
{
    return strlen(text) == word.len && strncmp(word.text, text, word.len) == 0;
}

/* Cuts the first word off. */
static struct word word_next(struct word *rest)
{
    struct word word = {rest->text, 0};
    while (word.len < rest->len && word.text[word.len] != ' ')
        word.len++;
    rest->text += word.len;
    rest->len -= word.len;
    while (rest->len > 0 && *rest->text == ' ') {
        rest->text++;
        rest->len--;
    }
    return word;
}

/* `rest`: all words before the one that is to be completed. */
static struct place place_of(const struct ctl *c, struct word rest)
{
    struct place place = {.before = word_next(&rest)};
    place.row = command_find(c, place.before.text, place.before.len);
    while (rest.len > 0) {
        place.before = word_next(&rest);
        place.names += *place.before.text != '-';
    }
    return place;
}

static void offer_actions(struct word word, struct completion *out)
{
    for (enum power_action a = POWER_OFF; a < POWER_EXEC; a++)
        offer(out, word, power_action_name(a));
}

static void offer_signals(struct word word, struct completion *out)
{
    char name[16];
    for (int number = 1; number < NSIG; number++) {
        const char *text = parse_signal_name(number, name, sizeof name);
        if (strncmp(text, "SIG", 3) == 0)
            offer(out, word, text + 3);
    }
}

static void offer_kind(struct ctl *c, struct word word, const struct command *row,
                       struct completion *out)
{
    switch (row->completes) {
    case COMPLETE_COMMANDS:
        offer_commands(c, word, out);
        break;
    case COMPLETE_GROUPS:
    case COMPLETE_PROCESSES:
        offer_names(c, word, row->completes, out);
        break;
    case COMPLETE_ALL:
        offer_names(c, word, row->completes, out);
        offer_jobs(c, word, out); /* none when we are called supervisorctl */
        break;
    case COMPLETE_JOBS:
        offer_jobs(c, word, out);
        break;
    case COMPLETE_NONE:
        if (word.len == 0)
            offer_options(c, word, row, out);
        break;
    }
}

static void offer_argument(struct ctl *c, struct word word, const struct place *place,
                           struct completion *out)
{
    const char *name = place->row->name;
    if (word.len > 0 && *word.text == '-') {
        offer_options(c, word, place->row, out);
    } else if (c->o->native && word_is(place->before, "--action")) {
        offer_actions(word, out);
    } else if (strcmp(name, "signal") == 0 && place->names == 0) {
        offer_signals(word, out);
    } else if (strcmp(name, "tail") == 0 && place->names == 1) {
        offer(out, word, "stdout");
        offer(out, word, "stderr");
    } else {
        offer_kind(c, word, place->row, out);
    }
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
        const struct place place = place_of(c, (struct word){line + skip, start - skip});
        if (place.row)
            offer_argument(c, word, &place, out);
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
