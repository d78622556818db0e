"""For comparisons: Debian's supervisord and our mainstayd side by side, each in its own folder.

with both(CONFIG) as (theirs, ours):
    compare("state", theirs.call("getState"), ours.call("getState"))
finish()
"""
import contextlib
import difflib
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import xmlrpc.client

BUILD = os.environ["BUILD"]
ROOT = os.environ["ROOT"]
LIMIT = 30  # seconds that anything may take
THEIRS = "/usr/bin/supervisord"
OURS = BUILD + "/mainstayd"
HEAD = """
[supervisord]
logfile=%(here)s/main.log
pidfile=%(here)s/main.pid
childlogdir=%(here)s/auto
{main}
[unix_http_server]
file=%(here)s/m.sock
[supervisorctl]
serverurl=unix://%(here)s/m.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
sys.stdout.reconfigure(line_buffering=True)
failures = []


def difference(theirs, ours):
    if not (isinstance(theirs, list) and isinstance(ours, list) and len(theirs) + len(ours) > 8):
        return f"  theirs {theirs!r}\n  ours   {ours!r}"
    return "\n".join(difflib.unified_diff([str(item) for item in theirs],
                                          [str(item) for item in ours], "theirs", "ours",
                                          lineterm="", n=2))


def compare(name, theirs, ours):
    """One comparison; the test goes on when they differ."""
    if theirs == ours:
        print("ok", name)
    else:
        failures.append(name)
        print(f"not ok {name}\n{difference(theirs, ours)}")


def compare_each(name, theirs, ours):
    """Compares two dicts key by key."""
    for key in sorted(set(theirs) | set(ours)):
        compare(f"{name}: {key}", theirs.get(key), ours.get(key))


def check(name, got, want):
    """What only mainstay does, or what both must do for the comparison to mean anything."""
    compare(name, want, got)


def finish():
    sys.stdout.flush()
    os._exit(1 if failures else 0)


def wait_for(condition, what):
    deadline = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {LIMIT} s in vain for {what}")
        time.sleep(0.02)


def content(path):
    """The text of a file; "" when there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def write(path, text, mode=0o644):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def alive(pid):
    stat = content(f"/proc/{pid}/stat")
    return bool(stat) and stat.rsplit(")", 1)[1].split()[0] not in "ZX"


class UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path):
        super().__init__()
        self.path = path

    def make_connection(self, host):
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(LIMIT)
        connection.sock.connect(self.path)
        return connection


class Side:
    """One daemon and its folder."""

    def __init__(self, program, folder):
        self.program = program
        self.dir = os.path.realpath(folder)
        self.process = None
        self.pid = 0
        for name in ("", "auto"):
            os.mkdir(self.path(name))
            os.chmod(self.path(name), 0o777)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        write(self.path(name), text, mode)

    def start(self, *words, **more):
        """In the foreground unless the configuration says otherwise."""
        self.output = open(self.path("output"), "w+b")
        more = {"cwd": self.dir, "stdin": subprocess.DEVNULL, **more}
        self.process = subprocess.Popen([self.program, "-c", self.path("s.conf"), *words],
                                        stdout=self.output, stderr=self.output, **more)
        self.pid = self.process.pid

    def wait_up(self):
        wait_for(self.is_up, f"{self.program} to be up")

    def is_up(self):
        if self.process.poll() not in (None, 0):
            raise AssertionError(f"{self.program} ended: {content(self.path('output'))}")
        if not os.path.exists(self.path("m.sock")) or not content(self.path("main.pid")):
            return False
        try:
            state = self.call("getState")["statename"]
        except (OSError, http.client.HTTPException):
            return False
        self.pid = int(content(self.path("main.pid")))
        return state == "RUNNING"

    def kill(self, number):
        os.kill(self.pid, number)

    def stop(self):
        """The exit status of an orderly end; None when it has gone to the background."""
        if self.process is None:
            return None
        status = self.process.poll()
        with contextlib.suppress(OSError, http.client.HTTPException, xmlrpc.client.Error):
            self.call("stopAllProcesses", False)  # at once; a shutdown goes group by group
        if alive(self.pid):
            with contextlib.suppress(ProcessLookupError):
                self.kill(signal.SIGTERM)
        if status is None:
            status = self.process.wait(LIMIT)
        wait_for(lambda: not alive(self.pid), f"{self.program} to end")
        self.output.close()
        self.process = None
        return status

    def call(self, method, *params):
        server = xmlrpc.client.ServerProxy("http://localhost", allow_none=True,
                                           transport=UnixTransport(self.path("m.sock")))
        with server:
            return getattr(server, method if "." in method else "supervisor." + method)(*params)

    def answer(self, method, *params):
        """What a call returns, or "fault CODE TEXT"."""
        try:
            return self.call(method, *params)
        except xmlrpc.client.Fault as fault:
            return self.normal(f"fault {fault.faultCode} {fault.faultString}")

    def info(self, name):
        return self.call("getProcessInfo", name)

    def state(self, name):
        return self.info(name)["statename"]

    def wait_state(self, name, *states):
        wait_for(lambda: self.state(name) in states, f"{name} to be {states} in {self.program}")

    def log(self):
        return content(self.path("main.log"))

    def wait_log(self, pattern, count=1):
        wait_for(lambda: len(re.findall(pattern, self.log(), re.M)) >= count,
                 f"{count} {pattern!r} in the log of {self.program}")

    def normal(self, text):
        """Without what differs between two runs: folders, pids, times."""
        text = text.replace(self.dir, "DIR").replace(self.program, "PROGRAM")
        text = re.sub(r"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} ", "", text)
        text = re.sub(r"\bpid \d+", "pid N", text)
        text = re.sub(r"('|killing \S+ )\((\d+)\)", r"\1(N)", text)
        text = re.sub(r"uptime \d+:\d\d:\d\d", "uptime T", text)
        return re.sub(r"\b[A-Z][a-z][a-z] \d\d \d\d:\d\d [AP]M", "DATE", text)

    def lines(self, name=None):
        """The main log, normalised; only the lines about a program when one is named."""
        lines = self.normal(self.log()).splitlines()
        if name is None:
            return lines
        about = re.compile(rf"[ ']{re.escape(name)}(?=[ ',]|$)")
        return [line for line in lines if about.search(line)]


NOISE = re.compile(r"fd \d+ closed|POutput|waiting for .* to (die|stop)|received SIGCHLD")


def lines(side):
    """All but what depends on the clock or on how many signals the kernel makes one, and
    Supervisor's Python objects."""
    return [line for line in side.lines() if not NOISE.search(line)]


@contextlib.contextmanager
def sides(files=None, prefix=""):
    """Two folders with the same files, {name: text or (text, mode)}; ends what was started."""
    there = [Side(THEIRS, prefix + "real"), Side(OURS, prefix + "ours")]
    for side in there:
        for name, text in (files or {}).items():
            side.write(name, *(text if isinstance(text, tuple) else (text,)))
    try:
        yield there
    finally:
        for side in there:
            side.stop()
            shutil.rmtree(side.dir)


@contextlib.contextmanager
def both(config, main="user=root", files=None, words=("-n",), prefix="", **more):
    """Both daemons up, with the same configuration; `main`: more keys of [supervisord]."""
    text = HEAD.replace("{main}", main) + config
    with sides({"s.conf": text, **(files or {})}, prefix) as there:
        for side in there:
            side.start(*words, **more)
        for side in there:
            side.wait_up()
        yield there
