#include "net/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/addressee.h"
#include "net/fare.h"
#include "net/intake.h"

enum {
    LINGER_MS = 5000, /* after the end, for what is under way */
    CHUNK = 65536,
    JOB_NAME_MAX = 240, /* bytes of it in the name of a folder */
};
static const char QUIET_NOTE[] = "quiet";

struct notify {
    struct setup setup;
    struct note_about about;
    struct requests requests;
    struct intake intake;
    struct quiet quiet;
    struct addressee *to; /* owned: one, or one for each dead man's switch */
    size_t to_count;
    struct fare fare;
    int signals;
    bool hears;           /* standard input may have more */
    bool broken;          /* it was not understood */
    int64_t end;          /* clock_now: not later; 0: not before it ends */
    uint64_t next_serial; /* of an event in our pool; 0: not known yet */
    char host[256];
};

/* --- What is told -------------------------------------------------------------------------- */

static void keep_quiet(struct notify *n)
{
    struct buf text = BUF_EMPTY;
    struct err e;
    struct addressee *a = &n->to[0];
    quiet_save(&n->quiet, &text);
    if (outbox_write_note(&a->outbox, QUIET_NOTE, &text, &e) < 0 && !a->memory_told) {
        log_error("%s: what was counted is kept in memory alone: %s", n->setup.name, e.text);
        a->memory_told = true;
    }
    buf_close(&text);
}

static void tell(struct notify *n, const struct told *t)
{
    struct buf key = BUF_EMPTY;
    const int64_t now = clock_wall();
    json_t *note = note_new(&n->about, t, now);
    char *event = mem_strdup(note_text(note, "event"));
    char *text = mem_strdup(note_text(note, "text"));
    words_key(t, &key);
    char *name = buf_take(&key);
    const struct quiet_entry news = {.key = name, .event = event, .text = text};
    if (quiet_tell(&n->quiet, &news, now))
        addressee_add(&n->to[0], note);
    if (n->quiet.count > 0)
        keep_quiet(n);
    mem_free(name);
    mem_free(text);
    mem_free(event);
    json_decref(note);
}

static void tell_job(struct notify *n, const struct told *t)
{
    const struct field job = field_get(t->line.text, t->line.len, "jobname");
    for (size_t i = 0; i < n->to_count; i++) {
        if (!field_is(job, n->to[i].job))
            continue;
        json_t *note = note_new(&n->about, t, clock_wall());
        addressee_add(&n->to[i], note);
        json_decref(note);
    }
}

/* What we write ourselves must not become an event that we write about. */
static bool is_own_output(const struct told *t)
{
    const char *group = getenv("SUPERVISOR_GROUP_NAME");
    return group && t->data.len > 0 &&
           field_is(field_get(t->line.text, t->line.len, "groupname"), group);
}

/* The daemon's buffer has a limit, too: what it has dropped is missing between two numbers. */
static void count_gap(struct notify *n)
{
    const struct field f = field_get(n->intake.head.data, n->intake.head.len, "poolserial");
    const uint64_t serial = f.text ? strtoull(f.text, NULL, 10) : 0;
    const uint64_t next = n->next_serial;
    n->next_serial = serial + 1;
    if (next == 0 || serial <= next || n->setup.dead_count > 0)
        return;
    log_warn("%s: %" PRIu64 " events were dropped by the daemon: we did not read fast enough",
             n->setup.name, serial - next);
    outbox_lose(&n->to[0].outbox, serial - next);
}

static void heard(struct notify *n)
{
    static const char answer[] = "RESULT 2\nOKREADY\n";
    const struct told t = told_read(&n->intake);
    count_gap(n);
    if (n->setup.dead_count > 0)
        tell_job(n, &t);
    else if (!is_own_output(&t))
        tell(n, &t);
    if (fd_write_all(STDOUT_FILENO, answer, sizeof answer - 1) < 0)
        n->hears = false;
}

static void hear(struct notify *n)
{
    static char chunk[CHUNK];
    const ssize_t got = read(STDIN_FILENO, chunk, sizeof chunk);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (got <= 0) {
        n->hears = false;
        return;
    }
    const char *data = chunk;
    size_t len = (size_t)got;
    enum intake_news news;
    while (n->hears && (news = intake_take(&n->intake, &data, &len)) != INTAKE_NOTHING) {
        if (news == INTAKE_BROKEN) {
            log_critical("%s: what comes on standard input are no events", n->setup.name);
            n->hears = false;
            n->broken = true;
        } else {
            heard(n);
        }
    }
}

/* -1, or ms until there is something to tell of what was only counted. */
static int64_t tell_again(struct notify *n)
{
    const int64_t now = clock_wall();
    const struct quiet_entry *entry;
    bool told = false;
    while ((entry = quiet_turn(&n->quiet, now)) != NULL) {
        json_t *note = note_again(&n->about, entry, now);
        addressee_add(&n->to[0], note);
        json_decref(note);
        quiet_told(&n->quiet, entry, now);
        told = true;
    }
    if (told)
        keep_quiet(n);
    const int64_t due = quiet_due(&n->quiet);
    return due < 0 ? -1 : due > now ? due - now : 0;
}

/* --- The loop ------------------------------------------------------------------------------ */

static int64_t sooner(int64_t a, int64_t b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* Everything that is due; in how many ms there will be more, -1: nobody knows. */
static int64_t turn(struct notify *n)
{
    int64_t wait = n->hears ? tell_again(n) : -1;
    const int64_t now = clock_now();
    for (size_t i = 0; i < n->to_count; i++) {
        const int64_t due = addressee_turn(&n->to[i], now);
        if (due >= 0)
            wait = sooner(wait, due > now ? due - now : 0);
    }
    const int64_t tell = fare_turn(&n->fare, n->to, n->to_count, now);
    if (tell >= 0)
        wait = sooner(wait, tell > now ? tell - now : 0);
    if (n->end > 0)
        wait = sooner(wait, n->end > now ? n->end - now : 0);
    return wait;
}

static bool may_end(const struct notify *n)
{
    const int64_t now = clock_now();
    if (n->hears)
        return false;
    for (size_t i = 0; i < n->to_count && now < n->end; i++)
        if (!addressee_rests(&n->to[i], now))
            return false;
    return true;
}

static void wait_for_something(struct notify *n, int64_t wait)
{
    struct pollfd fds[3];
    size_t count = 0;
    const size_t signals = count;
    fds[count++] = (struct pollfd){.fd = n->signals};
    if (n->to[0].errand.pidfd >= 0)
        fds[count++] = (struct pollfd){.fd = n->to[0].errand.pidfd};
    const size_t input = count;
    if (n->hears)
        fds[count++] = (struct pollfd){.fd = STDIN_FILENO};
    requests_wait(&n->requests, fds, count, wait);
    requests_turn(&n->requests);
    if (n->hears && fds[input].revents)
        hear(n);
    if (fds[signals].revents) {
        struct signalfd_siginfo info;
        (void)!read(n->signals, &info, sizeof info);
        n->hears = false;
    }
}

static void loop(struct notify *n)
{
    n->hears = fd_write_all(STDOUT_FILENO, "READY\n", 6) == 0;
    for (;;) {
        const int64_t wait = turn(n);
        if (may_end(n))
            return;
        wait_for_something(n, wait);
        if (!n->hears && n->end == 0)
            n->end = clock_now() + LINGER_MS;
    }
}

/* --- Life ---------------------------------------------------------------------------------- */

static void addressee_start(struct notify *n, struct addressee *a)
{
    a->setup = &n->setup;
    a->about = &n->about;
    a->requests = &n->requests;
    char *folder = a->job && n->setup.spool
                       ? mem_printf("%s/job-%.*s", n->setup.spool, JOB_NAME_MAX, a->job)
                       : mem_strdup(n->setup.spool);
    addressee_open(a, a->job ? 1 : (size_t)n->setup.spool_max, folder);
}

static void addressees_start(struct notify *n)
{
    struct buf text = BUF_EMPTY;
    n->to_count = n->setup.dead_count ? n->setup.dead_count : 1;
    n->to = mem_array(n->to_count, sizeof *n->to);
    for (size_t i = 0; i < n->to_count; i++) {
        if (n->setup.dead_count) {
            n->to[i].job = n->setup.dead_men[i].job;
            n->to[i].job_url = n->setup.dead_men[i].url;
        }
        addressee_start(n, &n->to[i]);
    }
    quiet_init(&n->quiet, n->setup.dead_count ? 0 : n->setup.quiet_ms);
    outbox_read_note(&n->to[0].outbox, QUIET_NOTE, &text);
    quiet_load(&n->quiet, buf_str(&text), text.len);
    buf_close(&text);
}

static int signals_open(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int start(struct notify *n, struct err *e)
{
    int rc = setup_read(&n->setup, e);
    if (rc == 0)
        rc = requests_open(&n->requests, e);
    if (rc < 0)
        return rc;
    fare_open(&n->fare);
    n->signals = signals_open();
    if (n->signals < 0)
        return err_set(e, -errno, "cannot wait for signals: %s", strerror(errno));
    (void)fd_nonblock(STDIN_FILENO);
    if (gethostname(n->host, sizeof n->host - 1) < 0)
        strcpy(n->host, "?");
    n->about = (struct note_about){n->host, n->setup.name};
    addressees_start(n);
    return 0;
}

int notify_run(void)
{
    struct notify n = {.signals = -1};
    struct err e;
    if (start(&n, &e) < 0) {
        log_critical("%s", e.text);
        setup_close(&n.setup);
        return 2;
    }
    loop(&n);
    for (size_t i = 0; i < n.to_count; i++)
        addressee_close(&n.to[i]);
    requests_close(&n.requests);
    fare_close(&n.fare);
    mem_free(n.to);
    quiet_close(&n.quiet);
    intake_close(&n.intake);
    fd_close(&n.signals);
    setup_close(&n.setup);
    return n.broken ? 1 : 0;
}
