#include "handover/recovery.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/pidwatch.h"
#include "output/stream.h"
#include "systemd/sweep.h"

enum { RECOVERY_SPARE = 1000, RECOVERY_KILL_MS = 2000 };

/* --- What is there ------------------------------------------------------------------------- */

/* "c17": the kind 'c' and 17. Anything else is none of ours. */
static bool recovery_named(const char *name, struct recovered *out)
{
    char *end;
    if (!*name || !strchr("cpl", name[0]) || name[1] < '1' || name[1] > '9')
        return false;
    errno = 0;
    out->kind = name[0];
    out->serial = strtoull(name + 1, &end, 10);
    return *end == '\0' && errno == 0;
}

static int compare_recovered(const void *a, const void *b)
{
    const struct recovered *left = a;
    const struct recovered *right = b;
    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    return left->serial < right->serial ? -1 : left->serial > right->serial;
}

static void recovery_take_items(struct recovery *r, struct inherited *in)
{
    struct stat st;
    r->items = mem_array(in->count + 1, sizeof *r->items);
    for (size_t i = 0; i < in->count; i++) {
        struct inherited_socket *item = &in->items[i];
        item->own |= strncmp(item->name, KEEPER_LISTEN, strlen(KEEPER_LISTEN)) == 0;
        struct recovered *to = &r->items[r->count];
        if (item->fd < 0 || !recovery_named(item->name, to))
            continue;
        to->fd = item->fd;
        to->ino = fstat(to->fd, &st) == 0 ? st.st_ino : 0;
        item->fd = -1;
        r->count++;
    }
    if (r->count > 0)
        qsort(r->items, r->count, sizeof *r->items, compare_recovered);
}

static struct recovered *recovery_item(const struct recovery *r, char kind, uint64_t serial)
{
    struct recovered key = {.kind = kind, .serial = serial};
    if (r->count == 0)
        return NULL;
    return bsearch(&key, r->items, r->count, sizeof key, compare_recovered);
}

void recovery_close(struct recovery *r)
{
    bundle_close(&r->bundle);
    for (size_t i = 0; i < r->count; i++)
        fd_close(&r->items[i].fd);
    mem_free(r->items);
    adopt_close(&r->adoption);
    kept_close(&r->kept);
    *r = (struct recovery){0};
}

/* --- Descriptors --------------------------------------------------------------------------- */

static int recovery_pidfd(const struct recovered *child)
{
    struct bundle b;
    if (bundle_look(&b, child->fd) < 0)
        return -1;
    int pidfd = bundle_take(&b, 'p');
    bundle_close(&b);
    return pidfd;
}

/* The process that has taken the place of the first one counts. */
static int recovery_take_later(struct recovery *r, uint64_t serial)
{
    struct recovered *item = recovery_item(r, 'p', serial);
    return item ? recovery_pidfd(item) : -1;
}

static int recovery_take_socket(struct recovery *r, uint64_t number)
{
    struct recovered *item = recovery_item(r, 'l', number);
    int fd = item ? item->fd : -1;
    if (item)
        item->fd = -1;
    return fd;
}

/* "17.o": its bundle is open as long as no other one is asked for. */
static int recovery_take(struct carrier *c, const json_t *value)
{
    struct recovery *r = container_of(c, struct recovery, carrier);
    const char *text = json_string_value(value);
    char *end;
    if (!text)
        return -1;
    uint64_t serial = strtoull(text, &end, 10);
    if (*end != '.' || !end[1])
        return -1;
    if (end[1] == 'l')
        return recovery_take_socket(r, serial);
    int later = end[1] == 'p' ? recovery_take_later(r, serial) : -1;
    if (later >= 0)
        return later;
    if (serial != r->bundle_serial) {
        const struct recovered *child = recovery_item(r, 'c', serial);
        bundle_close(&r->bundle);
        r->bundle_serial = serial;
        if (child && bundle_look(&r->bundle, child->fd) < 0)
            bundle_close(&r->bundle);
    }
    return bundle_take(&r->bundle, end[1]);
}

/* --- Putting the lines right --------------------------------------------------------------- */

static json_int_t line_number(const json_t *line, const char *name)
{
    return json_integer_value(json_object_get(line, name));
}

/* Its pipes are lost, so it cannot go on; nor may another one be started beside it. */
static void recovery_end(const struct book_entry *entry, const char *why)
{
    pid_t pid = (pid_t)line_number(entry->line, "pid");
    uint64_t ticks = (uint64_t)line_number(entry->line, "ticks");
    struct pollfd p = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
    if (p.fd < 0)
        return;
    if (ticks != 0 && kept_ticks(pid) == ticks) {
        if (why) /* else it waits at its gate, and would end by itself */
            log_critical("'%s' (%d) %s: it is killed and started anew", strchr(entry->key, ' ') + 1,
                         (int)pid, why);
        (void)kill(-pid, SIGKILL);
        (void)syscall(SYS_pidfd_send_signal, p.fd, SIGKILL, NULL, 0);
        (void)poll(&p, 1, RECOVERY_KILL_MS);
    }
    fd_close(&p.fd);
}

static struct book_entry *book_entry_of(const struct book *book, const char *kind, const char *key)
{
    for (size_t i = 0; i < book->count; i++) { /* linear: only for what is lost */
        struct book_entry *entry = &book->entries[i];
        if (entry->line && strcmp(entry->kind, kind) == 0 && strcmp(entry->key, key) == 0)
            return entry;
    }
    return NULL;
}

static json_t *book_line(const struct book *book, const char *kind, const char *key)
{
    const struct book_entry *entry = book_entry_of(book, kind, key);
    return entry ? entry->line : NULL;
}

/* A program that has lost its process is about to start, or was about to be stopped and is. */
static void recovery_mend_owner(const struct book *book, const char *child_key)
{
    json_t *line =
        strncmp(child_key, "proc ", 5) == 0 ? book_line(book, "proc", child_key + 5) : NULL;
    json_int_t state = line ? line_number(line, "state") : PROC_FATAL;
    if (state == PROC_RUNNING) {
        (void)json_object_set_new(line, "state", json_integer(PROC_STARTING));
    } else if (state == PROC_STOPPING) {
        (void)json_object_set_new(line, "state", json_integer(PROC_STOPPED));
        (void)json_object_set_new(line, "deadline", json_integer(FSM_NEVER));
    }
}

static void recovery_lose(const struct book *book, struct book_entry *child, const char *why)
{
    recovery_end(child, why);
    recovery_mend_owner(book, child->key);
    json_decref(child->line);
    child->line = NULL;
}

/* What the stream remembers of its last chunk, which is newer than its line. */
static void recovery_mend_stream(const struct recovery *r, json_t *line, uint64_t serial, bool err)
{
    uint32_t state = flight_state(&r->kept.flight, flight_id(serial, err));
    bool inside = stream_state_inside(state);
    (void)json_object_set_new(line, err ? "err_ansi" : "out_ansi",
                              json_integer(stream_state_ansi(state)));
    (void)json_object_set_new(line, err ? "err_inside" : "out_inside", json_boolean(inside));
    (void)json_object_set_new(line, err ? "err_cut" : "out_cut", json_boolean(inside));
    (void)json_object_set_new(line, err ? "err_matched" : "out_matched",
                              json_integer((json_int_t)stream_state_matched(state)));
    (void)json_object_set_new(line, err ? "err_syslog" : "out_syslog", json_string(""));
}

static void recovery_mend_child(struct recovery *r, const struct book *book,
                                struct book_entry *entry)
{
    uint64_t serial = (uint64_t)line_number(entry->line, "serial");
    bool held = statelog_holds(&r->kept.log, serial);
    struct recovered *child = recovery_item(r, 'c', serial);
    if (child) {
        child->wanted = true;
        (void)json_object_set_new(entry->line, "adopted", json_true());
        (void)json_object_set_new(entry->line, "held", json_boolean(held));
        (void)json_object_set_new(entry->line, "feed", json_string(""));
        recovery_mend_stream(r, entry->line, serial, false);
        recovery_mend_stream(r, entry->line, serial, true);
        return;
    }
    recovery_lose(book, entry, held ? NULL : "was not kept by systemd and its pipes are lost");
}

/* How far a listener is in its protocol is known, but not what it was to be told next. */
static void recovery_mend_listener(const struct book *book, struct book_entry *entry)
{
    if (strcmp(entry->kind, "event") == 0) {
        json_decref(entry->line);
        entry->line = NULL;
    }
    if (strcmp(entry->kind, "member") != 0 ||
        !json_is_true(json_object_get(entry->line, "feeding")))
        return;
    char *key = mem_printf("proc %s", entry->key);
    struct book_entry *child = book_entry_of(book, "child", key);
    if (child)
        recovery_lose(book, child, "was being sent an event, of which the rest is lost");
    mem_free(key);
}

static void recovery_mend(struct recovery *r, struct book *book)
{
    uint64_t serials = 0;
    for (size_t i = 0; i < r->count; i++) {
        if (r->items[i].kind == 'c' && r->items[i].serial > serials)
            serials = r->items[i].serial;
    }
    json_t *daemon = book_line(book, "daemon", "");
    for (size_t i = 0; i < book->count; i++) {
        if (book->entries[i].line)
            recovery_mend_listener(book, &book->entries[i]);
    }
    for (size_t i = 0; i < book->count; i++) {
        struct book_entry *entry = &book->entries[i];
        if (!entry->line || strcmp(entry->kind, "child") != 0)
            continue;
        uint64_t serial = (uint64_t)line_number(entry->line, "serial");
        serials = serial > serials ? serial : serials;
        recovery_mend_child(r, book, entry);
    }
    if ((uint64_t)line_number(daemon, "serials") > serials)
        serials = (uint64_t)line_number(daemon, "serials");
    /* Some were given to children whose lines came and went. */
    (void)json_object_set_new(daemon, "serials",
                              json_integer((json_int_t)serials + RECOVERY_SPARE));
    (void)json_object_set_new(daemon, "ready", json_false());
    (void)json_object_set_new(daemon, "sockets", json_null()); /* recovery_sockets knows better */
}

/* --- Finding ------------------------------------------------------------------------------- */

/* One of them alone is of a daemon that died before it had begun. */
static int recovery_open(struct recovery *r, struct inherited *in, struct err *e)
{
    static const char *const names[] = {"state-a", "state-b", "flight"};
    int fds[3];
    bool all = true;
    for (size_t i = 0; i < 3; i++) {
        fds[i] = inherited_named(in, names[i]);
        all = all && fds[i] >= 0;
    }
    recovery_take_items(r, in);
    for (size_t i = 0; !all && i < 3; i++)
        fd_close(&fds[i]);
    return all ? kept_open(&r->kept, fds, e) : 0;
}

/* Its whole group, if it is there: the pid is that of the descriptor. */
static int recovery_kill(int pidfd)
{
    char path[64];
    struct buf info = BUF_EMPTY;
    (void)snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
    const char *at = NULL;
    if (fd_read_file(path, 4096, &info, NULL) == 0)
        at = strstr(buf_str(&info), "\nPid:");
    pid_t pid = at ? (pid_t)strtol(at + 5, NULL, 10) : 0;
    buf_close(&info);
    return pid > 0 ? pidwatch_signal(pidfd, pid, SIGKILL) : -ESRCH;
}

/* Nobody knows any more what they are: better none than two of each. */
static void recovery_end_all(struct recovery *r)
{
    for (size_t i = 0; i < r->count; i++) {
        bool process = r->items[i].kind != 'l';
        struct pollfd p = {.fd = process ? recovery_pidfd(&r->items[i]) : -1, .events = POLLIN};
        if (p.fd >= 0 && recovery_kill(p.fd) == 0)
            (void)poll(&p, 1, RECOVERY_KILL_MS);
        fd_close(&p.fd);
    }
}

enum supervisor_state recovery_state(const struct recovery *r)
{
    json_int_t state = line_number(r->adoption.daemon, "state");
    return state == SUPERVISOR_SHUTDOWN || state == SUPERVISOR_RESTARTING
               ? (enum supervisor_state)state
               : SUPERVISOR_RUNNING;
}

static bool recovery_alive(struct recovery *r)
{
    for (size_t i = 0; i < r->count; i++) {
        bool process = r->items[i].kind != 'l';
        struct pollfd p = {.fd = process ? recovery_pidfd(&r->items[i]) : -1, .events = POLLIN};
        bool alive = p.fd >= 0 && poll(&p, 1, 0) == 0;
        fd_close(&p.fd);
        if (alive)
            return true;
    }
    return false;
}

/* Where a unix socket of ours is: it was bound under a name with a pid behind it (socket_open). */
static void recovery_socket_path(int fd, char path[sizeof(struct sockaddr_un)])
{
    struct sockaddr_un bound = {.sun_family = AF_UNSPEC};
    socklen_t len = sizeof bound - 1;
    *path = '\0';
    if (getsockname(fd, (struct sockaddr *)&bound, &len) < 0 || bound.sun_family != AF_UNIX)
        return;
    size_t end = strlen(bound.sun_path);
    while (end > 0 && bound.sun_path[end - 1] >= '0' && bound.sun_path[end - 1] <= '9')
        end--;
    if (end > 0 && bound.sun_path[end - 1] == '.')
        bound.sun_path[end - 1] = '\0';
    memcpy(path, bound.sun_path, sizeof bound.sun_path);
}

/* All begins anew, but those who connect go on waiting for the same sockets. */
static void recovery_lend_sockets(struct recovery *r, struct inherited *in)
{
    char path[sizeof(struct sockaddr_un)];
    for (size_t i = 0; i < r->count; i++) {
        if (r->items[i].kind != 'l')
            continue;
        recovery_socket_path(r->items[i].fd, path);
        inherited_add(in, r->items[i].fd, path, true);
        r->items[i].fd = -1;
    }
}

static int recovery_read(struct recovery *r, struct err *e)
{
    const char *text;
    size_t len;
    if (!r->kept.there || !statelog_text(&r->kept.log, &text, &len))
        return 0;
    int rc = adopt_read(&r->adoption, text, len, e);
    if (rc < 0)
        return rc;
    /* One that was shutting down, and had nothing left to do, was as good as over. */
    r->taken = recovery_state(r) != SUPERVISOR_SHUTDOWN || recovery_alive(r);
    return 0;
}

int recovery_find(struct recovery *r, struct inherited *in, struct err *e)
{
    *r = (struct recovery){.carrier = {.take = recovery_take}};
    int rc = recovery_open(r, in, e);
    bool swept = sweep_was_made();
    if (rc == 0 && !swept)
        rc = recovery_read(r, e);
    if (r->taken) {
        recovery_mend(r, &r->adoption.book);
        return 0;
    }
    if (rc == -ENOEXEC) {
        r->taken = true;
        return err_prefix(e, rc,
                          "mainstayd has crashed, and what its programs were started with "
                          "does not load; they run on");
    }
    if (rc < 0) {
        log_critical("mainstayd has crashed, and what it has left cannot be understood: %s. Its "
                     "programs are ended, and all begins anew",
                     e->text);
        recovery_end_all(r);
    }
    recovery_lend_sockets(r, in);
    return 0;
}

/* --- Afterwards ---------------------------------------------------------------------------- */

static struct stream *recovery_stream(const struct whole *w, uint64_t id)
{
    struct pgroup *g;
    struct proc *p;
    supervisor_each_proc(p, g, w->supervisor)
    {
        if (p->child.pid != 0 && p->child.serial == id / 2)
            return id % 2 ? &p->child.err : &p->child.out;
    }
    for (size_t i = 0; i < w->jobs->count; i++) {
        struct child *c = &w->jobs->items[i]->child;
        if (c->pid != 0 && c->serial == id / 2)
            return id % 2 ? &c->err : &c->out;
    }
    return NULL;
}

void recovery_deliver(struct recovery *r, struct keeper *k)
{
    const char *data;
    uint64_t id;
    uint32_t state;
    (void)r;
    size_t len = flight_left(&k->kept.flight, &id, &state, &data);
    if (len == 0)
        return;
    struct stream *s = recovery_stream(k->whole, id);
    if (s) {
        stream_resume(s, state, data, len);
        return;
    }
    log_critical("%zu bytes were on their way to a log that nobody knows", len);
    flight_done(&k->kept.flight, 0);
}

void recovery_tell(const struct recovery *r)
{
    log_warn("mainstayd has crashed and is back: it goes on with %zu program%s and %zu job%s",
             r->adoption.programs, r->adoption.programs == 1 ? "" : "s", r->adoption.jobs,
             r->adoption.jobs == 1 ? "" : "s");
    if (r->adoption.lost > 0)
        log_critical("%zu things could not be taken over, see above", r->adoption.lost);
}

void recovery_sockets(const struct recovery *r, struct keeper *k)
{
    for (size_t i = 0; i < r->count; i++) {
        if (r->items[i].kind == 'l')
            keeper_know_socket(k, r->items[i].serial, r->items[i].ino);
    }
}

void recovery_sweep(struct recovery *r, struct keeper *k)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct recovered *item = &r->items[i];
        const struct recovered *child = recovery_item(r, 'c', item->serial);
        if (item->kind != 'l' && (!child || !child->wanted))
            keeper_forget(k, item->kind, item->serial);
    }
}
