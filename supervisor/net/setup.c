#include "net/setup.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/parse.h"

enum { URL_MAX = 8192 };
enum setting_type { SETTING_TEXT, SETTING_DURATION, SETTING_COUNT, SETTING_FORMAT, SETTING_MAP };

struct setting_row {
    const char *name;
    enum setting_type type;
    size_t offset;
    const char *fallback;
    const char *doc;
};

#define AT(member) offsetof(struct setup, member)
// clang-format off
static const struct setting_row setting_rows[] = {
    {"MAINSTAY_NOTIFY_NAME", SETTING_TEXT, AT(name), "notify", "What messages say who sent them."},
    {"MAINSTAY_NOTIFY_URL", SETTING_TEXT, AT(url), NULL, "Where messages are posted."},
    {"MAINSTAY_NOTIFY_URL_FILE", SETTING_TEXT, AT(url_file), NULL,
     "A file that says so in its first line, read anew for each attempt."},
    {"MAINSTAY_NOTIFY_COMMAND", SETTING_TEXT, AT(command), NULL,
     "What is run instead, with the message on standard input."},
    {"MAINSTAY_NOTIFY_CA_FILE", SETTING_TEXT, AT(ca_file), NULL,
     "Certificates of authorities that are trusted; else those of the machine."},
    {"MAINSTAY_NOTIFY_FORMAT", SETTING_FORMAT, AT(format), "json", "json or slack."},
    {"MAINSTAY_NOTIFY_QUIET", SETTING_DURATION, AT(quiet_ms), "5m",
     "How long the same event is only counted."},
    {"MAINSTAY_NOTIFY_TIMEOUT", SETTING_DURATION, AT(timeout_ms), "10s",
     "How long one attempt may take."},
    {"MAINSTAY_NOTIFY_RETRY_DELAY", SETTING_DURATION, AT(retry_delay_ms), "5s",
     "Pause before the second attempt, doubled for each further one,"},
    {"MAINSTAY_NOTIFY_RETRY_DELAY_MAX", SETTING_DURATION, AT(retry_delay_max_ms), "10m",
     "up to this."},
    {"MAINSTAY_NOTIFY_SPOOL", SETTING_TEXT, AT(spool), NULL,
     "The folder where messages wait; else in STATE_DIRECTORY; else memory."},
    {"MAINSTAY_NOTIFY_SPOOL_MAX", SETTING_COUNT, AT(spool_max), "1000",
     "How many messages wait at most."},
    {"MAINSTAY_NOTIFY_DEAD_MAN", SETTING_MAP, 0, NULL,
     "Instead of all this, lines JOB URL: the URL is asked after each success."},
};
// clang-format on
#undef AT
enum { SETTINGS = sizeof setting_rows / sizeof *setting_rows };

static int read_map(struct setup *s, const char *text, struct err *e)
{
    while (*text) {
        const size_t len = strcspn(text, "\n");
        const char *blank = memchr(text, ' ', len);
        if (!blank || s->dead_count == SETUP_DEAD_MEN)
            return err_set(e, -EINVAL, "a line without a blank, or more than %d lines",
                           SETUP_DEAD_MEN);
        s->dead_men[s->dead_count++] = (struct dead_man){
            mem_strndup(text, (size_t)(blank - text)),
            mem_strndup(blank + 1, len - (size_t)(blank + 1 - text)),
        };
        text += len + (text[len] ? 1 : 0);
    }
    return 0;
}

static int read_setting(struct setup *s, const struct setting_row *row, const char *text,
                        struct err *e)
{
    void *at = (char *)s + row->offset;
    switch (row->type) {
    case SETTING_TEXT:
        *(char **)at = mem_strdup(text);
        return 0;
    case SETTING_DURATION:
        return parse_duration(text, at, e);
    case SETTING_COUNT:
        return parse_count(text, at, e);
    case SETTING_FORMAT:
        if (strcmp(text, "json") != 0 && strcmp(text, "slack") != 0)
            return err_set(e, -EINVAL, "'%.100s' is not json or slack", text);
        *(enum note_format *)at = *text == 's' ? NOTE_SLACK : NOTE_JSON;
        return 0;
    case SETTING_MAP:
        return read_map(s, text, e);
    }
    return -EINVAL;
}

/* Several of STATE_DIRECTORY are separated by colons. */
static void choose_spool(struct setup *s)
{
    const char *given = getenv("STATE_DIRECTORY");
    if (!s->spool && given && *given)
        s->spool = mem_printf("%.*s/notify/%s", (int)strcspn(given, ":"), given, s->name);
}

int setup_read(struct setup *s, struct err *e)
{
    *s = (struct setup){0};
    int rc = 0;
    for (size_t i = 0; i < SETTINGS && rc == 0; i++) {
        const struct setting_row *row = &setting_rows[i];
        const char *text = getenv(row->name);
        if (text && !*text)
            text = NULL;
        if (text || row->fallback)
            rc = read_setting(s, row, text ? text : row->fallback, e);
        if (rc < 0)
            rc = err_prefix(e, rc, "%s", row->name);
    }
    for (size_t i = 0; i < SETTINGS; i++)
        (void)unsetenv(setting_rows[i].name);
    const int ways = !!s->url + !!s->url_file + !!s->command + (s->dead_count > 0);
    if (rc == 0 && ways != 1)
        rc = err_set(e, -EINVAL,
                     "it must be told one way to notify: MAINSTAY_NOTIFY_URL, "
                     "MAINSTAY_NOTIFY_URL_FILE or MAINSTAY_NOTIFY_COMMAND; mainstayd does that "
                     "for [notify:NAME]");
    if (rc == 0 && s->timeout_ms < 1)
        s->timeout_ms = 1;
    if (rc < 0)
        setup_close(s);
    else
        choose_spool(s);
    return rc;
}

void setup_close(struct setup *s)
{
    mem_free(s->name);
    mem_free(s->url);
    mem_free(s->url_file);
    mem_free(s->command);
    mem_free(s->ca_file);
    mem_free(s->spool);
    for (size_t i = 0; i < s->dead_count; i++) {
        mem_free(s->dead_men[i].job);
        mem_free(s->dead_men[i].url);
    }
    *s = (struct setup){0};
}

void setup_help(struct buf *out)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        const struct setting_row *row = &setting_rows[i];
        buf_printf(out, "  %-32s%s\n", row->name, row->doc);
        if (row->fallback)
            buf_printf(out, "  %-32sDefault: %s\n", "", row->fallback);
    }
}

char *setup_url(const struct setup *s, struct err *e)
{
    struct buf text = BUF_EMPTY;
    if (!s->url_file)
        return mem_strdup(s->url);
    if (fd_read_file(s->url_file, URL_MAX, &text, e) < 0) {
        buf_close(&text);
        return NULL;
    }
    const char *line = buf_str(&text) + strspn(buf_str(&text), " \t\r\n");
    char *url = mem_strndup(line, strcspn(line, " \t\r\n"));
    buf_close(&text);
    if (strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0)
        return url;
    mem_free(url);
    (void)err_set(e, -EINVAL, "the first line of url_file= is no http:// or https:// address");
    return NULL;
}
