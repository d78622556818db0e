/* The listening sockets of keeper.h. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/list.h"
#include "base/mem.h"
#include "control/servers.h"
#include "handover/keeper.h"

void keeper_know_socket(struct keeper *k, uint64_t number, uint64_t ino)
{
    k->sockets = mem_grow(k->sockets, k->socket_count + 1, sizeof *k->sockets);
    k->sockets[k->socket_count++] = (struct keeper_socket){.number = number, .ino = ino};
    if (number > k->socket_number)
        k->socket_number = number;
}

void keeper_know_sockets(struct keeper *k, const char *text)
{
    char *end;
    while (text && *text) {
        uint64_t number = strtoull(text, &end, 10);
        if (number == 0 || *end != ':')
            return;
        keeper_know_socket(k, number, strtoull(end + 1, &end, 10));
        text = *end ? end + 1 : end;
    }
}

/* For an upgrade. */
static void keeper_note_sockets(struct keeper *k)
{
    struct buf text = BUF_EMPTY;
    for (size_t i = 0; i < k->socket_count; i++)
        buf_printf(&text, "%" PRIu64 ":%" PRIu64 " ", k->sockets[i].number, k->sockets[i].ino);
    mem_free(k->whole->kept_sockets);
    k->whole->kept_sockets = buf_take(&text);
}

/* Whether it is one that was not kept before. */
static bool keeper_see(struct keeper *k, int fd)
{
    char name[STORE_NAME_MAX];
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return false;
    size_t at = 0;
    while (at < k->socket_count && k->sockets[at].ino != st.st_ino)
        at++;
    bool fresh = at == k->socket_count;
    if (fresh) {
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        keeper_know_socket(k, k->socket_number + 1, st.st_ino);
        (void)snprintf(name, sizeof name, "l%" PRIu64, k->sockets[at].number);
        if (copy >= 0)
            (void)store_keep(&k->store, name, copy);
    }
    k->sockets[at].seen = true;
    keeper_place(k, fd, k->sockets[at].number, 'l');
    return fresh;
}

static void keeper_see_servers(struct keeper *k)
{
    const struct serving *s;
    bool fresh = false;
    if (!k->whole->control)
        return;
    list_each (s, &k->whole->control->servers, link) {
        if (!s->server.listener.lent && keeper_see(k, s->server.listener.fd))
            fresh = true;
    }
    if (fresh)
        snapshot_servers(k->whole, &k->carrier, &k->lines);
}

static void keeper_see_programs(struct keeper *k)
{
    const struct pgroup *g;
    list_each (g, &k->whole->supervisor->groups, link) {
        for (size_t i = 0; i < g->socket_count; i++) {
            g->sockets[i].kept = true;
            if (keeper_see(k, g->sockets[i].fd))
                line_write(snapshot_socket(g, &g->sockets[i], &k->carrier), &k->lines);
        }
    }
}

void keeper_scan_sockets(struct keeper *k)
{
    size_t kept = 0;
    for (size_t i = 0; i < k->socket_count; i++)
        k->sockets[i].seen = false;
    keeper_see_servers(k);
    keeper_see_programs(k);
    for (size_t i = 0; i < k->socket_count; i++) {
        if (k->sockets[i].seen) {
            k->sockets[kept++] = k->sockets[i];
            continue;
        }
        /* its line stays, and is for nobody: what it names is not there */
        keeper_forget(k, 'l', k->sockets[i].number);
    }
    k->socket_count = kept;
    k->sockets_changed = false;
    keeper_note_sockets(k);
}

/* --- Of listen= ---------------------------------------------------------------------------- */

/* They come back among the inherited sockets, where they are found by their addresses. */
void keeper_listen_changed(struct keep *keep, struct listen_socket *s, bool closing)
{
    struct keeper *k = container_of(keep, struct keeper, keep);
    char name[STORE_NAME_MAX];
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a: names are short, addresses are not */
    for (const char *c = s->address.text; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
    (void)snprintf(name, sizeof name, KEEPER_LISTEN "%016" PRIx64, hash);
    int copy = closing || s->lent ? -1 : fcntl(s->fd, F_DUPFD_CLOEXEC, 3);
    if (closing && !s->lent) /* its address is free now, not when systemd has let go of it */
        (void)shutdown(s->fd, SHUT_RDWR);
    if (closing)
        store_drop(&k->store, name);
    else if (copy >= 0)
        (void)store_keep(&k->store, name, copy);
}

void keeper_settle(struct keeper *k, const struct inherited *in)
{
    for (size_t i = 0; i < in->count; i++) {
        const struct inherited_socket *item = &in->items[i];
        if (!item->taken && strncmp(item->name, KEEPER_LISTEN, strlen(KEEPER_LISTEN)) == 0)
            store_drop(&k->store, item->name);
    }
}
