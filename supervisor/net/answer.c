#include "net/answer.h"

#include <stddef.h>

// clang-format off
static const struct { long from, to; enum verdict verdict; const char *words; } answers[] = {
    {200, 299, VERDICT_DONE,    "it was taken"},
    {300, 399, VERDICT_AGAIN,   "it has moved: redirections are not followed, correct the address"},
    {400, 400, VERDICT_REFUSED, "it does not understand the message: is format= right?"},
    {401, 401, VERDICT_AGAIN,   "it wants a login: is the address right?"},
    {403, 403, VERDICT_AGAIN,   "it does not allow this: is the address still valid?"},
    {404, 404, VERDICT_AGAIN,   "there is nothing at the address: is it right?"},
    {405, 405, VERDICT_AGAIN,   "nobody takes messages at the address: is it right?"},
    {407, 407, VERDICT_AGAIN,   "the proxy wants a login"},
    {408, 408, VERDICT_AGAIN,   "it took too long"},
    {410, 410, VERDICT_AGAIN,   "the address is no longer valid"},
    {425, 425, VERDICT_AGAIN,   "it wants it later"},
    {429, 429, VERDICT_AGAIN,   "it wants less at a time"},
    {402, 499, VERDICT_REFUSED, "it does not take this message"},
    {500, 599, VERDICT_AGAIN,   "it has trouble of its own"},
};
// clang-format on
enum { ANSWERS = sizeof answers / sizeof *answers };

enum verdict answer_judge(long status)
{
    for (size_t i = 0; i < ANSWERS; i++)
        if (status >= answers[i].from && status <= answers[i].to)
            return answers[i].verdict;
    return VERDICT_AGAIN;
}

void answer_words(long status, struct buf *out)
{
    const char *words = "that is no answer of HTTP";
    for (size_t i = ANSWERS; i-- > 0;)
        if (status >= answers[i].from && status <= answers[i].to)
            words = answers[i].words;
    buf_printf(out, "answer %ld: %s", status, words);
}

int64_t answer_delay(unsigned failed, int64_t first, int64_t most)
{
    int64_t delay = first > 0 ? first : 1;
    for (unsigned i = 1; i < failed && delay < most; i++)
        delay *= 2;
    delay = delay < most ? delay : most;
    return delay > ANSWER_DELAY_MIN ? delay : ANSWER_DELAY_MIN;
}

int64_t answer_patience(int64_t delay, int64_t asked_ms)
{
    const int64_t day = 86400000;
    const int64_t asked = asked_ms < day ? asked_ms : day;
    return asked > delay ? asked : delay;
}
