/*
 * What strangers may size: every limit of what the daemon takes, holds and sends for those who ask
 * it, in one table. mainstayd(8) shows the same rows.
 *
 * Each row: name, value, what it is the most of, and what happens beyond it. Limits of a server
 * hold for each server on its own: a flooded port leaves the unix socket alone.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

// clang-format off
#define LIMITS(ROW)                                                                                \
    ROW(LIMIT_CONNECTIONS, 256, "connections of a server",                                         \
        "the one that has been idle for longest is closed; when all work, the next one waits")     \
    ROW(LIMIT_GRACE_MS, 500, "milliseconds that an idle connection may stay when others wait",     \
        "it may be closed to let the next one in")                                                 \
    ROW(LIMIT_IDLE_S, 300, "seconds without a byte, unless a log is followed or an answer awaited",\
        "the connection is closed")                                                                \
    ROW(LIMIT_SPARE_DESCRIPTORS, 64, "descriptors kept for programs, but at most a quarter",       \
        "an idle connection is closed, or the new one")                                            \
    ROW(LIMIT_SURE_CONNECTIONS, 8, "connections of a server to which that does not apply",         \
        "see there")                                                                               \
    ROW(LIMIT_HEAD, 32 << 10, "bytes of request line and headers", "414, 431 or 413")              \
    ROW(LIMIT_CREDENTIALS, 4 << 10, "bytes of name and password, encoded", "401")                  \
    ROW(LIMIT_BODY, 1 << 20, "bytes of a request's body", "413")                                   \
    ROW(LIMIT_SMALL_BODY, 16 << 10, "bytes of a body that does not count in the next row", "")     \
    ROW(LIMIT_BODIES, 4 << 20, "bytes of large bodies that a server holds until it answers",   \
        "the slowest sender's connection is closed; when all work, 503")                           \
    ROW(LIMIT_DEPTH, 32, "values in each other", "400")                                            \
    ROW(LIMIT_CALL_VALUES, 1 << 16, "values in a call", "400")                                     \
    ROW(LIMIT_MULTICALL, 10000, "calls in a multicall", "fault 2 INCORRECT_PARAMETERS")            \
    ROW(LIMIT_LOG_SLICE, 16 << 20, "bytes of a log in one answer", "the slice is shorter")         \
    ROW(LIMIT_CALL_RESULT, 32 << 20, "bytes of values in an answer", "fault 30 FAILED")            \
    ROW(LIMIT_ANSWER, 64 << 20, "bytes of an answer as it is sent", "fault 30 FAILED")             \
    ROW(LIMIT_ANSWER_VALUES, 1 << 21, "values in an answer that mainstayctl reads", "it says so")  \
    ROW(LIMIT_ANSWERS, 64 << 20, "bytes of answers that a server holds, until they are read",      \
        "the connection of the oldest one is closed")                                              \
    ROW(LIMIT_FOLLOWS, 64, "logs that are followed over a server", "503")                          \
    ROW(LIMIT_STDIN, 1 << 20, "bytes that wait for a program to read its input", "fault 30 FAILED")\
    ROW(LIMIT_JOURNAL_LINE, 4 << 20, "bytes of a line in the journal",                             \
        "the line comes in pieces: mainstay-journal(7)")                                           \
    ROW(LIMIT_JOURNAL, 16 << 20, "bytes that wait for journald",                                   \
        "programs that write to the journal wait; see mainstay-journal(7)")                        \
    ROW(LIMIT_JOURNAL_PATIENCE_MS, 300000, "milliseconds that they wait when it reads nothing",    \
        "what no longer fits is lost, counted and said")                                           \
    ROW(LIMIT_JOURNAL_END_MS, 5000, "milliseconds that the daemon waits for journald at its end",  \
        "what it has not taken is lost")                                                           \
    ROW(LIMIT_ORPHANS, 64, "buttons of the web page that go on though the browser has left",       \
        "the oldest is not gone on with")                                                          \
    ROW(LIMIT_TURN_MS, 10, "milliseconds of calls in a turn of the loop, beyond the first call",   \
        "programs, signals and the other servers have their turn, then it goes on")

#define LIMIT_VALUE(name, value, what, beyond) name = (value),
enum { LIMITS(LIMIT_VALUE) };
#undef LIMIT_VALUE
// clang-format on

#endif
