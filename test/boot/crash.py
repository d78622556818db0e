"""Inside the box of 070-crash: the rounds, and what must be true after them.

Every program writes its pid to starts/NAME, so that nothing can be started twice unseen.
"""
import collections
import glob
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time

ROUNDS = int(os.environ.get("ROUNDS", "200"))
LIMIT = 60  # seconds that anything may take
OUT = "/box/out"
PIDFILE = "/run/mainstay/mainstayd.pid"
SOCKET = "/run/mainstay/mainstay.sock"
DROP_IN = "/run/systemd/system/mainstay.service.d/test.conf"

PRINT = "i=0; while :; do i=$((i+1)); echo line $i; done"
COLOURS = ". /box/out/colours"
# name: command (behind the note of its start), more keys
PROGRAMS = {
    "print1": (PRINT, "stdout_logfile_maxbytes=0"),
    "print2": (PRINT, "stdout_logfile_maxbytes=0"),
    "errors": (PRINT.replace("echo line $i", "echo line $i >&2"),
               "redirect_stderr=true\nstdout_logfile_maxbytes=0"),
    "rotate": (PRINT, "stdout_logfile_maxbytes=1MB\nstdout_logfile_backups=5000"),
    "colour": (COLOURS, "stdout_logfile_maxbytes=0"),
    "codes": ("while [ ! -e /box/out/end ]; do sleep 0.01; done; exit 7", "autorestart=false"),
    "quick": ("sleep 0.03; exit 1", "startsecs=0"),
    "later": ("sleep 1.05; exit 2", ""),
    "listen": ("exec sleep 100000", "listen=tcp:127.0.0.1:7070"),
    "speaks": ("systemd-notify --ready; exec sleep 100000", "ready=notify"),
}
QUIET = 10
LOOPING = {"quick", "later"}


def say(text):
    print(text, flush=True)


def fail(text):
    say("FAILED: " + text)
    subprocess.run(["systemctl", "status", "--no-pager", "--lines=20", "mainstay"], check=False)
    sys.exit(1)


def run(*words):
    return subprocess.run(words, check=False, text=True, capture_output=True,
                          timeout=LIMIT).stdout


def wait_for(condition, what):
    deadline = time.monotonic() + LIMIT
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > deadline:
            fail(f"{LIMIT} s without {what}")
        time.sleep(0.002)


def content(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def prop(name):
    return run("systemctl", "show", "--value", "--property", name, "mainstay").strip()


def daemon_pid():
    """As it says itself, which is soon after its start."""
    text = content(PIDFILE).strip()
    return int(text) if text.isdigit() and content(f"/proc/{text}/comm") == "mainstayd\n" else 0


def new_daemon(old):
    return wait_for(lambda: daemon_pid() not in (0, old) and daemon_pid(), "a new daemon")


def status():
    return dict(line.split()[:2] for line in run("mainstayctl", "status").splitlines()
                if len(line.split()) > 1)


def starts(name):
    return content(f"starts/{name}").split()


def rpc(method):
    """The way to the daemon, up to where its answer is waited for."""
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(LIMIT)
    s.connect(SOCKET)
    body = f"<?xml version='1.0'?><methodCall><methodName>{method}</methodName></methodCall>"
    s.sendall(f"POST /RPC2 HTTP/1.0\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n"
              f"\r\n{body}".encode())
    return s


def rpc_answers():
    try:
        return answered(rpc("supervisor.getState"))
    except OSError:
        return False


def answered(s):
    got = b""
    with s:
        while True:
            piece = s.recv(65536)
            if not piece:
                return b"200 OK" in got and b"RUNNING" in got
            got += piece


# --- Before -------------------------------------------------------------------------------------

def write_config():
    os.makedirs("starts", exist_ok=True)
    programs = dict(PROGRAMS)
    for i in range(QUIET):
        programs[f"quiet{i}"] = ("exec sleep 100000", "")
    with open("colours", "w", encoding="utf-8") as file:
        file.write("e=$(printf '\\033')\ni=0\nwhile :; do i=$((i+1)); "
                   "echo \"$e[3$((i%8))mline$e[0m $i\"; done\n")
    with open("/etc/mainstay/conf.d/test.conf", "w", encoding="utf-8") as file:
        for name, (command, more) in programs.items():
            file.write(f"[program:{name}]\n"
                       f"command=/bin/sh -c 'echo $$ >>/box/out/starts/{name}; {command}'\n"
                       f"stdout_logfile={OUT}/{name}.log\n{more}\n\n")
        file.write("[job:work]\ncommand=/bin/sh -c 'echo $$ >>/box/out/starts/work; "
                   "while [ ! -e /box/out/end ]; do sleep 0.05; done; echo worked'\n"
                   f"when=manual\nretries=3\nstdout_logfile={OUT}/work.log\n")
    return set(programs)


def drop_in(*lines):
    os.makedirs(os.path.dirname(DROP_IN), exist_ok=True)
    with open(DROP_IN, "w", encoding="utf-8") as file:
        file.write("\n".join(("[Service]",) + lines) + "\n")
    subprocess.run(["systemctl", "daemon-reload"], check=True)


def descriptors(pid):
    """What the daemon has open, by kind."""
    kinds = collections.Counter()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
            kinds[re.sub(r"[\d\[\]()-]+|/box/out/rotate\S*", "", target)] += 1
        except FileNotFoundError:
            pass
    return kinds


# --- The rounds ---------------------------------------------------------------------------------

def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        fail(f"the daemon {pid} is gone already")


def upgrades():
    return content("mainstayd.log").count(" upgraded from mainstay ")


def upgrade(pid, whole):
    """The daemon becomes another program, with what is kept."""
    done = upgrades()
    wait_for(rpc_answers, "a daemon that hears signals")
    os.kill(pid, signal.SIGUSR1)
    if whole:
        wait_for(lambda: upgrades() > done, "an upgrade")
        time.sleep(random.uniform(0, 0.05))
    else:
        time.sleep(random.uniform(0, 0.15))


def one_round(kinds):
    """Kills the daemon at some moment of its life; returns when there is a new one."""
    pid = daemon_pid() or new_daemon(0)
    kind = random.choice(("soon", "soon", "soon", "at once", "twice", "connect", "upgrade",
                          "amid upgrade"))
    kinds[kind] += 1
    if kind == "at once":
        time.sleep(random.uniform(0, 0.01))
    elif "upgrade" in kind:
        upgrade(pid, kind == "upgrade")
    else:
        time.sleep(random.uniform(0.02, 0.4))
    kill(pid)
    if kind == "connect":
        client = rpc("supervisor.getState")
        if not answered(client):
            fail("a connection of while no daemon lived was not answered")
    pid = new_daemon(pid)
    if kind == "twice":
        time.sleep(random.uniform(0, 0.05))
        kill(pid)
        pid = new_daemon(pid)
    return 2 if kind == "twice" else 1


def count_doubles(names):
    """Processes of one program, beyond the first; by the start that it has noted."""
    alive = 0
    for name in names:
        pids = {pid for pid in starts(name) if "sh\0-c\0" in content(f"/proc/{pid}/cmdline")
                or "sleep\0" in content(f"/proc/{pid}/cmdline")}
        alive += max(0, len(pids) - 1)
    return alive


def zombies():
    return sum(content(f"/proc/{pid}/stat").rpartition(")")[2].split()[:1] == ["Z"]
               for pid in os.listdir("/proc") if pid.isdigit())


# --- After --------------------------------------------------------------------------------------

def check_lines(name):
    """(lines, lost or doubled): all of them, in order, the last one perhaps unfinished."""
    def age(path):
        return -int(path.rsplit(".", 1)[1]) if path[-1].isdigit() else 1
    files = sorted(glob.glob(f"{OUT}/{name}.log*"), key=age)
    script = ('$0 != "line " NR { if (bad == 0) { first = NR ": " prev " / " $0 } bad++ }'
              '{ prev = $0 } END { print NR, bad + 0, first }')
    # An unfinished last line is no wrong one: it is taken away.
    text = run("sh", "-c", 'cat "$@" | sed "$ { /^line /! d }" | head -n -1 | awk \'' + script + "'",
               "sh", *files).split(None, 2)
    if text[1] != "0":
        say(f"{name}: wrong at line {text[2]}")
    return int(text[0]), int(text[1])


def main():
    random.seed(os.environ.get("SEED", str(time.time_ns())))
    os.chdir(OUT)
    names = write_config()
    drop_in("RestartSec=20ms", "WatchdogSec=60s")
    subprocess.run(["systemctl", "start", "mainstay"], check=True)
    runner = subprocess.Popen(["mainstayctl", "run", "job:work"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)  # it waits, and the first kill ends it
    steady = names - LOOPING
    wait_for(lambda: all(status().get(n) == "RUNNING" for n in steady), "all programs")
    wait_for(lambda: starts("work"), "the job")
    first = {n: starts(n) for n in steady | {"work"}}
    run("mainstayctl", "stop", *LOOPING)
    before = descriptors(daemon_pid())
    stored = prop("NFileDescriptorStore")
    run("mainstayctl", "start", *LOOPING)
    looped = {n: len(starts(n)) for n in LOOPING}

    kills = 0
    doubles = 0
    kinds = collections.Counter()
    began = time.monotonic()
    for _ in range(ROUNDS):
        kills += one_round(kinds)
        doubles += count_doubles(names | {"work"})
    took = time.monotonic() - began
    runner.wait()
    wait_for(lambda: prop("ActiveState") == "active", "an active unit")
    wait_for(lambda: all(status().get(n) == "RUNNING" for n in steady), "all programs again")
    looped = {n: len(starts(n)) - looped[n] for n in LOOPING}
    run("mainstayctl", "stop", *LOOPING)
    restarted = sum(starts(n) != first[n] for n in steady | {"work"})
    wait_for(lambda: prop("NFileDescriptorStore") == stored or None, f"{stored} descriptors in the store")
    after = descriptors(daemon_pid())
    adopted = len(steady) + 1
    before["anon_inode:pidfd"] += adopted  # each is watched, all by one more epoll
    before["anon_inode:eventpoll"] += 1
    leaked = sum((after - before).values())
    if leaked:
        say(f"leaked: {dict(after - before)}")

    say("exits while no daemon lives")
    drop_in("RestartSec=2s", "WatchdogSec=60s")
    pid = daemon_pid()
    os.kill(pid, signal.SIGKILL)
    open("end", "w", encoding="utf-8").close()
    wait_for(lambda: not os.path.exists(f"/proc/{starts('codes')[0]}") and
             not os.path.exists(f"/proc/{starts('work')[0]}"), "the ends of codes and the job")
    if daemon_pid() not in (0, pid):
        fail("there was a daemon already")
    new_daemon(pid)
    knows = tuple(int(n) for n in os.uname().release.split(".")[:2]) >= (6, 15)
    how = "exit status 7" if knows else "exit status unknown"
    wait_for(lambda: f"exited: codes ({how}; not expected)" in content("mainstayd.log"), how)
    wait_for(lambda: "job 'job:work' succeeded" in content("mainstayd.log") or
             (not knows and "job 'job:work' failed: exit status unknown" in content("mainstayd.log")),
             "the end of the job")

    say("a daemon that hangs")
    drop_in("RestartSec=20ms", "WatchdogSec=2s")
    pid = daemon_pid()
    os.kill(pid, signal.SIGKILL)
    pid = new_daemon(pid)
    wait_for(lambda: prop("ActiveState") == "active", "an active unit")
    restarts = int(prop("NRestarts"))
    os.kill(pid, signal.SIGSTOP)
    new_daemon(pid)
    wait_for(lambda: int(prop("NRestarts")) == restarts + 1, "a restart")
    wait_for(lambda: prop("ActiveState") == "active", "an active unit")
    survivors = steady - {"codes"}
    hung = sum(starts(n) != first[n] for n in survivors)
    if "Watchdog timeout" not in run("journalctl", "--no-pager", "-u", "mainstay"):
        fail("it was not the watchdog")

    drop_in("RestartSec=20ms", "WatchdogSec=60s")
    subprocess.run(["systemctl", "stop", "mainstay"], check=True)
    lines = 0
    wrong = 0
    for name in ("print1", "print2", "errors", "rotate", "colour"):
        n, bad = check_lines(name)
        lines += n
        wrong += bad
    dead = zombies()
    table = [
        ("kills", kills, None), ("seconds", round(took), None),
        ("kinds", " ".join(f"{k}: {n}" for k, n in sorted(kinds.items())), None),
        ("restarts of the crash-loopers", sum(looped.values()), None),
        ("lines", lines, None),
        ("lines lost or doubled", wrong, 0), ("children restarted", restarted, 0),
        ("children restarted by the watchdog", hung, 0), ("doubles", doubles, 0),
        ("zombies", dead, 0), ("descriptors leaked", leaked, 0),
    ]
    for what, got, _ in table:
        say(f"| {what:36} {got}")
    bad = [what for what, got, want in table if want is not None and got != want]
    if bad or min(looped.values()) < ROUNDS / 20 or lines < 1000:
        fail(", ".join(bad) or "too little happened")
    say("done")


main()
