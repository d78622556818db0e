/* metrics: what monitoring is told, as the daemon tells it. */
#include <errno.h>
#include <stdio.h>

#include "ctl/commands.h"
#include "ctl/print.h"

enum { HTTP_NOT_FOUND = 404 };

static int on_text(void *ctx, const char *data, size_t len)
{
    (void)ctx;
    return fwrite(data, 1, len, stdout) == len ? 0 : -EPIPE;
}

int command_metrics(struct ctl *c, const struct words *w)
{
    const struct failure *f = &c->client.failure;
    struct answer a;
    (void)w;
    answer_init(&a);
    int rc = client_get(&c->client, "/metrics");
    while (rc == 0)
        rc = client_piece(&c->client, &a, on_text, NULL);
    if (rc > 0)
        return 0;
    if (f->kind != FAILURE_HTTP || f->code != HTTP_NOT_FOUND)
        return -1;
    print_line("ERROR: the daemon at %s has no metrics: it is no mainstayd, or an older one",
               c->o->serverurl);
    c->exit = EXIT_GENERIC;
    return 0;
}
