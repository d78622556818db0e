/* The sockets that a process is given: it cannot be without them, and they outlive it. */
#include "engine/fcgi.h"
#include "engine/supervisor.h"

int proc_take_sockets(struct proc *p, struct err *e)
{
    listen_renew(&p->listen, p->config);
    int rc = listen_take(&p->listen, p->config, e);
    if (rc < 0)
        return rc;
    p->child.gift.fds = p->listen.fds;
    p->child.gift.fd_count = (int)p->listen.count;
    p->child.gift.fd_names = p->listen.names;
    if (!p->socket)
        return 0;
    rc = p->has_socket ? 0 : fcgi_take(p->socket, e);
    p->has_socket = rc == 0;
    p->child.given = p->socket->fd;
    return rc;
}

/* It keeps them while it is about to start again: connections wait instead of failing. */
void proc_leave_sockets(struct proc *p)
{
    bool starts = p->fsm.state == PROC_STARTING || p->fsm.again;
    if (p->child.pid != 0 || starts)
        return;
    if (p->fsm.state != PROC_BACKOFF)
        listen_drop(&p->listen);
    if (!p->has_socket)
        return;
    p->has_socket = false;
    fcgi_drop(p->socket);
}
