"""What ctl-pairs is made of: daemons in folders of their own, and clients, Debian's and ours.

Debian's supervisorctl takes a fifth of a second to load. So that hundreds of command lines fit
into half a minute, it is loaded once, and each of its runs is a fork of that process: the same
code, the same ends, its own descriptors, folder, terminal and user.
"""
import difflib
import fcntl
import gc
import http.client
import json
import os
import re
import select
import shlex
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import xmlrpc.client

BUILD = os.environ["BUILD"]
DEADLINE = 60  # seconds for anything that is waited for; machines may be busy
NOBODY = 65534
THEIR_CTL = "/usr/bin/supervisorctl"
THEIR_DAEMON = "/usr/bin/supervisord"


class Failed(Exception):
    pass


def wait_for(what, condition):
    deadline = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"{what}: not within {DEADLINE} s")
        time.sleep(0.01)


def is_asleep(pid):
    with open(f"/proc/{pid}/stat") as f:
        return f.read().rsplit(")", 1)[1].split()[0] in "SZ"


# --- Clients ---------------------------------------------------------------------------------

def environment():
    env = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG"))}
    return {**env, "LANG": "C.UTF-8", "TERM": "dumb", "CTL_USER": "user", "CTL_WORDS": "pass"}


class Ours:
    """mainstayctl under the name supervisorctl."""

    def __init__(self, path):
        self.path = path
        os.symlink(os.path.join(BUILD, "mainstayctl"), path)
        self.program = os.open(path, os.O_RDONLY)  # for users who cannot reach the path

    def run(self, words, fds, cwd, tty=False, user=None):
        def on_child():
            if tty:
                fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        who = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        self.process = subprocess.Popen(
            [self.path] + words, executable=f"/proc/self/fd/{self.program}", cwd=cwd,
            env=environment(), stdin=fds[0], stdout=fds[1], stderr=fds[2],
            pass_fds=(self.program,), start_new_session=True, preexec_fn=on_child, **who)
        return self.process.pid

    def kill(self):
        self.process.kill()

    def wait(self):
        try:
            return self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failed(f"it did not end within {DEADLINE} s") from None


class Theirs:
    """Debian's supervisorctl, from the process that has it loaded."""

    def __init__(self, server):
        self.path = THEIR_CTL
        self.server = server

    def run(self, words, fds, cwd, tty=False, user=None):
        self.link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.link.settimeout(DEADLINE)
        self.link.connect(self.server)
        request = {"words": words, "cwd": cwd, "tty": tty, "user": user, "env": environment()}
        socket.send_fds(self.link, [json.dumps(request).encode()], fds)
        self.pid = int(self.link.recv(100))
        return self.pid

    def kill(self):
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:  # it has ended just now
            pass

    def wait(self):
        try:
            return int(self.link.recv(100))
        except (TimeoutError, ValueError):
            self.kill()
            raise Failed(f"it did not end within {DEADLINE} s") from None
        finally:
            self.link.close()


def take_request(link):
    """In the fork for one run: waits for the run's end, or returns in the run itself."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    text, fds, _, _ = socket.recv_fds(link, 1 << 20, 3)
    request = json.loads(text)
    pid = os.fork()
    if pid:
        for fd in fds:
            os.close(fd)
        link.send(b"%d" % pid)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        try:
            link.send(b"%d" % status)
        except BrokenPipeError:  # nobody waits for it any more
            pass
        os._exit(0)
    link.close()
    os.setsid()
    for number, fd in enumerate(fds):
        os.dup2(fd, number)
        os.close(fd)
    if request["tty"]:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        sys.stdout.reconfigure(line_buffering=True)
    os.chdir(request["cwd"])
    if request["user"] is not None:
        os.setgroups([])
        os.setgid(request["user"])
        os.setuid(request["user"])
    os.environ.clear()
    os.environ.update(request["env"])
    return request["words"]


def serve_their_client(path):
    """Ends only in a fork, by running supervisorctl."""
    sys.path.insert(0, "/usr/lib/python3/dist-packages")
    from supervisor import supervisorctl
    gc.freeze()  # what is loaded stays shared with the forks
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    server.bind(path)
    server.listen(64)
    os.write(1, b"ready\n")
    while True:
        link = server.accept()[0]
        if os.fork() == 0:
            break
        link.close()
    server.close()
    sys.argv = [THEIR_CTL] + take_request(link)
    sys.exit(supervisorctl.main())


class TheirClientServer:
    def __enter__(self):
        self.path = os.path.realpath("clients.sock")
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-c", "import sys; sys.path.insert(0, sys.argv[1]); "
             "import pairs; pairs.serve_their_client(sys.argv[2])",
             os.path.dirname(os.path.abspath(__file__)), self.path],
            env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        if self.process.stdout.readline() != b"ready\n":
            raise Failed(f"{THEIR_CTL} cannot be loaded")
        return self.path

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


# --- Terminals -------------------------------------------------------------------------------

class Terminal:
    """The other end of a client's terminal."""

    def __init__(self):
        self.fd, self.client_fd = os.openpty()
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        self.seen = b""
        self.all = b""

    def more(self, timeout):
        """False when nothing came, or never will."""
        if not select.select([self.fd], [], [], timeout)[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # the other end is gone
            return False
        self.seen += data
        self.all += data
        return bool(data)

    def expect(self, pattern):
        deadline = time.monotonic() + DEADLINE
        while not re.search(pattern.encode(), self.seen):
            if time.monotonic() > deadline or not self.more(deadline - time.monotonic()):
                raise Failed(f"{pattern!r} did not come, but {self.all[-200:]!r}")
        self.seen = b""

    def close_client_end(self):
        os.close(self.client_fd)

    def text(self):
        """What one sees: carriage returns overwrite, and empty lines do not count."""
        while self.more(0):
            pass
        lines = []
        # Ctrl-C at a question: readline, which asks there, hides what the terminal shows here
        seen = self.all.decode("utf-8", "replace").replace("\a", "").replace("^C", "")
        for raw in seen.split("\n"):
            line, at = [], 0
            for ch in raw:
                if ch == "\r":
                    at = 0
                elif ch == "\b":
                    at = max(0, at - 1)
                else:
                    line[at:at + 1] = [ch]
                    at += 1
            lines.append("".join(line).rstrip())
        return "".join(line + "\n" for line in lines if line)


# --- Daemons ---------------------------------------------------------------------------------

class UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path):
        super().__init__()
        self.path = path

    def make_connection(self, host):
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(DEADLINE)
        connection.sock.connect(self.path)
        return connection


class World:
    """A daemon in a folder of its own."""

    def __init__(self, path, daemon, kit):
        self.dir = os.path.realpath(path)
        self.daemon = daemon
        self.kit = kit  # CONFIG, PROGRAMS, GROUPS, UP, LEFT_ALONE, furnish(world)
        self.process = None
        os.makedirs(self.dir)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        kit.furnish(self)
        self.write({})

    def path(self, name):
        return os.path.join(self.dir, name)

    def put(self, name, text, mode=0o644):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(self.path(name), mode)

    def write(self, changes, extra=""):
        """The configuration, with the sections of some programs changed or (None) left out."""
        text = self.kit.CONFIG
        for name, body in {**self.kit.PROGRAMS, **changes}.items():
            if body is not None:
                text += f"[program:{name}]\n{body}\n"
        text += self.kit.GROUPS + extra
        self.put("s.conf", text.replace("@PORT@", str(self.port)).replace("@DIR@", self.dir))

    def rpc(self):
        return xmlrpc.client.ServerProxy(
            "http://localhost", UnixTransport(self.path("s.sock"))).supervisor

    def infos(self):
        """Each process by the name that people use for it."""
        return {i["name"] if i["name"] == i["group"] else f"{i['group']}:{i['name']}": i
                for i in self.rpc().getAllProcessInfo()}

    def answers(self):
        if self.process.poll() is not None:
            with open(self.path("boot.log")) as f:
                raise Failed(f"{self.daemon} ended with {self.process.returncode}: {f.read()}")
        try:
            return self.rpc().getState()["statename"] == "RUNNING"
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return False

    def start(self):
        with open(self.path("boot.log"), "a") as log:
            self.process = subprocess.Popen(
                [self.daemon, "-n", "-c", self.path("s.conf")], cwd=self.dir,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for(f"{self.daemon} answers", self.answers)
        self.settle()

    def settle(self):
        """Every program in the state it has before each case, its output in its log."""
        rpc = self.rpc()
        for name, info in self.infos().items():
            if name in self.kit.LEFT_ALONE:
                continue
            up = info["statename"] in ("STARTING", "RUNNING", "BACKOFF")
            if up and name not in self.kit.UP:
                rpc.stopProcess(name, False)
                if name in self.kit.STUBBORN:
                    os.kill(info["pid"], signal.SIGKILL)
            elif not up and name in self.kit.UP:
                rpc.startProcess(name, False)
        wait_for("all is settled", lambda: self.kit.is_settled(self))

    def kill_stubborn(self):
        for name in self.kit.STUBBORN:
            path = self.path(name + ".pid")
            if not os.path.exists(path):
                continue
            with open(path) as f:
                pid = int(f.read() or 0)
            if pid and os.path.exists(f"/proc/{pid}"):
                os.kill(pid, signal.SIGKILL)

    def stop(self):
        if self.process is None:
            return
        while self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.kill_stubborn()
            try:
                self.process.wait(0.5)
            except subprocess.TimeoutExpired:
                pass
        self.process = None


# --- Cases -----------------------------------------------------------------------------------

class Case:
    """One command line. `args` may use {dir} and {port}; -c FILE is put before it."""

    def __init__(self, args, stdin="", config="s.conf", before=None, after=None, **more):
        self.args = args
        self.stdin = stdin
        self.config = config
        self.before = before
        self.after = after
        self.changes = more.pop("changes", None)  # to the configuration, before
        self.extra = more.pop("extra", "")
        self.unordered = more.pop("unordered", False)  # nobody promises the order of lines
        self.forms = more.pop("forms", False)  # only the forms of a help text are compared
        self.settle = more.pop("settle", False)  # it changes what runs
        self.until = more.pop("until", None)  # what it says before something happens:
        self.then = more.pop("then", None)  # this, or Ctrl-C
        self.user = more.pop("user", None)
        self.keys = more.pop("keys", None)  # on a terminal: what is waited for, what is typed
        self.lingers = more.pop("lingers", False)  # theirs does not end in time
        self.shows = more.pop("shows", ())  # files that are compared
        assert not more, more

    @property
    def name(self):
        text = self.args.strip() or repr(self.stdin[:40])
        if self.keys:
            text += " on a terminal " + repr([send for _, send in self.keys])[:60]
        notes = [n for n in (self.changes is not None and "changed", self.extra and "broken",
                             self.before and self.before.__name__.strip("<>"),
                             self.config not in ("s.conf", None) and self.config,
                             self.user and "as nobody") if n]
        return text + (f" [{', '.join(notes)}]" if notes else "")

    def run(self, world, ctl):
        if self.changes is not None or self.extra:
            world.write(self.changes or {}, self.extra)
        if self.before:
            self.before(world)
        for file in self.shows:
            if os.path.exists(world.path(file)):
                os.unlink(world.path(file))
        words = [w.format(dir=world.dir, port=world.port) for w in shlex.split(self.args)]
        if self.config:
            words = ["-c", world.path(self.config)] + words
        run = self.run_keys if self.keys else self.run_until if self.until else self.run_plain
        out, err, status = run(world, ctl, words)
        for file in self.shows:
            with open(world.path(file), "rb") as f:
                out += b"--- " + file.encode() + b"\n" + f.read()
        self.restore(world)
        return Result(self, world, ctl, out, err, status)

    def restore(self, world):
        if self.after:
            self.after(world)
        if self.changes is not None or self.extra:
            world.write({})
            rpc = world.rpc()
            added, changed, removed = rpc.reloadConfig()[0]
            for group in removed + changed:
                rpc.stopProcessGroup(group)
                rpc.removeProcessGroup(group)
            for group in added + changed:
                rpc.addProcessGroup(group)
        if self.settle or self.changes is not None:
            world.settle()

    def run_plain(self, world, ctl, words):
        with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as out, \
                tempfile.TemporaryFile() as err:
            stdin.write(self.stdin.replace("{port}", str(world.port)).encode())
            stdin.seek(0)
            ctl.run(words, [f.fileno() for f in (stdin, out, err)], world.dir, user=self.user)
            status = ctl.wait()
            out.seek(0)
            err.seek(0)
            return out.read(), err.read(), status

    def run_until(self, world, ctl, words):
        reader, writer = os.pipe()
        with tempfile.TemporaryFile() as err, open(os.devnull, "rb") as stdin:
            pid = ctl.run(words, [stdin.fileno(), writer, err.fileno()], world.dir)
            os.close(writer)
            timer = threading.Timer(DEADLINE, os.kill, (pid, signal.SIGKILL))
            timer.start()
            out = b""
            more = b"x"
            acted = False
            while more:
                if not acted and self.until.encode() in out:
                    acted = True
                    # supervisorctl says odd things when it is interrupted amid its work
                    wait_for("the client waits for more", lambda: is_asleep(pid))
                    if self.then:
                        self.then(world)
                    else:
                        os.kill(pid, signal.SIGINT)
                more = os.read(reader, 65536)
                out += more
            timer.cancel()
            status = ctl.wait()
            os.close(reader)
            err.seek(0)
            return out, err.read(), status

    def run_keys(self, world, ctl, words):
        terminal = Terminal()
        pid = ctl.run(words, [terminal.client_fd] * 3, world.dir, tty=True)
        terminal.close_client_end()
        try:
            for pattern, send in self.keys:
                terminal.expect(pattern)
                if callable(send):
                    send(world)
                elif send is not None:
                    if "\x03" in send:  # it may get lost while supervisorctl is busy
                        wait_for("the client waits for keys", lambda: is_asleep(pid))
                    os.write(terminal.fd, send.encode())
            if self.lingers and isinstance(ctl, Theirs):
                ctl.kill()
            else:
                while terminal.more(DEADLINE):
                    pass
        except Failed:
            ctl.kill()
            ctl.wait()
            raise
        status = ctl.wait()
        text = terminal.text()
        os.close(terminal.fd)
        return text.encode(), b"", 0 if self.lingers and status == -signal.SIGKILL else status


class Result:
    """What came of a case, without what is different each time."""

    def __init__(self, case, world, ctl, out, err, status):
        self.case = case
        self.out = self.normal(world, ctl, out)
        self.err = self.normal(world, ctl, self.without_warnings(err))
        self.status = status

    @staticmethod
    def without_warnings(err):
        # Python's own words where it finds no terminal to ask for a password; we just ask.
        err = re.sub(rb"/\S+getpass\.py:.*\n.*fallback_getpass.*\n", b"", err)
        return err.replace(b"Warning: Password input may be echoed.\n", b"")

    def normal(self, world, ctl, text):
        text = text.decode("utf-8", "surrogateescape")
        text = text.replace(ctl.path, "CTL")
        text = text.replace(world.dir, "DIR").replace(str(world.port), "PORT")
        # The place in supervisorctl's source is another in each release; ours has none.
        text = re.sub(r"(?m)(error: .*): file: .* line: \d+$", r"\1", text)
        text = re.sub(r"pid \d+, uptime \d+:\d\d:\d\d", "pid N, uptime T", text)
        text = re.sub(r"\b[A-Z][a-z][a-z] \d\d \d\d:\d\d [AP]M", "DATE", text)
        text = re.sub(r"(?m)^(supervisor> )?[1-9]\d*$", r"\1PID", text)
        # Names of all variables of the environment are nobody's business.
        text = re.sub(r"(cannot be expanded\. Available names): .*", r"\1", text)
        if self.case.forms:
            text = "\n".join(line.split("\t")[0] for line in text.split("\n")
                             if line.split("\t")[0] not in ("Ex:", "", RESTART_NOTE))
        lines = text.splitlines(keepends=True)
        if self.case.lingers:  # Debian's client may end while its second thread still connects
            lines = [line for line in lines if not LAST_WORDS.search(line)]
        if self.case.keys and isinstance(ctl, Theirs):
            # fg's second thread may be in the midst of something when Ctrl-C ends the first one
            lines = [line for line in lines if not THREAD_WORDS.match(line)]
        if self.case.unordered:
            lines.sort()
        return "".join(lines)

    def parts(self, same_daemon):
        out = self.out
        if not same_daemon:
            # What is wrong with a configuration each daemon says in its own words.
            out = re.sub(r"(Fault 92: .CANT_REREAD: |ERROR: CANT_REREAD: ).*(\n\t.*)?",
                         r"\1", out)
            out = out.replace('Fault 92: "', "Fault 92: '")
        return {"stdout": out, "stderr": self.err, "exit status": str(self.status)}


# Of a thread that lost its connection under its hands, when the machine is busy.
LAST_WORDS = re.compile(r"CLOSED Cannot connect, error: <class 'SystemExit'>|"
                        r"error: <class 'AttributeError'>, 'NoneType' object has no attribute")
THREAD_WORDS = re.compile(r"Exception in thread Thread-|Traceback \(most recent call last\):|"
                          r'  File "/usr/lib/python3')
# A sentence without a form; the rest of the help is tables.
RESTART_NOTE = "Note: restart does not reread config files. For that, see reread and update."


def difference(want, got):
    lines = difflib.unified_diff(want.splitlines(), got.splitlines(), lineterm="", n=1)
    return "".join(f"        {line}\n" for line in list(lines)[2:])


class Side:
    """One client with one daemon, through all cases of a track."""

    def __init__(self, label, ctl, world):
        self.label = label
        self.ctl = ctl
        self.world = world
        self.results = []

    def run(self, cases):
        try:
            self.world.start()
            for case in cases:
                try:
                    self.results.append(case.run(self.world, self.ctl))
                except Exception as e:  # whatever it is belongs to this case
                    self.results.append(f"{type(e).__name__}: {e}")
        except Exception as e:
            self.results += [f"{type(e).__name__}: {e}"] * (len(cases) - len(self.results))
        finally:
            self.world.stop()


def compare(case, side, reference, at):
    """Prints how the case went on a side; True when it is as the reference has it."""
    want, got = reference.results[at], side.results[at]
    name = f"{side.label}: {case.name}"
    if isinstance(want, str) or isinstance(got, str):
        print(f"not ok {name}\n    {reference.label}: {want if isinstance(want, str) else 'fine'}"
              f"\n    {side.label}: {got if isinstance(got, str) else 'fine'}")
        return False
    same_daemon = side.world.daemon == reference.world.daemon
    wanted, had = want.parts(same_daemon), got.parts(same_daemon)
    print(f"{'ok' if wanted == had else 'not ok'} {name}")
    for what, text in wanted.items():
        if text != had[what]:
            print(f"    {what}, - of the reference, + of {side.label}:\n"
                  + difference(text, had[what]), end="")
    return wanted == had
