#include "config/doc.h"

#include <jansson.h>

#include "config/kind.h"

// clang-format off
static const struct { const char *name, *doc; } doc_types[] = {
    [KEY_TEXT]        = {"text", "Anything."},
    [KEY_INT]         = {"integer", "A decimal number; _ may stand between digits."},
    [KEY_BOOL]        = {"boolean", "true, yes, on or 1; false, no, off or 0."},
    [KEY_SIZE]        = {"size", "Bytes, or a number with KB, MB or GB, which count in 1024s."},
    [KEY_OCTAL]       = {"octal", "A number in base 8, such as 022 or 0o700."},
    [KEY_SIGNAL]      = {"signal", "A name with or without SIG, or a number."},
    [KEY_EXITCODES]   = {"codes", "Numbers from 0 to 255, separated by commas."},
    [KEY_AUTORESTART] = {"restart", "true, false or unexpected."},
    [KEY_LOGFILE]     = {"logfile", "A file in a folder that exists, which may begin with ~; AUTO; "
                         "NONE; journal. /dev/stdout and /dev/stderr are the daemon's own."},
    [KEY_ENVIRONMENT] = {"variables", "NAME=\"value\", separated by commas; quotes are needed "
                         "around all but letters, digits and a few marks."},
    [KEY_USER]        = {"user", "A user by name or number, who must exist."},
    [KEY_OWNER]       = {"owner", "user or user:group, by name or number."},
    [KEY_FOLDER]      = {"folder", "A folder that exists; it may begin with ~."},
    [KEY_FILE]        = {"file", "A file in a folder that exists; it may begin with ~, and is seen "
                         "from where the daemon was started."},
    [KEY_MAINLOG]     = {"mainlog", "A file as above; syslog or journal."},
    [KEY_SOCKET]      = {"path", "A path; it may begin with ~."},
    [KEY_LEVEL]       = {"level", "critical, error, warn, info, debug, trace or blather."},
    [KEY_DURATION]    = {"duration", "A number with ms, s, m, h or d, such as 1.5s; without one, "
                         "seconds."},
    [KEY_CHOICE]      = {"choice", "One of the words that are given."},
    [KEY_CHOICES]     = {"choices", "One or more of the words that are given, separated by "
                         "commas."},
    [KEY_NAMES]       = {"names", "Names, separated by commas."},
    [KEY_EVENTS]      = {"events", "Names of Supervisor's event types, separated by commas."},
    [KEY_ADDRESS]     = {"address", "port, host:port, or *:port for every address."},
    [KEY_NAME]        = {"name", "A name without blank, colon and slash."},
    [KEY_SERVERURL]   = {"serverurl", "unix:///path, http://host:port, or AUTO."},
    [KEY_URL]         = {"url", "http://host:port or https://host."},
    [KEY_S3]          = {"place", "s3://bucket/prefix/."},
    [KEY_ABSOLUTE]    = {"absolute", "A path that begins with a slash."},
    [KEY_MEMORY]      = {"memory", "A number of bytes, or one with K, M, G or T (times 1024 each), "
                         "with or without a B behind it; or max."},
    [KEY_CPUS]        = {"cpus", "A number of CPUs such as 1.5, the same as 150%; or max."},
    [KEY_COUNT]       = {"count", "A whole number above 0, or max."},
};
_Static_assert(sizeof doc_types / sizeof *doc_types == KEY_TYPES, "one row for each type");

static const struct { unsigned class; const char *name; } doc_names[] = {
    {EXPAND_HERE,    "here"},
    {EXPAND_ENV,     "ENV_X"},
    {EXPAND_NODE,    "host_node_name"},
    {EXPAND_PROGRAM, "program_name"},
    {EXPAND_GROUP,   "group_name"},
    {EXPAND_PROCESS, "process_num"},
    {EXPAND_PROCESS, "numprocs"},
    {EXPAND_OWN,     "ENV_X_of_its_own_environment="},
};
// clang-format on

static json_t *doc_expands(unsigned expands)
{
    json_t *names = json_array();
    for (size_t i = 0; i < sizeof doc_names / sizeof *doc_names; i++)
        if (expands & doc_names[i].class)
            json_array_append_new(names, json_string(doc_names[i].name));
    return names;
}

static json_t *doc_choices(const struct key_choice *choices)
{
    json_t *words = json_array();
    for (; choices && choices->name; choices++)
        json_array_append_new(words, json_string(choices->name));
    return words;
}

static json_t *doc_limit(const struct key_row *row, int64_t limit)
{
    bool any = (row->min == 0 && row->max == 0) || limit == INT64_MIN;
    return any ? json_null() : json_integer(limit);
}

static json_t *doc_key(const struct key_row *row)
{
    return json_pack("{s:s, s:s, s:s?, s:s, s:o, s:o, s:o, s:o, s:b, s:b}", "name", row->name,
                     "type", doc_types[row->type].name, "default", row->fallback, "doc", row->doc,
                     "min", doc_limit(row, row->min), "max", doc_limit(row, row->max), "choices",
                     doc_choices(row->choices), "expands", doc_expands(row->expands), "needed",
                     (row->flags & KEY_NEEDED) != 0, "native", (row->flags & KEY_NATIVE) != 0);
}

static json_t *doc_section(const struct section_kind *k)
{
    json_t *keys = json_array();
    for (size_t t = 0; t < KIND_TABLES && k->tables[t]; t++)
        for (size_t i = 0; i < k->tables[t]->count; i++)
            json_array_append_new(keys, doc_key(&k->tables[t]->rows[i]));
    return json_pack("{s:s, s:b, s:s, s:o}", "name", k->name, "named", k->named, "doc", k->doc,
                     "keys", keys);
}

static int on_chunk(const char *data, size_t size, void *ctx)
{
    buf_append(ctx, data, size);
    return 0;
}

void doc_keys(struct buf *out)
{
    json_t *sections = json_array();
    json_t *types = json_array();
    for (size_t i = 0; i < section_kind_count; i++)
        json_array_append_new(sections, doc_section(&section_kinds[i]));
    for (size_t i = 0; i < KEY_TYPES; i++)
        json_array_append_new(
            types, json_pack("{s:s, s:s}", "name", doc_types[i].name, "doc", doc_types[i].doc));
    json_t *all = json_pack("{s:o, s:o}", "sections", sections, "types", types);
    (void)json_dump_callback(all, on_chunk, out, JSON_INDENT(1));
    buf_char(out, '\n');
    json_decref(all);
}

int doc_main(FILE *out)
{
    struct buf text = BUF_EMPTY;
    doc_keys(&text);
    size_t written = fwrite(buf_str(&text), 1, text.len, out);
    int failed = written != text.len || fflush(out) != 0;
    buf_close(&text);
    return failed;
}
