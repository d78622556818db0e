"""For scenarios: a mainstay-sync that does what it is told, beside a mainstayd that finds it there.

fakesync.install()
with Daemon(CONFIG) as d:
    fakesync.order("say STATUS=half way", "exit 0")
"""
import json
import os
import shutil
import stat

import daemon
from daemon import content, wait_for, write

SCRIPT = r"""#!/usr/bin/python3
import json, os, socket, sys

def say(text):
    name = os.environ["NOTIFY_SOCKET"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.connect("\0" + name[1:] if name[0] == "@" else name)
        s.send(text.replace("|", "\n").encode())

def obey(line):
    word, _, rest = line.strip().partition(" ")
    if word == "say":
        say(rest)
    elif word == "exit":
        sys.exit(int(rest))

os.chdir(os.path.dirname(os.path.abspath(__file__)) + "/..")
with open("runs", "a") as file:
    file.write(json.dumps({"argv": sys.argv[1:], "env": dict(os.environ)}) + "\n")
if os.path.exists("always"):
    for line in open("always"):
        obey(line)
orders = os.fdopen(os.open("orders", os.O_RDWR), "r")
while True:
    obey(orders.readline())
"""


def install():
    """From now on Daemon is the one beside it."""
    os.mkdir("fake")
    for name in ("mainstayd", "mainstayctl"):
        shutil.copy(os.path.join(daemon.BUILD, name), "fake")
    write("fake/mainstay-sync", SCRIPT, stat.S_IRWXU)
    os.mkfifo("orders")
    daemon.BUILD = os.path.abspath("fake")


def order(*lines):
    """One line each: "say WORD=VALUE|WORD=VALUE", "exit CODE". The next sync reads what is left."""
    opened = []

    def opens():
        try:
            opened.append(os.open("orders", os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            return False  # nobody reads it yet
        return True

    wait_for(opens, "a sync that takes orders")
    with os.fdopen(opened[0], "w") as file:
        file.write("".join(line + "\n" for line in lines))


def always(*lines):
    """What each sync does from now on, before it looks at orders."""
    write("always.new", "".join(line + "\n" for line in lines))
    os.rename("always.new", "always")


def runs():
    """What each one was started with: argv, env."""
    return [json.loads(line) for line in content("runs").splitlines()]


def wait_runs(count):
    wait_for(lambda: len(runs()) >= count, f"{count} syncs")
