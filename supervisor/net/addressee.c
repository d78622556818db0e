#include "net/addressee.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"

enum { TEXTS = 4 }; /* variables of a command */

static const char *addressee_name(const struct addressee *a)
{
    return a->job ? a->job : a->about->notify;
}

/* --- The end of an attempt ----------------------------------------------------------------- */

static void tell_lost(struct addressee *a)
{
    if (a->outbox.dropped == 0 || a->job)
        return;
    const uint64_t count = a->outbox.dropped;
    json_t *note = note_lost(a->about, count, clock_wall());
    addressee_add(a, note);
    outbox_forgive(&a->outbox, count); /* killed before that, it is told twice */
    json_decref(note);
}

static void addressee_done(struct addressee *a)
{
    outbox_done(&a->outbox, true);
    a->sends = false;
    a->sent++;
    if (a->failed > 0)
        log_info("%s: delivered again after %u failed attempt%s; %zu more wait", addressee_name(a),
                 a->failed, a->failed == 1 ? "" : "s", a->outbox.count);
    a->failed = 0;
    a->due = 0;
    tell_lost(a);
}

static void addressee_failed(struct addressee *a, const char *why, int64_t asked_ms)
{
    const struct setup *s = a->setup;
    outbox_done(&a->outbox, false);
    a->sends = false;
    a->failed++;
    const int64_t pause = answer_patience(
        answer_delay(a->failed, s->retry_delay_ms, s->retry_delay_max_ms), asked_ms);
    a->due = clock_now() + pause;
    log_warn("%s: not delivered: %s; next attempt in %.1f s, %zu wait", addressee_name(a), why,
             (double)pause / 1000, a->outbox.count);
}

static void addressee_refused(struct addressee *a, const char *why)
{
    log_error("%s: a message is dropped: %s", addressee_name(a), why);
    outbox_done(&a->outbox, true);
    outbox_lose(&a->outbox, a->worth);
    a->sends = false;
    a->failed = 0;
    a->due = 0;
}

static void on_request_done(struct request *r)
{
    struct addressee *a = container_of(r, struct addressee, request);
    struct buf why = BUF_EMPTY;
    if (r->status == 0) {
        addressee_failed(a, r->trouble.text, 0);
        return;
    }
    answer_words(r->status, &why);
    switch (answer_judge(r->status)) {
    case VERDICT_DONE:
        addressee_done(a);
        break;
    case VERDICT_AGAIN:
        addressee_failed(a, buf_str(&why), r->retry_after);
        break;
    case VERDICT_REFUSED:
        addressee_refused(a, buf_str(&why));
        break;
    }
    buf_close(&why);
}

/* --- An attempt ---------------------------------------------------------------------------- */

static int begin_request(struct addressee *a, const json_t *note, struct err *e)
{
    struct buf body = BUF_EMPTY;
    char *url = a->job ? mem_strdup(a->job_url) : setup_url(a->setup, e);
    if (!url)
        return -EINVAL;
    if (!a->job)
        note_write(note, a->setup->format, &body);
    const struct request_ask ask = {
        .url = url,
        .body = a->job ? NULL : buf_str(&body),
        .len = body.len,
        .timeout_ms = a->setup->timeout_ms,
        .ca_file = a->setup->ca_file,
    };
    a->request.on_done = on_request_done;
    int rc = request_start(a->requests, &a->request, &ask, e);
    buf_close(&body);
    mem_free(url);
    return rc;
}

static int begin_command(struct addressee *a, const json_t *note, struct err *e)
{
    struct buf text = BUF_EMPTY;
    struct buf subject = BUF_EMPTY;
    note_write(note, NOTE_TEXT, &text);
    note_subject(note, &subject);
    char *const environment[TEXTS + 1] = {
        mem_printf("MAINSTAY_SUBJECT=%s", buf_str(&subject)),
        mem_printf("MAINSTAY_TEXT=%s", note_text(note, "text")),
        mem_printf("MAINSTAY_EVENT=%s", note_text(note, "event")),
        mem_printf("MAINSTAY_HOST=%s", note_text(note, "host")),
        NULL,
    };
    const struct errand_ask ask = {
        .line = a->setup->command,
        .text = buf_str(&text),
        .len = text.len,
        .environment = environment,
        .deadline = clock_now() + a->setup->timeout_ms,
    };
    int rc = errand_start(&a->errand, &ask, e);
    for (size_t i = 0; i < TEXTS; i++)
        mem_free(environment[i]);
    buf_close(&text);
    buf_close(&subject);
    return rc;
}

static void addressee_begin(struct addressee *a)
{
    struct buf text = BUF_EMPTY;
    struct err e;
    int rc = outbox_first(&a->outbox, &text, &e);
    json_t *note = rc > 0 ? json_loadb(buf_str(&text), text.len, 0, NULL) : NULL;
    buf_close(&text);
    if (rc < 0)
        addressee_failed(a, e.text, 0);
    if (rc <= 0)
        return;
    a->sends = true;
    a->worth = 1;
    if (!json_is_object(note)) {
        addressee_refused(a, "its file in the spool is damaged");
        json_decref(note);
        return;
    }
    const json_int_t lost = json_integer_value(json_object_get(note, "lost"));
    a->worth = lost > 0 ? (uint64_t)lost : 1;
    rc = a->setup->command ? begin_command(a, note, &e) : begin_request(a, note, &e);
    if (rc < 0)
        addressee_failed(a, e.text, 0);
    json_decref(note);
}

static void addressee_look(struct addressee *a, int64_t now)
{
    struct err e;
    int rc;
    if (!errand_ended(&a->errand, now, &rc, &e))
        return;
    if (rc == 0)
        addressee_done(a);
    else
        addressee_failed(a, e.text, 0);
}

int64_t addressee_turn(struct addressee *a, int64_t now)
{
    if (a->errand.pid > 0)
        addressee_look(a, now);
    if (a->errand.pid > 0)
        return errand_due(&a->errand, now);
    if (!a->sends && a->outbox.count > 0 && now >= a->due)
        addressee_begin(a);
    if (a->errand.pid > 0)
        return errand_due(&a->errand, now);
    if (a->sends)
        return -1; /* libcurl knows when */
    return a->outbox.count > 0 ? a->due : -1;
}

bool addressee_rests(const struct addressee *a, int64_t now)
{
    return !a->sends && (a->outbox.count == 0 || now < a->due);
}

/* --- Life ---------------------------------------------------------------------------------- */

void addressee_add(struct addressee *a, const json_t *note)
{
    struct buf text = BUF_EMPTY;
    struct err e;
    note_write(note, NOTE_JSON, &text);
    if (a->folder && !a->outbox.folder && outbox_retry(&a->outbox, a->folder))
        log_info("%s: the spool can be used now", addressee_name(a));
    int rc = outbox_add(&a->outbox, buf_str(&text), text.len, &e);
    if (rc < 0 && !a->memory_told)
        log_error("%s: messages wait in memory alone: %s", addressee_name(a), e.text);
    if (a->outbox.folder)
        a->memory_told = rc < 0;
    buf_close(&text);
}

void addressee_open(struct addressee *a, size_t limit, char *folder)
{
    struct err e;
    a->folder = folder;
    a->errand = (struct errand){.pidfd = -1};
    if (outbox_open(&a->outbox, folder, limit, &e) < 0) {
        log_error("%s: messages wait in memory alone: %s", addressee_name(a), e.text);
        a->memory_told = true;
    }
    if (a->outbox.count > 0)
        log_info("%s: %zu message%s wait from before", addressee_name(a), a->outbox.count,
                 a->outbox.count == 1 ? "" : "s");
}

void addressee_close(struct addressee *a)
{
    errand_close(&a->errand);
    const size_t lost = outbox_settle(&a->outbox);
    if (lost > 0)
        log_error("%s: %zu message%s lost: %s to keep %s in", addressee_name(a), lost,
                  lost == 1 ? " is" : "s are",
                  a->outbox.folder ? "there was no room" : "there was no folder",
                  lost == 1 ? "it" : "them");
    outbox_close(&a->outbox);
    mem_free(a->folder);
    a->folder = NULL;
}
