"""For scenarios: mainstay-net notify without a daemon; the test is its daemon."""
import os
import re
import subprocess

from daemon import BUILD, content

SECRET = "tO-nobody-4711"


class Net:
    """mainstay-net in a folder of its own; `more` are its settings, and `around` what it runs in."""

    def __init__(self, name, around=(), env=os.environ, **more):
        self.name = name
        self.log = f"{name}.log"
        self.spool = os.path.abspath(f"{name}.spool")
        settings = {"NAME": name, "QUIET": "0", "RETRY_DELAY": "20ms", "RETRY_DELAY_MAX": "100ms",
                    "SPOOL": self.spool, **more}
        self.env = {k: v for k, v in env.items() if k != "STATE_DIRECTORY"}
        self.env.update({f"MAINSTAY_NOTIFY_{k}": v for k, v in settings.items() if v is not None})
        self.around = list(around)
        self.serial = 0
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*self.around, BUILD + "/mainstay-net", "notify"], env=self.env,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        self.expect(b"READY\n")

    def expect(self, answer):
        got = b""
        while len(got) < len(answer):
            part = self.process.stdout.read(len(answer) - len(got))
            if not part:
                break
            got += part
        if got != answer:
            raise AssertionError(f"{got!r} instead of {answer!r}: {content(self.log)}")

    def send(self, kind, payload):
        head = (f"ver:3.0 server:supervisor serial:{self.serial} pool:{self.name} "
                f"poolserial:{self.serial} eventname:{kind} len:{len(payload)}\n")
        self.serial += 1
        self.process.stdin.write((head + payload).encode())
        self.process.stdin.flush()

    def event(self, kind, payload):
        self.send(kind, payload)
        self.expect(b"RESULT 2\nOKREADY\n")

    def fatal(self, name):
        self.event("PROCESS_STATE_FATAL", f"processname:{name} groupname:{name} from_state:BACKOFF")

    def waiting(self):
        return sorted(f for f in os.listdir(self.spool) if re.fullmatch(r"[0-9a-f]{16}", f))

    def kill(self):
        self.process.kill()
        self.process.wait(30)
        self.process.stdin.close()
        self.process.stdout.close()

    def end(self):
        """By the end of its input; its exit status."""
        self.process.stdin.close()
        status = self.process.wait(30)
        self.process.stdout.close()
        return status

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.process.poll() is None:
            self.kill()
        if kind:
            print(content(self.log))


def given_up(*names):
    return [f"{name} has given up: no start of it has succeeded" for name in names]
