#include "config/key.h"

/* Which names a value may use: see the classes in expand.h. */
enum {
    BASIC = EXPAND_HERE | EXPAND_ENV,
    ONCE = BASIC | EXPAND_NODE | EXPAND_PROGRAM | EXPAND_GROUP,
    EACH = ONCE | EXPAND_PROCESS, /* for each of numprocs processes anew */
    OWN = EACH | EXPAND_OWN,
};
enum { LIMIT = KEY_NATIVE | KEY_LIVE | KEY_AT_ONCE };

#define LONG_TIME 1000000000000 /* s; no number of seconds overflows when it becomes ms */
#define DAY_MS 86400000LL
#define TABLE(rows)                                                                                \
    {                                                                                              \
        (rows), sizeof(rows) / sizeof *(rows)                                                      \
    }

// clang-format off

#define AT(member) offsetof(struct program_values, process.member)
static const struct key_row process_rows[] = {
    {"environment", KEY_ENVIRONMENT, AT(environment), "", EACH, KEY_SECRET,
     "Variables on top of those that the daemon has itself."},
    {"directory", KEY_TEXT, AT(directory), NULL, OWN, 0,
     "The folder to start in; unless set, the daemon's own."},
    {"umask", KEY_OCTAL, AT(umask), NULL, ONCE, 0,
     "File mode mask; unless set, the daemon's own."},
    {"user", KEY_USER, AT(user), NULL, ONCE, 0,
     "Whose rights and groups the process gets; only root may give them.",
     .also = AT(uid)},
    {"memory_max", KEY_MEMORY, AT(limits.memory_max), NULL, ONCE, LIMIT,
     "Memory of all its processes together, beyond which the kernel kills."},
    {"memory_high", KEY_MEMORY, AT(limits.memory_high), NULL, ONCE, LIMIT,
     "Memory of all its processes together, beyond which the kernel slows them down and takes "
     "memory back."},
    {"cpu_weight", KEY_INT, AT(limits.cpu_weight), NULL, ONCE, LIMIT,
     "Its share of the CPU where others want it too; unless set, 100.", .min = 1, .max = 10000},
    {"cpu_max", KEY_CPUS, AT(limits.cpu_max), NULL, ONCE, LIMIT,
     "How much CPU time its processes get at most, also when nobody else wants it."},
    {"tasks_max", KEY_COUNT, AT(limits.tasks_max), NULL, ONCE, LIMIT,
     "How many processes and threads it may have."},
    {"priority", KEY_INT, AT(priority), "999", BASIC, KEY_LIVE,
     "Lower starts first and stops last."},
    {"stopsignal", KEY_SIGNAL, AT(stopsignal), "TERM", ONCE, KEY_LIVE,
     "The signal that asks the process to stop."},
    {"stopwaitsecs", KEY_INT, AT(stopwaitsecs), "10", ONCE, KEY_LIVE,
     "Seconds from the stop signal to SIGKILL.", .min = -LONG_TIME, .max = LONG_TIME},
    {"stopasgroup", KEY_BOOL, AT(stopasgroup), "false", ONCE, KEY_LIVE,
     "Send the stop signal to the whole process group; implies killasgroup."},
    {"killasgroup", KEY_BOOL, AT(killasgroup), NULL, ONCE, KEY_LIVE,
     "Send SIGKILL to the whole process group; unless set, as stopasgroup."},
    {"exitcodes", KEY_EXITCODES, AT(exitcodes), "0", ONCE, KEY_LIVE,
     "Exit codes that are expected; of a job, those that are success."},
    {"serverurl", KEY_SERVERURL, AT(serverurl), NULL, ONCE, 0,
     "What the process finds in SUPERVISOR_SERVER_URL; AUTO chooses one of ours."},
    {"stdout_logfile", KEY_LOGFILE, AT(out), "AUTO", OWN, KEY_TWICE,
     "Where standard output goes."},
    {"stdout_logfile_maxbytes", KEY_SIZE, AT(out.maxbytes), "50MB", OWN, KEY_LIVE,
     "Size at which the file is rotated; 0 never rotates."},
    {"stdout_logfile_backups", KEY_INT, AT(out.backups), "10", OWN, KEY_LIVE,
     "How many rotated files are kept."},
    {"stdout_capture_maxbytes", KEY_SIZE, AT(out.capture_maxbytes), "0", ONCE, 0,
     "How much text between the tags of PROCESS_COMMUNICATION becomes an event; 0: none does."},
    {"stdout_events_enabled", KEY_BOOL, AT(out.events_enabled), "false", ONCE, KEY_LIVE,
     "Emit PROCESS_LOG_STDOUT events."},
    {"stdout_syslog", KEY_BOOL, AT(out.syslog), "false", OWN, 0,
     "Send standard output to syslog, too."},
    {"stderr_logfile", KEY_LOGFILE, AT(err), "AUTO", OWN, KEY_TWICE,
     "Where standard error goes."},
    {"stderr_logfile_maxbytes", KEY_SIZE, AT(err.maxbytes), "50MB", OWN, KEY_LIVE,
     "Size at which the file is rotated; 0 never rotates."},
    {"stderr_logfile_backups", KEY_INT, AT(err.backups), "10", OWN, KEY_LIVE,
     "How many rotated files are kept."},
    {"stderr_capture_maxbytes", KEY_SIZE, AT(err.capture_maxbytes), "0", ONCE, 0,
     "How much text between the tags of PROCESS_COMMUNICATION becomes an event; 0: none does."},
    {"stderr_events_enabled", KEY_BOOL, AT(err.events_enabled), "false", ONCE, KEY_LIVE,
     "Emit PROCESS_LOG_STDERR events."},
    {"stderr_syslog", KEY_BOOL, AT(err.syslog), "false", OWN, 0,
     "Send standard error to syslog, too."},
    {"requires", KEY_NAMES, AT(requires), "", ONCE, KEY_NATIVE,
     "What must be up (a program) or have succeeded (a job) before this starts; it is started, or "
     "run, if it was not yet."},
    {"after", KEY_NAMES, AT(after), "", ONCE, KEY_NATIVE,
     "What starts first when both start; its failure does not matter."},
};

static const struct key_row command_rows[] = {
    {"command", KEY_TEXT, AT(command), NULL, OWN, KEY_NEEDED,
     "The program and its arguments, with quotes as in a shell; no shell runs it."},
};

static const struct key_choice ready_choices[] = {
    {"delay", READY_DELAY}, {"notify", READY_NOTIFY}, {0},
};
static const struct key_row program_rows[] = {
    {"process_name", KEY_NAME, offsetof(struct program_values, name_format), "%(program_name)s",
     0, 0, "The name of each process; needs %(process_num) when numprocs is above 1."},
    {"numprocs", KEY_INT, offsetof(struct program_values, numprocs), "1", ONCE, 0,
     "How many processes to run.", .min = INT64_MIN, .max = 10000},
    {"numprocs_start", KEY_INT, offsetof(struct program_values, numprocs_start), "0", ONCE, 0,
     "The first process_num.", .min = INT32_MIN, .max = INT32_MAX},
    {"autostart", KEY_BOOL, AT(autostart), "true", ONCE, KEY_LIVE,
     "Start together with the daemon."},
    {"autorestart", KEY_AUTORESTART, AT(autorestart), "unexpected", ONCE, KEY_LIVE,
     "Start again after an exit: always, never, or when it is unexpected by exitcodes."},
    {"essential", KEY_BOOL, AT(essential), "false", ONCE, KEY_NATIVE | KEY_LIVE,
     "When it is FATAL, everything is stopped and the daemon fails, so that systemd and whoever "
     "watches it see that."},
    {"startsecs", KEY_INT, AT(startsecs), "1", ONCE, KEY_LIVE,
     "Seconds a process must stay up to count as started.",
     .min = -LONG_TIME, .max = LONG_TIME},
    {"startretries", KEY_INT, AT(startretries), "3", ONCE, KEY_LIVE,
     "How often a failed start is tried again before the process is FATAL."},
    {"redirect_stderr", KEY_BOOL, AT(redirect_stderr), "false", ONCE, 0,
     "Standard error goes where standard output goes."},
    {"ready", KEY_CHOICE, AT(ready), "delay", ONCE, KEY_NATIVE,
     "When a process counts as started: startsecs after its start, or when it says READY=1 "
     "itself.", .choices = ready_choices},
    {"ready_timeout", KEY_DURATION, AT(ready_timeout_ms), "90s", ONCE, KEY_NATIVE | KEY_LIVE,
     "With ready=notify, a start that takes longer has failed; 0: it may take as long as it "
     "likes.", .max = DAY_MS},
    {"watchdog", KEY_DURATION, AT(watchdog_ms), "0", ONCE, KEY_NATIVE,
     "A started process that says WATCHDOG=1 less often than this is ended and started anew; 0: "
     "it need not.", .max = DAY_MS},
    {"listen", KEY_NAMES, AT(listen), "", ONCE, KEY_NATIVE,
     "Sockets that the daemon opens, keeps while the program restarts, and gives it as "
     "descriptors from 3 on: tcp:127.0.0.1:3000, tcp:[::1]:3000, tcp:3000 or unix:/path, each with "
     "NAME= before it if it is to have a name."},
    {"listen_mode", KEY_OCTAL, AT(listen_mode), "0666", ONCE, KEY_NATIVE,
     "Mode of those sockets that are files, in octal; who may write may connect."},
};

static const struct key_row startup_rows[] = {
    {"dependent_startup", KEY_BOOL, AT(dependent_startup), "false", ONCE, KEY_NATIVE | KEY_LIVE,
     "Start together with the daemon although autostart is false, once what the next key names "
     "has got that far."},
    {"dependent_startup_wait_for", KEY_TEXT, AT(wait_for_text), "", ONCE, KEY_NATIVE | KEY_LIVE,
     "Programs with states, as in db:running setup:exited,fatal: at boot, each must have been in "
     "one of its states."},
    {"dependent_startup_inherit_priority", KEY_BOOL, AT(inherit_priority), "false", ONCE,
     KEY_NATIVE | KEY_LIVE,
     "Take over the priority of what it waits for, where that is lower."},
};
#undef AT

#define AT(member) offsetof(struct group_values, group.member)
static const struct key_row group_rows[] = {
    {"programs", KEY_NAMES, offsetof(struct group_values, programs), "", BASIC, 0,
     "The programs of the group."},
};

static const struct key_row priority_rows[] = {
    {"priority", KEY_INT, AT(priority), "999", BASIC, KEY_LIVE,
     "Lower starts first and stops last."},
};

static const struct key_row listener_rows[] = {
    {"events", KEY_EVENTS, AT(events), NULL, BASIC, KEY_NEEDED,
     "The event types that are sent."},
    {"buffer_size", KEY_INT, AT(buffer_size), "10", BASIC, 0,
     "How many events wait while no process of the pool is ready."},
    {"result_handler", KEY_TEXT, AT(result_handler), "supervisor.dispatchers:default_handler",
     BASIC, 0, "How results are judged; supervisor_stdout:event_handler is understood, too."},
    {"priority", KEY_INT, AT(priority), "-1", BASIC, KEY_LIVE,
     "Of the pool: lower starts first and stops last."},
};

static const struct key_row fcgi_rows[] = {
    {"socket", KEY_TEXT, AT(socket.url), NULL, BASIC | EXPAND_PROGRAM, KEY_NEEDED,
     "tcp://host:port or unix:///path, opened by the daemon and given as descriptor 0."},
    {"socket_backlog", KEY_INT, AT(socket.backlog), NULL, BASIC, 0,
     "How many connections wait; unless set, as many as the system allows."},
    {"socket_owner", KEY_OWNER, AT(socket.uid), NULL, BASIC, 0,
     "Who owns the unix socket.", .also = AT(socket.gid)},
    {"socket_mode", KEY_OCTAL, AT(socket.mode), NULL, BASIC, 0,
     "Mode of the unix socket in octal; 0700 unless set."},
};
#undef AT

#define AT(member) offsetof(struct job_config, member)
static const struct key_choice on_failure_choices[] = {
    {"block", JOB_ON_FAILURE_BLOCK}, {"continue", JOB_ON_FAILURE_CONTINUE}, {0},
};
static const struct key_choice when_choices[] = {
    {"boot", JOB_WHEN_BOOT}, {"shutdown", JOB_WHEN_SHUTDOWN}, {"poweroff", JOB_WHEN_POWEROFF},
    {"manual", JOB_WHEN_MANUAL}, {0},
};
static const struct key_choice overlap_choices[] = {
    {"skip", JOB_OVERLAP_SKIP}, {"queue", JOB_OVERLAP_QUEUE}, {"kill", JOB_OVERLAP_KILL}, {0},
};
static const struct key_choice before_choices[] = {{"stop", JOB_BEFORE_STOP}, {0}};
static const struct key_row job_rows[] = {
    {"before", KEY_CHOICE, AT(before), NULL, ONCE, KEY_NATIVE | KEY_LIVE,
     "stop: at a shutdown it runs before the programs are stopped, while they still serve.",
     .choices = before_choices},
    {"schedule", KEY_TEXT, AT(schedule_text), "", ONCE, KEY_NATIVE | KEY_LIVE,
     "When it runs by itself: five fields as in crontab(5), or @hourly, @daily, @weekly, @monthly, "
     "@yearly, @reboot; several on lines of their own."},
    {"timezone", KEY_TEXT, AT(timezone), "", ONCE, KEY_NATIVE | KEY_LIVE,
     "The time zone of the schedule, such as Europe/Berlin or UTC; unless set, the machine's."},
    {"jitter", KEY_DURATION, AT(jitter_ms), "0", ONCE, KEY_NATIVE | KEY_LIVE,
     "By how much the schedule's runs are put off at most: each by a time that looks like chance, "
     "but is the same whenever this machine works it out.", .max = DAY_MS},
    {"catch_up", KEY_BOOL, AT(catch_up), "false", ONCE, KEY_NATIVE | KEY_LIVE,
     "What was due while the daemon or the machine was down runs when it is back, once."},
    {"timeout", KEY_DURATION, AT(timeout_ms), "0", ONCE, KEY_NATIVE | KEY_LIVE,
     "How long one attempt may take; 0: as long as it likes.", .max = 30 * DAY_MS},
    {"retry_delay", KEY_DURATION, AT(retry_delay_ms), "10s", ONCE, KEY_NATIVE | KEY_LIVE,
     "Pause before the first retry; before each further one it is twice as long, up to "
     "retry_delay_max.", .max = DAY_MS},
    {"retry_delay_max", KEY_DURATION, AT(retry_delay_max_ms), "1h", ONCE, KEY_NATIVE | KEY_LIVE,
     "The longest pause between two attempts; never below retry_delay.", .max = DAY_MS},
    {"overlap", KEY_CHOICE, AT(overlap), "skip", ONCE, KEY_NATIVE | KEY_LIVE,
     "When it is due, or wanted by hand, while its last run is still on its way: skip leaves the "
     "new run out, queue has it follow (one at most waits), kill stops the old one first.",
     .choices = overlap_choices},
    {"expect_every", KEY_DURATION, AT(expect_every_ms), "0", ONCE, KEY_NATIVE | KEY_LIVE,
     "How often it has to succeed: when it has not for so long it is MISSED, which status, events "
     "and systemd tell; 0: nobody waits for it.", .max = 3650 * DAY_MS},
    {"on_failure", KEY_CHOICE, AT(on_failure), "block", ONCE, KEY_NATIVE | KEY_LIVE,
     "block keeps down what requires the job; continue starts it all the same.",
     .choices = on_failure_choices},
    {"notify", KEY_NAMES, AT(notify), "", ONCE, KEY_NATIVE | KEY_LIVE,
     "Who is told when it has changed something: restart:NAME, reload:NAME (which is SIGHUP) or "
     "signal:USR1:NAME, of programs and groups."},
    {"redirect_stderr", KEY_BOOL, AT(process.redirect_stderr), "true", ONCE, 0,
     "Standard error goes where standard output goes."},
};

static const struct key_row jobonly_rows[] = {
    {"when", KEY_CHOICES, AT(when), "manual", ONCE, KEY_NATIVE | KEY_LIVE,
     "When it runs; by hand it can be run at any time.", .choices = when_choices},
    {"retries", KEY_INT, AT(retries), "0", ONCE, KEY_NATIVE | KEY_LIVE,
     "How often a failed attempt is repeated.", .max = 1000},
};

static const struct key_row synconly_rows[] = {
    {"when", KEY_CHOICES, AT(when), "boot", ONCE, KEY_NATIVE | KEY_LIVE,
     "When it runs; by hand it can be run at any time.", .choices = when_choices},
    {"retries", KEY_INT, AT(retries), "3", ONCE, KEY_NATIVE | KEY_LIVE,
     "How often a failed attempt is repeated.", .max = 1000},
};
#undef AT

#define AT(member) offsetof(struct sync_values, member)
static const struct key_choice publish_choices[] = {{"atomic", 0}, {"inplace", 1}, {0}};
static const struct key_choice bad_keys_choices[] = {
    {"report", 0}, {"ignore", 1}, {"fail", 2}, {0},
};
static const struct key_row sync_rows[] = {
    {"source", KEY_S3, AT(source), NULL, ONCE, KEY_NATIVE | KEY_NEEDED,
     "What is fetched."},
    {"target", KEY_ABSOLUTE, AT(target), NULL, ONCE, KEY_NATIVE | KEY_NEEDED,
     "The folder it is put into."},
    {"publish", KEY_CHOICE, AT(publish), "atomic", ONCE, KEY_NATIVE,
     "atomic: readers see all of the old or all of the new; inplace: file by file.",
     .choices = publish_choices},
    {"delete", KEY_BOOL, AT(delete), "false", ONCE, KEY_NATIVE,
     "Remove from the target what the source no longer has."},
    {"include", KEY_NAMES, AT(include), "", ONCE, KEY_NATIVE,
     "Only names that match one of these patterns; * matches slashes, too."},
    {"exclude", KEY_NAMES, AT(exclude), "", ONCE, KEY_NATIVE,
     "No names that match one of these patterns, whatever is included."},
    {"filter", KEY_TEXT, AT(filter), "", ONCE, KEY_NATIVE,
     "Rules such as + *.json or - **, one in each line, in place of include and exclude: the first "
     "one that matches decides; ** matches slashes, too."},
    {"size_only", KEY_BOOL, AT(size_only), "false", ONCE, KEY_NATIVE,
     "What has the same size is the same."},
    {"checksum", KEY_BOOL, AT(checksum), "false", ONCE, KEY_NATIVE,
     "Read what has the same size, and compare the content."},
    {"bad_keys", KEY_CHOICE, AT(bad_keys), "report", ONCE, KEY_NATIVE,
     "What becomes of keys that are no file names: report skips them and fails in the end, ignore "
     "skips them, fail changes nothing at all.", .choices = bad_keys_choices},
    {"bwlimit", KEY_MEMORY, AT(bwlimit), NULL, ONCE, KEY_NATIVE,
     "How much is transferred in a second at most."},
    {"endpoint", KEY_URL, AT(endpoint), NULL, ONCE, KEY_NATIVE,
     "The S3 server; unless set, what the environment or the profile says, else Amazon."},
    {"region", KEY_TEXT, AT(region), NULL, ONCE, KEY_NATIVE,
     "Its region; unless set, what the environment or the profile says, else us-east-1."},
    {"profile", KEY_TEXT, AT(profile), NULL, ONCE, KEY_NATIVE,
     "Which credentials of ~/.aws/credentials to use."},
    {"concurrency", KEY_INT, AT(concurrency), "64", ONCE, KEY_NATIVE,
     "How many objects are fetched at the same time.", .min = 1, .max = 256},
    {"stale_ok", KEY_DURATION, AT(stale_ok_ms), "0", ONCE, KEY_NATIVE | KEY_LIVE,
     "Data no older than this will do when the sync fails.", .max = 3650 * DAY_MS},
};
#undef AT

#define AT(member) offsetof(struct config, member)
static const struct key_choice ready_when_choices[] = {
    {"up", READY_WHEN_UP}, {"jobs", READY_WHEN_JOBS}, {"listening", READY_WHEN_LISTENING}, {0},
};
static const struct key_row supervisord_rows[] = {
    {"logfile", KEY_MAINLOG, AT(logfile), "supervisord.log", BASIC, 0,
     "The daemon's own log."},
    {"logfile_maxbytes", KEY_SIZE, AT(logfile_maxbytes), "50MB", BASIC, 0,
     "Size at which the log is rotated; 0 never rotates."},
    {"logfile_backups", KEY_INT, AT(logfile_backups), "10", BASIC, 0,
     "How many rotated files are kept."},
    {"loglevel", KEY_LEVEL, AT(loglevel), "info", BASIC, 0,
     "The least important messages that are logged."},
    {"pidfile", KEY_FILE, AT(pidfile), "supervisord.pid", BASIC, 0,
     "Where the daemon's process id is written."},
    {"umask", KEY_OCTAL, AT(umask), "022", BASIC, 0,
     "File mode mask of the daemon when it goes to the background."},
    {"nodaemon", KEY_BOOL, AT(nodaemon), "false", BASIC, 0, "Stay in the foreground."},
    {"silent", KEY_BOOL, AT(silent), "false", BASIC, 0,
     "In the foreground, do not repeat the log on standard output."},
    {"minfds", KEY_INT, AT(minfds), "1024", BASIC, 0,
     "Open files that the daemon must be allowed; the limit is raised to it, or nothing starts."},
    {"minprocs", KEY_INT, AT(minprocs), "200", BASIC, 0,
     "Processes that the daemon must be allowed, likewise."},
    {"nocleanup", KEY_BOOL, AT(nocleanup), "false", BASIC, 0,
     "Keep the AUTO logs of an earlier run."},
    {"childlogdir", KEY_FOLDER, AT(childlogdir), NULL, BASIC, 0,
     "Where AUTO logs live; unless set, $TMPDIR or /tmp."},
    {"user", KEY_USER, AT(user), NULL, BASIC, 0, "The user that the daemon becomes.",
     .also = AT(uid)},
    {"statedir", KEY_FOLDER, AT(statedir), NULL, BASIC, KEY_NATIVE,
     "The folder of what outlives the daemon, such as the history of jobs; unless set, what "
     "systemd says in STATE_DIRECTORY, else the history is kept in memory."},
    {"directory", KEY_FOLDER, AT(directory), NULL, BASIC, 0,
     "The folder that the daemon goes to in the background."},
    {"strip_ansi", KEY_BOOL, AT(strip_ansi), "false", BASIC, 0,
     "Remove colours and the like from the programs' logs."},
    {"identifier", KEY_TEXT, AT(identifier), "supervisor", BASIC, 0,
     "The name of this daemon in events and AUTO logs."},
    {"environment", KEY_ENVIRONMENT, AT(environment), "", BASIC | EXPAND_NODE, KEY_SECRET,
     "Variables for every program."},
    {"ready_when", KEY_CHOICE, AT(ready_when), "up", BASIC, KEY_NATIVE,
     "When systemd hears READY=1: when all that starts by itself is up, when the boot jobs are "
     "done, or at once.", .choices = ready_when_choices},
};

static const struct key_row shutdown_rows[] = {
    {"timeout", KEY_DURATION, AT(shutdown_timeout_ms), "5m", BASIC, KEY_NATIVE | KEY_LIVE,
     "How long the shutdown jobs may take together, those with before=stop and then the others; 0: "
     "as long as they like.", .max = DAY_MS},
    {"schedule", KEY_TEXT, AT(power.schedule_text), "", BASIC, KEY_NATIVE | KEY_LIVE,
     "When the machine goes down by itself: five fields as in crontab(5), or @daily and its like; "
     "several on lines of their own."},
    {"timezone", KEY_TEXT, AT(power.timezone), "", BASIC, KEY_NATIVE | KEY_LIVE,
     "The time zone of the schedule, such as Europe/Berlin or UTC; unless set, the machine's."},
    {"action", KEY_TEXT, AT(power.action_text), "poweroff", BASIC, KEY_NATIVE | KEY_LIVE,
     "What is done then, once everything is down: poweroff, reboot or halt, by logind; exit, the "
     "daemon ends, and a container with it; exec:COMMAND, a command sees to it."},
    {"warn", KEY_TEXT, AT(power.warn_text), "10m,1m", BASIC, KEY_NATIVE | KEY_LIVE,
     "How long before that everybody is told."},
    {"inhibit", KEY_TEXT, AT(power.inhibit_text), "", BASIC, KEY_NATIVE | KEY_LIVE,
     "What puts it off: jobs, any job that runs; job:NAME, this one; sessions, somebody is logged "
     "in by ssh; exec:COMMAND, up to the end of the line, a command that exits with 0."},
    {"postpone_max", KEY_DURATION, AT(power.postpone_max_ms), "3h", BASIC, KEY_NATIVE | KEY_LIVE,
     "How long that may put it off; then it is done all the same.", .max = 7 * DAY_MS},
};
#undef AT

#define AT(member) offsetof(struct server_config, member)
static const struct key_row unix_rows[] = {
    {"file", KEY_SOCKET, AT(path), NULL, BASIC, KEY_NEEDED, "The socket's path."},
    {"chmod", KEY_OCTAL, AT(mode), "0700", EXPAND_ENV, 0, "The socket's mode."},
    {"chown", KEY_OWNER, AT(uid), NULL, EXPAND_ENV, 0, "Who owns the socket.",
     .also = AT(gid)},
    {"username", KEY_TEXT, AT(username), NULL, EXPAND_ENV, 0, "The name that clients must give."},
    {"password", KEY_TEXT, AT(password), NULL, EXPAND_ENV, KEY_SECRET,
     "The password that clients must give, or {SHA} and its SHA-1 in hex."},
};

static const struct key_row inet_rows[] = {
    {"port", KEY_ADDRESS, AT(host), NULL, EXPAND_ENV, KEY_NEEDED, "Where to listen.",
     .also = AT(port)},
    {"username", KEY_TEXT, AT(username), NULL, EXPAND_ENV, 0, "The name that clients must give."},
    {"password", KEY_TEXT, AT(password), NULL, EXPAND_ENV, KEY_SECRET,
     "The password that clients must give, or {SHA} and its SHA-1 in hex."},
};
#undef AT

#define AT(member) offsetof(struct ctl_config, member)
static const struct key_row ctl_rows[] = {
    {"serverurl", KEY_TEXT, AT(serverurl), "http://localhost:9001", BASIC, 0,
     "Where the daemon listens."},
    {"username", KEY_TEXT, AT(username), NULL, EXPAND_ENV, 0, "The name to give."},
    {"password", KEY_TEXT, AT(password), NULL, EXPAND_ENV, KEY_SECRET, "The password to give."},
    {"prompt", KEY_TEXT, AT(prompt), "supervisor", EXPAND_ENV, 0,
     "The interactive prompt; of mainstayctl by its own name, mainstay unless it is set."},
    {"history_file", KEY_SOCKET, AT(history_file), NULL, BASIC, 0,
     "Where the interactive mode keeps its history."},
};
#undef AT

#define AT(member) offsetof(struct text_values, member)
static const struct key_row include_rows[] = {
    {"files", KEY_TEXT, AT(text), NULL, BASIC | EXPAND_NODE, KEY_NEEDED,
     "Patterns of files to read after this one, separated by blanks; seen from its folder."},
};

static const struct key_row rpcinterface_rows[] = {
    {"supervisor.rpcinterface_factory", KEY_TEXT, AT(text), NULL, EXPAND_ENV, KEY_NEEDED,
     "Only Supervisor's own factory is understood."},
};
#undef AT
// clang-format on

const struct key_table key_process = TABLE(process_rows);
const struct key_table key_command = TABLE(command_rows);
const struct key_table key_program = TABLE(program_rows);
const struct key_table key_startup = TABLE(startup_rows);
const struct key_table key_group = TABLE(group_rows);
const struct key_table key_priority = TABLE(priority_rows);
const struct key_table key_listener = TABLE(listener_rows);
const struct key_table key_fcgi = TABLE(fcgi_rows);
const struct key_table key_job = TABLE(job_rows);
const struct key_table key_jobonly = TABLE(jobonly_rows);
const struct key_table key_sync = TABLE(sync_rows);
const struct key_table key_synconly = TABLE(synconly_rows);
const struct key_table key_supervisord = TABLE(supervisord_rows);
const struct key_table key_shutdown = TABLE(shutdown_rows);
const struct key_table key_unix = TABLE(unix_rows);
const struct key_table key_inet = TABLE(inet_rows);
const struct key_table key_ctl = TABLE(ctl_rows);
const struct key_table key_include = TABLE(include_rows);
const struct key_table key_rpcinterface = TABLE(rpcinterface_rows);
