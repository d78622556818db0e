#include "net/tally.h"

#include <inttypes.h>

#include "base/buf.h"

static struct tally_sum sum_of(const struct addressee *to, size_t count)
{
    struct tally_sum sum = {0};
    for (size_t i = 0; i < count; i++) {
        sum.waiting += to[i].outbox.count;
        sum.sent += to[i].sent;
        sum.lost += to[i].outbox.lost;
        sum.stuck = sum.stuck || (to[i].failed > 0 && to[i].outbox.count > 0);
    }
    return sum;
}

static bool same(const struct tally_sum *a, const struct tally_sum *b)
{
    return a->waiting == b->waiting && a->sent == b->sent && a->lost == b->lost &&
           a->stuck == b->stuck;
}

static bool tell(struct tally *t, const struct tally_sum *sum)
{
    struct buf text = BUF_EMPTY;
    buf_printf(&text, "MAINSTAY_POST=%" PRIu64 " %" PRIu64 " %" PRIu64 "\nSTATUS=", sum->waiting,
               sum->sent, sum->lost);
    if (sum->stuck)
        buf_printf(&text, "%" PRIu64 " message%s, the last attempt failed", sum->waiting,
                   sum->waiting == 1 ? " waits" : "s wait");
    bool sent = notifier_send(&t->notifier, buf_str(&text));
    buf_close(&text);
    return sent;
}

int64_t tally_turn(struct tally *t, const struct addressee *to, size_t count, int64_t now)
{
    const struct tally_sum sum = sum_of(to, count);
    if (t->notifier.fd < 0 || (t->due > 0 && same(&sum, &t->told)))
        return -1;
    if (now < t->due)
        return t->due;
    const bool sent = tell(t, &sum);
    t->due = now + TALLY_PAUSE_MS;
    if (!sent)
        return t->due;
    t->told = sum;
    return -1;
}

void tally_open(struct tally *t)
{
    *t = (struct tally){0};
    notifier_open(&t->notifier);
}

void tally_close(struct tally *t)
{
    notifier_close(&t->notifier);
}
