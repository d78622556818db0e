#include "net/words.h"

#include <stdbool.h>
#include <string.h>

#include "base/xml.h"

/*
 * {name} is a word of the event; {process} and {text} are made of several. What stands in [ ]
 * goes when one of its words is not there. The first row that fits is used: one with a key fits
 * when the event has that value.
 */
struct words_row {
    const char *event;
    const char *key;
    const char *value;
    const char *sentence;
};

// clang-format off
static const struct words_row words_rows[] = {
    {"PROCESS_STATE_FATAL", NULL, NULL, "{process} has given up: no start of it has succeeded"},
    {"PROCESS_STATE_EXITED", "expected", "0", "{process}[ (pid {pid})] has ended unexpectedly"},
    {"PROCESS_STATE_EXITED", NULL, NULL, "{process}[ (pid {pid})] has ended, as expected"},
    {"PROCESS_STATE_BACKOFF", NULL, NULL, "{process} ended too quickly[, at start number {tries}]"},
    {"PROCESS_STATE_STARTING", NULL, NULL, "{process} is being started"},
    {"PROCESS_STATE_RUNNING", NULL, NULL, "{process}[ (pid {pid})] is running"},
    {"PROCESS_STATE_STOPPING", NULL, NULL, "{process}[ (pid {pid})] is being stopped"},
    {"PROCESS_STATE_STOPPED", NULL, NULL, "{process} has stopped"},
    {"PROCESS_STATE_UNKNOWN", NULL, NULL, "{process} is in a state that nobody knows"},
    {"PROCESS_COMMUNICATION_STDOUT", NULL, NULL, "{process} says: {text}"},
    {"PROCESS_COMMUNICATION_STDERR", NULL, NULL, "{process} says: {text}"},
    {"PROCESS_LOG_STDOUT", NULL, NULL, "{process} writes: {text}"},
    {"PROCESS_LOG_STDERR", NULL, NULL, "{process} writes: {text}"},
    {"REMOTE_COMMUNICATION", NULL, NULL, "[{type}: ]{text}"},
    {"SUPERVISOR_STATE_CHANGE_RUNNING", NULL, NULL, "the supervisor[ '{server}'] is running"},
    {"SUPERVISOR_STATE_CHANGE_STOPPING", NULL, NULL, "the supervisor[ '{server}'] is stopping"},
    {"PROCESS_GROUP_ADDED", NULL, NULL, "group {groupname} is there now"},
    {"PROCESS_GROUP_REMOVED", NULL, NULL, "group {groupname} is gone"},
    {"JOB_STARTED", "attempt", "1", "{kind} {jobname} has started"},
    {"JOB_STARTED", NULL, NULL, "{kind} {jobname} is tried again, attempt {attempt}"},
    {"JOB_SUCCEEDED", NULL, NULL, "{kind} {jobname} has succeeded[ after {took} s]"},
    {"JOB_FAILED", "attempt", "0", "{kind} {jobname} was not tried[: {text}]"},
    {"JOB_FAILED", "result", "stopped", "{kind} {jobname} was stopped[: {text}]"},
    {"JOB_FAILED", NULL, NULL, "{kind} {jobname} has failed[: {text}]"},
    {"JOB_MISSED", NULL, NULL, "{kind} {jobname} has not succeeded for too long[: {text}]"},
    {"JOB_SKIPPED", NULL, NULL, "{kind} {jobname} was due, but has not run[: {text}]"},
    {"SHUTDOWN_PLANNED", NULL, NULL, "{text}"},
    {"SHUTDOWN_WARNING", NULL, NULL, "{text}"},
    {"SHUTDOWN_POSTPONED", NULL, NULL, "{text}"},
    {"SHUTDOWN_CANCELLED", NULL, NULL, "{text}"},
    {"SHUTDOWN_FAILED", NULL, NULL, "{text}"},
    {"TICK_5", NULL, NULL, "five seconds have passed"},
    {"TICK_60", NULL, NULL, "a minute has passed"},
    {"TICK_3600", NULL, NULL, "an hour has passed"},
};
// clang-format on

struct told told_read(const struct intake *in)
{
    const char *head = buf_str(&in->head);
    const char *text = buf_str(&in->text);
    const char *end = memchr(text, '\n', in->text.len);
    const size_t line = end ? (size_t)(end - text) : in->text.len;
    return (struct told){
        .event = field_get(head, in->head.len, "eventname"),
        .server = field_get(head, in->head.len, "server"),
        .serial = field_get(head, in->head.len, "serial"),
        .line = {text, line},
        .data = {end ? end + 1 : text + line, end ? in->text.len - line - 1 : 0},
        .cut = in->cut,
    };
}

/* One line of it: what comes from outside must not look like a line of ours. */
static bool write_field(struct field f, struct buf *out)
{
    struct buf clean = BUF_EMPTY;
    size_t len = f.len < WORDS_TEXT_MAX ? f.len : WORDS_TEXT_MAX;
    while (len > 0 && len < f.len && (f.text[len] & 0xc0) == 0x80)
        len--; /* no half character at the end */
    if (len > 0)
        xml_legal_text(&clean, f.text, len);
    for (size_t i = 0; i < clean.len; i++)
        buf_char(out, strchr("\t\r\n", clean.data[i]) ? ' ' : clean.data[i]);
    if (len < f.len)
        buf_text(out, "...");
    buf_close(&clean);
    return f.text != NULL;
}

static bool write_process(const struct told *t, struct buf *out)
{
    const struct field name = field_get(t->line.text, t->line.len, "processname");
    const struct field group = field_get(t->line.text, t->line.len, "groupname");
    if (group.text && name.text &&
        (group.len != name.len || memcmp(group.text, name.text, name.len) != 0)) {
        (void)write_field(group, out);
        buf_char(out, ':');
    }
    return write_field(name, out);
}

/* The text behind the first line, without blanks at its ends. */
static bool write_text(const struct told *t, struct buf *out)
{
    struct field f = t->data;
    while (f.len > 0 && strchr(" \t\r\n", f.text[f.len - 1]))
        f.len--;
    while (f.len > 0 && strchr(" \t\r\n", *f.text)) {
        f.text++;
        f.len--;
    }
    return write_field(f, out) && f.len > 0;
}

static bool write_word(const struct told *t, const char *name, size_t len, struct buf *out)
{
    char key[32];
    if (len >= sizeof key)
        return false;
    memcpy(key, name, len);
    key[len] = '\0';
    if (strcmp(key, "process") == 0)
        return write_process(t, out);
    if (strcmp(key, "text") == 0)
        return write_text(t, out);
    if (strcmp(key, "server") == 0)
        return write_field(t->server, out);
    return write_field(field_get(t->line.text, t->line.len, key), out);
}

/* Up to the end of the text or of the brackets; false: a word is not there. */
static bool write_sentence(const struct told *t, const char **text, struct buf *out)
{
    bool whole = true;
    while (**text && **text != ']' && **text != '[') {
        const char *at = *text;
        const char *end = *at == '{' ? strchr(at, '}') : NULL;
        *text = end ? end + 1 : at + 1;
        if (!end)
            buf_char(out, *at);
        else
            whole = write_word(t, at + 1, (size_t)(end - at - 1), out) && whole;
    }
    return whole;
}

static void write_row(const struct told *t, const char *text, struct buf *out)
{
    while (*text) {
        struct buf part = BUF_EMPTY;
        const bool maybe = *text == '[';
        text += maybe ? 1 : 0;
        if (write_sentence(t, &text, &part) || !maybe)
            buf_append(out, buf_str(&part), part.len);
        text += maybe && *text == ']' ? 1 : 0;
        buf_close(&part);
    }
}

static bool row_fits(const struct words_row *row, const struct told *t)
{
    return field_is(t->event, row->event) &&
           (!row->key || field_is(field_get(t->line.text, t->line.len, row->key), row->value));
}

void words_write(const struct told *t, struct buf *out)
{
    for (size_t i = 0; i < sizeof words_rows / sizeof *words_rows; i++) {
        if (row_fits(&words_rows[i], t)) {
            write_row(t, words_rows[i].sentence, out);
            return;
        }
    }
    (void)write_field(t->event, out); /* of a daemon that is newer than we are */
    if (t->line.len > 0)
        buf_text(out, ": ");
    (void)write_field(t->line, out);
}

/* Is it somebody's text that makes the event what it is? */
static bool is_text(const struct told *t)
{
    return t->data.len > 0 && !field_get(t->line.text, t->line.len, "jobname").text;
}

void words_key(const struct told *t, struct buf *out)
{
    static const char *const names[] = {"groupname", "processname", "jobname", "expected"};
    (void)write_field(t->event, out);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        buf_char(out, ' ');
        (void)write_field(field_get(t->line.text, t->line.len, names[i]), out);
    }
    buf_char(out, ' ');
    if (is_text(t))
        words_write(t, out);
}
