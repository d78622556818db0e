/* Before an upgrade in place: are clients answered, and what those are told who have to go. */
#include <string.h>
#include <sys/ioctl.h>

#include "base/fd.h"
#include "control/control.h"
#include "control/servers.h"

/*
 * Nobody who was let in has sent something that is not read yet, or the beginning of a request.
 * What comes behind a request that is being answered is not looked at: who follows a log may have
 * sent a line end too many.
 */
static bool door_quiet(const struct door *d)
{
    const struct visitor *v;
    list_each (v, &d->visitors, link) {
        int there = 0;
        if (v->leaving || v->busy)
            continue;
        if (v->asking || (ioctl(v->fd, FIONREAD, &there) == 0 && there > 0))
            return false;
    }
    return true;
}

bool control_quiet(const struct control *c)
{
    const struct serving *s;
    const struct exchange *x;
    size_t open = 0;
    if (!list_empty(&c->deeds) || !list_empty(&c->waits))
        return false;
    list_each (s, &c->servers, link) {
        if (!door_quiet(&s->server.door))
            return false;
        list_each (x, &s->server.exchanges, link)
            open += x->source ? 0 : 1;
    }
    return open == (c->upgrading ? 1 : 0);
}

/* --- Connections without a request go along ------------------------------------------------ */

static bool visitor_is_idle(const struct server *s, const struct visitor *v)
{
    const struct exchange *x;
    list_each (x, &s->exchanges, link) {
        if (x->visitor == v)
            return false;
    }
    return !v->leaving && !v->asking;
}

void control_each_idle(const struct control *c,
                       void (*each)(void *owner, const char *section, int fd), void *owner)
{
    const struct serving *s;
    const struct visitor *v;
    list_each (s, &c->servers, link) {
        list_each (v, &s->server.door.visitors, link) {
            if (visitor_is_idle(&s->server, v))
                each(owner, s->server.section, v->fd);
        }
    }
}

void control_welcome(struct control *c, const char *section, int fd)
{
    struct serving *s;
    list_each (s, &c->servers, link) {
        if (strcmp(s->server.section, section) == 0) {
            (void)door_take(&s->server.door, fd);
            return;
        }
    }
    fd_close(&fd);
}

/* --- Calls --------------------------------------------------------------------------------- */

void control_put_off(struct control *c)
{
    rpc_put_off(&c->rpc, c->upgrading, "mainstayd is being upgraded: ask again");
}

void control_upgraded(struct control *c, const char *version, const char *refusal)
{
    struct call *call = c->upgrading;
    c->upgrading = NULL;
    if (call && version)
        call_return(call, json_string(version));
    else if (call)
        call_fault(call, FAULT_FAILED, refusal);
}
