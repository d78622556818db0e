"""For scenarios: Ceph's S3 server on loopback, by scripts/rgw-s3.

server = Rgw()
try:
    server.client.put_all("bucket", {"key": b"data"})
finally:
    server.stop()
"""
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.environ["ROOT"] + "/test/fixtures/s3")
# pylint: disable=wrong-import-position
from s3_client import Client  # noqa: E402

PROGRAM = os.environ["ROOT"] + "/scripts/rgw-s3"
DEADLINE = 120
ACCESS, SECRET = "AKRGW", "SKRGW+slash/plus"


def free_port():
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


class Rgw:
    def __init__(self, **env):
        """On four neighbouring ports that are free; somebody may be faster, so it is tried again."""
        self.folder = tempfile.mkdtemp(prefix="mainstay-rgw-", dir="/dev/shm")
        for _ in range(10):
            self.port = free_port()
            result = self.run("start", str(self.port), **env)
            if result.returncode == 0:
                break
            if "is taken" not in result.stderr:
                self.explain()
                self.stop()
                raise AssertionError(result)
        else:
            raise AssertionError("no four free ports")
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.tls = f"https://127.0.0.1:{self.port + 3}"
        self.certificate = self.folder + "/cert.pem"
        self.client = Client(self.endpoint, ACCESS, SECRET)

    def run(self, command, *words, **env):
        return subprocess.run([PROGRAM, command, self.folder, *words], capture_output=True,
                              text=True, check=False, timeout=DEADLINE, env={**os.environ, **env})

    def explain(self):
        for name in ("start.log", "ceph-mon.out", "ceph-osd.out", "radosgw.out"):
            try:
                with open(f"{self.folder}/log/{name}", encoding="utf-8", errors="replace") as file:
                    print(f"--- {name}\n{file.read()[-2000:]}", flush=True)
            except OSError:
                pass

    def stop(self):
        self.run("stop")
        shutil.rmtree(self.folder, ignore_errors=True)
