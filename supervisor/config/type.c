#include "config/type.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "config/blank.h"
#include "config/env.h"
#include "config/eventtype.h"
#include "config/source.h"

/* One value being read: `at` is where it goes. */
struct slot {
    const struct key_row *row;
    const struct type_context *x;
    void *at;
    void *also;
};

typedef int type_reader(const struct slot *s, const char *text, struct err *e);

static int in_range(const struct slot *s, int64_t n, struct err *e)
{
    const struct key_row *row = s->row;
    if ((row->min == 0 && row->max == 0) || (n >= row->min && n <= row->max))
        return 0;
    if (row->min == INT64_MIN)
        return err_set(e, -EINVAL, "%" PRId64 " is above %" PRId64, n, row->max);
    return err_set(e, -EINVAL, "%" PRId64 " is not between %" PRId64 " and %" PRId64, n, row->min,
                   row->max);
}

static int read_text(const struct slot *s, const char *text, struct err *e)
{
    (void)e;
    *(const char **)s->at = arena_strdup(s->x->arena, text);
    return 0;
}

static int read_int(const struct slot *s, const char *text, struct err *e)
{
    int64_t n = 0;
    int rc = parse_int(text, &n, e);
    if (rc == 0)
        rc = in_range(s, n, e);
    if (rc == 0)
        *(int64_t *)s->at = n;
    return rc;
}

static int read_bool(const struct slot *s, const char *text, struct err *e)
{
    return parse_bool(text, s->at, e);
}

static int read_size(const struct slot *s, const char *text, struct err *e)
{
    return parse_size(text, s->at, e);
}

static int read_memory(const struct slot *s, const char *text, struct err *e)
{
    return parse_memory(text, s->at, e);
}

static int read_cpus(const struct slot *s, const char *text, struct err *e)
{
    return parse_cpus(text, s->at, e);
}

static int read_count(const struct slot *s, const char *text, struct err *e)
{
    return parse_count(text, s->at, e);
}

static int read_octal(const struct slot *s, const char *text, struct err *e)
{
    const char *key = s->row->name;
    if (parse_octal(text, s->at, e) == 0)
        return 0;
    if (strcmp(key, "chmod") == 0 || strcmp(key, "socket_mode") == 0)
        return err_set(e, -EINVAL, "Invalid %s value %.100s", key, text);
    return -EINVAL;
}

static int read_signal(const struct slot *s, const char *text, struct err *e)
{
    return parse_signal(text, s->at, e);
}

static int read_duration(const struct slot *s, const char *text, struct err *e)
{
    int64_t ms = 0;
    int rc = parse_duration(text, &ms, e);
    if (rc < 0)
        return rc;
    if (ms < s->row->min)
        return err_set(e, -EINVAL, "'%s' is too short: at least %" PRId64 "ms", text, s->row->min);
    if (ms > s->row->max)
        return err_set(e, -EINVAL, "'%s' is too long: at most %" PRId64 "d", text,
                       s->row->max / 86400000);
    *(int64_t *)s->at = ms;
    return 0;
}

struct name_list type_names(const char *text, struct arena *a)
{
    struct name_list list = {0};
    if (*text == '\0')
        return list;
    size_t count = 1;
    for (const char *c = text; *c; c++)
        count += *c == ',';
    list.names = arena_array(a, count, sizeof *list.names);
    while (list.count < count) {
        size_t len = strcspn(text, ",");
        struct span name = span_trim((struct span){text, len});
        list.names[list.count++] = arena_strndup(a, name.text, name.len);
        text += len + 1;
    }
    return list;
}

static int read_exitcodes(const struct slot *s, const char *text, struct err *e)
{
    struct name_list words = type_names(text, s->x->arena);
    struct int_list codes = {0};
    if (words.count)
        codes.values = arena_array(s->x->arena, words.count, sizeof *codes.values);
    for (; codes.count < words.count; codes.count++) {
        int64_t *code = &codes.values[codes.count];
        if (parse_int(words.names[codes.count], code, NULL) < 0 || *code < 0 || *code > 255)
            return err_set(e, -EINVAL, "not a valid list of exit codes: '%.100s'", text);
    }
    *(struct int_list *)s->at = codes;
    return 0;
}

static int read_autorestart(const struct slot *s, const char *text, struct err *e)
{
    bool always;
    if (strcasecmp(text, "unexpected") == 0)
        *(enum autorestart *)s->at = AUTORESTART_UNEXPECTED;
    else if (parse_bool(text, &always, NULL) == 0)
        *(enum autorestart *)s->at = always ? AUTORESTART_ALWAYS : AUTORESTART_NEVER;
    else
        return err_set(e, -EINVAL,
                       "invalid 'autorestart' value '%.100s': write true, false or unexpected",
                       text);
    return 0;
}

/* ~ expanded, and the folder part is there. */
static int file_name(const struct slot *s, const char *text, const char **out, struct err *e)
{
    *out = text;
    if (s->x->unresolved)
        return 0;
    *out = source_path_home(s->x->sources, s->x->arena, text);
    if (!source_has_folder(s->x->sources, s->x->arena, *out))
        return err_set(e, -EINVAL, "The directory named as part of the path %s does not exist",
                       text);
    return 0;
}

/*
 * "syslog" is an old way to write NONE and *_syslog=true: path keeps the word for the caller.
 * "journal" is ours, and no file of that name: as it is written here, and in no other case.
 */
static int read_logfile(const struct slot *s, const char *text, struct err *e)
{
    struct log_config *log = s->at;
    const char *path = NULL;
    if (strcasecmp(text, "auto") == 0) {
        log->kind = LOG_KIND_AUTO;
    } else if (*text == '\0' || strcasecmp(text, "none") == 0 || strcasecmp(text, "off") == 0) {
        log->kind = LOG_KIND_NONE;
    } else if (strcasecmp(text, "syslog") == 0) {
        log->kind = LOG_KIND_NONE;
        path = "syslog";
    } else if (strcmp(text, "journal") == 0) {
        log->kind = LOG_KIND_JOURNAL;
    } else {
        int rc = file_name(s, text, &path, e);
        if (rc < 0)
            return rc;
        log->kind = LOG_KIND_FILE;
        path = arena_strdup(s->x->arena, path);
    }
    log->path = path;
    return 0;
}

static int read_environment(const struct slot *s, const char *text, struct err *e)
{
    return env_parse(text, s->x->arena, s->at, s->x->odd, e);
}

static int read_user(const struct slot *s, const char *text, struct err *e)
{
    int64_t *ids = s->also;
    if (!s->x->unresolved) {
        int rc = source_user(s->x->sources, text, &ids[0], &ids[1], e);
        if (rc < 0)
            return rc;
    }
    return read_text(s, text, e);
}

static int read_owner(const struct slot *s, const char *text, struct err *e)
{
    if (s->x->unresolved)
        return 0;
    int rc = source_owner(s->x->sources, text, s->at, s->also, e);
    if (rc == 0)
        return 0;
    if (strcmp(s->row->name, "chown") == 0)
        return err_prefix(e, rc, "Invalid sockchown value %.100s", text);
    return err_prefix(e, rc, "Invalid %s value %.100s", s->row->name, text);
}

static int read_folder(const struct slot *s, const char *text, struct err *e)
{
    if (!s->x->unresolved) {
        const char *folder = source_path_home(s->x->sources, s->x->arena, text);
        if (!source_is_folder(s->x->sources, folder))
            return err_set(e, -EINVAL, "%s is not an existing directory", text);
        text = folder;
    }
    return read_text(s, text, e);
}

static int read_file(const struct slot *s, const char *text, struct err *e)
{
    int rc = file_name(s, text, &text, e);
    if (rc == 0)
        *(const char **)s->at = source_path_normal(s->x->sources, s->x->arena, text);
    return rc;
}

static int read_mainlog(const struct slot *s, const char *text, struct err *e)
{
    bool word = strcmp(text, "syslog") == 0 || strcmp(text, "journal") == 0;
    return word ? read_text(s, text, e) : read_file(s, text, e);
}

static int read_socket(const struct slot *s, const char *text, struct err *e)
{
    (void)e;
    struct span name = span_trim(span_of(text));
    text = arena_strndup(s->x->arena, name.text, name.len);
    *(const char **)s->at = source_path_normal(s->x->sources, s->x->arena,
                                               source_path_home(s->x->sources, s->x->arena, text));
    return 0;
}

static int read_level(const struct slot *s, const char *text, struct err *e)
{
    // clang-format off
    static const struct { const char *name; enum log_level level; } levels[] = {
        {"critical", LOG_LEVEL_CRITICAL}, {"error", LOG_LEVEL_ERROR}, {"warn", LOG_LEVEL_WARN},
        {"info", LOG_LEVEL_INFO},         {"debug", LOG_LEVEL_DEBUG}, {"trace", LOG_LEVEL_TRACE},
        {"blather", LOG_LEVEL_BLATHER},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        if (strcasecmp(text, levels[i].name) == 0) {
            *(int64_t *)s->at = levels[i].level;
            return 0;
        }
    }
    return err_set(e, -EINVAL,
                   "bad logging level name '%.100s': write critical, error, warn, info, debug, "
                   "trace or blather",
                   text);
}

static int choice_find(const struct key_row *row, const char *text, int *value, struct err *e)
{
    struct buf all = BUF_EMPTY;
    for (const struct key_choice *c = row->choices; c->name; c++) {
        if (strcasecmp(text, c->name) == 0) {
            *value = c->value;
            buf_close(&all);
            return 0;
        }
        buf_printf(&all, "%s%s", all.len == 0 ? "" : c[1].name ? ", " : " or ", c->name);
    }
    int rc = err_set(e, -EINVAL, "'%.100s' is not %s%s", text,
                     row->choices[1].name ? "one of " : "", buf_str(&all));
    buf_close(&all);
    return rc;
}

static int read_choice(const struct slot *s, const char *text, struct err *e)
{
    return choice_find(s->row, text, s->at, e);
}

static int read_choices(const struct slot *s, const char *text, struct err *e)
{
    struct name_list words = type_names(text, s->x->arena);
    unsigned bits = 0;
    for (size_t i = 0; i < words.count; i++) {
        int value = 0;
        int rc = choice_find(s->row, words.names[i], &value, e);
        if (rc < 0)
            return rc;
        bits |= (unsigned)value;
    }
    if (bits == 0)
        return choice_find(s->row, "", &(int){0}, e);
    *(unsigned *)s->at = bits;
    return 0;
}

static int read_names(const struct slot *s, const char *text, struct err *e)
{
    (void)e;
    *(struct name_list *)s->at = type_names(text, s->x->arena);
    return 0;
}

static const char *upper(struct arena *a, const char *text)
{
    char *copy = arena_strdup(a, text);
    for (char *c = copy; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    return copy;
}

static int read_events(const struct slot *s, const char *text, struct err *e)
{
    struct name_list list = type_names(text, s->x->arena);
    for (size_t i = 0; i < list.count; i++) {
        list.names[i] = upper(s->x->arena, list.names[i]);
        if (eventtype_find(list.names[i]) == EVENTTYPES)
            return err_set(e, -EINVAL, "Unknown event type %.100s", list.names[i]);
    }
    *(struct name_list *)s->at = list;
    return 0;
}

static int read_port(const char *text, int64_t *port, struct err *e)
{
    int rc = parse_int(text, port, e);
    if (rc == 0 && *port < 1)
        rc = err_set(e, -EINVAL, "%" PRId64 " is below lower bound (1)", *port);
    if (rc == 0 && *port > 65535)
        rc = err_set(e, -EINVAL, "%" PRId64 " is above upper bound (65535)", *port);
    return rc;
}

static int read_address(const struct slot *s, const char *text, struct err *e)
{
    const char *colon = strrchr(text, ':');
    const char *number = colon ? colon + 1 : text;
    int64_t port = 0;
    if (colon && *number == '\0')
        return err_set(e, -EINVAL, "no port number specified in '%.100s'", text);
    int rc = read_port(number, &port, e);
    if (rc < 0 && !colon)
        return err_set(e, rc, "not a valid port number: '%.100s'", text);
    if (rc < 0)
        return rc;
    char *host = arena_strndup(s->x->arena, text, colon ? (size_t)(colon - text) : 0);
    for (char *c = host; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    *(const char **)s->at = strcmp(host, "*") == 0 ? "" : host;
    *(int64_t *)s->also = port;
    return 0;
}

static int read_name(const struct slot *s, const char *text, struct err *e)
{
    struct span name = span_trim(span_of(text));
    for (const char *bad = " :/"; *bad; bad++)
        if (memchr(name.text, *bad, name.len))
            return err_set(e, -EINVAL, "Invalid name: '%.100s' because of character: '%c'", text,
                           *bad);
    *(const char **)s->at = arena_strndup(s->x->arena, name.text, name.len);
    return 0;
}

static int read_serverurl(const struct slot *s, const char *text, struct err *e)
{
    struct span url = span_trim(span_of(text));
    if (url.len == 4 && strncasecmp(url.text, "AUTO", 4) == 0) {
        *(const char **)s->at = NULL;
        return 0;
    }
    return read_text(s, text, e);
}

static int read_url(const struct slot *s, const char *text, struct err *e)
{
    if ((strncmp(text, "http://", 7) != 0 || !text[7]) &&
        (strncmp(text, "https://", 8) != 0 || !text[8]))
        return err_set(e, -EINVAL, "'%.200s' is not a URL: write http://host:port or https://host",
                       text);
    return read_text(s, text, e);
}

enum { BUCKET_LEAST = 3, BUCKET_MOST = 63 };

static int read_s3(const struct slot *s, const char *text, struct err *e)
{
    if (strncmp(text, "s3://", 5) != 0 || text[5] == '\0' || text[5] == '/')
        return err_set(e, -EINVAL, "'%.200s' is not a place in S3: write s3://bucket/prefix/",
                       text);
    size_t len = strcspn(text + 5, "/");
    if (len < BUCKET_LEAST || len > BUCKET_MOST)
        return err_set(e, -EINVAL, "'%.*s' is no name of a bucket: those have %d to %d characters",
                       len > 200 ? 200 : (int)len, text + 5, BUCKET_LEAST, BUCKET_MOST);
    return read_text(s, text, e);
}

static int read_absolute(const struct slot *s, const char *text, struct err *e)
{
    if (*text != '/')
        return err_set(e, -EINVAL, "'%.200s' is not an absolute path: begin it with /", text);
    return read_text(s, text, e);
}

// clang-format off
static type_reader *const readers[] = {
    [KEY_TEXT] = read_text,             [KEY_INT] = read_int,
    [KEY_BOOL] = read_bool,             [KEY_SIZE] = read_size,
    [KEY_OCTAL] = read_octal,           [KEY_SIGNAL] = read_signal,
    [KEY_EXITCODES] = read_exitcodes,   [KEY_AUTORESTART] = read_autorestart,
    [KEY_LOGFILE] = read_logfile,       [KEY_ENVIRONMENT] = read_environment,
    [KEY_USER] = read_user,             [KEY_OWNER] = read_owner,
    [KEY_FOLDER] = read_folder,         [KEY_FILE] = read_file,
    [KEY_MAINLOG] = read_mainlog,       [KEY_SOCKET] = read_socket,
    [KEY_LEVEL] = read_level,           [KEY_DURATION] = read_duration,
    [KEY_CHOICE] = read_choice,         [KEY_CHOICES] = read_choices,
    [KEY_NAMES] = read_names,           [KEY_EVENTS] = read_events,
    [KEY_ADDRESS] = read_address,       [KEY_NAME] = read_name,
    [KEY_SERVERURL] = read_serverurl,   [KEY_URL] = read_url,
    [KEY_S3] = read_s3,                 [KEY_ABSOLUTE] = read_absolute,
    [KEY_MEMORY] = read_memory,         [KEY_CPUS] = read_cpus,
    [KEY_COUNT] = read_count,
};
// clang-format on
_Static_assert(sizeof readers / sizeof *readers == KEY_TYPES, "one reader for each type");

int type_parse(const struct key_row *row, const char *text, const struct type_context *x,
               void *base, struct err *e)
{
    struct slot s = {row, x, (char *)base + row->offset, (char *)base + row->also};
    return readers[row->type](&s, text, e);
}
