#!/usr/bin/python3
# An event listener in the manner of superlance, on Debian's supervisor.childutils.
#   listener.py ROLE FILE [URL]     what it noticed and did, it writes to FILE, a line each
# It calls the daemon in the middle of an event: getRPCInterface always sends an Authorization
# header, stopProcess and startProcess wait, and meanwhile other events pile up for it.
import os
import sys
import time
import urllib.error
import urllib.request
import xmlrpc.client

from supervisor import childutils
from supervisor.states import ProcessStates

RSS_MAX = 100 << 20  # bytes that memmon lets a process have
PATIENCE = 20  # seconds that httpok waits for a program that it has restarted


class Listener:
    def __init__(self, role, path, url=None):
        self.handle = getattr(self, role)
        self.path = path
        self.url = url
        self.batch = []
        self.rpc = childutils.getRPCInterface(os.environ)

    def say(self, *words):
        with open(self.path, "a", encoding="utf-8") as file:
            print(*words, file=file)

    def run(self):
        while True:
            headers, payload = childutils.listener.wait()
            try:
                self.handle(headers, payload)
            except (OSError, xmlrpc.client.Error) as error:
                self.say("failed:", error)
            childutils.listener.ok()

    def restart(self, spec):
        """As superlance does: both calls wait, and the state is looked at before and after."""
        before = self.rpc.supervisor.getProcessInfo(spec)
        stopped = self.rpc.supervisor.stopProcess(spec)
        between = self.rpc.supervisor.getProcessInfo(spec)["statename"]
        started = self.rpc.supervisor.startProcess(spec)
        after = self.rpc.supervisor.getProcessInfo(spec)
        self.say(spec, before["statename"], stopped, between, started, after["statename"],
                 "another pid" if after["pid"] != before["pid"] else "the same pid")

    def memmon(self, headers, _payload):
        for info in self.rpc.supervisor.getAllProcessInfo():
            if info["pid"] and rss(info["pid"]) > RSS_MAX:
                self.say(headers["eventname"], info["group"], info["name"], "is too large")
                self.restart(f"{info['group']}:{info['name']}")
                done = self.rpc.supervisor.sendRemoteCommEvent("memmon", f"größe {info['name']}")
                self.say("told", done)

    def httpok(self, headers, _payload):
        if self.answers():
            return
        specs = [f"{i['group']}:{i['name']}" for i in self.rpc.supervisor.getAllProcessInfo()
                 if i["group"] == "site" and i["state"] == ProcessStates.RUNNING]
        self.say(headers["eventname"], "no answer", *specs)
        for spec in specs:
            self.restart(spec)
        deadline = time.monotonic() + PATIENCE
        while not self.answers() and time.monotonic() < deadline:
            time.sleep(0.1)
        self.say("answers" if self.answers() else "still no answer")

    def answers(self):
        try:
            with urllib.request.urlopen(self.url, timeout=5) as response:
                return response.status == 200
        except (urllib.error.URLError, OSError):
            return False

    # supervisord gives an event that one listener has rejected to every pool of its priority

    def crashmail(self, headers, payload):
        if headers["eventname"] != "PROCESS_STATE_EXITED":
            return
        pheaders, _ = childutils.eventdata(payload + "\n")
        if pheaders["expected"] == "1":
            return
        pheaders["pid"] = "a pid" if int(pheaders["pid"]) > 0 else "no pid"
        self.say(headers["eventname"], *(f"{k}={v}" for k, v in pheaders.items()))

    def fatalmailbatch(self, headers, payload):
        if headers["eventname"].startswith("TICK"):
            for line in self.batch:
                self.say(headers["eventname"], line)
            self.batch = []
            return
        if headers["eventname"] != "PROCESS_STATE_FATAL":
            return
        pheaders, _ = childutils.eventdata(payload + "\n")
        self.batch.append(" ".join([headers["eventname"], *pheaders.values()]))

    def dependent(self, headers, payload):
        """Starts what waits for `base`, once that runs."""
        if headers["eventname"] != "PROCESS_STATE_RUNNING":
            return
        pheaders, _ = childutils.eventdata(payload + "\n")
        if pheaders["processname"] != "base":
            return
        waiting = [c["name"] for c in self.rpc.supervisor.getAllConfigInfo()
                   if c["name"].startswith("needs-base") and not c["autostart"]]
        for name in waiting:
            state = self.rpc.supervisor.getProcessInfo(name)["statename"]
            self.say(name, state, self.rpc.supervisor.startProcess(name, False))

    def jobmail(self, headers, payload):
        """What mainstay tells of jobs; it asks the daemon in the middle of it."""
        facts, words = childutils.eventdata(payload)
        jobs = [job["name"] for job in self.rpc.mainstay.getAllJobInfo()]
        known = f"{facts['kind']}:{facts['jobname']}" in jobs
        self.say(headers["eventname"], *(f"{k}={v}" for k, v in facts.items()), known, repr(words))

    def remote(self, headers, payload):
        if headers["eventname"] != "REMOTE_COMMUNICATION":
            return
        self.say(headers["eventname"], headers["ver"], headers["server"], repr(payload))
        self.say(os.environ["SUPERVISOR_SERVER_URL"], os.environ["SUPERVISOR_PROCESS_NAME"],
                 os.environ["SUPERVISOR_GROUP_NAME"], os.environ["SUPERVISOR_ENABLED"])


def rss(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            lines = dict(line.split(":", 1) for line in file)
        return int(lines["VmRSS"].split()[0]) << 10
    except (OSError, KeyError):  # it has just ended
        return 0


Listener(*sys.argv[1:]).run()
