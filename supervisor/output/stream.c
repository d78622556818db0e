#include "output/stream.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/list.h"
#include "base/log.h"

/* One for all streams, used only inside stream_read: there is one loop thread. The first byte is
 * room for the ESC that ansi_strip may have kept back. */
static char the_chunk[1 + STREAM_CHUNK];

static struct flight *the_flight; /* NULL: our death is the end of what is on its way */

void stream_init(struct stream *s, uv_loop_t *loop)
{
    *s = (struct stream){.loop = loop, .fd = -1};
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct stream *s = container_of(handle, struct stream, handle.any);
    stream_closed_fn *on_closed = s->on_closed;
    s->state = STREAM_IDLE;
    s->on_closed = NULL;
    if (on_closed)
        on_closed(s); /* may free s */
}

static void stream_deliver(struct stream *s, const char *data, size_t len)
{
    sink_write(s->sink, data, len);
    const char *trouble = sink_trouble(s->sink);
    if (trouble)
        log_warn("'%s': %s", s->sink->name ? s->sink->name : "?", trouble);
    if (s->on_data)
        s->on_data(s, data, len);
}

static void stream_piece(struct stream *s, const struct capture_piece *piece)
{
    switch (piece->kind) {
    case CAPTURE_NOTHING:
        break;
    case CAPTURE_TEXT:
        stream_deliver(s, piece->data, piece->len);
        break;
    case CAPTURE_HIDDEN:
        if (s->on_data)
            s->on_data(s, piece->data, piece->len);
        break;
    case CAPTURE_MESSAGE:
        s->on_message(s, piece->data, piece->len);
        break;
    }
}

static void stream_take(struct stream *s, const char *data, size_t len)
{
    struct capture_piece piece;
    if (s->capture_max == 0 && len > 0)
        stream_deliver(s, data, len);
    while (s->capture_max > 0 && len > 0) {
        size_t n = capture_next(&s->capture, data, len, &piece);
        stream_piece(s, &piece);
        data += n;
        len -= n;
    }
}

/* No more bytes will come: what waited for them is complete. */
static void stream_take_rest(struct stream *s)
{
    struct capture_piece piece;
    char esc;
    size_t len = ansi_end(&s->ansi, &esc);
    stream_take(s, &esc, len);
    capture_end(&s->capture, &piece);
    stream_piece(s, &piece);
    capture_close(&s->capture);
}

/* --- What it remembers between two chunks, as a number -------------------------------------- */

static uint32_t stream_state(const struct stream *s)
{
    return (uint32_t)s->ansi.state | (uint32_t)s->capture.inside << 2 |
           (uint32_t)s->capture.matched << 3;
}

static void stream_recall(struct stream *s, uint32_t state)
{
    s->ansi.state = stream_state_ansi(state);
    if (s->capture_max > 0)
        capture_resume(&s->capture, stream_state_inside(state), stream_state_matched(state));
}

static bool stream_flies(const struct stream *s)
{
    return the_flight && s->id != 0;
}

/* The descriptor goes at once (libuv allows it after uv_close), the handle with the loop. */
static void stream_end(struct stream *s)
{
    if (s->state != STREAM_READING)
        return;
    s->state = STREAM_CLOSING;
    journal_wait_end(&s->pause);
    uv_close(&s->handle.any, on_handle_closed);
    fd_close(&s->fd);
    if (stream_flies(s) && stream_state(s) != 0)
        flight_forget(the_flight, s->id);
    stream_take_rest(s);
}

/* --- Reading ------------------------------------------------------------------------------- */

static void stream_chunk(struct stream *s, const char *data, size_t len)
{
    if (s->strip_ansi) {
        len = ansi_strip(&s->ansi, data, len, the_chunk);
        data = the_chunk;
    }
    stream_take(s, data, len);
}

static ssize_t stream_receive(struct stream *s, size_t max, const char **data)
{
    ssize_t n = stream_flies(s) ? flight_take(the_flight, s->id, stream_state(s), s->fd, max, data)
                                : -EINVAL; /* which is also what splice says of all but a pipe */
    if (n != -EINVAL)
        return n;
    *data = the_chunk + 1;
    n = read(s->fd, the_chunk + 1, max);
    return n < 0 ? -errno : n;
}

/* One read of at most `max` bytes; 0 when there is nothing now or never again. */
static size_t stream_read(struct stream *s, size_t max)
{
    const char *data;
    ssize_t n = stream_receive(s, max < STREAM_CHUNK ? max : STREAM_CHUNK, &data);
    if (n == -EAGAIN || n == -EINTR)
        return 0;
    if (n <= 0) {
        stream_end(s);
        return 0;
    }
    s->total += (size_t)n;
    stream_chunk(s, data, (size_t)n);
    if (stream_flies(s))
        flight_done(the_flight, stream_state(s));
    return (size_t)n;
}

void stream_use_flight(struct flight *f)
{
    the_flight = f;
}

void stream_resume(struct stream *s, uint32_t state, const char *data, size_t len)
{
    stream_recall(s, state);
    if (s->state == STREAM_READING)
        stream_chunk(s, data, len);
    flight_done(the_flight, stream_state(s));
}

static void on_readable(uv_poll_t *handle, int status, int events);

static void on_room(struct journal_waiter *waiter)
{
    struct stream *s = container_of(waiter, struct stream, pause);
    (void)uv_poll_start(&s->handle.poll, UV_READABLE, on_readable);
}

/* The child waits in its write(2) as long as nobody reads. */
static void stream_pause(struct stream *s)
{
    s->pause.on_room = on_room;
    (void)uv_poll_stop(&s->handle.poll);
    journal_wait(&s->pause);
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
    struct stream *s = container_of(handle, struct stream, handle.poll);
    (void)events;
    if (status < 0)
        stream_end(s);
    else if (sink_full(s->sink))
        stream_pause(s);
    else
        (void)stream_read(s, STREAM_CHUNK);
}

int stream_start(struct stream *s, int fd, struct sink *sink)
{
    if (s->state != STREAM_IDLE) {
        fd_close(&fd);
        return -EBUSY;
    }
    int rc = uv_poll_init(s->loop, &s->handle.poll, fd); /* makes it non-blocking */
    if (rc < 0) {
        fd_close(&fd);
        return rc;
    }
    s->state = STREAM_READING;
    s->pause = (struct journal_waiter){0};
    s->fd = fd;
    s->sink = sink;
    s->ansi = (struct ansi){0};
    capture_begin(&s->capture, s->capture_max);
    sink_come_by(sink, stream_flies(s) ? the_flight : NULL);
    if (stream_flies(s))
        stream_recall(s, flight_state(the_flight, s->id));
    s->total = 0;
    rc = uv_poll_start(&s->handle.poll, UV_READABLE, on_readable);
    if (rc < 0)
        stream_end(s);
    return rc;
}

void stream_drain(struct stream *s)
{
    int there = 0;
    if (s->state != STREAM_READING || ioctl(s->fd, FIONREAD, &there) < 0 || there < 0)
        return;
    size_t left = there < STREAM_DRAIN_MAX ? (size_t)there : STREAM_DRAIN_MAX;
    while (left > 0 && s->state == STREAM_READING) {
        size_t n = stream_read(s, left);
        if (n == 0)
            return;
        left -= n;
    }
}

void stream_stop(struct stream *s, stream_closed_fn *on_closed)
{
    if (on_closed)
        s->on_closed = on_closed;
    if (s->state == STREAM_READING) {
        stream_end(s);
    } else if (s->state == STREAM_IDLE && on_closed) {
        (void)uv_idle_init(s->loop, &s->handle.none); /* never fails */
        s->state = STREAM_CLOSING;
        uv_close(&s->handle.any, on_handle_closed);
    }
}

bool stream_idle(const struct stream *s)
{
    return s->state == STREAM_IDLE;
}
