"""For scenarios: a real S3 server on loopback, by scripts/swift-s3.

PORT = start()
try:
    put("bucket", {"key": b"data"})
finally:
    stop()
"""
import os
import random
import shutil
import socket
import subprocess
import tempfile

PROGRAM = os.environ["ROOT"] + "/scripts/swift-s3"
DEADLINE = 120


def choose_folder():
    """Swift flushes every object; in memory, where that can hold attributes, that is quick."""
    otherwise = os.path.abspath("swift")
    try:
        folder = tempfile.mkdtemp(prefix="mainstay-swift-", dir="/dev/shm")
    except OSError:
        return otherwise
    try:
        os.setxattr(folder, "user.swift", b"x")
        return folder
    except OSError:
        os.rmdir(folder)
        return otherwise


FOLDER = choose_folder()


def swift(*words, want=0):
    result = subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=False,
                            timeout=DEADLINE, errors="surrogateescape")
    assert result.returncode == want, result
    return result


def start():
    """On four neighbouring ports that are free; somebody may be faster, so it is tried again."""
    for _ in range(10):
        port = random.randrange(20000, 32000)
        try:
            with socket.socket() as s:
                s.bind(("127.0.0.1", port))
        except OSError:
            continue
        result = subprocess.run([PROGRAM, "start", FOLDER, str(port)], capture_output=True,
                                text=True, check=False, timeout=DEADLINE)
        if result.returncode == 0:
            return port
        assert "is taken" in result.stderr, result
    raise AssertionError("no four free ports")


def stop():
    subprocess.run([PROGRAM, "stop", FOLDER], check=False, timeout=DEADLINE)
    shutil.rmtree(FOLDER, ignore_errors=True)


def put(bucket, objects):
    """Uploads {key: bytes}."""
    words = []
    with tempfile.TemporaryDirectory() as folder:
        for i, (key, data) in enumerate(objects.items()):
            path = f"{folder}/{i}"
            with open(path, "wb") as file:
                file.write(data)
            words += [path, key]
        swift("put", FOLDER, bucket, *words)


def tree(path):
    """Every file below a folder, as {relative path: bytes}."""
    found = {}
    for folder, _, names in os.walk(path):
        for name in names:
            full = os.path.join(folder, name)
            with open(full, "rb") as file:
                found[os.path.relpath(full, path)] = file.read()
    return found
