#include "net/fare.h"

#include <inttypes.h>

#include "base/buf.h"

static struct fare_sum sum_of(const struct addressee *to, size_t count)
{
    struct fare_sum sum = {0};
    for (size_t i = 0; i < count; i++) {
        sum.waiting += to[i].outbox.count;
        sum.sent += to[i].sent;
        sum.lost += to[i].outbox.lost;
        sum.stuck = sum.stuck || (to[i].failed > 0 && to[i].outbox.count > 0);
    }
    return sum;
}

static bool same(const struct fare_sum *a, const struct fare_sum *b)
{
    return a->waiting == b->waiting && a->sent == b->sent && a->lost == b->lost &&
           a->stuck == b->stuck;
}

static bool tell(struct fare *f, const struct fare_sum *sum)
{
    struct buf text = BUF_EMPTY;
    buf_printf(&text, "MAINSTAY_POST=%" PRIu64 " %" PRIu64 " %" PRIu64 "\nSTATUS=", sum->waiting,
               sum->sent, sum->lost);
    if (sum->stuck)
        buf_printf(&text, "%" PRIu64 " message%s, the last attempt failed", sum->waiting,
                   sum->waiting == 1 ? " waits" : "s wait");
    bool sent = notifier_send(&f->notifier, buf_str(&text));
    buf_close(&text);
    return sent;
}

int64_t fare_turn(struct fare *f, const struct addressee *to, size_t count, int64_t now)
{
    const struct fare_sum sum = sum_of(to, count);
    if (f->notifier.fd < 0 || (f->known && same(&sum, &f->told)))
        return -1;
    if (now < f->due)
        return f->due;
    const bool sent = tell(f, &sum);
    f->due = now + FARE_PAUSE_MS;
    if (!sent)
        return f->due;
    f->told = sum;
    f->known = true;
    return -1;
}

void fare_open(struct fare *f)
{
    *f = (struct fare){0};
    notifier_open(&f->notifier);
}

void fare_close(struct fare *f)
{
    notifier_close(&f->notifier);
}
