#include "traffic/format.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "traffic/combined.h"
#include "traffic/jsonline.h"
#include "traffic/lenient.h"
#include "traffic/nginxconf.h"
#include "traffic/wide.h"

struct named_format {
    const char *name;
    enum format_way way;
    const char *text; /* of a layout */
};

static const char COMBINED[] =
    "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent "
    "\"$http_referer\" \"$http_user_agent\"";

// clang-format off
static const struct named_format NAMES[] = {
    {"auto",      FORMAT_AUTO,   NULL},
    {"combined",  FORMAT_LAYOUT, COMBINED},
    {"common",    FORMAT_LAYOUT, "$remote_addr - $remote_user [$time_local] \"$request\" $status "
                                 "$body_bytes_sent"},
    {"viewbovis", FORMAT_LAYOUT, "$http_x_forwarded_for - $remote_user [$time_local] \"$host\" "
                                 "\"$request\" $status $body_bytes_sent \"$http_referer\" "
                                 "\"$http_user_agent\" $request_time"},
    {"json",      FORMAT_JSON,   NULL},
};

static const char *const KIND_NAMES[] = {
    [LINE_OK] = "ok",         [LINE_EMPTY] = "empty", [LINE_CUT] = "cut",
    [LINE_BINARY] = "binary", [LINE_TIME] = "time",   [LINE_OTHER] = "other",
    [LINE_LONG] = "long",
};
// clang-format on

_Static_assert(sizeof KIND_NAMES / sizeof *KIND_NAMES == LINE_KINDS, "a name for each kind");

const char *line_kind_name(enum line_kind kind)
{
    return KIND_NAMES[kind];
}

/* --- From what the user wrote to a format ---------------------------------------------------- */

static const struct named_format *find_name(const char *name)
{
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (strcmp(NAMES[i].name, name) == 0)
            return &NAMES[i];
    return NULL;
}

static int init_layout(struct format *f, const char *spec, const char *text, struct err *e)
{
    f->way = FORMAT_LAYOUT;
    f->combined = strcmp(text, COMBINED) == 0;
    int rc = layout_init(&f->layout, text, e);
    f->fields = f->layout.fields;
    return rc < 0 ? err_prefix(e, rc, "the format '%.200s'", spec) : 0;
}

static int init_named(struct format *f, const struct named_format *named, struct err *e)
{
    f->way = named->way;
    f->fields = FIELD_ALL;
    f->combined = named->way == FORMAT_AUTO;
    return named->way == FORMAT_LAYOUT ? init_layout(f, named->name, named->text, e) : 0;
}

static bool is_directive(const char *spec)
{
    return strncmp(spec, "log_format", 10) == 0 && strchr(" \t\r\n", spec[10]) != NULL;
}

/* A format as it stands, quoted as in nginx's configuration, or a whole directive. */
static int init_text(struct format *f, const char *spec, struct err *e)
{
    struct buf text = BUF_EMPTY;
    int rc = 0;
    if (is_directive(spec))
        rc = nginxconf_format(spec, strlen(spec), NULL, &text, e);
    else if (*spec == '\'')
        nginxconf_join(spec, strlen(spec), &text);
    else
        buf_text(&text, spec);
    if (rc == 0)
        rc = init_layout(f, spec, buf_str(&text), e);
    buf_close(&text);
    return rc;
}

static int init_from_file(struct format *f, const char *path, const char *name, struct err *e)
{
    struct buf conf = BUF_EMPTY;
    struct buf text = BUF_EMPTY;
    int rc = fd_read_file(path, NGINXCONF_MAX, &conf, e);
    if (rc == 0) {
        rc = nginxconf_format(buf_str(&conf), conf.len, name, &text, e);
        if (rc == 0)
            rc = init_layout(f, path, buf_str(&text), e);
        else
            rc = err_prefix(e, rc, "%s", path);
    }
    buf_close(&conf);
    buf_close(&text);
    return rc;
}

/* FILE or FILE:NAME. */
static int init_file(struct format *f, const char *spec, struct err *e)
{
    const char *colon = strrchr(spec, ':');
    if (access(spec, F_OK) == 0 || colon == NULL || strchr(colon, '/') != NULL)
        return init_from_file(f, spec, NULL, e);
    char *path = mem_strndup(spec, (size_t)(colon - spec));
    int rc = init_from_file(f, path, colon + 1, e);
    mem_free(path);
    return rc;
}

static bool is_file(const char *spec)
{
    return strchr(spec, '/') != NULL || strstr(spec, ".conf") != NULL || access(spec, F_OK) == 0;
}

static int unknown_format(const char *spec, struct err *e)
{
    return err_set(e, -EINVAL,
                   "the format '%.200s' is unknown: write auto, combined, common, viewbovis, json, "
                   "a log_format with its $variables, or FILE:NAME for one in an nginx.conf",
                   spec);
}

static int init_spec(struct format *f, const char *spec, struct err *e)
{
    const struct named_format *named = find_name(spec);
    if (named != NULL)
        return init_named(f, named, e);
    if (strchr(spec, '$') != NULL || is_directive(spec))
        return init_text(f, spec, e);
    return is_file(spec) ? init_file(f, spec, e) : unknown_format(spec, e);
}

int format_init(struct format *f, const char *spec, struct err *e)
{
    *f = (struct format){.wanted = FIELD_ALL, .wide = wide_is_here()};
    when_init(&f->when);
    return init_spec(f, spec, e);
}

void format_close(struct format *f)
{
    layout_close(&f->layout);
    mem_free(f->scratch);
    f->scratch = NULL;
    f->scratch_room = 0;
}

void format_want(struct format *f, unsigned fields)
{
    f->wanted = fields;
    layout_want(&f->layout, fields);
}

/* --- Reading --------------------------------------------------------------------------------- */

static enum line_kind read_json(struct format *f, struct span line, struct take *t)
{
    if (line.len > f->scratch_room) {
        mem_free(f->scratch);
        f->scratch_room = line.len + line.len / 2;
        f->scratch = mem_alloc(f->scratch_room);
    }
    return jsonline_read(line, t, f->scratch);
}

/* A log of servers holds no such bytes, as they escape them; so they are said to be the reason. */
static bool is_binary(struct span line)
{
    for (size_t i = 0; i < line.len; i++) {
        unsigned char c = (unsigned char)line.text[i];
        if ((c < 0x20 && c != '\t' && c != '\r') || c == 0x7f)
            return true;
    }
    return false;
}

static enum line_kind explain(enum line_kind kind, struct span line)
{
    if (line.len == 0)
        return LINE_EMPTY;
    return kind != LINE_TIME && is_binary(line) ? LINE_BINARY : kind;
}

/* The line, as combined.h reads it; or NULL. */
static inline const char *read_combined(struct format *f, struct span text, struct record *r)
{
    struct take *t = &f->take;
    if (!f->combined)
        return NULL;
    take_begin(t, text, r);
    t->when = &f->when;
    t->wanted = f->wanted;
    return combined_read(t, f->wide);
}

size_t format_read_ahead(struct format *f, const char *text, size_t len, struct record *r)
{
    const char *end = read_combined(f, (struct span){text, len}, r);
    if (end != NULL && end < text + len && *end == '\n')
        return (size_t)(end - text);
    f->refused = text;
    return 0;
}

enum line_kind format_read(struct format *f, const char *line, size_t len, struct record *r)
{
    struct span text = {line, len};
    struct take *t = &f->take;
    enum line_kind kind = LINE_OTHER;
    const char *end = line != f->refused ? read_combined(f, text, r) : NULL;
    if (end != NULL && end == line + len)
        return LINE_OK;
    f->refused = NULL;
    take_begin(t, text, r);
    t->when = &f->when;
    t->wanted = f->wanted;
    switch (f->way) {
    case FORMAT_LAYOUT:
        kind = layout_read(&f->layout, text, t);
        break;
    case FORMAT_JSON:
        kind = read_json(f, text, t);
        break;
    case FORMAT_AUTO:
        kind = len > 0 && *line == '{' ? read_json(f, text, t) : lenient_read(text, t);
        break;
    }
    return kind == LINE_OK ? LINE_OK : explain(kind, text);
}
