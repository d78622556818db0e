/* The keys of [notify:x], and of jobs that somebody watches from outside. */
#include "config/key.h"

enum {
    BASIC = EXPAND_HERE | EXPAND_ENV,
    ONCE = BASIC | EXPAND_NODE | EXPAND_PROGRAM | EXPAND_GROUP,
};

#define DAY_MS 86400000LL
#define TABLE(rows)                                                                                \
    {                                                                                              \
        (rows), sizeof(rows) / sizeof *(rows)                                                      \
    }

// clang-format off
#define AT(member) offsetof(struct notify_values, member)
static const struct key_choice format_choices[] = {{"json", 0}, {"slack", 1}, {0}};
static const struct key_row notify_rows[] = {
    {"url", KEY_TEXT, AT(url), NULL, ONCE, KEY_NATIVE | KEY_SECRET,
     "Where each message is posted. It is a secret: nothing shows it."},
    {"url_file", KEY_ABSOLUTE, AT(url_file), NULL, ONCE, KEY_NATIVE,
     "A file whose first line is that address; it is read for each attempt."},
    {"command", KEY_TEXT, AT(command), NULL, ONCE, KEY_NATIVE,
     "What is run instead, with the message on standard input; exit status 0 means that it was "
     "delivered."},
    {"ca_file", KEY_ABSOLUTE, AT(ca_file), NULL, ONCE, KEY_NATIVE,
     "Certificates (PEM) of authorities to trust with https://; unless set, those that the machine "
     "trusts."},
    {"format", KEY_CHOICE, AT(format), "json", ONCE, KEY_NATIVE,
     "json posts all that is known; slack posts {\"text\": ...}, as Slack and those like it read "
     "it.", .choices = format_choices},
    {"events", KEY_EVENTS, AT(group.events),
     "PROCESS_STATE_FATAL,JOB_FAILED,JOB_MISSED,SHUTDOWN_FAILED", BASIC, KEY_NATIVE,
     "The types of events that are told: mainstay-events(7)."},
    {"quiet", KEY_DURATION, AT(quiet_ms), "5m", ONCE, KEY_NATIVE,
     "What happens again to the same thing within that time is counted, and the count told once "
     "when it is over; 0: everything is told.", .max = 30 * DAY_MS},
    {"timeout", KEY_DURATION, AT(timeout_ms), "10s", ONCE, KEY_NATIVE,
     "How long one attempt may take.", .min = 10, .max = DAY_MS},
    {"retry_delay", KEY_DURATION, AT(retry_delay_ms), "5s", ONCE, KEY_NATIVE,
     "Pause after an attempt that failed; each further one doubles it.", .min = 10, .max = DAY_MS},
    {"retry_delay_max", KEY_DURATION, AT(retry_delay_max_ms), "10m", ONCE, KEY_NATIVE,
     "The longest such pause.", .min = 10, .max = DAY_MS},
    {"spool", KEY_ABSOLUTE, AT(spool), NULL, ONCE, KEY_NATIVE,
     "The folder where messages wait until they are delivered; unless set, notify/NAME in "
     "statedir, or without that, memory."},
    {"spool_max", KEY_INT, AT(spool_max), "1000", ONCE, KEY_NATIVE,
     "How many messages wait at most; beyond it the oldest are lost, and their number is told.",
     .min = 1, .max = 100000},
    {"buffer_size", KEY_INT, AT(group.buffer_size), "1000", BASIC, KEY_NATIVE,
     "How many events wait in the daemon while mainstay-net does not read.", .min = 1,
     .max = 100000},
    {"priority", KEY_INT, AT(group.priority), "-1", BASIC, KEY_LIVE,
     "Lower starts first and stops last."},
};
#undef AT

static const struct key_row deadman_rows[] = {
    {"dead_man_url", KEY_TEXT, offsetof(struct text_values, text), NULL, ONCE,
     KEY_NATIVE | KEY_LIVE | KEY_SECRET,
     "An address that is asked (GET) after each success, so that somebody outside notices when "
     "none comes any more. It is a secret: nothing shows it."},
};
// clang-format on

const struct key_table key_notify = TABLE(notify_rows);
const struct key_table key_deadman = TABLE(deadman_rows);
