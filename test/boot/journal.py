"""For 030-journal: what happens in the box, and the programs that write there."""
import json
import os
import signal
import subprocess
import sys
import time

LIMIT = 60
GO = "/run/go"
WRITTEN = "/run/written"  # in memory: a disk may take its time


# --- The programs -----------------------------------------------------------------------------

def flood(gate=0):
    """20,000 numbered lines; in line `gate` it waits until GO is there."""
    at_once, pause = 100, 0.01
    for i in range(0, 20000, at_once):
        while gate and i == gate and not os.path.exists(GO):
            time.sleep(0.02)
        sys.stdout.write("".join(f"{n}\n" for n in range(i, i + at_once)))
        sys.stdout.flush()
        time.sleep(pause)


def thick():
    """24 MB: more than may wait for journald."""
    file = os.open(WRITTEN, os.O_WRONLY | os.O_CREAT, 0o600)
    for i in range(6000):
        os.write(1, f"{i} {'x' * 4096}\n".encode())
        os.pwrite(file, b"%06d" % i, 0)


def odd():
    out = sys.stdout.buffer
    out.write(b"big " + b"0123456789abcdef" * (3 * 65536) + b"\n")
    out.write(b"binary \x00\x01\xff\xfe\x1b[31m\t\n")
    out.write(b"\n<3>an error\n<7>a detail\n<8>as it is\nno end")
    out.flush()


# --- Looking ----------------------------------------------------------------------------------

def run(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True, timeout=LIMIT).stdout


def entries(*matches):
    text = run("journalctl", "--all", "-o", "json", *matches)
    return [json.loads(line) for line in text.splitlines()]


def message(entry):
    value = entry["MESSAGE"]
    return bytes(value) if isinstance(value, list) else value.encode()


def wait_for(condition, what):
    deadline = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {LIMIT} s in vain for {what}")
        time.sleep(0.1)


def check(name, got, want):
    if got != want:
        raise AssertionError(f"{name}:\n  got  {got!r}\n  want {want!r}")
    print("ok", name, flush=True)


def check_numbers(name, got, count):
    """As check, but a difference is short."""
    want = [str(n).encode() for n in range(count)]
    at = next((i for i, pair in enumerate(zip(got, want)) if pair[0] != pair[1]), len(got))
    check(name, (len(got), got[at:at + 5]), (count, want[at:at + 5]))


def stat_of(pid):
    """/proc/PID/stat from the state on."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rsplit(")", 1)[1].split()


def start(program):
    run("mainstayctl", "start", program)


def line_number(program):
    """Of the last line that is there."""
    last = run("journalctl", "-n", "1", "-o", "cat", f"SYSLOG_IDENTIFIER={program}")
    return int(last) if last.strip().isdigit() else 0


def wait_life(program, state):
    wait_for(lambda: entries(f"MAINSTAY_PROGRAM={program}", f"MAINSTAY_STATE={state}"),
             f"{program} to be {state} in the journal")


def lines(program):
    return [message(e) for e in entries(f"SYSLOG_IDENTIFIER={program}")]


def journald():
    return int(run("systemctl", "show", "--value", "-p", "MainPID", "systemd-journald"))


def written():
    try:
        with open(WRITTEN, encoding="ascii") as file:
            return int(file.read() or 0)
    except FileNotFoundError:
        return 0


def stands_still(seconds=1.5):
    """Nothing was written for so long."""
    before, since, deadline = written(), time.monotonic(), time.monotonic() + LIMIT
    while time.monotonic() - since < seconds:
        if written() != before:
            before, since = written(), time.monotonic()
        if time.monotonic() > deadline:
            raise AssertionError("it goes on writing")
        time.sleep(0.05)
    return before


def another_journald(old):
    wait_for(lambda: journald() not in (0, old), "another journald")


# --- The parts --------------------------------------------------------------------------------

def numbers():
    """In the middle of it: a restart, a pause, and SIGKILL of one that stands still."""
    start("flood")
    wait_for(lambda: line_number("flood") > 2000, "the first lines")
    run("systemctl", "restart", "systemd-journald")
    pid = journald()
    os.kill(pid, signal.SIGSTOP)
    time.sleep(1)
    os.kill(pid, signal.SIGCONT)
    # What it has read and not written dies with it: so it is killed when it has nothing to do.
    wait_for(lambda: line_number("flood") == 9999, "all lines before the gate")
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: stat_of(pid)[0] == "T", "it to stand still")
    with open(GO, "w", encoding="ascii"):
        pass
    time.sleep(1)
    os.kill(pid, signal.SIGKILL)
    another_journald(pid)
    wait_life("flood", "EXITED")
    check_numbers("20,000 lines, each once, in order", lines("flood"), 20000)


def numbers_and_kills():
    """An entry that journald has read and not written dies with it, and nothing else."""
    kills = 0
    start("killed")
    for part in (3000, 8000, 13000):
        wait_for(lambda part=part: line_number("killed") > part, f"{part} lines")
        pid = journald()
        os.kill(pid, signal.SIGKILL)
        another_journald(pid)
        kills += 1
    wait_life("killed", "EXITED")
    got = [int(line) for line in lines("killed")]
    check("in order", got == sorted(set(got)), True)
    print(f"    {kills} times killed in the middle of its work, {20000 - len(got)} lines lost")
    check("at most one lost each time", 20000 - len(got) <= kills, True)


def backpressure():
    pid = journald()
    os.kill(pid, signal.SIGSTOP)
    start("thick")
    wait_for(lambda: written() > 0, "the first thick lines")
    try:
        at = stands_still()
        print(f"    it waits in line {at}")
        check("it waits", 1000 < at < 5999, True)
        check("the daemon does not", "RUNNING" in run("mainstayctl", "status", "thick"), True)
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_life("thick", "EXITED")
    check_numbers("and nothing is lost", [line.split()[0] for line in lines("thick")], 6000)


def upgraded():
    """The daemon becomes another one while journald stands still."""
    start("lasting")
    wait_for(lambda: line_number("lasting") > 1000, "the first lines")
    pid = journald()
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(1)
        run("mainstayctl", "upgrade")
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_life("lasting", "EXITED")
    check_numbers("over an upgrade", lines("lasting"), 20000)
    wait_for(lambda: [e for e in entries("SYSLOG_IDENTIFIER=mainstayd")
                      if message(e) == b"mainstayd was upgraded in place"], "its entry")
    print("ok which the journal knows of")


def odd_lines():
    start("odd")
    wait_life("odd", "EXITED")
    got = entries("SYSLOG_IDENTIFIER=odd")
    check("a line of 3 MiB", message(got[0]), b"big " + b"0123456789abcdef" * (3 * 65536))
    check("binary", message(got[1]), b"binary \x00\x01\xff\xfe\x1b[31m\t")
    check("the others", [(message(e), e["PRIORITY"], e.get("MAINSTAY_LINE_BREAK"))
                         for e in got[2:]],
          [(b"", "6", None), (b"an error", "3", None), (b"a detail", "7", None),
           (b"<8>as it is", "6", None), (b"no end", "6", "eof")])


def shape(entry):
    """What the timeline is compared by."""
    names = ("MAINSTAY_STATE", "MAINSTAY_FROM", "EXIT_CODE", "EXIT_STATUS", "PRIORITY",
             "MAINSTAY_STREAM")
    return (message(entry).decode().replace(entry.get("MAINSTAY_PID", "?"), "PID"),
            " ".join(entry[name] for name in names if name in entry))


def timeline():
    start("api")
    wait_life("api", "EXITED")
    got = entries("MAINSTAY_PROGRAM=api")
    check("the life of api and its lines", [shape(e) for e in got], [
        ("api is being started", "STARTING STOPPED 6"),
        ("api runs with pid PID", "RUNNING STARTING 6"),
        ("one", "6 stdout"),
        ("two", "6 stdout"),
        ("the end", "6 stdout"),
        ("api exited with status 3, which is not expected", "EXITED RUNNING exited 3 4"),
    ])
    check("one pid", len({e["MAINSTAY_PID"] for e in got[1:]}), 1)
    check("one group", {e["MAINSTAY_GROUP"] for e in got}, {"api"})
    check("in one unit", {e["_SYSTEMD_UNIT"] for e in got}, {"mainstay.service"})
    check("ids", len({e["MESSAGE_ID"] for e in got if "MESSAGE_ID" in e}), 3)
    wait_life("member", "RUNNING")
    check("a group", [e["MAINSTAY_GROUP"] for e in
                      entries("MAINSTAY_PROGRAM=member", "MAINSTAY_STATE=RUNNING")], ["team"])


def given_up():
    subprocess.run(["mainstayctl", "start", "broken"], check=False, timeout=LIMIT,
                   capture_output=True)
    wait_life("broken", "FATAL")
    killed = "broken did not come up: killed by SIGKILL; failed starts so far: "
    check("a program that is given up", [shape(e) for e in entries("MAINSTAY_PROGRAM=broken")], [
        ("broken is being started", "STARTING STOPPED 6"),
        ("no", "6 stdout"),
        (killed + "1", "BACKOFF STARTING killed 9 4"),
        ("broken is being started", "STARTING BACKOFF 6"),
        ("no", "6 stdout"),
        (killed + "2", "BACKOFF STARTING killed 9 4"),
        ("broken is given up: killed by SIGKILL", "FATAL BACKOFF 3"),
    ])


def jobs():
    run("mainstayctl", "run", "good")
    subprocess.run(["mainstayctl", "run", "bad"], check=False, timeout=LIMIT, capture_output=True)
    wait_for(lambda: entries("MAINSTAY_JOB=bad", "MAINSTAY_STATE=FAILED"), "the bad job's end")
    good = entries("MAINSTAY_JOB=good")
    check("a job", [e.get("MAINSTAY_STATE", message(e).decode()) for e in good],
          ["RUNNING", "at work", "SUCCEEDED"])
    check("its time", 0 <= int(good[-1]["MAINSTAY_DURATION_USEC"]) < 60e6, True)
    check("its result", (good[-1]["MAINSTAY_RESULT"], good[-1]["EXIT_STATUS"]),
          ("exit status 0", "0"))
    check("a job that fails",
          [(e["MAINSTAY_STATE"], e.get("EXIT_STATUS"), e.get("MAINSTAY_RESULT"), e["PRIORITY"])
           for e in entries("MAINSTAY_JOB=bad")],
          [("RUNNING", None, None, "6"), ("RETRYING", "7", "exit status 7", "4"),
           ("RUNNING", None, None, "6"), ("FAILED", "7", "exit status 7", "3")])


def planned():
    run("mainstayctl", "shutdown", "--in", "20d", "--action", "reboot")
    run("mainstayctl", "shutdown", "--cancel")
    wait_for(lambda: len(entries("MAINSTAY_ACTION=reboot")) == 2, "both decisions")
    check("a reboot that is planned", [
        (e["PRIORITY"], e["MAINSTAY_CAUSE"], int(e["MAINSTAY_WHEN_USEC"]) > time.time() * 1e6,
         message(e).split(b" by hand: reboot at ")[0], e["MAINSTAY_RESULT"] == e["MESSAGE"])
        for e in entries("MAINSTAY_ACTION=reboot")],
        [("6", "hand", True, b"planned", True), ("5", "hand", True, b"cancelled", True)])


def catalog():
    run("install", "-D", "root/usr/local/lib/systemd/catalog/mainstay.catalog",
        "/usr/local/lib/systemd/catalog/mainstay.catalog")
    run("journalctl", "--update-catalog")
    text = run("journalctl", "-x", "MAINSTAY_PROGRAM=broken", "MAINSTAY_STATE=FATAL")
    check("journalctl -x explains",
          "Subject: The process broken cannot be started and is given up" in text and
          "journalctl MAINSTAY_PROGRAM=broken" in text and
          "man:mainstay-journal(7)" in text, True)


def own_log():
    mine = ["_SYSTEMD_UNIT=mainstay.service", "SYSLOG_IDENTIFIER=mainstayd"]
    own = [e for e in entries(*mine) if "MESSAGE_ID" not in e]
    spawned = [e for e in own if message(e).startswith(b"spawned: 'api' with pid ")]
    check("the daemon's own lines, each once", [e["PRIORITY"] for e in spawned], ["6"])
    check("with their level",
          {e["PRIORITY"] for e in own if message(e).startswith(b"exited: api")}, {"4"})
    check("and the daemon's start", [message(e) for e in entries(*mine)
                                     if message(e) == b"mainstayd has started"],
          [b"mainstayd has started"])


def where_to_look():
    code = subprocess.run(["mainstayctl", "tail", "api"], capture_output=True, text=True,
                          check=False, timeout=LIMIT)
    check("tail says where", code.stdout.strip(),
          "api: ERROR (no log file: see journalctl MAINSTAY_PROGRAM=api)")
    run("mainstayctl", "clear", "api")
    print("ok clear")


def the_end():
    run("systemctl", "stop", "mainstay")
    got = [message(e).decode() for e in entries("SYSLOG_IDENTIFIER=mainstayd")
           if "MESSAGE_ID" in e][-4:]
    check("the last entries", [got[0], got[-1]],
          ["mainstayd is going down", "mainstayd has stopped"])


def main():
    if sys.argv[1:]:
        rest = [int(word) for word in sys.argv[2:]]
        {"flood": flood, "thick": thick, "odd": odd}[sys.argv[1]](*rest)
        return
    run("systemctl", "start", "mainstay")
    for part in (timeline, given_up, jobs, planned, catalog, own_log, where_to_look, odd_lines, numbers,
                 backpressure, upgraded, numbers_and_kills, the_end):
        print("---", part.__name__, flush=True)
        part()


main()
