"""For tests with foreign XML-RPC stacks: each asks supervisord and mainstayd the same questions.

A question is [label, method, parameters]. A stack is a program in its own language that gets a
file of questions as its last argument and prints one answer a line, in JSON: {"value": ...},
{"fault": [code, text]} or {"error": text}. Where to ask it finds in its environment: ASK_URL,
ASK_HOST, ASK_PORT, ASK_USER, ASK_PASSWORD, and ASK_SOCKET when it shall use the unix socket.

with Asking(CONFIG, files) as asking:
    asking.compare(Stack("php", ["php", "stack.php"]), QUESTIONS)
"""
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.environ["ROOT"], "test/compat"))
from pair import LIMIT, OURS, REAL, World, wait_for

HERE = os.path.join(os.environ["ROOT"], "test/compat/clients")
MODULES = os.path.join(os.environ["BUILD"], "test/compat/clients/node_modules")
USER, PASSWORD = "user", "pässwörd <&>"
HEAD = """
[unix_http_server]
file=@DIR@/s.sock
[inet_http_server]
port=127.0.0.1:@PORT@
username=user
password=pässwörd <&>
[supervisord]
logfile=@DIR@/daemon.log
pidfile=@DIR@/daemon.pid
childlogdir=@DIR@
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
TIMES = {"start", "stop", "now"}
OURS_ALONE = {"autorestart"}  # in getAllConfigInfo, as Supervisor after 4.2 has it
MOMENTS = [
    (re.compile(r"pid \d+, uptime \d+:\d\d:\d\d"), "pid N, uptime T"),
    (re.compile(r"[A-Z][a-z]{2} \d\d \d\d:\d\d [AP]M"), "DATE"),
    (re.compile(r"(-std(?:out|err)---[^/]*-)\w{8}(\.log)"), r"\1RANDOM\2"),
]


class Stack:
    def __init__(self, name, argv, **env):
        """`argv`: with files of this folder by their names; `env`: more for its environment."""
        self.name = name
        self.argv = [os.path.join(HERE, w) if os.path.exists(os.path.join(HERE, w)) else w
                     for w in argv]
        self.env = env


class Asking:
    def __init__(self, config, files=(), folders=()):
        """`files`: (name, text, mode) that both daemons' folders get, besides `folders`."""
        self.worlds = [World("s", REAL), World("m", OURS)]
        self.pool = concurrent.futures.ThreadPoolExecutor(2)
        self.failed = 0
        self.quiet = threading.Event()
        self.noise = threading.Thread(target=self.make_noise)
        for world in self.worlds:
            for name in folders:
                os.mkdir(world.path(name))
            for name, text, mode in (("s.conf", HEAD + config, 0o644), *files):
                world.write(name, text, mode)

    def each(self, act):
        """What `act` returns for each world; both at the same time."""
        return list(self.pool.map(act, self.worlds))

    def __enter__(self):
        self.each(World.start)
        self.noise.start()
        return self

    def make_noise(self):
        """supervisord looks at what it owes an answer once a second, or when something happens."""
        while not self.quiet.wait(0.05):
            try:
                self.worlds[0].post("supervisor.getState")
            except OSError:
                pass

    def __exit__(self, kind, value, trace):
        self.quiet.set()
        self.noise.join()
        statuses = self.each(World.end)
        if kind is None:
            self.check("both daemons end with 0", statuses[1], statuses[0], 0)

    def check(self, name, ours, theirs, *wanted):
        """`wanted`: what both shall be, where that is known."""
        if ours == theirs and all(ours == w for w in wanted):
            print("ok", name, flush=True)
            return
        self.failed += 1
        print(f"not ok {name}\n  supervisord {theirs!r}\n  mainstayd   {ours!r}"
              + "".join(f"\n  should be   {w!r}" for w in wanted), flush=True)

    def wait(self, what, condition):
        self.each(lambda w: wait_for(f"{what} of {w.name}", lambda: condition(w)))

    def compare(self, stack, questions, password=PASSWORD, wanted=None):
        """`wanted`: {label: answer} that both shall give."""
        theirs, ours = self.each(lambda w: ask(w, stack, questions, password))
        for question, their, our in zip(questions, theirs, ours):
            label = question[0]
            want = [wanted[label]] if wanted and label in wanted else []
            if not isinstance(their, dict):  # two that break in the same way prove nothing
                their = f"{their}: that is no answer"
            self.check(f"{stack.name}: {label}", our, their, *want)


def ask(world, stack, questions, password):
    """The stack's answers, comparable."""
    name = f"{stack.name}.json".replace(" ", "-").replace("/", "-")
    world.write(name, json.dumps(questions))
    env = dict(os.environ, ASK_HOST="127.0.0.1", ASK_PORT=str(world.port), ASK_USER=USER,
               ASK_PASSWORD=password, ASK_MODULES=MODULES)
    quoted = "".join(f"%{b:02X}" for b in password.encode())
    env["ASK_URL"] = f"http://{USER}:{quoted}@127.0.0.1:{world.port}/RPC2"
    env.update({k: world.here(v) for k, v in stack.env.items()})
    done = subprocess.run([*stack.argv, world.path(name)], env=env, cwd=world.dir, timeout=LIMIT,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    answers = [answer(world, line) for line in done.stdout.decode().splitlines()]
    missing = len(questions) - len(answers)
    if done.returncode != 0:
        answers[-1:] = [f"ended with {done.returncode} after {answers[-1:]}"]
    return answers + ["no answer"] * missing


def answer(world, line):
    try:
        return comparable(world, json.loads(line))
    except ValueError:
        return line


def comparable(world, value, name=None):
    """The value without what depends on the moment, the process and the folder."""
    if isinstance(value, dict):
        return {n: comparable(world, v, n) for n, v in value.items() if n not in OURS_ALONE}
    if isinstance(value, list):
        items = [comparable(world, v, name) for v in value
                 if not (isinstance(v, str) and v.startswith("mainstay."))]  # methods of ours
        if all(isinstance(i, dict) and "status" in i for i in items):
            items.sort(key=lambda i: (i["group"], i["name"]))  # they come as processes end
        return items
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return value
    if name in TIMES or name == "pid" or value == world.process.pid:
        return type(value)(0) if value == 0 else (name or "value", type(value).__name__)
    if isinstance(value, int):
        return value
    for pattern, word in MOMENTS:
        value = pattern.sub(word, value)
    return value.replace(world.dir, "@DIR@").replace(str(world.port), "@PORT@")
