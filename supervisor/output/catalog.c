#include "output/catalog.h"

#include <syslog.h>

#include "output/entry.h"

// clang-format off
const struct catalog_row catalog_rows[CATALOG_KINDS] = {
    [CATALOG_DAEMON_STARTED] = {"eb8bb4eaf39f4257af3a872509efe466", LOG_INFO,
     "mainstayd has started",
     "The supervisor is up, with the process id @MAINSTAY_PID@, and starts what starts by itself."},
    [CATALOG_DAEMON_UPGRADED] = {"0a5b4ca348484cff981f2c231128efab", LOG_INFO,
     "mainstayd was upgraded in place",
     "It is mainstay @MAINSTAY_VERSION@ now, in the same process; programs and jobs go on."},
    [CATALOG_DAEMON_STOPPING] = {"e3da3b8b46ee4a3a9089a7910bcf8e4d", LOG_INFO,
     "mainstayd is going down",
     "Programs are stopped in reverse order, then the jobs run whose when= has shutdown."},
    [CATALOG_DAEMON_STOPPED] = {"b785b8256a164b6496d6d1435f3497b3", LOG_INFO,
     "mainstayd has stopped",
     "All programs have ended and all jobs are done."},
    [CATALOG_RELOADING] = {"4a49a41d572c4dd79b28b512c2a89da3", LOG_INFO,
     "mainstayd restarts everything",
     "The configuration was read again and is good. Everything is stopped, and started again as "
     "it\n"
     "says now."},
    [CATALOG_RELOADED] = {"b784db78907b4afa99de1fc962b206ce", LOG_INFO,
     "mainstayd runs a new configuration",
     "Everything that ran under the old configuration has ended; what starts by itself is "
     "started."},
    [CATALOG_PROCESS_STARTING] = {"140de09a71224ee6b6a29293afa87e6a", LOG_INFO,
     "The process @MAINSTAY_PROGRAM@ is being started",
     "It counts as running once it has stayed up for its startsecs."},
    [CATALOG_PROCESS_RUNNING] = {"250ddb755cde45c0a6d019beb9d74826", LOG_INFO,
     "The process @MAINSTAY_PROGRAM@ runs",
     "It has the process id @MAINSTAY_PID@ and has stayed up for its startsecs."},
    [CATALOG_PROCESS_BACKOFF] = {"84833ea0c2af4d5bb545ba62d72b6aed", LOG_WARNING,
     "The process @MAINSTAY_PROGRAM@ could not be started",
     "It ended before its startsecs were over, or there was no way to start it. It is tried again\n"
     "after a delay that grows, as often as startretries says. What it wrote before it ended "
     "stands\n"
     "before this entry when its log is the journal, else `mainstayctl tail` shows it."},
    [CATALOG_PROCESS_STOPPING] = {"70a12b67de93486685d720b76898f28a", LOG_INFO,
     "The process @MAINSTAY_PROGRAM@ is being stopped",
     "It was sent its stopsignal, and gets SIGKILL when it is still there after stopwaitsecs."},
    [CATALOG_PROCESS_STOPPED] = {"535628495c3b4f38b49910a49221df0b", LOG_INFO,
     "The process @MAINSTAY_PROGRAM@ has stopped",
     "It was asked to, and stays down until somebody starts it."},
    [CATALOG_PROCESS_EXITED] = {"255e362c2d23422a86481dc11b67211e", LOG_INFO,
     "The process @MAINSTAY_PROGRAM@ has ended",
     "It ended by itself or was killed by somebody else. EXIT_CODE says how (exited, killed,\n"
     "dumped), EXIT_STATUS with which status or by which signal. autorestart decides whether it "
     "is\n"
     "started again; an end that exitcodes does not name is a warning."},
    [CATALOG_PROCESS_FATAL] = {"46a41f192c454098b47dc5b2938e4bb2", LOG_ERR,
     "The process @MAINSTAY_PROGRAM@ cannot be started and is given up",
     "Every try has failed, and startretries are used up. It stays down until somebody starts it.\n"
     "The entries before this one say why: journalctl MAINSTAY_PROGRAM=@MAINSTAY_PROGRAM@"},
    [CATALOG_PROCESS_UNKNOWN] = {"a23a857330aa403b8ff850c93ac177a9", LOG_ERR,
     "The process @MAINSTAY_PROGRAM@ cannot be controlled",
     "A signal could not be sent to it, so nobody knows whether it runs."},
    [CATALOG_JOB_STARTED] = {"b970f60026b84ba7929b7db036b72aab", LOG_INFO,
     "The job @MAINSTAY_JOB@ runs",
     "What requires it waits until it has succeeded."},
    [CATALOG_JOB_RETRYING] = {"e3e6d16281e94218b3cefb207879889b", LOG_WARNING,
     "The job @MAINSTAY_JOB@ has failed and is tried again",
     "@MAINSTAY_RESULT@. The next try follows after its retry_delay."},
    [CATALOG_JOB_TIMED_OUT] = {"ee3f26595072427184d2eee9a6c03e60", LOG_WARNING,
     "The job @MAINSTAY_JOB@ has used up its time",
     "It has run for longer than its timeout and is asked to end; this try counts as failed."},
    [CATALOG_JOB_STOPPING] = {"3241e0b62c67493f93a67de4d29aaef9", LOG_INFO,
     "The job @MAINSTAY_JOB@ is being stopped",
     "Somebody has asked for it, or everything goes down."},
    [CATALOG_JOB_SUCCEEDED] = {"4d9a4e3d800646d9b5c6f1d352b0d8b7", LOG_INFO,
     "The job @MAINSTAY_JOB@ has succeeded",
     "What requires it may start. MAINSTAY_DURATION_USEC says how long it took, with its retries."},
    [CATALOG_JOB_FAILED] = {"835e6008ffec4bc390ee9d01b528c801", LOG_ERR,
     "The job @MAINSTAY_JOB@ has failed",
     "@MAINSTAY_RESULT@. No retry is left. What requires it stays down, unless on_failure or\n"
     "stale_ok say otherwise."},
    [CATALOG_JOB_MISSED] = {"9fe3d2673dba43faa129b45e290ca57a", LOG_ERR,
     "The job @MAINSTAY_JOB@ is missed",
     "@MAINSTAY_RESULT@. It has been expected to succeed more often (expect_every), and counts as\n"
     "missed until it does. `mainstayctl history @MAINSTAY_JOB@` shows what it has done."},
    [CATALOG_JOB_SKIPPED] = {"00ba614b2fee4ece834f27f1f9d2b90d", LOG_WARNING,
     "The job @MAINSTAY_JOB@ was not run",
     "It should have run: @MAINSTAY_RESULT@. Its overlap says what becomes of such runs."},
    [CATALOG_POWER_PLANNED] = {"602659d8222b4eb19f95edd8443c8784", LOG_INFO,
     "A @MAINSTAY_ACTION@ of the machine was planned by hand",
     "@MAINSTAY_RESULT@. `mainstayctl shutdown` or another client has asked for it."},
    [CATALOG_POWER_WARNING] = {"81df38c130744aeda0766a1ac283ecc3", LOG_NOTICE,
     "The machine goes down soon (@MAINSTAY_ACTION@)",
     "@MAINSTAY_RESULT@. `mainstayctl shutdown --postpone 1h` puts it off, --cancel does\n"
     "without it."},
    [CATALOG_POWER_POSTPONED] = {"04a7c7274950428cb4dbb9c49fe2cfc1", LOG_NOTICE,
     "The @MAINSTAY_ACTION@ of the machine is put off",
     "@MAINSTAY_RESULT@. In [shutdown], inhibit says who may do so, and postpone_max for how\n"
     "long."},
    [CATALOG_POWER_CANCELLED] = {"0eb19b1eb049402aa81dc2f9920d8cbb", LOG_NOTICE,
     "The @MAINSTAY_ACTION@ of the machine is left out",
     "@MAINSTAY_RESULT@. What the schedule says next counts again."},
    [CATALOG_POWER_FAILED] = {"31165bcdb825490badfb7e26198cae3c", LOG_ERR,
     "The @MAINSTAY_ACTION@ of the machine has failed",
     "@MAINSTAY_RESULT@. What had been stopped for it goes on, and the machine stays up."},
    [CATALOG_LOST] = {"633ba00b192a480ebaa23eae9eaeab9b", LOG_WARNING,
     "Entries for the journal were lost",
     "journald did not take @MAINSTAY_LOST@ entries for so long that there was no room to keep "
     "them."},
};
// clang-format on

void catalog_begin(struct buf *entry, enum catalog_kind kind)
{
    entry_text(entry, "MESSAGE_ID", catalog_rows[kind].id);
    entry_text(entry, "SYSLOG_IDENTIFIER", "mainstayd");
}

void catalog_print(struct buf *out)
{
    buf_text(out,
             "# For journalctl -x. Made by `make catalog` from supervisor/output/catalog.c.\n");
    for (int i = 0; i < CATALOG_KINDS; i++) {
        const struct catalog_row *row = &catalog_rows[i];
        buf_printf(out,
                   "\n-- %s\nSubject: %s\nDefined-By: mainstay\n"
                   "Documentation: man:mainstay-journal(7)\n\n%s\n",
                   row->id, row->subject, row->text);
    }
}

int catalog_main(FILE *out)
{
    struct buf text = BUF_EMPTY;
    catalog_print(&text);
    size_t written = fwrite(buf_str(&text), 1, text.len, out);
    int failed = written != text.len || fflush(out) != 0;
    buf_close(&text);
    return failed;
}
