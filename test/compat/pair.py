"""For comparisons: supervisord and mainstayd side by side, with the same configuration.

with Pair(CONFIG) as p:
    p.call("supervisor.getState")     both are asked; the answers must agree, field by field

Each world is a folder; @DIR@ in a configuration and in a question stands for it, @PORT@ for its
TCP port. What cannot agree (times, pids, generated names) is replaced by what kind of thing it is.
"""
import concurrent.futures
import http.client
import os
import re
import signal
import socket
import subprocess
import threading
import time
import xml.etree.ElementTree
import xmlrpc.client

BUILD = os.environ["BUILD"]
LIMIT = 40  # seconds that anything may take
REAL = "/usr/bin/supervisord"
OURS = BUILD + "/mainstayd"
HEAD = """
[unix_http_server]
file=@DIR@/s.sock
[supervisord]
logfile=@DIR@/daemon.log
pidfile=@DIR@/daemon.pid
childlogdir=@DIR@
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""


class Failed(Exception):
    pass


def wait_for(what, condition):
    deadline = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"waited {LIMIT} s in vain for {what}")
        time.sleep(0.02)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=LIMIT)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def document(method, *params):
    return xmlrpc.client.dumps(params, method)


def decoded(element):
    """A <value> as (type, text), or (type, members) with the members in their order."""
    if len(element) == 0:
        return ("untyped", element.text or "")
    inner = element[0]
    if inner.tag == "struct":
        return ("struct", [(m[0].text, decoded(m[1])) for m in inner])
    if inner.tag == "array":
        return ("array", [decoded(v) for v in inner[0]])
    return (inner.tag, inner.text or "")


def plain(value):
    """A decoded value as Python would have it."""
    kind, inner = value
    if kind == "struct":
        return {name: plain(v) for name, v in inner}
    if kind == "array":
        return [plain(v) for v in inner]
    return int(inner) if kind == "int" else inner


class World:
    """One daemon in a folder of its own."""

    def __init__(self, name, daemon):
        self.name = name
        self.daemon = daemon
        self.dir = os.path.realpath(name)
        self.process = None
        os.mkdir(self.dir)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]

    def here(self, text):
        return text.replace("@DIR@", self.dir).replace("@PORT@", str(self.port))

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text, mode=0o644):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(self.here(text))
        os.chmod(self.path(name), mode)

    def read(self, name):
        try:
            with open(self.path(name), "rb") as f:
                return f.read()
        except FileNotFoundError:
            return b""

    def start(self):
        with open(self.path("output"), "ab") as output:
            self.process = subprocess.Popen(
                [self.daemon, "-n", "-c", self.path("s.conf")], cwd=self.dir,
                stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        wait_for(f"{self.daemon} to answer", self.answers)

    def answers(self):
        if self.process.poll() is not None:
            raise Failed(f"{self.daemon} ended with {self.process.returncode}: "
                         f"{self.read('output').decode()}")
        try:
            return self.post("supervisor.getState")[1] == 200
        except (OSError, http.client.HTTPException):
            return False

    def end(self):
        """Its exit status."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode if self.process else None

    def ask(self, body):
        """(headers as sent, status, body) of the answer to an XML-RPC document."""
        connection = UnixConnection(self.path("s.sock"))
        try:
            connection.request("POST", "/RPC2", body.encode(), {"Content-Type": "text/xml"})
            response = connection.getresponse()
            return response.getheaders(), response.status, response.read()
        finally:
            connection.close()

    def post(self, method, *params):
        return self.ask(document(method, *params))

    def answer(self, body):
        """("value", decoded), ("fault", code, text) or ("http", status)."""
        _, status, text = self.ask(body)
        if status != 200:
            return ("http", status)
        root = xml.etree.ElementTree.fromstring(text)
        if root[0].tag == "fault":
            fault = plain(decoded(root[0][0]))
            return ("fault", fault["faultCode"], fault["faultString"])
        return ("value", decoded(root[0][0][0]))

    def value(self, method, *params):
        """What a call returns, for what a test itself wants to know."""
        _, _, text = self.post(method, *params)
        (value,), _ = xmlrpc.client.loads(text)
        return value

    def executed(self):
        """No child is still a copy of the daemon, which would swallow a signal."""
        try:
            infos = self.value("supervisor.getAllProcessInfo")
        except xmlrpc.client.Fault:
            return True  # it is ending
        for info in infos:
            try:
                with open(f"/proc/{info['pid']}/exe", "rb") as exe:
                    if os.path.samestat(os.fstat(exe.fileno()),
                                        os.stat(f"/proc/{self.process.pid}/exe")):
                        return False
            except OSError:
                pass  # not running, or gone
        return True

    def state(self, name):
        return self.value("supervisor.getProcessInfo", name)["statename"]


TIMES = {"start", "stop", "now"}
GENERATED = re.compile(r"(-std(?:out|err)---[^/]*-)\w{8}(\.log)")
DESCRIPTIONS = [
    (re.compile(r"pid \d+, uptime \d+:\d\d:\d\d"), "pid N, uptime T"),
    (re.compile(r"[A-Z][a-z]{2} \d\d \d\d:\d\d [AP]M"), "DATE"),
]


def comparable(world, value, name=None):
    """The value without what depends on the moment, the process and the folder."""
    kind, inner = value
    if kind == "struct":
        return (kind, [(n, comparable(world, v, n)) for n, v in inner])
    if kind == "array":
        return (kind, [comparable(world, v, name) for v in inner])
    if kind == "int" and name in TIMES | {"pid"}:
        return (kind, "0" if inner == "0" else name.upper())
    inner = GENERATED.sub(r"\1RANDOM\2", inner.replace(world.dir, "@DIR@"))
    if name == "description":
        for pattern, word in DESCRIPTIONS:
            inner = pattern.sub(word, inner)
    return (kind, inner)


def difference(got, want):
    """The parts of two values that differ."""
    kinds = {type(got), type(want)}
    if kinds <= {tuple, list} and len(got) == len(want) and got and kinds == {type(got)}:
        pairs = [difference(g, w) for g, w in zip(got, want) if g != w]
        if len(pairs) == 1:
            return pairs[0]
        return [p[0] for p in pairs], [p[1] for p in pairs]
    return got, want


class Pair:
    def __init__(self, config, files=(), head=HEAD, tag=""):
        """`files`: (name, text, mode) that both folders get; `tag`: of their names."""
        self.worlds = [World("s" + tag, REAL), World("m" + tag, OURS)]
        self.pool = concurrent.futures.ThreadPoolExecutor(2)
        self.failed = 0
        self.asked = 0
        self.quiet = threading.Event()
        self.head = head
        self.write(config)
        for name, text, mode in files:
            self.each(lambda w, n=name, t=text, m=mode: w.write(n, t, m))

    def write(self, config):
        self.each(lambda w: w.write("s.conf", self.head + config))

    def each(self, act):
        """What `act` returns for each world; both at the same time."""
        return list(self.pool.map(act, self.worlds))

    def __enter__(self):
        self.each(World.start)
        self.noise = threading.Thread(target=self.make_noise)
        self.noise.start()
        return self

    def make_noise(self):
        """supervisord looks at what it owes an answer once a second, or when something happens."""
        while not self.quiet.wait(0.03):
            try:
                self.worlds[0].post("supervisor.getState")
            except (OSError, http.client.HTTPException):
                pass

    def __exit__(self, kind, value, trace):
        self.quiet.set()
        self.noise.join()
        statuses = self.each(World.end)
        if kind is None:
            self.check("both end with 0", statuses, [0, 0])

    def check(self, name, got, want):
        self.asked += 1
        if got == want:
            print("ok", name)
            return
        self.failed += 1
        got, want = difference(got, want)
        print(f"not ok {name}\n  supervisord {want!r}\n  mainstayd   {got!r}", flush=True)

    def wait(self, what, condition):
        self.each(lambda w: wait_for(f"{what} of {w.name}", lambda: condition(w)))

    def wait_state(self, name, *states):
        self.wait(f"{name} {states}", lambda w: w.state(name) in states)

    def ask(self, name, body, same=None):
        """Asks both the same; `same(theirs, ours)` takes from both what is meant to differ."""
        def one(world):
            answer = world.answer(world.here(body))
            if answer[0] == "value":
                return (answer[0], comparable(world, answer[1]))
            if answer[0] == "fault":
                return answer[:2] + (answer[2].replace(world.dir, "@DIR@"),)
            return answer
        theirs, ours = self.each(one)
        if same:
            theirs, ours = same(theirs, ours)
        self.check(name, ours, theirs)
        return theirs

    def call(self, method, *params, same=None):
        words = ", ".join(repr(p) for p in params)
        began = time.monotonic()
        theirs = self.ask(f"{method}({words})", document(method, *params), same)
        if "tart" in method:
            self.wait("programs", World.executed)
        if time.monotonic() - began > 1.5:
            print(f"# that took {time.monotonic() - began:.1f} s")
        return theirs

    def summary(self):
        print(f"{self.asked} questions, {self.failed} answered otherwise")
        return 1 if self.failed else 0
