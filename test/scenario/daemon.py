"""For scenarios: the real mainstayd in the current folder, and calls to it over its socket.

with Daemon(CONFIG) as d:
    d.call("supervisor.getState")
"""
import http.client
import os
import re
import signal
import socket
import subprocess
import time
import xmlrpc.client

BUILD = os.environ["BUILD"]
LIMIT = 30  # seconds that anything may take
HEAD = """
[unix_http_server]
file=%(here)s/m.sock
[supervisord]
logfile=%(here)s/m.log
pidfile=%(here)s/m.pid
childlogdir=%(here)s
nodaemon=true
silent=true
user=root
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://%(here)s/m.sock
"""


def wait_for(condition, what):
    deadline = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {LIMIT} s in vain for {what}")
        time.sleep(0.02)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=LIMIT)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path):
        super().__init__()
        self.path = path

    def make_connection(self, host):
        return UnixConnection(self.path)


def content(path):
    """The text of a file; "" when there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def write(path, text, mode=None):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    if mode is not None:
        os.chmod(path, mode)


def run(*words, **more):
    """A program's (exit status, standard output, standard error)."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT, check=False, **more)
    return done.returncode, done.stdout, done.stderr


def children(pid):
    """Living and dead children of a process."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except FileNotFoundError:
        return []


def proc_state(pid):
    """'S', 'Z', ...; None when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def gone(pid):
    return proc_state(pid) in (None, "Z", "X")


class Daemon:
    def __init__(self, config, head=HEAD, prefix=(), **more):
        """`prefix`: words before mainstayd; `more`: for Popen."""
        self.config = head + config
        self.prefix = list(prefix)
        self.more = more
        self.process = None

    def write(self, config, head=HEAD):
        self.config = head + config
        with open("m.conf", "w", encoding="utf-8") as file:
            file.write(self.config)

    def __enter__(self):
        with open("m.conf", "w", encoding="utf-8") as file:
            file.write(self.config)
        self.output = open("output", "w+b")
        words = self.prefix + [BUILD + "/mainstayd", "-n", "-c", "m.conf"]
        self.process = subprocess.Popen(words, stdout=self.output, stderr=self.output, **self.more)
        wait_for(self.answers, "the daemon to answer")
        wait_for(self.started, "the starts that wait for nobody")
        return self

    def started(self):
        """Clients are answered while programs are started; most tests look at what comes then."""
        try:
            infos = self.call("supervisor.getAllProcessInfo")
        except xmlrpc.client.Error:
            return True  # with a login, or on its way down
        return all(i["description"] != "waits for its turn" for i in infos)

    def answers(self):
        if self.process.poll() is not None:
            self.output.seek(0)
            raise AssertionError(f"mainstayd ended: {self.output.read().decode()}")
        try:
            return self.call("supervisor.getState")["statename"] == "RUNNING"
        except OSError:
            return False

    def __exit__(self, kind, value, trace):
        if kind:
            print(self.log(), flush=True)
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise
        self.output.close()
        if not kind and self.process.returncode != 0:
            raise AssertionError(f"mainstayd ended with {self.process.returncode}")

    def log(self):
        return content("m.log")

    def proxy(self):
        return xmlrpc.client.ServerProxy("http://localhost", transport=UnixTransport("m.sock"))

    def call(self, method, *params):
        with self.proxy() as proxy:
            return getattr(proxy, method)(*params)

    def fault(self, method, *params):
        """The fault as "CODE TEXT"; an answer is a failure."""
        try:
            value = self.call(method, *params)
        except xmlrpc.client.Fault as fault:
            return f"{fault.faultCode} {fault.faultString}"
        raise AssertionError(f"{method}{params} answered {value!r} instead of a fault")

    def info(self, name):
        return self.call("supervisor.getProcessInfo", name)

    def wait_state(self, name, state):
        wait_for(lambda: self.info(name)["statename"] == state, f"{name} to be {state}")

    def wait_log(self, pattern):
        wait_for(lambda: re.search(pattern, self.log()), f"{pattern!r} in the log")

    def job(self, name):
        return next(j for j in self.call("mainstay.getAllJobInfo") if j["name"] == name)

    def wait_job(self, name, state):
        wait_for(lambda: self.job(name)["statename"] == state, f"{name} to be {state}")

    def ctl(self, *words):
        """What mainstayctl answers: (exit status, standard output)."""
        return run(BUILD + "/mainstayctl", "-c", "m.conf", *words)[:2]

    def status(self, name):
        """The words behind the state in `status`."""
        return " ".join(self.ctl("status", name)[1].split()[2:])


def check(name, got, want):
    if got != want:
        raise AssertionError(f"{name}:\n  got  {got!r}\n  want {want!r}")
    print("ok", name)
