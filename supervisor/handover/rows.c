#include "handover/rows.h"

#include "control/resume.h"
#include "engine/inherited.h"
#include "engine/supervisor.h"
#include "handover/snapshot.h"
#include "jobs/jobs.h"
#include "jobs/power.h"

const char *const rows_kinds[] = {
    "mainstay", /* who writes: the first line */
    "config",   /* a configuration that others name; see configs.h */
    "daemon",   /* the daemon as a whole: key "" */
    "server",   /* a listening socket: key a number */
    "group",    /* key its name; in start order */
    "proc",     /* key its label: "web", "team:web" */
    "job",      /* key its label; in the order of the array */
    "child",    /* what runs: key "proc LABEL" or "job LABEL" */
    "socket",   /* of an fcgi-program: key "GROUP URL" */
    "listen",   /* of listen=: key its address */
    "pool",     /* of listeners: key its group */
    "member",   /* of a pool: key as of its process */
    "event",    /* that waits in a pool: key "POOL SERIAL", in the order of sending */
    "visitor",  /* a connection on which nothing is asked: key a number; upgrade only */
    "follow",   /* a client that follows a log: key a number; upgrade only */
    NULL,
};

#define ROWS(name, array) const struct line_table name = {(array), sizeof(array) / sizeof *(array)}

// clang-format off

static const struct line_row proc[] = {
    LINE_ROW("state",         LINE_INT,    struct proc, fsm.state),
    LINE_ROW("retries",       LINE_NUMBER, struct proc, fsm.retries),
    LINE_ROW("started",       LINE_NUMBER, struct proc, fsm.started),
    LINE_ROW("deadline",      LINE_NUMBER, struct proc, fsm.deadline),
    LINE_ROW("again",         LINE_BOOL,   struct proc, fsm.again),
    LINE_ROW("blamed",        LINE_BOOL,   struct proc, fsm.blamed),
    LINE_ROW("watchdog",      LINE_NUMBER, struct proc, rules.watchdog_ms),
    LINE_ROW("wanted",        LINE_BOOL,   struct proc, wanted),
    LINE_ROW_OPTIONAL("anew", LINE_BOOL,   struct proc, anew),
    LINE_ROW("gate",          LINE_INT,    struct proc, gate),
    LINE_ROW("at_boot",       LINE_BOOL,   struct proc, node.at_boot),
    LINE_ROW("left_starting", LINE_BOOL,   struct proc, left_starting),
    LINE_ROW("reached",       LINE_INT,    struct proc, reached),
    LINE_ROW("spawn_pending", LINE_BOOL,   struct proc, spawn_pending),
    LINE_ROW("has_socket",    LINE_BOOL,   struct proc, has_socket),
    LINE_ROW("listening",     LINE_BOOL,   struct proc, listen.taken),
    LINE_ROW("restarts",      LINE_NUMBER, struct proc, restarts),
    LINE_ROW_OPTIONAL("tally_starts", LINE_NUMBER, struct proc, tally.starts),
    LINE_ROW_OPTIONAL("tally_restarts", LINE_NUMBER, struct proc, tally.restarts),
    LINE_ROW_OPTIONAL("tally_failures", LINE_NUMBER, struct proc, tally.failures),
    LINE_ROW_OPTIONAL("exits_expected", LINE_NUMBER, struct proc,
                      tally.exits[PROC_EXIT_EXPECTED]),
    LINE_ROW_OPTIONAL("exits_unexpected", LINE_NUMBER, struct proc,
                      tally.exits[PROC_EXIT_UNEXPECTED]),
    LINE_ROW_OPTIONAL("exits_stopped", LINE_NUMBER, struct proc, tally.exits[PROC_EXIT_STOPPED]),
    LINE_ROW("started_wall",  LINE_NUMBER, struct proc, started_wall),
    LINE_ROW("stopped_wall",  LINE_NUMBER, struct proc, stopped_wall),
    LINE_ROW("exit_status",   LINE_INT,    struct proc, exit_status),
    LINE_ROW("exit_expected", LINE_BOOL,   struct proc, exit_expected),
    LINE_ROW("spawnerr",      LINE_CHARS,  struct proc, spawnerr),
    LINE_ROW("last_exit",     LINE_CHARS,  struct proc, last_exit),
    LINE_ROW("reloading",     LINE_BOOL,   struct proc, said.reloading),
    LINE_ROW("stopping",      LINE_BOOL,   struct proc, said.stopping),
    LINE_ROW("error",         LINE_INT,    struct proc, said.error),
    LINE_ROW("status",        LINE_CHARS,  struct proc, said.status),
    LINE_ROW_OPTIONAL("posts", LINE_BOOL,  struct proc, said.posts),
    LINE_ROW_OPTIONAL("post_waiting", LINE_NUMBER, struct proc, said.post.waiting),
    LINE_ROW_OPTIONAL("post_sent", LINE_NUMBER, struct proc, said.post.sent),
    LINE_ROW_OPTIONAL("post_lost", LINE_NUMBER, struct proc, said.post.lost),
    LINE_ROW("refused",       LINE_INT,    struct proc, said.refused),
    LINE_ROW("refuse_at",     LINE_NUMBER, struct proc, said.refuse_at),
    LINE_ROW("out_auto",      LINE_TEXT,   struct proc, child.out_auto),
    LINE_ROW("err_auto",      LINE_TEXT,   struct proc, child.err_auto),
};
ROWS(rows_proc, proc);

static const struct line_row child[] = {
    LINE_ROW("serial",        LINE_NUMBER, struct child, serial),
    LINE_ROW("pid",           LINE_INT,    struct child, pid),
    LINE_ROW("born",          LINE_INT,    struct child, born),
    LINE_ROW("adopted",       LINE_BOOL,   struct child, adopted),
    LINE_ROW_OPTIONAL("held", LINE_BOOL,   struct child, held),
    LINE_ROW_OPTIONAL("ticks", LINE_NUMBER, struct child, ticks),
    LINE_ROW("pidfd",         LINE_FD,     struct child, pidfd),
    LINE_ROW("gate",          LINE_FD,     struct child, gate),
    LINE_ROW("in",            LINE_FD,     struct child, in),
    LINE_ROW("out",           LINE_FD,     struct child, out.fd),
    LINE_ROW("err",           LINE_FD,     struct child, err.fd),
    LINE_ROW("report",        LINE_FD,     struct child, report),
    LINE_ROW("feed",          LINE_BYTES,  struct child, feed.data),
    LINE_ROW("inbox",         LINE_FD,     struct child, inbox.fd),
    LINE_ROW("inbox_address", LINE_CHARS,  struct child, inbox.address),
};
ROWS(rows_child, child);

static const struct line_row child_state[] = {
    LINE_ROW("oom_before",    LINE_NUMBER, struct child, cgroup.oom_before),
    LINE_ROW("out_ansi",      LINE_INT,    struct child, out.ansi.state),
    LINE_ROW("out_inside",    LINE_BOOL,   struct child, out.capture.inside),
    LINE_ROW("out_matched",   LINE_NUMBER, struct child, out.capture.matched),
    LINE_ROW("out_cut",       LINE_BOOL,   struct child, out.capture.cut),
    LINE_ROW("out_message",   LINE_BYTES,  struct child, out.capture.message),
    LINE_ROW("out_total",     LINE_NUMBER, struct child, out.total),
    LINE_ROW("out_syslog",    LINE_BYTES,  struct child, out_sink.lines.partial),
    LINE_ROW("out_journal",   LINE_BYTES,  struct child, out_sink.journal.partial),
    LINE_ROW("out_level",     LINE_INT,    struct child, out_sink.journal.level),
    LINE_ROW("err_ansi",      LINE_INT,    struct child, err.ansi.state),
    LINE_ROW("err_inside",    LINE_BOOL,   struct child, err.capture.inside),
    LINE_ROW("err_matched",   LINE_NUMBER, struct child, err.capture.matched),
    LINE_ROW("err_cut",       LINE_BOOL,   struct child, err.capture.cut),
    LINE_ROW("err_message",   LINE_BYTES,  struct child, err.capture.message),
    LINE_ROW("err_total",     LINE_NUMBER, struct child, err.total),
    LINE_ROW("err_syslog",    LINE_BYTES,  struct child, err_sink.lines.partial),
    LINE_ROW("err_journal",   LINE_BYTES,  struct child, err_sink.journal.partial),
    LINE_ROW("err_level",     LINE_INT,    struct child, err_sink.journal.level),
};
ROWS(rows_child_state, child_state);

static const struct line_row job[] = {
    LINE_ROW("state",         LINE_INT,    struct job, state),
    LINE_ROW("attempts",      LINE_NUMBER, struct job, attempts),
    LINE_ROW("start_pending", LINE_BOOL,   struct job, start_pending),
    LINE_ROW("stale_ok",      LINE_BOOL,   struct job, stale_ok),
    LINE_ROW("started",       LINE_NUMBER, struct job, started),
    LINE_ROW("started_wall",  LINE_NUMBER, struct job, started_wall),
    LINE_ROW("ended_wall",    LINE_NUMBER, struct job, ended_wall),
    LINE_ROW("result",        LINE_CHARS,  struct job, result),
    LINE_ROW_OPTIONAL("refresh", LINE_BOOL, struct job, refresh),
    LINE_ROW_OPTIONAL("cause", LINE_INT,   struct job, cause),
    LINE_ROW_OPTIONAL("belongs", LINE_NUMBER, struct job, due),
    LINE_ROW_OPTIONAL("queued", LINE_BOOL, struct job, queued.wanted),
    LINE_ROW_OPTIONAL("queued_cause", LINE_INT, struct job, queued.cause),
    LINE_ROW_OPTIONAL("queued_due", LINE_NUMBER, struct job, queued.due),
    LINE_ROW_OPTIONAL("expect_known", LINE_BOOL, struct job, expect.known),
    LINE_ROW_OPTIONAL("missed", LINE_BOOL, struct job, expect.missed),
    LINE_ROW_OPTIONAL("missed_told", LINE_BOOL, struct job, expect.told),
    LINE_ROW_OPTIONAL("missed_why", LINE_CHARS, struct job, expect.why),
    LINE_ROW_OPTIONAL("good_at", LINE_NUMBER, struct job, expect.good),
    LINE_ROW_OPTIONAL("expect_since", LINE_NUMBER, struct job, expect.since),
    LINE_ROW_OPTIONAL("expect_grace", LINE_NUMBER, struct job, expect.grace),
    LINE_ROW_OPTIONAL("last_start", LINE_NUMBER, struct job, record.start),
    LINE_ROW_OPTIONAL("last_end", LINE_NUMBER, struct job, record.end),
    LINE_ROW_OPTIONAL("last_took", LINE_NUMBER, struct job, record.took),
    LINE_ROW_OPTIONAL("last_outcome", LINE_INT, struct job, record.outcome),
    LINE_ROW_OPTIONAL("last_why", LINE_CHARS, struct job, record.why),
    LINE_ROW_OPTIONAL("last_begun", LINE_NUMBER, struct job, record.begun),
    LINE_ROW_OPTIONAL("runs_good", LINE_NUMBER, struct job, record.runs[JOB_OUTCOME_SUCCEEDED]),
    LINE_ROW_OPTIONAL("runs_failed", LINE_NUMBER, struct job, record.runs[JOB_OUTCOME_FAILED]),
    LINE_ROW_OPTIONAL("runs_late", LINE_NUMBER, struct job, record.runs[JOB_OUTCOME_TIMED_OUT]),
    LINE_ROW_OPTIONAL("runs_stopped", LINE_NUMBER, struct job, record.runs[JOB_OUTCOME_STOPPED]),
    LINE_ROW_OPTIONAL("all_attempts", LINE_NUMBER, struct job, record.attempts),
    LINE_ROW_OPTIONAL("skips", LINE_NUMBER, struct job, record.skips),
    LINE_ROW_OPTIONAL("attempt_wall", LINE_NUMBER, struct job, attempt_wall),
    LINE_ROW_OPTIONAL("log_at", LINE_NUMBER, struct job, log_at),
    LINE_ROW_OPTIONAL("seen", LINE_NUMBER, struct job, seen),
    LINE_ROW_OPTIONAL("owes", LINE_BOOL,   struct job, owes),
    LINE_ROW_OPTIONAL("status", LINE_CHARS, struct job, said.status),
    LINE_ROW_OPTIONAL("has_changed", LINE_BOOL, struct job, said.has_changed),
    LINE_ROW_OPTIONAL("changed", LINE_BOOL, struct job, said.changed),
    LINE_ROW_OPTIONAL("objects", LINE_NUMBER, struct job, said.objects),
    LINE_ROW_OPTIONAL("bytes", LINE_NUMBER, struct job, said.bytes),
    LINE_ROW("out_auto",      LINE_TEXT,   struct job, child.out_auto),
    LINE_ROW("err_auto",      LINE_TEXT,   struct job, child.err_auto),
};
ROWS(rows_job, job);

static const struct line_row pool[] = {
    LINE_ROW("next_serial",   LINE_NUMBER, struct pool, next_serial),
    LINE_ROW("rejections",    LINE_INT,    struct pool, rejections),
    LINE_ROW("resume",        LINE_NUMBER, struct pool, resume),
};
ROWS(rows_pool, pool);

static const struct line_row member[] = {
    LINE_ROW("state",         LINE_INT,    struct pool_member, listener.state),
    LINE_ROW("text",          LINE_BYTES,  struct pool_member, listener.text),
    LINE_ROW("told",          LINE_BOOL,   struct pool_member, listener.told),
    LINE_ROW("in_result",     LINE_BOOL,   struct pool_member, listener.in_result),
    LINE_ROW("length",        LINE_NUMBER, struct pool_member, listener.length),
};
ROWS(rows_member, member);

static const struct line_row fcgi[] = {
    LINE_ROW("fd",            LINE_FD,     struct fcgi, fd),
};
ROWS(rows_fcgi, fcgi);

static const struct line_row listen_socket[] = {
    LINE_ROW("fd",            LINE_FD,     struct listen_socket, fd),
    LINE_ROW("lent",          LINE_BOOL,   struct listen_socket, lent),
};
ROWS(rows_listen, listen_socket);

static const struct line_row pools[] = {
    LINE_ROW("events",        LINE_NUMBER, struct pools, next_serial),
    LINE_ROW("tick_5",        LINE_NUMBER, struct pools, ticks.slices[0]),
    LINE_ROW("tick_60",       LINE_NUMBER, struct pools, ticks.slices[1]),
    LINE_ROW("tick_3600",     LINE_NUMBER, struct pools, ticks.slices[2]),
};
ROWS(rows_pools, pools);

static const struct line_row host[] = {
    LINE_ROW("serials",       LINE_NUMBER, struct host, serials),
};
ROWS(rows_host, host);

static const struct line_row follow[] = {
    LINE_ROW("socket",        LINE_FD,     struct follow_state, socket),
    LINE_ROW("file",          LINE_FD,     struct follow_state, file),
    LINE_ROW("at",            LINE_NUMBER, struct follow_state, at),
    LINE_ROW("path",          LINE_TEXT,   struct follow_state, path),
    LINE_ROW("section",       LINE_TEXT,   struct follow_state, section),
    LINE_ROW("chunked",       LINE_BOOL,   struct follow_state, chunked),
};
ROWS(rows_follow, follow);

static const struct line_row visitor[] = {
    LINE_ROW("socket",        LINE_FD,     struct follow_state, socket),
    LINE_ROW("section",       LINE_TEXT,   struct follow_state, section),
};
ROWS(rows_visitor, visitor);

static const struct line_row server[] = {
    LINE_ROW("fd",            LINE_FD,     struct inherited_socket, fd),
    LINE_ROW("name",          LINE_TEXT,   struct inherited_socket, name),
    LINE_ROW("own",           LINE_BOOL,   struct inherited_socket, own),
};
ROWS(rows_server, server);

/* All in the line of the daemon. */
static const struct line_row power[] = {
    LINE_ROW_OPTIONAL("power_step", LINE_INT, struct power, step),
    LINE_ROW_OPTIONAL("power_seen", LINE_NUMBER, struct power, plan.seen),
    LINE_ROW_OPTIONAL("power_skip", LINE_NUMBER, struct power, plan.skip),
    LINE_ROW_OPTIONAL("power_hand", LINE_NUMBER, struct power, plan.hand),
    LINE_ROW_OPTIONAL("power_from", LINE_NUMBER, struct power, plan.from),
    LINE_ROW_OPTIONAL("power_warned", LINE_NUMBER, struct power, plan.warned),
    LINE_ROW_OPTIONAL("power_ask", LINE_NUMBER, struct power, plan.ask),
    LINE_ROW_OPTIONAL("power_action", LINE_NUMBER, struct power, plan.action),
    LINE_ROW_OPTIONAL("power_next", LINE_NUMBER, struct power, plan.next),
    LINE_ROW_OPTIONAL("power_holder", LINE_CHARS, struct power, holder),
};
ROWS(rows_power, power);

static const struct line_row whole[] = {
    LINE_ROW("pidfile",       LINE_FD,     struct whole, pidfile),
    LINE_ROW("folder",        LINE_TEXT,   struct whole, folder),
    LINE_ROW("program",       LINE_TEXT,   struct whole, program),
    LINE_ROW("ready",         LINE_BOOL,   struct whole, ready),
    LINE_ROW("journal",       LINE_FD,     struct whole, journal),
    LINE_ROW_OPTIONAL("state_a", LINE_FD,  struct whole, kept[0]),
    LINE_ROW_OPTIONAL("state_b", LINE_FD,  struct whole, kept[1]),
    LINE_ROW_OPTIONAL("flight", LINE_FD,   struct whole, kept[2]),
    LINE_ROW_OPTIONAL("sockets", LINE_TEXT, struct whole, kept_sockets),
    LINE_ROW("upgrades",      LINE_NUMBER, struct whole, upgrades),
    LINE_ROW("began_wall",    LINE_NUMBER, struct whole, began_wall),
    LINE_ROW("left",          LINE_NUMBER, struct whole, left),
};
ROWS(rows_whole, whole);
// clang-format on
