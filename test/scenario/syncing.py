"""For scenarios of mainstay-sync: the program, its environment, and what it leaves.

ENV.update(AWS_ACCESS_KEY_ID=..., AWS_ENDPOINT_URL=...); hide(SECRET)
sync("s3://bucket/prefix", "target", "--delete", want=0)
sys.exit(run_tests(globals()))
"""
import os
import signal
import subprocess
import sys
import time
import traceback

sys.path.insert(0, os.environ["ROOT"] + "/test/fixtures/s3")
PROGRAM = os.environ["BUILD"] + "/mainstay-sync"
DEADLINE = 60
# What is done often to find what is rare: there a part of it finds errors of memory, in less time.
SANITIZED = "asan" in os.path.basename(os.environ["BUILD"])
ENV = {k: v for k, v in os.environ.items()
       if not k.startswith("AWS_") and not k.lower().endswith("_proxy")}
ENV.update(LC_ALL="C.UTF-8", HOME="/nonexistent", AWS_EC2_METADATA_DISABLED="true")
secrets = set()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was made is taken away then, too


def hide(*texts):
    """What must never be said."""
    secrets.update(texts)


def start(*words, env=None, **more):
    return subprocess.Popen([PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, errors="surrogateescape", env={**ENV, **(env or {})}, **more)


def finish(process, want=0):
    """(standard output, standard error)"""
    try:
        out, err = process.communicate(timeout=DEADLINE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    text = out + err
    assert not any(secret in text for secret in secrets), text
    wants = want if isinstance(want, tuple) else (want,)
    assert process.returncode in wants, (process.returncode, out, err)
    return out, err


def sync(source, target, *options, want=0, env=None, **more):
    return finish(start(source, target, *options, env=env, **more), want)


def refused(*words, want, say):
    """A sync that fails, with one sentence on standard error that holds each of `say`."""
    _, err = sync(*words, want=want)
    assert err.startswith("mainstay-sync: ") and err.count("\n") == 1, err
    for word in (say,) if isinstance(say, str) else say:
        assert word in err, err
    return err


def tree(path):
    """Every file below a folder, as {relative path: bytes}, without the store of a target."""
    found = {}
    for folder, _, names in os.walk(path):
        for name in names:
            full = os.path.join(folder, name)
            with open(full, "rb") as file:
                found[os.path.relpath(full, path)] = file.read()
    return {k: v for k, v in found.items() if not k.startswith(".mainstay/")}


def store(target):
    """The folder beside an atomic target that holds its versions."""
    return os.path.join(os.path.dirname(target), f".{os.path.basename(target)}.mainstay")


def until(condition, what="it"):
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, f"waited too long for {what}"
        time.sleep(0.01)


def run_tests(names):
    """Runs every test_ function, in order, or those that the arguments name. The exit code."""
    failed = 0
    for name, test in list(names.items()):
        if not name.startswith("test_") or (sys.argv[1:] and name[5:] not in sys.argv[1:]):
            continue
        begun = time.monotonic()
        try:
            test()
            print(f"ok {name[5:]} ({time.monotonic() - begun:.1f} s)", flush=True)
        except Exception:  # pylint: disable=broad-except
            traceback.print_exc()
            print(f"not ok {name[5:]}", flush=True)
            failed += 1
    return 1 if failed else 0
