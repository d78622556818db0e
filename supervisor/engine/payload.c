#include "engine/payload.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/xml.h"
#include "engine/state.h"

static enum eventtype state_type(const struct event *ev)
{
    switch ((enum proc_state)ev->state) {
    case PROC_STOPPED:
        return EVENTTYPE_PROCESS_STATE_STOPPED;
    case PROC_STARTING:
        return EVENTTYPE_PROCESS_STATE_STARTING;
    case PROC_RUNNING:
        return EVENTTYPE_PROCESS_STATE_RUNNING;
    case PROC_BACKOFF:
        return EVENTTYPE_PROCESS_STATE_BACKOFF;
    case PROC_STOPPING:
        return EVENTTYPE_PROCESS_STATE_STOPPING;
    case PROC_EXITED:
        return EVENTTYPE_PROCESS_STATE_EXITED;
    case PROC_FATAL:
        return EVENTTYPE_PROCESS_STATE_FATAL;
    case PROC_UNKNOWN:
        return EVENTTYPE_PROCESS_STATE_UNKNOWN;
    }
    return EVENTTYPES;
}

static enum eventtype tick_type(const struct event *ev)
{
    return ev->period == 5    ? EVENTTYPE_TICK_5
           : ev->period == 60 ? EVENTTYPE_TICK_60
                              : EVENTTYPE_TICK_3600;
}

static enum eventtype job_type(const struct event *ev)
{
    switch (ev->news) {
    case JOB_NEWS_STARTED:
        return EVENTTYPE_JOB_STARTED;
    case JOB_NEWS_SUCCEEDED:
        return EVENTTYPE_JOB_SUCCEEDED;
    case JOB_NEWS_FAILED:
        return EVENTTYPE_JOB_FAILED;
    case JOB_NEWS_MISSED:
        return EVENTTYPE_JOB_MISSED;
    case JOB_NEWS_SKIPPED:
        return EVENTTYPE_JOB_SKIPPED;
    case JOB_NEWS_NONE:
        break;
    }
    return EVENTTYPES;
}

static enum eventtype shutdown_type(const struct event *ev)
{
    switch (ev->power) {
    case POWER_PLANNED:
        return EVENTTYPE_SHUTDOWN_PLANNED;
    case POWER_WARNING:
        return EVENTTYPE_SHUTDOWN_WARNING;
    case POWER_POSTPONED:
        return EVENTTYPE_SHUTDOWN_POSTPONED;
    case POWER_CANCELLED:
        return EVENTTYPE_SHUTDOWN_CANCELLED;
    case POWER_FAILED:
        return EVENTTYPE_SHUTDOWN_FAILED;
    }
    return EVENTTYPES;
}

enum eventtype payload_type(const struct event *ev)
{
    switch (ev->type) {
    case EVENT_PROCESS_STATE:
        return state_type(ev);
    case EVENT_GROUP_ADDED:
        return EVENTTYPE_PROCESS_GROUP_ADDED;
    case EVENT_GROUP_REMOVED:
        return EVENTTYPE_PROCESS_GROUP_REMOVED;
    case EVENT_SUPERVISOR_STATE: /* SUPERVISOR_RUNNING is 1, all others are below it */
        return ev->state > 0 ? EVENTTYPE_SUPERVISOR_STATE_CHANGE_RUNNING
                             : EVENTTYPE_SUPERVISOR_STATE_CHANGE_STOPPING;
    case EVENT_PROCESS_LOG:
        return ev->is_err ? EVENTTYPE_PROCESS_LOG_STDERR : EVENTTYPE_PROCESS_LOG_STDOUT;
    case EVENT_PROCESS_COMM:
        return ev->is_err ? EVENTTYPE_PROCESS_COMMUNICATION_STDERR
                          : EVENTTYPE_PROCESS_COMMUNICATION_STDOUT;
    case EVENT_REMOTE:
        return EVENTTYPE_REMOTE_COMMUNICATION;
    case EVENT_TICK:
        return tick_type(ev);
    case EVENT_JOB_STATE:
    case EVENT_JOB_NEWS:
        return job_type(ev);
    case EVENT_SHUTDOWN:
        return shutdown_type(ev);
    case EVENT_PROCESS_NEWS:
        break;
    }
    return EVENTTYPES;
}

/* --- Bytes as text ------------------------------------------------------------------------- */

static bool is_utf8(const char *text, size_t len)
{
    while (len > 0) {
        size_t n = xml_utf8_char(text, len);
        if (n == 0)
            return false;
        text += n;
        len -= n;
    }
    return true;
}

size_t payload_points(const char *text, size_t len)
{
    size_t points = 0;
    for (; len > 0; points++) {
        size_t n = xml_utf8_char(text, len);
        text += n ? n : 1;
        len -= n ? n : 1;
    }
    return points;
}

static void write_byte(unsigned char byte, char quote, struct buf *out)
{
    if (byte == '\t')
        buf_text(out, "\\t");
    else if (byte == '\n')
        buf_text(out, "\\n");
    else if (byte == '\r')
        buf_text(out, "\\r");
    else if (byte < ' ' || byte > '~')
        buf_printf(out, "\\x%02x", byte);
    else if (byte == '\\' || byte == (unsigned char)quote)
        buf_printf(out, "\\%c", byte);
    else
        buf_char(out, (char)byte);
}

void payload_write_text(const char *data, size_t len, struct buf *out)
{
    if (is_utf8(data, len)) {
        buf_append(out, data, len);
        return;
    }
    char quote = memchr(data, '\'', len) && !memchr(data, '"', len) ? '"' : '\'';
    buf_printf(out, "Undecodable: b%c", quote);
    for (size_t i = 0; i < len; i++)
        write_byte((unsigned char)data[i], quote, out);
    buf_char(out, quote);
}

/* --- Payloads ------------------------------------------------------------------------------ */

static void write_state(const struct event *ev, struct buf *out)
{
    buf_printf(out, "processname:%s groupname:%s from_state:%s", ev->name, ev->group,
               proc_state_name((enum proc_state)ev->from));
    switch ((enum proc_state)ev->state) {
    case PROC_STARTING:
    case PROC_BACKOFF:
        buf_printf(out, " tries:%d", ev->tries);
        break;
    case PROC_EXITED:
        buf_printf(out, " expected:%d pid:%d", ev->expected, (int)ev->pid);
        break;
    case PROC_RUNNING:
    case PROC_STOPPING:
    case PROC_STOPPED:
        buf_printf(out, " pid:%d", (int)ev->pid);
        break;
    case PROC_FATAL:
    case PROC_UNKNOWN:
        break;
    }
}

static void write_output(const struct event *ev, struct buf *out)
{
    buf_printf(out, "processname:%s groupname:%s pid:%d", ev->name, ev->group, (int)ev->pid);
    if (ev->type == EVENT_PROCESS_LOG)
        buf_printf(out, " channel:%s", ev->is_err ? "stderr" : "stdout");
    buf_char(out, '\n');
    payload_write_text(ev->data, ev->len, out);
}

/* Values have neither blanks nor colons, so that childutils.get_headers reads them. */
static void write_token(const char *name, const char *value, struct buf *out)
{
    buf_printf(out, " %s:", name);
    for (; *value; value++)
        buf_char(out, *value == ' ' || *value == ':' ? '_' : *value);
}

/* "by schedule" is schedule, "at boot" boot; what has no such word in front stays as it is. */
static const char *cause_word(const char *cause)
{
    return !cause                                                           ? ""
           : strncmp(cause, "by ", 3) == 0 || strncmp(cause, "at ", 3) == 0 ? cause + 3
                                                                            : cause;
}

static void write_job_facts(const struct event *ev, struct buf *out)
{
    if (ev->news == JOB_NEWS_MISSED) {
        buf_printf(out, " expect_every:%" PRId64 " last_success:%" PRId64, ev->period, ev->when);
        return;
    }
    write_token("cause", cause_word(ev->cause), out);
    buf_printf(out, " due:%" PRId64, ev->when);
    if (ev->news == JOB_NEWS_SKIPPED)
        return;
    buf_printf(out, " attempt:%d", ev->tries);
    if (ev->news == JOB_NEWS_STARTED) {
        buf_printf(out, " pid:%d", (int)ev->pid);
        return;
    }
    buf_printf(out, " took:%" PRId64 ".%03d", ev->took / 1000, (int)(ev->took % 1000));
    if (ev->result)
        write_token("result", ev->result, out);
}

static void write_job(const struct event *ev, struct buf *out)
{
    const char *colon = strchr(ev->name, ':'); /* "sync:data" */
    int kind = colon ? (int)(colon - ev->name) : 0;
    buf_printf(out, "jobname:%s kind:%.*s", colon ? colon + 1 : ev->name, kind, ev->name);
    write_job_facts(ev, out);
    buf_char(out, '\n');
    if (ev->why && ev->news != JOB_NEWS_SUCCEEDED)
        payload_write_text(ev->why, strlen(ev->why), out);
}

void payload_write(const struct event *ev, struct buf *out)
{
    switch (ev->type) {
    case EVENT_PROCESS_STATE:
        write_state(ev, out);
        break;
    case EVENT_GROUP_ADDED:
    case EVENT_GROUP_REMOVED:
        buf_printf(out, "groupname:%s\n", ev->group);
        break;
    case EVENT_PROCESS_LOG:
    case EVENT_PROCESS_COMM:
        write_output(ev, out);
        break;
    case EVENT_REMOTE:
        buf_printf(out, "type:%s\n", ev->name);
        payload_write_text(ev->data, ev->len, out);
        break;
    case EVENT_TICK:
        buf_printf(out, "when:%" PRId64, ev->when);
        break;
    case EVENT_JOB_STATE:
    case EVENT_JOB_NEWS:
        write_job(ev, out);
        break;
    case EVENT_SHUTDOWN:
        buf_printf(out, "action:%s cause:%s when:%" PRId64 " left:%" PRId64 "\n", ev->name,
                   ev->cause, ev->when, ev->took / 1000);
        payload_write_text(ev->data, ev->len, out);
        break;
    case EVENT_SUPERVISOR_STATE: /* has nothing to add to its name */
    case EVENT_PROCESS_NEWS:
        break;
    }
}

void payload_write_head(const struct payload_head *h, struct buf *out)
{
    buf_printf(out,
               "ver:3.0 server:%s serial:%" PRIu64 " pool:%s poolserial:%" PRIu64
               " eventname:%s len:%zu\n",
               h->server, h->serial, h->pool, h->pool_serial, eventtype_name(h->type), h->points);
}
