#include "ctl/follow.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "ctl/interrupt.h"

/* Letters that a path may hold as they are; the daemon decodes the rest. */
static void append_encoded(struct buf *b, const char *text)
{
    for (; *text; text++) {
        unsigned char ch = (unsigned char)*text;
        if (isalnum(ch) || strchr("-._~:*@!$'()+,;=", ch))
            buf_char(b, *text);
        else
            buf_printf(b, "%%%02X", ch);
    }
}

/*
 * On standard error, and no failure for the exit status: as supervisorctl has it. That a daemon
 * ends, and its logs with it, is said to people only.
 */
static void follow_failed(const struct follow *f)
{
    const struct failure *why = &f->client.failure;
    const struct invocation *o = f->client.o;
    if (interrupt_seen)
        return;
    if (why->kind == FAILURE_HTTP)
        (void)fprintf(stderr, "%s%s Cannot read, status code %d\n", o->serverurl, f->path,
                      why->code);
    else if (!answer_has_head(&f->answer) || o->native)
        (void)fprintf(stderr, "%s%s Cannot connect, error: %s\n", o->serverurl, f->path, why->text);
}

void follow_open(struct follow *f, const struct invocation *o, const char *name,
                 const char *channel)
{
    *f = (struct follow){0};
    client_init(&f->client, o);
    answer_init(&f->answer);
    struct buf path = BUF_EMPTY;
    buf_text(&path, name ? "/logtail/" : "/mainlogtail");
    if (name) {
        append_encoded(&path, name);
        buf_printf(&path, "/%s", channel);
    }
    f->path = name ? mem_printf("/logtail/%s/%s", name, channel) : mem_strdup("/mainlogtail");
    if (client_get(&f->client, buf_str(&path)) < 0)
        follow_failed(f);
    buf_close(&path);
}

void follow_close(struct follow *f)
{
    client_close(&f->client);
    mem_free(f->path);
    *f = (struct follow){.client.http.fd = -1};
}

static int on_log(void *ctx, const char *data, size_t len)
{
    (void)ctx;
    if (fwrite(data, 1, len, stdout) != len || fflush(stdout) != 0)
        return -EPIPE;
    return 0;
}

void follow_piece(struct follow *f)
{
    int rc = client_piece(&f->client, &f->answer, on_log, NULL);
    if (rc < 0)
        follow_failed(f);
    if (rc != 0)
        client_close(&f->client);
}
