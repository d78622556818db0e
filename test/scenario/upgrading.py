"""For scenarios of upgrades in place."""
import os
import signal

from daemon import BUILD, wait_for, write

# A new version that is held up on its way: PREPARE runs when the old one is gone already. No
# shell: that would reap children which are not its own.
LATE = """#!/usr/bin/python3 -S
import os, sys, time
program = "%s"
if "MAINSTAY_HANDOVER" in os.environ:
%s
os.execv(program, [sys.argv[0]] + sys.argv[1:])
"""


def late(name, prepare):
    lines = "".join(f"    {line}\n" for line in prepare.split("\n"))
    write(name, LATE % (BUILD + "/mainstayd", lines), 0o755)
    return os.path.abspath(name)


def info(d):
    return d.call("mainstay.getDaemonInfo")


def done(d, before):
    """Becomes true when the daemon has been upgraded once more; says it when it was refused."""
    now = info(d)
    if now["refused"]:
        raise AssertionError(now["refused"])
    return now["upgrades"] > before


def upgrade(d, program="", by_signal=False):
    before = info(d)["upgrades"]
    if by_signal:
        d.process.send_signal(signal.SIGUSR1)
    else:
        d.call("mainstay.upgrade", program)
    wait_for(lambda: done(d, before), "the upgrade")


def patched(name, old, new):
    """A mainstayd in which one of its words is another one, of the same length."""
    with open(BUILD + "/mainstayd", "rb") as file:
        program = file.read()
    if old not in program or len(old) != len(new):
        raise AssertionError(f"there is no {old} in mainstayd")
    with open(name, "wb") as file:
        file.write(program.replace(old, new))
    os.chmod(name, 0o755)
    return os.path.abspath(name)
