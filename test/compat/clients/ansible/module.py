#!/usr/bin/python3
# Runs community.general's supervisorctl module, as it is installed, once for each line of
# standard input: the module's arguments in JSON. Prints what it answers, a line each.
# It is the module alone, without the second that ansible-playbook adds to each task.
import json
import os
import sys

from ansible.module_utils import basic
from ansible_collections.community.general.plugins.modules import supervisorctl


def run(arguments, out):
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
    os.dup2(out, 1)
    try:
        supervisorctl.main()
    except SystemExit:
        pass
    except BaseException as error:  # what a module does not foresee is an answer too
        print(json.dumps({"failed": True, "exception": f"{type(error).__name__}: {error}"}))
    sys.stdout.flush()


def answer(arguments):
    """The module ends its process, so it gets one of its own."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        run(arguments, write_end)
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as file:
        text = file.read()
    os.waitpid(pid, 0)
    return text.strip()


for line in sys.stdin:
    print(answer(json.loads(line)), flush=True)
