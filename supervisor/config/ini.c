#include "config/ini.h"

#include <ctype.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/blank.h"
#include "config/problem.h"

/*
 * What libinih gets to see, line by line, each shorter than its buffer:
 *     [7]               section number 7
 *     .command=|ls -l|  the beginning of a value, between bars that protect blanks
 *     +=|more|          goes on directly
 *     &=|more|          goes on in a new line
 */
static const char GLUE[] = "+";
static const char NEWLINE[] = "&";

enum { NAME_LIMIT = 100 }; /* bytes; no key of ours is half as long */
_Static_assert(INI_MAX_LINE >= NAME_LIMIT + 40, "a name, its marks and a piece fit in one line");

struct ini_reader {
    struct ini *ini;
    const struct ini_source *source;
    struct problem_list *problems;
    struct config_place place; /* the line being read */
    struct span rest;          /* the lines to come */
    bool in_section;
    bool dropping;  /* a section that does not count */
    size_t section; /* its number */
    size_t indent;  /* of the last line that began something */
    bool in_value;  /* a deeper line continues it */
    /* what libinih gets next */
    bool handing;
    char name[NAME_LIMIT + 2]; /* "" for a section line */
    struct span text;
    /* the value that comes back from it */
    struct ini_entry *entry; /* NULL: dropped */
    struct buf value;
};

void ini_init(struct ini *ini, struct arena *a)
{
    *ini = (struct ini){.arena = a};
    ini->room = 16;
    ini->sections = mem_array(ini->room, sizeof *ini->sections);
    ini->sections[0].name = "DEFAULT";
    ini->count = 1;
}

void ini_close(struct ini *ini)
{
    for (size_t i = 0; i < ini->count; i++)
        mem_free(ini->sections[i].entries);
    mem_free(ini->sections);
    *ini = (struct ini){0};
}

const struct ini_section *ini_find(const struct ini *ini, const char *section)
{
    /* linear: a thousand programs is a thousand compares */
    for (size_t i = 1; i < ini->count; i++)
        if (strcmp(ini->sections[i].name, section) == 0)
            return &ini->sections[i];
    return NULL;
}

static struct ini_entry *entry_find(const struct ini_section *s, const char *key)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->entries[i].name, key) == 0)
            return &s->entries[i];
    return NULL;
}

const struct ini_entry *ini_get(const struct ini *ini, const struct ini_section *s, const char *key)
{
    const struct ini_entry *entry = s ? entry_find(s, key) : NULL;
    return entry ? entry : entry_find(&ini->sections[0], key);
}

static struct ini_entry *section_add(struct ini_section *s)
{
    if (s->count == s->room) {
        s->room = s->room ? s->room * 2 : 8;
        s->entries = mem_grow(s->entries, s->room, sizeof *s->entries);
    }
    return &s->entries[s->count++];
}

void ini_put(struct ini *ini, const char *section, const struct ini_entry *entry)
{
    for (size_t i = 1; i < ini->count; i++) {
        struct ini_section *s = &ini->sections[i];
        if (strcmp(s->name, section) != 0)
            continue;
        struct ini_entry *old = entry_find(s, entry->name);
        *(old ? old : section_add(s)) = *entry;
    }
}

/* --- What comes back from libinih ----------------------------------------------------------- */

static void value_finish(struct ini_reader *r)
{
    if (r->entry) {
        struct span all = span_trim_end((struct span){buf_str(&r->value), r->value.len});
        r->entry->value = arena_strndup(r->ini->arena, all.text, all.len);
    }
    r->entry = NULL;
    buf_clear(&r->value);
}

static void value_begin(struct ini_reader *r, size_t number, const char *name)
{
    struct ini_section *s = &r->ini->sections[number];
    struct ini_entry *entry = entry_find(s, name);
    value_finish(r);
    if (r->dropping)
        return;
    if (!entry && s->count == INI_KEYS) {
        problem_add(r->problems, PROBLEM_ERROR, r->place, s->name, "more than %d keys", INI_KEYS);
        return;
    }
    if (!entry) {
        entry = section_add(s);
        entry->name = arena_strdup(r->ini->arena, name);
    }
    entry->value = "";
    entry->here = r->source->here;
    entry->place = r->place;
    r->entry = entry;
}

static int on_pair(void *user, const char *section, const char *name, const char *value)
{
    struct ini_reader *r = user;
    if (*name == '.')
        value_begin(r, strtoul(section, NULL, 10), name + 1);
    if (strcmp(name, NEWLINE) == 0)
        buf_char(&r->value, '\n');
    size_t len = strlen(value);
    if (len > 2) /* the bars */
        buf_append(&r->value, value + 1, len - 2);
    return 1;
}

/* --- What goes to it ------------------------------------------------------------------------ */

static void reader_hand(struct ini_reader *r, const char *name, struct span text)
{
    (void)snprintf(r->name, sizeof r->name, "%s", name);
    r->text = text;
    r->handing = true;
}

/* What libinih may take for a comment: never both in one piece. */
static bool mark_after_blank(struct span text, size_t pos)
{
    return (text.text[pos] == ';' || text.text[pos] == '#') &&
           isspace((unsigned char)text.text[pos - 1]);
}

/* Fills one line of libinih's buffer; what does not fit comes with the next call. */
static void reader_put(struct ini_reader *r, char *line, size_t size)
{
    size_t piece = size - strlen(r->name) - sizeof "=||\n";
    if (piece > r->text.len)
        piece = r->text.len;
    for (size_t i = 1; i < piece; i++)
        if (mark_after_blank(r->text, i))
            piece = i;
    if (r->name[0])
        (void)snprintf(line, size, "%s=|%.*s|\n", r->name, (int)piece, r->text.text);
    else
        (void)snprintf(line, size, "[%zu]\n", r->section);
    r->text.text += piece;
    r->text.len -= piece;
    r->handing = r->text.len > 0;
    if (r->handing)
        (void)snprintf(r->name, sizeof r->name, "%s", GLUE);
}

/* --- The rules of lines --------------------------------------------------------------------- */

/* The next line, without its end: \n, \r\n or \r. False at the end of the file. */
static bool next_line(struct ini_reader *r, struct span *line)
{
    if (r->rest.len == 0)
        return false;
    size_t len = 0;
    while (len < r->rest.len && r->rest.text[len] != '\n' && r->rest.text[len] != '\r')
        len++;
    *line = (struct span){r->rest.text, len};
    if (len < r->rest.len)
        len += r->rest.text[len] == '\r' && len + 1 < r->rest.len && r->rest.text[len + 1] == '\n'
                   ? 2
                   : 1;
    r->rest.text += len;
    r->rest.len -= len;
    r->place.line++;
    return true;
}

static size_t find_mark(struct span line, char mark, size_t from)
{
    const char *at = from < line.len ? memchr(line.text + from, mark, line.len - from) : NULL;
    return at ? (size_t)(at - line.text) : line.len;
}

/*
 * Where an inline comment begins: at a mark with a blank (or nothing) before it. Both marks step
 * forward together, one occurrence a round, and the first round with a hit decides: that is
 * what Python does, and "a;b ;c #d" keeps its " ;c" so.
 */
static size_t find_comment(struct span line)
{
    size_t semicolon = find_mark(line, ';', 0);
    size_t hash = find_mark(line, '#', 0);
    while (semicolon < line.len || hash < line.len) {
        size_t hit = line.len;
        if (semicolon < line.len && (semicolon == 0 || blank_before(line, semicolon)))
            hit = semicolon;
        if (hash < hit && (hash == 0 || blank_before(line, hash)))
            hit = hash;
        if (hit < line.len)
            return hit;
        semicolon = find_mark(line, ';', semicolon + 1);
        hash = find_mark(line, '#', hash + 1);
    }
    return line.len;
}

static void reader_section(struct ini_reader *r, struct span name)
{
    struct ini *ini = r->ini;
    size_t number = 0;
    r->in_section = true;
    r->in_value = false;
    r->dropping = r->source->included && span_is(name, "include");
    if (r->dropping) {
        problem_add(r->problems, PROBLEM_WARNING, r->place, "include",
                    "an included file cannot include others: this section is ignored");
        return;
    }
    if (span_is(name, "mainstay"))
        name = span_of("supervisord");
    while (number < ini->count && !span_is(name, ini->sections[number].name))
        number++;
    if (number == INI_SECTIONS) {
        problem_add(r->problems, PROBLEM_ERROR, r->place, NULL, "more than %d sections",
                    INI_SECTIONS);
        r->dropping = true;
        return;
    }
    if (number == ini->count) {
        if (ini->count == ini->room) {
            ini->room *= 2;
            ini->sections = mem_grow(ini->sections, ini->room, sizeof *ini->sections);
        }
        ini->sections[ini->count++] = (struct ini_section){
            .name = arena_strndup(ini->arena, name.text, name.len), .place = r->place};
    }
    r->section = number;
    reader_hand(r, "", span_of(""));
}

static void reader_key(struct ini_reader *r, struct span name, struct span value)
{
    char key[NAME_LIMIT + 2] = ".";
    bool odd = name.len > NAME_LIMIT;
    for (size_t i = 1; i < name.len && !odd; i++)
        odd = mark_after_blank(name, i);
    r->in_value = true;
    if (odd) {
        problem_add(r->problems, PROBLEM_WARNING, r->place, NULL,
                    "'%.*s...' is no key of mainstay: ignored", 40, name.text);
        value_finish(r);
        return;
    }
    for (size_t i = 0; i < name.len; i++)
        key[i + 1] = (char)tolower((unsigned char)name.text[i]);
    reader_hand(r, key, value);
}

/* A line that begins something: a section or a key. */
static void reader_begin(struct ini_reader *r, struct span text)
{
    const char *end = memrchr(text.text, ']', text.len);
    int shown = (int)(text.len > 100 ? 100 : text.len);
    if (text.text[0] == '[' && end && end - text.text > 1) {
        reader_section(r, (struct span){text.text + 1, (size_t)(end - text.text) - 1});
        return;
    }
    if (!r->in_section) {
        problem_add(r->problems, PROBLEM_ERROR, r->place, NULL,
                    "File contains no section headers: '%.*s' stands before the first [section]",
                    shown, text.text);
        return;
    }
    size_t delimiter = find_mark(text, '=', 0);
    size_t colon = find_mark(text, ':', 0);
    if (colon < delimiter)
        delimiter = colon;
    if (delimiter == text.len || delimiter == 0) {
        problem_add(r->problems, PROBLEM_ERROR, r->place, NULL,
                    "Source contains parsing errors: '%.*s' is neither [section] nor key=value",
                    shown, text.text);
        return;
    }
    if (text.text[0] == '[')
        problem_add(r->problems, PROBLEM_WARNING, r->place, NULL,
                    "half a section header: '%.*s' has no closing ] and is read as a key", shown,
                    text.text);
    struct span value = {text.text + delimiter + 1, text.len - delimiter - 1};
    reader_key(r, span_trim_end((struct span){text.text, delimiter}), span_trim(value));
}

static void reader_line(struct ini_reader *r, struct span line)
{
    if (memchr(line.text, '\0', line.len)) {
        problem_add(r->problems, PROBLEM_ERROR, r->place, NULL,
                    "a NUL byte: this is not a text file");
        return;
    }
    struct span text = span_trim(line);
    size_t comment =
        text.len && (text.text[0] == ';' || text.text[0] == '#') ? 0 : find_comment(line);
    text = span_trim((struct span){line.text, comment});
    if (text.len == 0) {
        if (comment == line.len && r->in_value)
            reader_hand(r, NEWLINE, text);
        return;
    }
    size_t indent = span_indent(line);
    if (r->in_value && indent > r->indent) {
        if (text.text[0] == '[' && text.text[text.len - 1] == ']')
            problem_add(r->problems, PROBLEM_WARNING, r->place, NULL,
                        "indented deeper than the key above, this line continues its value and "
                        "is no section header");
        reader_hand(r, NEWLINE, text);
        return;
    }
    r->indent = indent;
    reader_begin(r, text);
}

static char *on_read(char *line, int size, void *stream)
{
    struct ini_reader *r = stream;
    struct span text;
    while (!r->handing && next_line(r, &text))
        reader_line(r, text);
    if (!r->handing)
        return NULL;
    reader_put(r, line, (size_t)size);
    return line;
}

void ini_read(struct ini *ini, const struct ini_source *source, const char *data, size_t len,
              struct problem_list *problems)
{
    struct ini_reader r = {.ini = ini, .source = source, .problems = problems, .rest = {data, len}};
    static const char bom[] = "\xef\xbb\xbf";
    if (len >= 3 && memcmp(data, bom, 3) == 0)
        r.rest = (struct span){data + 3, len - 3};
    r.place.file = arena_strdup(ini->arena, source->path);
    size_t errors = problems->errors;
    int rc = ini_parse_stream(on_read, &r, on_pair, &r);
    value_finish(&r);
    if (rc != 0 && problems->errors == errors)
        problem_add(problems, PROBLEM_ERROR, r.place, NULL, "libinih refuses the file (%d)", rc);
    buf_close(&r.value);
}
