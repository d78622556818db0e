#!/usr/bin/python3
# Asks the questions of a file through Python's xmlrpc.client; see asking.py.
# With a socket, through the transport that Supervisor's own Python package brings.
import json
import os
import sys
import xmlrpc.client

from supervisor.xmlrpc import SupervisorTransport


def connect():
    if "ASK_SOCKET" in os.environ:
        transport = SupervisorTransport(os.environ.get("ASK_USER"), os.environ.get("ASK_PASSWORD"),
                                        "unix://" + os.environ["ASK_SOCKET"])
        return xmlrpc.client.ServerProxy("http://127.0.0.1", transport)
    return xmlrpc.client.ServerProxy(os.environ["ASK_URL"])


def multicall(proxy, calls):
    """As xmlrpc.client's own class has it."""
    many = xmlrpc.client.MultiCall(proxy)
    for method, *params in calls:
        getattr(many, method)(*params)
    return list(many())


def ask(proxy, method, params):
    try:
        if method == "own multicall":
            return {"value": multicall(proxy, params)}
        return {"value": getattr(proxy, method)(*params)}
    except xmlrpc.client.Fault as fault:
        return {"fault": [fault.faultCode, fault.faultString]}
    except xmlrpc.client.ProtocolError as error:
        return {"error": f"{error.errcode} {error.errmsg}"}
    except Exception as error:  # whatever this stack makes of an answer is what we compare
        return {"error": f"{type(error).__name__}: {error}"}


with open(sys.argv[1], encoding="utf-8") as file:
    questions = json.load(file)
with connect() as server:
    for _, name, arguments in questions:
        print(json.dumps(ask(server, name, arguments)), flush=True)
