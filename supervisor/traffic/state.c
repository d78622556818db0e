#include "traffic/state.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "traffic/day.h"

enum { FORMAT = 1, LINE_FLAGS = JSON_COMPACT | JSON_PRESERVE_ORDER, POLL_MS = 50 };

void state_init(struct state *s, const char *path, const char *setup, int32_t from,
                struct days *days)
{
    *s = (struct state){.path = path, .setup = setup, .lock = -1, .from = from, .days = days};
    ledger_init(&s->ledger);
}

void state_close(struct state *s)
{
    ledger_close(&s->ledger);
    fd_close(&s->lock);
}

// --- somebody else's file ------------------------------------------------------------------------

/* After a power cut a file may be empty, or hold zeros; else it begins as we have written it. */
static bool is_foreign(int fd)
{
    static const char begin[] = "{\"mainstay-traffic\"";
    char found[sizeof begin - 1];
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return true;
    ssize_t n = read(fd, found, sizeof found);
    return n > 0 && found[0] != '\0' && memcmp(found, begin, (size_t)n) != 0;
}

/* Its name was given by mistake. Before the lock, so that none stays beside it: a state is only
 * ever replaced as a whole. */
static int look_at_file(const struct state *s, struct err *e)
{
    int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0)
        return err_set(e, -errno, "cannot open %s: %s", s->path, strerror(errno));
    bool foreign = is_foreign(fd);
    fd_close(&fd);
    if (!foreign)
        return 0;
    return err_set(
        e, -EINVAL,
        "--state: %s is another kind of file, and is left as it is: name one that is not "
        "there, or that an earlier run has made",
        s->path);
}

// --- one run at a time ---------------------------------------------------------------------------

/* The lock is beside the state, which is replaced. It goes when its process does. */
static int take_lock(struct state *s, struct err *e)
{
    char *name = mem_printf("%s.lock", s->path);
    s->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int rc = s->lock < 0 ? err_set(e, -errno, "cannot create %s: %s", name, strerror(errno)) : 0;
    mem_free(name);
    int64_t deadline = clock_now() + STATE_PATIENCE_MS;
    while (rc == 0 && flock(s->lock, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return err_set(e, -errno, "cannot lock %s.lock: %s", s->path, strerror(errno));
        if (clock_now() > deadline)
            return err_set(e, -EBUSY,
                           "another run has been using %s for %d s; wait for it or end it", s->path,
                           STATE_PATIENCE_MS / 1000);
        (void)nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
    }
    return rc;
}

// --- writing -------------------------------------------------------------------------------------

static void add_line(struct buf *out, json_t *object)
{
    char *text = json_dumps(object, LINE_FLAGS);
    buf_text(out, text);
    buf_char(out, '\n');
    free(text);
    json_decref(object);
}

static json_t *number(uint64_t n)
{
    return json_integer((json_int_t)n);
}

/* Names are bytes; those that are no text are kept as what JSON can hold, one character a byte. */
static json_t *name_of(const char *text)
{
    json_t *whole = json_string(text);
    if (whole != NULL)
        return whole;
    struct buf hex = BUF_EMPTY;
    buf_text(&hex, "hex:");
    for (; *text != '\0'; text++)
        buf_printf(&hex, "%02x", (unsigned char)*text);
    whole = json_string(buf_str(&hex));
    buf_close(&hex);
    return whole;
}

static json_t *numbers(const uint64_t *list)
{
    json_t *array = json_array();
    for (int i = 0; i < LINE_KINDS; i++)
        json_array_append_new(array, number(list[i]));
    return array;
}

static void add_entry(struct buf *out, const struct ledger_entry *entry)
{
    char sum[20];
    (void)snprintf(sum, sizeof sum, "%016llx", (unsigned long long)entry->head_sum);
    json_t *o = json_object();
    json_object_set_new(o, "log", name_of(entry->log));
    json_object_set_new(o, "device", number(entry->device));
    json_object_set_new(o, "inode", number(entry->inode));
    json_object_set_new(o, "size", json_integer(entry->size));
    json_object_set_new(o, "written", json_integer(entry->written_ns));
    json_object_set_new(o, "offset", number(entry->offset));
    json_object_set_new(o, "begins", number(entry->head_len));
    json_object_set_new(o, "sum", json_string(sum));
    json_object_set_new(o, "day", json_integer(entry->day));
    json_object_set_new(o, "pending", numbers(entry->pending));
    json_object_set_new(o, "half", json_boolean(entry->half));
    add_line(out, o);
}

static uint32_t sum_of(const char *text, size_t len)
{
    return (uint32_t)crc32_z(0, (const unsigned char *)text, len);
}

static int add_day(struct buf *out, struct state *s, struct day_count *c, struct err *e)
{
    struct buf text = BUF_EMPTY;
    int rc = days_text(s->days, c, &text, e);
    if (rc == 0) {
        char day[DAY_TEXT_SIZE];
        json_t *o = json_object();
        json_object_set_new(o, "day", json_string(day_text(c->day, day)));
        json_object_set_new(o, "malformed", numbers(c->malformed));
        json_object_set_new(o, "sum", number(sum_of(buf_str(&text), text.len)));
        add_line(out, o);
        buf_append(out, buf_str(&text), text.len);
        buf_char(out, '\n');
    }
    buf_close(&text);
    return rc;
}

/* Of days that nothing is likely to be written to any more, less is kept. */
static int shrink_days(struct state *s, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; i + STATE_DAYS_WHOLE < s->days->count && rc == 0; i++)
        rc = days_shrink(s->days, &s->days->items[i], e);
    return rc;
}

int state_save(struct state *s, struct err *e)
{
    struct buf out = BUF_EMPTY;
    json_t *head = json_object();
    if (days_drop(s->days, STATE_DAYS_MAX) > 0)
        s->from = s->days->items[0].day;
    json_object_set_new(head, "mainstay-traffic", json_integer(FORMAT));
    json_object_set_new(head, "setup", name_of(s->setup));
    json_object_set_new(head, "from", json_integer(s->from));
    add_line(&out, head);
    for (size_t i = 0; i < s->ledger.count; i++)
        add_entry(&out, &s->ledger.items[i]);
    int rc = shrink_days(s, e);
    for (size_t i = 0; i < s->days->count && rc == 0; i++)
        rc = add_day(&out, s, &s->days->items[i], e);
    if (rc == 0)
        rc = fd_write_file(s->path, buf_str(&out), out.len, 0600, e); /* it has addresses */
    buf_close(&out);
    return rc;
}

// --- reading -------------------------------------------------------------------------------------

/* The text that is being read; at the end of a line that is whole stands a newline. */
struct lines {
    const char *at;
    const char *end;
};

static bool next_line(struct lines *l, const char **line, size_t *len)
{
    const char *newline = memchr(l->at, '\n', (size_t)(l->end - l->at));
    if (newline == NULL)
        return false;
    *line = l->at;
    *len = (size_t)(newline - l->at);
    l->at = newline + 1;
    return true;
}

static bool read_numbers(json_t *list, uint64_t *numbers)
{
    if (json_array_size(list) != LINE_KINDS)
        return false;
    for (size_t i = 0; i < LINE_KINDS; i++)
        numbers[i] = (uint64_t)json_integer_value(json_array_get(list, i));
    return true;
}

static bool read_entry(struct state *s, json_t *o)
{
    const char *log;
    const char *sum;
    json_int_t device, inode, size, written, offset, begins, day;
    int half;
    if (json_unpack(o, "{s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:s,s:I,s:b}", "log", &log, "device", &device,
                    "inode", &inode, "size", &size, "written", &written, "offset", &offset,
                    "begins", &begins, "sum", &sum, "day", &day, "half", &half) != 0 ||
        begins < 0 || begins > HEAD_MAX || day < INT32_MIN || day > INT32_MAX ||
        s->ledger.count >= ROTATED_FILES_MAX)
        return false;
    struct ledger_entry *entry = ledger_add(&s->ledger, &(struct log_file){.log = log});
    entry->device = (uint64_t)device;
    entry->inode = (uint64_t)inode;
    entry->size = size;
    entry->written_ns = written;
    entry->offset = (uint64_t)offset;
    entry->head_len = (uint64_t)begins;
    entry->head_sum = strtoull(sum, NULL, 16);
    entry->day = (int32_t)day;
    entry->half = half != 0;
    entry->claimed = false;
    return read_numbers(json_object_get(o, "pending"), entry->pending);
}

static bool read_day(struct state *s, json_t *o, struct lines *l)
{
    const char *name;
    const char *line;
    size_t len;
    json_int_t sum;
    int32_t day;
    struct day_count *c = NULL;
    return json_unpack(o, "{s:s,s:I}", "day", &name, "sum", &sum) == 0 &&
           next_line(l, &line, &len) && sum == (json_int_t)sum_of(line, len) &&
           day_parse(name, &day, NULL) == 0 && days_place(s->days, day, &c, NULL) == 0 &&
           c->at < 0 && read_numbers(json_object_get(o, "malformed"), c->malformed) &&
           (len == 0 || days_put(s->days, c, line, len, NULL) == 0);
}

static bool read_rest(struct state *s, struct lines *l)
{
    const char *line;
    size_t len;
    bool good = true;
    while (good && next_line(l, &line, &len)) {
        json_t *o = json_loadb(line, len, 0, NULL);
        good = json_object_get(o, "log") != NULL ? read_entry(s, o) : read_day(s, o, l);
        json_decref(o);
    }
    return good && l->at == l->end;
}

/* What a state file is: good and for us, good but for something else, damaged. */
enum verdict { STATE_OURS, STATE_OTHER, STATE_DAMAGED };

static enum verdict read_state(struct state *s, const struct buf *text)
{
    struct lines l = {text->data, text->data + text->len};
    const char *line;
    size_t len;
    if (text->len == 0 || !next_line(&l, &line, &len))
        return STATE_DAMAGED;
    json_t *head = json_loadb(line, len, 0, NULL);
    json_t *setup = name_of(s->setup);
    json_int_t format = 0, from = 0;
    const char *theirs = NULL;
    enum verdict verdict = STATE_DAMAGED;
    if (json_unpack(head, "{s:I,s:s,s:I}", "mainstay-traffic", &format, "setup", &theirs, "from",
                    &from) == 0 &&
        from >= INT32_MIN && from <= INT32_MAX)
        verdict = format == FORMAT && strcmp(theirs, json_string_value(setup)) == 0 ? STATE_OURS
                                                                                    : STATE_OTHER;
    if (verdict == STATE_OURS && !read_rest(s, &l))
        verdict = STATE_DAMAGED;
    if (verdict == STATE_OURS)
        s->from = (int32_t)from;
    json_decref(setup);
    json_decref(head);
    return verdict;
}

static void forget(struct state *s)
{
    (void)days_drop(s->days, 0);
    ledger_close(&s->ledger);
}

static int move_aside(struct state *s, char **note, struct err *e)
{
    char *aside = mem_printf("%s.damaged", s->path);
    int rc = 0;
    forget(s);
    if (rename(s->path, aside) < 0)
        rc = err_set(e, -errno, "%s is damaged and cannot be moved to %s: %s", s->path, aside,
                     strerror(errno));
    else
        *note = mem_printf("%s is damaged: it is now %s, and counting begins anew", s->path, aside);
    mem_free(aside);
    return rc;
}

int state_open(struct state *s, char **note, struct err *e)
{
    struct buf text = BUF_EMPTY;
    int rc = look_at_file(s, e);
    if (rc == 0)
        rc = take_lock(s, e);
    if (rc < 0)
        return rc;
    rc = fd_read_file(s->path, STATE_SIZE_MAX, &text, e);
    if (rc == -ENOENT) {
        rc = 0;
    } else if (rc == 0) {
        switch (read_state(s, &text)) {
        case STATE_OURS:
            break;
        case STATE_OTHER:
            forget(s);
            *note = mem_printf("%s is of other routes or formats or of another version: counting "
                               "begins anew",
                               s->path);
            break;
        case STATE_DAMAGED:
            rc = move_aside(s, note, e);
            break;
        }
    }
    buf_close(&text);
    return rc;
}
