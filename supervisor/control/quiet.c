/* Before an upgrade in place: are clients answered, and what those are told who have to go. */
#include <sys/ioctl.h>

#include "control/control.h"
#include "control/servers.h"

/* Nobody who was let in has sent something that is not read yet. */
static bool door_quiet(const struct door *d)
{
    const struct visitor *v;
    list_each (v, &d->visitors, link) {
        int there = 0;
        if (!v->leaving && ioctl(v->fd, FIONREAD, &there) == 0 && there > 0)
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
