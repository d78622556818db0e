"""For test/compat/config: small configurations that try every section and key, as tables.

PROBES is a list of Probe: the text of the main file, further files, and, where mainstay answers
something else than Supervisor on purpose, what it answers and why.
"""
import collections
import os
import random

Probe = collections.namedtuple("Probe", "name text files links better")
PROBES = []
BASE = "[supervisord]\n"
PROGRAM = BASE + "[program:x]\ncommand=ls\n"


def probe(name, text, files=None, links=None):
    PROBES.append(Probe(name, text, files or {}, links or {}, BETTER.get(name)))


class Reads:
    """Supervisor refuses the file, or reads something else; `path` in our dump has the value."""
    def __init__(self, path, value):
        self.path, self.value = path, value


class Refuses:
    """Supervisor reads the file, mainstay refuses it with these words."""
    def __init__(self, words):
        self.words = words


def first(key):
    return ("groups", 0, "processes", 0, key)


NODE = os.uname().nodename
GLOBAL = ("supervisord", "environment")
# Each is a row of mainstay-compat(7).
BETTER = {
    # [supervisord] environment= is expanded once, as in newer versions, not twice
    "[supervisord] environment='A=\"100%%\"'": Reads(GLOBAL, {"A": "100%"}),
    "[supervisord] environment <- %(host_node_name)s": Reads(GLOBAL, {"A": NODE}),
    # ... and %% in the name of a log is one percent sign, as everywhere; %%%% too
    "[program:x] stdout_logfile='/tmp/%%x'": Reads(first("stdout_logfile"), "/tmp/%x"),
    "[program:x] stderr_logfile='/tmp/%%x'": Reads(first("stderr_logfile"), "/tmp/%x"),
    # a % that is no expansion does not become the whole table of names
    # editors leave one
    "a byte order mark": Reads(first("command"), "ls"),
    "command=date +%s": Refuses("%s without a (name)"),
    "command=%r": Refuses("%r without a (name)"),
    # outsized widths are no way to memory
    "command=%(process_num)99999d": Refuses("width or precision above 4096"),
    # the name of a pool is trimmed, like that of a program
    "group: listener with blanks": Reads(("groups", 0, "name"), "e"),
}


# --- Values of each type: those that are right, and those that are wrong ----------------------

INT = (["5", "-1", "0", "+7", " 7 ", "1_000", "007", "2147483648", "9223372036854775807"],
       ["", "abc", "1.5", "0x10", "1__0", "_1", "1_", "--1", "- 1", "1e3", "5 6", "1,2", "1k"])
SMALL = (["5", "-1", "0", "+7", " 7 ", "1_0", "007"], INT[1])
BOOL = (["yes", "true", "on", "1", "no", "false", "off", "0", "TRUE", "On", "FaLsE", " yes "],
        ["", "maybe", "2", "y", "n", "t", "-1", "00", "None", "true false"])
SIZE = (["50MB", "50mb", "1KB", "1 KB", "1GB", "0", "-1", "1_000", "+5kb", "  5MB ", "-1KB", "3Gb"],
        ["", "1k", "5M", "1.5MB", "abc", "10B", "MB", "1KBB", "1TB", "KB1", "1 K B", "0x1KB"])
OCTAL = (["022", "22", "0o22", "0O22", "777", "0", "000", "1_7", " 22 ", "7777", "+22", "0o1_7", "0o_17"],
         ["", "8", "abc", "0x12", "0o", "1.0", "o22", "2 2", "0b1"])
EXITCODES = (["0", "1", "0,2", "0, 2", "255", "", " 3 ", "0,0", "+1", "2,1,0", "1_0"],
             ["256", "-1", "a", "0,,2", "1-3", "0,", ",", "0 2", "1.0", "0;2"])
SIGNAL = (["TERM", "SIGTERM", "term", "sigusr1", "15", "0", "34", "64", "RTMIN", "SIGRTMIN", "RTMAX",
           "CLD", "POLL", "IO", "IOT", "STKFLT", "PWR", "WINCH", "9", " HUP ", "SigInt", "31", "+9",
           "USR2", "KILL", "QUIT", "ABRT", "SYS", "VTALRM", "PROF", "XCPU", "XFSZ", "URG", "TTOU"],
          ["", "FOO", "65", "99", "32", "33", "35", "63", "-1", "SIGSIGTERM", "1.5", "SIG", "SIG 9",
           "RTMIN+1", "EMT", "15,9"])
AUTORESTART = (["true", "false", "unexpected", "UNEXPECTED", "yes", "1", "0", "On", "off", "no",
                "Unexpected"], ["", "foo", "always", "2", "unexpected "[:-1] + "ly"])
LOGFILE = (["AUTO", "auto", "NONE", "none", "off", "OFF", "Off", "syslog", "SYSLOG", "rel.log",
            "/tmp/x.log", "~/x.log", "", "/tmp", "/dev/stdout", "/dev/fd/1", "/dev/null", "./x.log",
            "~nosuchuser-x.log", "~", "%(here)s/%(program_name)s_%(process_num)02d.log", "/tmp/a b",
            "NONE.log", "/tmp/%%%%x", "/tmp/%%x", "~daemon/x"],
           ["/nonexistent/x.log", "no/such/x.log", "~nosuchuser/x.log"])
LEVEL = (["critical", "error", "warn", "info", "debug", "trace", "blather", "INFO", "Debug"],
         ["", "foo", "warning", "warn info", "20", "err", "notice"])
USER = (["root", "daemon", "0", "1", "nobody"],
        ["", "nosuchuser", "54321", "-1", "root:root", "daemon ,root", "99999999999"])
OWNER = (["root", "daemon:daemon", "1:1", "0:daemon", "daemon:0"],
         ["", "zz:zz", "zz", "daemon:zz", "daemon:", ":daemon", "a:b:c", "54321", "1:54321"])
TEXT = (["a", "a b", "", "é", "a;b", "a#b", "%%", "100%%", "a%%b", "'q'", '"q"', "$HOME", "a=b", "a:b"],
        ["%", "a%", "100% x", "%(", "%(here", "%(nope)s", "%z"])
FOLDER = (["/tmp", "~", ".", "/", "%(here)s", "/tmp/", "..", "~daemon"],
          ["/nonexistent", "/etc/passwd", "~nosuchuser", "/tmp/no/such", ""])
FILE = (["x.file", "/tmp/x.file", "~/x.file", "./x.file", "/tmp/../tmp/x.file", "//tmp//x.file",
         "%(here)s/x.file", "a b", "NONE", ".", "/tmp/./x"],
        ["/nonexistent/x.file", "no/such", "~nosuchuser/x"])
ENVIRONMENT = (
    ["A=1", "A=1,B=2", "A=1,B=2,", "A=\"1\",B='2'", 'A="a,b",B=c', 'A="a b"', "A = 1 , B = 2",
     'A="",B=1', "A=1;B=2", "A=/usr/bin:/bin", 'A="a=b"', "A='it''s'", 'A="say \\"hi\\""',
     "A='say \"hi\"'", 'A="foo#bar"', "A=foo#bar", 'A=foo"bar"', 'A="foo"bar', 'A="a@b"', "A=$HOME",
     'A="$HOME"', "A=%(ENV_HOME)s", 'A="100%%"', "A=-x+y.z(1):2", "A=*", "A=1,A=2", "A-B=1",
     "A.B=1", "A=é", 'A="a\\nb"', "A='x','B'='y'", '"A"=1', "A=1,\n  B=2", "A=~/x", "A=a\\b",
     "A='{\"k\": 1}'", "", 'A="x" "y"', "A=!x", "A=a b", "A=1 # comment", "A=1,\n  # x\n  B=2",
     "A=1,\n\n  B=2", 'A="1\n  2"', "A=1\n  ,B=2", 'A="%(here)s",B=x',
     "A_1=x,_B=y,2=z", 'A="\\\\"', "A='\\'", 'A="\\x"', "A=(1)", "A=1:2,B=3/4", "A=''", 'A="a""b"',
     "A=1,B=2;C=3|D=4", "A=1,2=3", "=x=1"[1:], 'A="tab\there"', "A=x;y", "A=\"'\"", "A='\"'"],
    ["A", "A=", "A=,B=1", "A=1 B=2", "A=a=b", "A=a@b", 'A="100%"', 'A="unterminated', "A=1,,B=2",
     'A={"k": "v"}', "A=1,B", "=1", "A=1,=2", "A=  ", "A=[x]", "A=x|y", 'A="foo #bar"', ",", "A,B",
     "A=1,B=", "'", "A==1", "A=1=", "A:1", "A=\\", "%(ENV_NOPE)s"])
EVENTS = (["EVENT", "tick_5,process_state", "TICK", "TICK_60, TICK_3600", "PROCESS_STATE",
           "PROCESS_STATE_STOPPED,PROCESS_STATE_EXITED,PROCESS_STATE_STARTING",
           "PROCESS_STATE_STOPPING,PROCESS_STATE_BACKOFF,PROCESS_STATE_FATAL",
           "PROCESS_STATE_RUNNING,PROCESS_STATE_UNKNOWN", "PROCESS_COMMUNICATION",
           "PROCESS_COMMUNICATION_STDOUT,PROCESS_COMMUNICATION_STDERR", "PROCESS_LOG",
           "PROCESS_LOG_STDOUT,PROCESS_LOG_STDERR", "REMOTE_COMMUNICATION",
           "SUPERVISOR_STATE_CHANGE", "SUPERVISOR_STATE_CHANGE_RUNNING",
           "SUPERVISOR_STATE_CHANGE_STOPPING", "PROCESS_GROUP", "PROCESS_GROUP_ADDED",
           "PROCESS_GROUP_REMOVED", "EVENT,EVENT", "TICK_5,\n  TICK_60"],
          ["", "FOO", "TICK_5,", ",", "TICK_5 TICK_60", "TICK-5", "PROCESS_STATE_", "__doc__"])
SOCKET = (["tcp://localhost:9002", "tcp://LOCALHOST:9002", "tcp://*:9002", "tcp://1.2.3.4:1",
           "tcp://h:65535", "unix:///tmp/f.sock", "unix://%(here)s/%(program_name)s.sock",
           "unix:////tmp//a/../f.sock", "tcp://a/b:80", "tcp://h:0080", "unix:///a b",
           "tcp://h:%(ENV_PORT)s"],
          ["", "tcp://:9002", "tcp://[::1]:9002", "tcp://127.0.0.1:0", "tcp://127.0.0.1:70000",
           "unix://tmp/f.sock", "/tmp/f.sock", "foo", "tcp://h", "tcp://h:", "tcp://h:x",
           "tcp://h:1 x", "TCP://h:1", "tcp://a b:1", "unix://", "udp://h:1", "tcp://h:-1",
           "unix:///tmp/%(host_node_name)s.sock", "tcp://h:65536", "tcp://h:1:2", "tcp://h:1/"])
BACKLOG = (["1", "100", "65535", " 5 "], ["0", "65536", "-1", "abc", "", "1.5"])
PORT = (["9001", "127.0.0.1:9001", "*:9001", ":9001", "localhost:9001", "HOST:9001", "[::1]:9001",
         "65535", "1", " 9001 ", "h: 9001", "a:b:9001", "0009001", "9_001", "%(ENV_PORT)s"],
        ["", "0", "70000", "abc", "127.0.0.1:", "127.0.0.1:abc", "127.0.0.1:0", "h:70000", ":",
         "h:-5", "-1", "1.5", "unix:/x", "9001 # x"[:0] + "h:"])
SOCKFILE = (["a.sock", "%(here)s/a.sock", "~/a.sock", "/tmp/../a.sock", "", "~nosuchuser/a", "a b.sock",
             "/nonexistent/a.sock", "a//b/./c", "//a", "///a", "/..", "."], ["%(nope)s", "%"])
PRIORITY = (SMALL[0] + ["99999"], SMALL[1])
NUMPROCS = (["1", "0", "-1", " 1 "], ["", "abc", "1.5"])
START = (["5", "-1", "0", "+7", "1_0"], ["", "abc", "1.5"])
NAME = (["n", "n%(process_num)02d", "%(program_name)s", " n ", "n.m-o_p", "é", "%(group_name)s-x", "",
         "%(process_num)d", "n%%", "n*", "n,m", "n;m", "%(ENV_HOME)s", "%(here)s", "%(host_node_name)s",
         "%(numprocs)d", "%(program_name)s_%(process_num)3d"],
        ["a b", "a:b", "a/b", "%(nope)s", "%(process_num) d", "n%", "%(process_num)"])
SERVERURL = (["AUTO", "auto", " Auto ", "http://x", "unix:///tmp/x", "", "foo"], ["%"])

# --- Sections and keys -----------------------------------------------------------------------

KEYS = {
    "supervisord": {
        "logfile": (FILE[0] + ["syslog", "SYSLOG"], FILE[1]), "logfile_maxbytes": SIZE, "logfile_backups": INT, "loglevel": LEVEL,
        "pidfile": FILE, "umask": OCTAL, "nodaemon": BOOL, "silent": BOOL, "minfds": INT,
        "minprocs": INT, "nocleanup": BOOL, "childlogdir": FOLDER, "user": USER,
        "directory": FOLDER, "strip_ansi": BOOL, "environment": ENVIRONMENT, "identifier": TEXT,
    },
    "unix_http_server": {
        "file": SOCKFILE, "chmod": OCTAL, "chown": OWNER,
    },
    "inet_http_server": {"port": PORT},
    "program:x": {
        "command": TEXT, "process_name": NAME, "numprocs": NUMPROCS, "numprocs_start": START,
        "priority": PRIORITY, "autostart": BOOL, "autorestart": AUTORESTART, "startsecs": SMALL,
        "startretries": INT, "exitcodes": EXITCODES, "stopsignal": SIGNAL, "stopwaitsecs": SMALL,
        "stopasgroup": BOOL, "killasgroup": BOOL, "user": USER, "umask": OCTAL, "directory": TEXT,
        "environment": ENVIRONMENT, "serverurl": SERVERURL, "redirect_stderr": BOOL,
        "stdout_logfile": LOGFILE, "stdout_logfile_maxbytes": SIZE, "stdout_logfile_backups": INT,
        "stdout_capture_maxbytes": SIZE, "stdout_events_enabled": BOOL, "stdout_syslog": BOOL,
        "stderr_logfile": LOGFILE, "stderr_logfile_maxbytes": SIZE, "stderr_logfile_backups": INT,
        "stderr_capture_maxbytes": SIZE, "stderr_events_enabled": BOOL, "stderr_syslog": BOOL,
    },
    "group:g": {
        "programs": (["x", "x,y", " x , y ", "y,x", "", "x,\n y", "x,x", "f", "x,f"],
                     ["zz", "x,", ",", "x,zz", "x y", "e", "X"]),
        "priority": PRIORITY,
    },
    "eventlistener:e": {
        "events": EVENTS, "buffer_size": (["1", "10", "100000", "+5"],
                                          ["0", "-1", "abc", "", "1.5"]),
        "priority": PRIORITY, "redirect_stderr": (["false", "no", "0"], ["true", "1", "", "x"]),
        "result_handler": (["supervisor.dispatchers:default_handler"],
                           ["foo:bar", "supervisor.dispatchers:nope"]),
        "stdout_capture_maxbytes": (["1MB"], ["x"]), "process_name": (["n"], ["a b"]),
    },
    "fcgi-program:f": {
        "socket": SOCKET, "socket_backlog": BACKLOG, "socket_owner": OWNER, "socket_mode": OCTAL,
        "priority": PRIORITY, "user": USER, "process_name": (["n"], ["a b"]),
    },
    "supervisorctl": {},
}

# What each section needs besides the key that is tried, and what it stands among.
NEEDS = {
    "supervisord": {},
    "unix_http_server": {"file": "/tmp/probe.sock"},
    "inet_http_server": {"port": "9001"},
    "program:x": {"command": "ls"},
    "group:g": {"programs": "x"},
    "eventlistener:e": {"command": "ls", "events": "TICK_5"},
    "fcgi-program:f": {"command": "ls", "socket": "unix:///tmp/probe-f.sock"},
    "supervisorctl": {},
}
BESIDE = {
    "group:g": "[program:x]\ncommand=ls\n[program:y]\ncommand=cat\n[fcgi-program:f]\ncommand=ls\n"
               "socket=tcp://h:1\n[eventlistener:e]\ncommand=ls\nevents=TICK\n",
}


def section(name, keys):
    """The text of one section among what it needs."""
    head = "" if name == "supervisord" else BASE
    body = "".join(f"{key}={value}\n" for key, value in {**NEEDS[name], **keys}.items())
    return f"{head}[{name}]\n{body}{BESIDE.get(name, '')}"


# Every name, and formats, in every key: where Supervisor has it and where it has not.
NAMES = ["%(here)s", "%(host_node_name)s", "%(program_name)s", "%(group_name)s",
         "%(process_num)02d", "%(numprocs)d", "%(ENV_PROBE)s", "%(ENV_OWN)s", "%(nope)s"]
# So that an expansion is legal in its key, too.
AROUND = {"stdout_logfile": "/tmp/{}", "stderr_logfile": "/tmp/{}", "environment": 'A="{}"',
          "process_name": "n{}", "file": "/tmp/{}", "logfile": "/tmp/{}", "pidfile": "/tmp/{}",
          "socket": "unix:///tmp/{}"}
SERVER_KEYS = ["username", "password"]


def probe_values():
    for name, keys in KEYS.items():
        for key, (right, wrong) in keys.items():
            for value in right + wrong:
                probe(f"[{name}] {key}={value!r}", section(name, {key: value}))
    for name in ("unix_http_server", "inet_http_server"):
        for user, word in (("u", "p"), ("", ""), ("a%%b", "a%%b"), ("é", "{SHA}82ab876d1387bfafe4")):
            probe(f"[{name}] {user}:{word}", section(name, {"username": user, "password": word}))
        probe(f"[{name}] no password", section(name, {"username": "u"}))
        probe(f"[{name}] no username", section(name, {"password": "p"}))
        probe(f"[{name}] empty username", section(name, {"username": ""}))
        for bad in ("a%b", "100%", "%(nope)s"):
            probe(f"[{name}] password={bad}", section(name, {"username": "u", "password": bad}))


def probe_expansions():
    for name, keys in KEYS.items():
        every = list(keys) + (SERVER_KEYS if "http_server" in name else [])
        for key in every:
            for expansion in NAMES:
                value = AROUND.get(key, "{}").format(expansion)
                more = {"environment": "OWN=o"} if key != "environment" and ":x" in name else {}
                other = {"username": "password", "password": "username"}.get(key)
                if other:
                    more[other] = "v"
                probe(f"[{name}] {key} <- {expansion}", section(name, {**more, key: value}))
    for value in FORMATS:
        probe(f"command={value}", BASE + f"[program:x]\ncommand={value}\n")
    for expansion in NAMES[:2] + ["%(ENV_PROBE)s", "%(nope)s", "%", "%%x"]:
        probe(f"[include] files={expansion}", BASE + f"[include]\nfiles=x{expansion}.conf\n")
        probe(f"[rpcinterface] <- {expansion}",
              BASE + f"[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory={expansion}\n")


FORMATS = [
    "ls %", "ls 100%", "date +%Y", "date +%%s", "date +%s", "%r", "ls %(nope)s", "ls %(here)", "ls %(here",
    "ls %(here)d", "ls %d", "ls %c", "ls % d", "ls %(program_name)05d", "ls %%(here)s",
    "ls %(process_num)%", "%(process_num)s|%(process_num)3d|%(process_num)-3d|%(process_num)03d|",
    "%(process_num)x|%(process_num)+d|%(process_num)f|%(process_num)5s|%(here).3s|%(program_name)r",
    "%(numprocs)i|%(numprocs)u|%(numprocs)o|%(numprocs)X|%(numprocs)e|%(numprocs)E|%(numprocs)g|"
    "%(numprocs)G|%(numprocs)#x|%(numprocs)#o|%(numprocs) d|%(numprocs).3d|%(numprocs)10.3d|",
    "%(numprocs)-10.3f|%(numprocs)+.2e|%(numprocs)010.2f|%(numprocs)#.0f|%(numprocs)c|x",
    "%(program_name)10s|%(program_name)-10s|%(program_name).0s|%(program_name)a|%(program_name)c",
    "%(here)i", "%(here)x", "%(here)f", "%(here)c", "%(here)q", "%(here)5", "%(here).s",
    "%(here)ls %(here)hs", "%(process_num)ld", "%()s", "%(here )s", "%( here)s", "%(HERE)s",
    "%(a(b)c)s", "%(here)%", "%%%(program_name)s%%", "%%%", "% (here)s", "%-(here)s", "%5(here)s",
    "%(here)*d", "%(process_num).f", "%(ENV_PROBE)r", "%(ENV_QUOTE)r", "%(ENV_)s", "%(ENV)s",
    "%(process_num)99999d", "é %(program_name)5s", "%(ENV_UMLAUT)5s|%(ENV_UMLAUT).1s", "%é",
]


def probe_lines():
    """The grammar of the file."""
    p = "[program:x]\n"
    for name, text in {
            "empty": "", "only blank lines": "\n\n \n", "only a comment": "; x\n",
            "no supervisord": "[program:x]\ncommand=ls\n", "junk first": "foo\n" + BASE,
            "key first": "a=b\n" + BASE, "comment first": "; c\n# d\n" + BASE, "rem": "rem x\n" + BASE,
            "no delimiter": BASE + "foo\n", "two bad lines": BASE + "foo\nbar\n",
            "empty key": BASE + "=x\n", "colon key": BASE + ":x\n",
            "half a header": BASE + "[program:x\ncommand=ls\n", "empty header": BASE + "[]\n",
            "header with ]": BASE + "[program:x]]\ncommand=ls\n",
            "two headers": BASE + "[program:x][y]\ncommand=ls\n",
            "indented header": BASE + "  [program:x]\ncommand=ls\n",
            "indented header and keys": BASE + "  [program:x]\n  command=ls\n",
            "header after key, indented": PROGRAM + " [program:y]\ncommand=cat\n",
            "text after header": BASE + "[program:x] foo\ncommand=ls\n",
            "comment after header": BASE + "[program:x] ; foo\ncommand=ls\n",
            "comment at header": BASE + "[program:x];foo\ncommand=ls\n",
            "comment in header": BASE + "[program:x ;]\ncommand=ls\n",
            "sections merge": PROGRAM + "[program:x]\ncommand=cat\npriority=5\n",
            "sections merge apart": PROGRAM + "[program:y]\ncommand=a\n[program:x]\nautostart=no\n",
            "last key wins": PROGRAM + "command=cat\n", "no command": BASE + p,
            "unknown key": PROGRAM + "fooo=1\n", "unknown section": PROGRAM + "[blah]\nx=%\n",
            "unknown key with %": PROGRAM + "fooo=%\n",
            "upper case": BASE + p + "COMMAND=ls\nAutoStart=False\n",
            "section case": BASE + "[Program:x]\ncommand=ls\n", "Supervisord": "[Supervisord]\n",
            "colon": BASE + p + "command: ls -l\n", "colon before =": BASE + p + "command: a=b\n",
            "= before colon": BASE + p + "command = a:b\n", "key=;v": BASE + p + "command=;v\n",
            "key= ;v": BASE + p + "command= ;v\n", "key =": BASE + p + "command =\n",
            "key=#v": BASE + p + "command=#v\n", "blank key": BASE + p + "com mand=x\ncommand=ls\n",
            "inline ;": BASE + p + "command=ls ; foo\n", "inline #": BASE + p + "command=ls # foo\n",
            "inline without blank": BASE + p + "command=ls;foo#bar\n",
            "inline later": BASE + p + "command=ls;foo #bar\n",
            "inline tab": BASE + p + "command=ls\t;foo\n", "inline nbsp": BASE + p + "command=a\u00a0;b\n",
            "inline in quotes": BASE + p + "command=sh -c 'a ; b'\n",
            "inline a;b ;c": BASE + p + "command=a;b ;c\n",
            "inline a;b ;c #d": BASE + p + "command=a;b ;c #d\n",
            "inline a#b #c ;d": BASE + p + "command=a#b #c ;d\n",
            "inline x ;#y": BASE + p + "command=x ;#y\n",
            "continued": BASE + p + "command=ls\n  -l ; c\n  # full\n\n  -a\nautostart=false\n",
            "continued by tabs": BASE + p + "command=ls\n\t-l\n",
            "continued by key=": BASE + p + "command=ls\n autostart=false\n",
            "continued by header": BASE + p + "command=ls\n [group:g]\n",
            "continued after blank lines": BASE + p + "command=ls\n\n\n  -l\n\n\nautostart=false\n",
            "continued deeper": BASE + p + "  command=ls\n    -l\n  autostart=false\n",
            "continued less deep": BASE + p + "  command=ls\n   -l\n autostart=false\n",
            "continued empty": BASE + p + "command=\n  ls\n  -l\n",
            "continued across sections": BASE + p + "command=ls\n" + "[program:y]\n  command=x\n  -l\n",
            "continued first": BASE + p + "  -l\ncommand=ls\n",
            "continued comment then key": BASE + p + "command=ls\n  ; x\nautostart=no\n",
            "indented keys": BASE + p + "  command=ls\n  autostart=false\n",
            "blank value line": BASE + p + "command=ls\n   \n  -l\n",
            "CRLF": (BASE + p + "command=ls -l\nautostart=false\n").replace("\n", "\r\n"),
            "CR": (BASE + p + "command=ls -l\n").replace("\n", "\r"),
            "CRLF continued": BASE + p + "command=ls\r\n  -l\r\nautostart=no\r\n",
            "no last newline": BASE + p + "command=ls", "tabs": BASE + p + "\tcommand\t=\tls\n",
            "unicode": BASE + p + "command=ls é → 日本\n", "form feed": BASE + p + "command=a\x0cb\n",
            "vertical tab": BASE + p + "command=a\x0bb\x0b\n", "long line": BASE + p
            + f"command={'x' * 5000}\n", "long name": BASE + f"[program:{'x' * 300}]\ncommand=ls\n",
            "long key": PROGRAM + "k" * 200 + "=v\n", "nbsp around": BASE + p + "command=\u00a0ls\u00a0\n",
            "DEFAULT": "[DEFAULT]\nautostart=false\n" + PROGRAM,
            "DEFAULT later": PROGRAM + "[DEFAULT]\nautostart=false\n",
            "DEFAULT command": "[DEFAULT]\ncommand=cat\n" + BASE + p,
            "DEFAULT is overridden": "[DEFAULT]\nautostart=false\n" + PROGRAM + "autostart=true\n",
            "DEFAULT priority": "[DEFAULT]\npriority=7\n" + PROGRAM + "[group:g]\nprograms=x\n",
            "DEFAULT everywhere": "[DEFAULT]\nuser=daemon\nlogfile=%(here)s/d.log\n" + PROGRAM,
            "DEFAULT bad": "[DEFAULT]\nautostart=maybe\n" + PROGRAM, "DEFAULT alone": "[DEFAULT]\na=b\n",
            "DEFAULT with expansion": "[DEFAULT]\ndirectory=/%(program_name)s\n" + PROGRAM,
            "DEFAULT numprocs": "[DEFAULT]\nnumprocs=2\nprocess_name=a%(process_num)d\n" + PROGRAM,
            "name with blank": BASE + "[program:x y]\ncommand=ls\n",
            "name with colon": BASE + "[program:x:y]\ncommand=ls\n",
            "name with slash": BASE + "[program:x/y]\ncommand=ls\n",
            "name with blanks around": BASE + "[program: x ]\ncommand=ls\n",
            "name with tab": BASE + "[program:x\ty]\ncommand=ls\n",
            "no name": BASE + "[program:]\ncommand=ls\n", "no colon": BASE + "[program]\ncommand=ls\n",
            "blank before colon": BASE + "[program :x]\ncommand=ls\n",
            "name in header blanks": BASE + "[ program:x ]\ncommand=ls\n",
            "name with dots": BASE + "[program:start.sh]\ncommand=ls\n",
            "name with %": BASE + "[program:a%b]\ncommand=ls\n",
            "name é": BASE + "[program:é]\ncommand=%(program_name)s\n"}.items():
        probe(name, text)
    probe("a byte order mark", "\ufeff" + PROGRAM)


def probe_processes():
    """What depends on several keys."""
    two = "process_name=%(program_name)s_%(process_num)02d\n"
    for name, keys in {
            "numprocs": "numprocs=2\n" + two, "numprocs without num": "numprocs=2\n",
            "numprocs from 5": "numprocs=3\nnumprocs_start=5\n" + two,
            "numprocs from -1": "numprocs=3\nnumprocs_start=-1\n" + two,
            "numprocs same names": "numprocs=2\nprocess_name=%(process_num).0s\n",
            "numprocs 12 sorted": "numprocs=12\nprocess_name=n%(process_num)d\n",
            "numprocs 0 with mistakes": "numprocs=0\ndirectory=%(nope)s\nstdout_logfile=/no/x\n",
            "numprocs 0 with user": "numprocs=0\nuser=nosuchuser\n",
            "numprocs %%(process_num)": "numprocs=2\nprocess_name=%%(process_num)s\n",
            "numprocs logs": "numprocs=2\nstdout_logfile=/tmp/%(process_num)d.log\n" + two,
            "numprocs dirs": "numprocs=2\ndirectory=/%(process_num)d/%(numprocs)d\n" + two,
            "numprocs environment": 'numprocs=2\nenvironment=A="%(process_num)d"\n' + two,
            "numprocs own": 'numprocs=2\nenvironment=A="%(process_num)d"\n'
                            "directory=/%(ENV_A)s\n" + two,
            "stopasgroup implies": "stopasgroup=true\n",
            "stopasgroup, not kill": "stopasgroup=true\nkillasgroup=false\n",
            "killasgroup alone": "killasgroup=true\n",
            "redirect and file": "redirect_stderr=true\nstderr_logfile=/tmp/e.log\n",
            "redirect and none": "redirect_stderr=true\nstderr_logfile=NONE\n",
            "redirect and auto": "redirect_stderr=true\n",
            "redirect and syslog": "redirect_stderr=true\nstderr_logfile=syslog\n",
            "auto without limit": "stdout_logfile_maxbytes=0\nstderr_logfile_maxbytes=0\n",
            "none without limit": "stdout_logfile=NONE\nstdout_logfile_maxbytes=0\n",
            "syslog and key": "stdout_logfile=syslog\nstdout_syslog=false\n",
            "own environment": "environment=A=1\ndirectory=/%(ENV_A)s\nprocess_name=n%(ENV_A)s\n"
                               "stdout_logfile=/tmp/%(ENV_A)s\nstdout_logfile_backups=%(ENV_A)s\n",
            "own hides outer": "environment=PROBE=mine\ndirectory=/%(ENV_PROBE)s\n",
            "own needs own": 'environment=A=1,B="%(ENV_A)s"\n',
            "own hides name": 'environment=A=1\ndirectory=%(program_name)s\n',
            "bad environment and use": "environment=A\ndirectory=/%(ENV_A)s\n",
            "jobs' keys": "schedule=@daily\n", "empty user in DEFAULT": ""}.items():
        probe(name, PROGRAM + keys)
    probe("numprocs same names as another", PROGRAM + "process_name=y\n[program:y]\ncommand=ls\n")
    for name, main, program in (
            ("merged", "A=1,B=2", "B=3,C=4"), ("used", 'A="1"', 'B="%(ENV_A)s"'),
            ("here", "A=%(here)s", "B=1"), ("none", "", "A=1"), ("bad", "A", "B=1")):
        probe(f"[supervisord] environment {name}", BASE + f"environment={main}\n[program:x]\n"
              f"command=ls %(ENV_A)s\nenvironment={program}\n")


def probe_groups():
    two = BASE + "[program:a]\ncommand=ls\n[program:b]\ncommand=ls\npriority=1\n"
    fcgi = "[fcgi-program:f]\ncommand=ls\nsocket=tcp://h:1\n"
    ears = "[eventlistener:e]\ncommand=ls\nevents=TICK_5\n"
    for name, text in {
            "both": two + "[group:g]\nprograms=a,b\n", "order": two + "[group:g]\nprograms=b,a\n",
            "none": two + "[group:g]\n", "empty": two + "[group:g]\nprograms=\n",
            "unknown": two + "[group:g]\nprograms=a,zz\n", "same name": two + "[group:a]\nprograms=b\n",
            "same name as member": two + "[group:a]\nprograms=a,b\n",
            "in two": two + "[group:g]\nprograms=a\n[group:h]\nprograms=a\n",
            "twice": two + "[group:g]\nprograms=a,a\n", "bad name": two + "[group:g h]\nprograms=a\n",
            "name with blanks": two + "[group: g ]\nprograms=a\n", "no name": two + "[group:]\nprograms=a\n",
            "no colon": two + "[group]\nprograms=a\n", "slash": two + "[group:g/h]\nprograms=a\n",
            "ambiguous": two + fcgi.replace(":f]", ":a]") + "[group:g]\nprograms=a\n",
            "ambiguous alone": two + fcgi.replace(":f]", ":a]"),
            "listener": two + ears + "[group:g]\nprograms=e\n", "fcgi": two + fcgi + "[group:g]\nprograms=f\n",
            "fcgi with bad socket": two + "[fcgi-program:f]\ncommand=ls\nsocket=foo\n[group:g]\nprograms=f\n",
            "fcgi without socket": two + "[fcgi-program:f]\ncommand=ls\n[group:g]\nprograms=f\n",
            "member with bad priority of its own": BASE + "[program:a]\ncommand=ls\npriority=x\n"
                                                          "[group:g]\nprograms=a\n",
            "group_name": two + "[program:c]\ncommand=%(group_name)s %(program_name)s\n"
                                "[group:g]\nprograms=c\n",
            "before its programs": "[group:g]\nprograms=a,b\n" + two,
            "blank in section": BASE + "[program: a]\ncommand=ls\n[group:g]\nprograms=a\n",
            "sorted": BASE + "[program:z]\ncommand=ls\npriority=1\n[program:a]\ncommand=ls\n"
                             "[program:m]\ncommand=ls\npriority=1000\n" + ears + fcgi
                      + "[group:g]\nprograms=\npriority=2\n[program:B]\ncommand=ls\n",
            "members sorted": BASE + "[program:z]\ncommand=ls\npriority=1\nnumprocs=2\n"
                                     "process_name=z%(process_num)d\n[program:a]\ncommand=ls\n"
                                     "[group:g]\nprograms=a,z\n",
            "same process names": BASE + "[program:a]\ncommand=one\nprocess_name=p\n[program:b]\n"
                                         "command=two\nprocess_name=p\n[group:g]\nprograms=a,b\n",
            "listener without command": BASE + "[eventlistener:e]\nevents=TICK\n",
            "listener without events": BASE + "[eventlistener:e]\ncommand=ls\n",
            "listener with bad name": BASE + ears.replace(":e]", ":a b]"),
            "listener with blanks": BASE + ears.replace(":e]", ": e ]"),
            "listener with numprocs": BASE + ears + "numprocs=2\nprocess_name=e%(process_num)d\n",
            "listener like program": two + ears.replace(":e]", ":a]"),
            "fcgi without command": BASE + "[fcgi-program:f]\nsocket=tcp://h:1\n",
            "fcgi without socket alone": BASE + "[fcgi-program:f]\ncommand=ls\n",
            "fcgi with numprocs": BASE + fcgi + "numprocs=2\nprocess_name=f%(process_num)d\n",
            "fcgi mode on tcp": BASE + fcgi + "socket_mode=0700\n",
            "fcgi owner on tcp": BASE + fcgi + "socket_owner=daemon\n",
            "fcgi user on tcp": BASE + fcgi + "user=daemon\n",
            "fcgi user and owner": BASE + fcgi.replace("tcp://h:1", "unix:///x")
                                   + "user=daemon\nsocket_owner=root\n",
            "fcgi with bad name": BASE + fcgi.replace(":f]", ":f g]")}.items():
        probe(f"group: {name}", text)


def probe_servers():
    for name, text in {
            "none": "", "inet without port": "[inet_http_server]\n",
            "unix without file": "[unix_http_server]\n",
            "several": "[unix_http_server]\nfile=a.sock\n[unix_http_server:two]\nfile=b.sock\n"
                       "[inet_http_server:x]\nport=1\n[inet_http_server]\nport=2\n",
            "begins so": "[inet_http_server2]\nport=1\n[unix_http_serverx:y]\nfile=x\n",
            "twice": "[inet_http_server]\nport=1\n[inet_http_server]\nport=2\n",
            "name": "[unix_http_server:a:b c]\nfile=x\n",
            "here in port": "[inet_http_server]\nport=%(here)s\n",
            "rpcinterface": "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = "
                            "supervisor.rpcinterface:make_main_rpcinterface\nretries=1\n",
            "rpcinterface without factory": "[rpcinterface:supervisor]\n",
            "rpcinterface unknown": "[rpcinterface:x]\nsupervisor.rpcinterface_factory=foo.bar:baz\n",
            "rpcinterface without name": "[rpcinterface]\n",
            "ctlplugin": "[ctlplugin:x]\nsupervisor.ctl_factory=foo.bar:baz\n",
            "supervisorctl": "[supervisorctl]\nserverurl=unix:///tmp/x\nprompt=p\nusername=u\n"
                             "password=p\nhistory_file=~/.h\n",
            "supervisorctl is not read": "[supervisorctl]\npassword=100%\nprompt=%(nope)s\n"}.items():
        probe(f"server: {name}", BASE + text)


def probe_includes():
    inc = {"inc/b.conf": "[program:b]\ncommand=ls %(here)s\n",
           "inc/a.conf": "[program:a]\ncommand=ls %(here)s\n[program:dup]\ncommand=fromA\npriority=3\n",
           "inc/c.conf": "[program:dup]\ncommand=fromC\n[include]\nfiles=/tmp/none\n",
           "inc/.hidden.conf": "[program:h]\ncommand=ls\n", "inc/v.conf~": "[program:v]\ncommand=ls\n",
           "inc/sub/d.conf": "[program:d]\ncommand=ls %(here)s\n", "inc/B.conf": "[program:B]\ncommand=x\n",
           "other/x1.ini": "[program:x1]\ncommand=ls\n", "other/x2.ini": "[program:x2]\ncommand=ls\n"}
    for files in ("inc/*.conf", "inc/*", "inc/c.conf inc/a.conf", "inc/a.conf inc/c.conf", "inc/c.conf\n"
                  "  inc/a.conf", "nonexist*.conf", "/nonexistent/a.conf", "%(here)s/inc/a.conf",
                  "%(host_node_name)s.conf %(ENV_PROBE)s.conf", "%(foo)s", "%(program_name)s", "inc",
                  "inc/*.conf other/*.ini", "other/x[12].ini", "other/x?.ini", "other/x[!1].ini",
                  "inc/.*.conf", "inc/**/*.conf", "*/*", "inc/a.conf inc/a.conf", "~/x.conf", "",
                  "inc/{a,b}.conf", "./inc/../inc/a.conf", "inc/a.conf,inc/b.conf", "inc/\\a.conf",
                  "main.conf", "inc/[a.conf", "inc//b.conf", "inc/a.conf ; inc/b.conf"):
        probe(f"include {files!r}", BASE + f"[include]\nfiles={files}\n", inc)
    main = BASE + "[include]\nfiles=inc/*.conf\n"
    for name, text, more in (
            ("no files", BASE + "[include]\nfoo=1\n", {}),
            ("overrides the main file", "[program:dup]\ncommand=main\nautostart=false\n" + main, inc),
            ("before", "[include]\nfiles=inc/*.conf\n" + BASE + "[program:dup]\ncommand=m\n", inc),
            ("junk", main, {"inc/bad.conf": "junk\n"}),
            ("bad line", main, {"inc/bad.conf": "[program:x]\ncommand=ls\nfoo\n"}),
            ("bad value", main, {"inc/bad.conf": "[program:q]\ncommand=ls\nautostart=zz\n"}),
            ("empty file", main, {"inc/empty.conf": ""}),
            ("supervisord in it", "[include]\nfiles=inc/*.conf\n",
             {"inc/s.conf": "[supervisord]\nlogfile=%(here)s/s.log\nidentifier=inner\n"}),
            ("DEFAULT in it", main + "[program:m]\ncommand=ls\n", {"inc/s.conf": "[DEFAULT]\nautostart=no\n"}),
            ("here in main", main + "[program:m]\ncommand=%(here)s\n", inc),
            ("two heres", main + "[program:dup]\ndirectory=%(here)s\ncommand=x\n",
             {"inc/a.conf": "[program:dup]\nenvironment=A=%(here)s\n"}),
            ("here where it is not", main + "[inet_http_server]\nport=9001\nusername=%(here)s\npassword=x\n",
             inc),
            ("group across files", main, {"inc/1.conf": "[group:g]\nprograms=p,q\n[program:p]\ncommand=a\n",
                                          "inc/2.conf": "[program:q]\ncommand=b\n"}),
            ("servers in it", main, {"inc/1.conf": "[unix_http_server]\nfile=%(here)s/s.sock\n"}),
            ("BOM-less UTF-8", main, {"inc/ü.conf": "[program:ü]\ncommand=ls\n"}),
            ("names with blanks", main, {"inc/a b.conf": "[program:p]\ncommand=ls\n"}),
            ("nested", main, {"inc/1.conf": "[include]\nfiles=/nonexistent/*.conf\n[program:p]\ncommand=a\n"}),
            ("two includes", main + "[include]\nfiles=other/*.ini\n", inc),
            ("a key that continues", main, {"inc/1.conf": "[program:p]\ncommand=a\n  b\n",
                                            "inc/2.conf": "  [program:q]\n  command=b\n"})):
        probe(f"include: {name}", text, more)
    probe("include: a link", main, inc, {"inc/l.conf": "../other/x1.ini"})
    probe("include: a link to nowhere", main, inc, {"inc/l.conf": "nowhere"})
    probe("include: a link to itself", main, inc, {"inc/l.conf": "l.conf"})
    probe("include: a link to a folder", main, inc, {"inc/l.conf": "../other"})
    probe("include: a link to the main file", main + "[program:b]\ncommand=main\n", inc,
          {"inc/l.conf": "../main.conf"})


FRAGMENTS = [
    "[program:x]", "[program:y]", "[group:g]", "[DEFAULT]", "[supervisord]", " [program:z]", "[other] x",
    "command=ls", "command = cat -n", "command:more", "  command=less", "\tcommand\t=\ttac",
    "autostart=no", " autostart = yes ", "priority=5", "priority: 7 ; x", "programs=x,y", "directory=/a",
    "  -l", "    --long # c", "\t-t", " ; only", "# only", ";", "", " ", "   ", "a=b;c #d ;e", "u#v ;w = 1",
    "stopsignal=HUP", "process_name=p", "key=", "= 1", "word", "[half", "[", "command=", "\u00a0nbsp=1",
    "environment=A=1,", "  B=2", "command=a;b;c ;d", "x;y=1 ;z", "startsecs=3 # 4", "\x0cstartsecs=2",
]


def probe_random():
    """Lines in any order: the same seed draws the same files."""
    draw = random.Random(7)
    for i in range(400):
        lines = ["[supervisord]"] * (draw.random() < 0.95) + ["[program:x]"] * (draw.random() < 0.9)
        lines += draw.choices(FRAGMENTS, k=draw.randint(1, 12))
        probe(f"random {i}", draw.choice(["\n", "\n", "\n", "\r\n", "\r"]).join(lines) + "\n")


probe_values()
probe_expansions()
probe_lines()
probe_processes()
probe_groups()
probe_servers()
probe_includes()
probe_random()
