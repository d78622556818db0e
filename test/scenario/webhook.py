"""For scenarios: an HTTP server of ours that takes messages, refuses them, or does not answer.

A Webhook has a port of its own from the beginning, but nobody is there until listen().
"""
import http.server
import json
import socket
import ssl
import subprocess
import threading

from daemon import wait_for


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.take("POST")

    def do_GET(self):
        self.take("GET")

    def do_CONNECT(self):
        self.take("CONNECT")

    def take(self, method):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        status, headers = self.server.hook.asked(method, self.path, body, self.headers)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def finish_request(self, request, client_address):
        if self.tls:
            request = self.tls.wrap_socket(request, server_side=True)  # in a thread of its own
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        pass  # clients may leave: that is what some tests are about


class Authority:
    """One that certifies servers, with its certificate in `file`: all in the current folder."""

    def __init__(self, name):
        self.name = name
        self.file = f"{name}.pem"
        self.openssl("req", "-x509", "-days", "30", "-subj", f"/CN={name}", *self.key(name),
                     "-out", self.file)

    @staticmethod
    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=60)

    @staticmethod
    def key(name):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                f"{name}.key")

    def server(self, host):
        """What a server needs to be `host`, as in IP:127.0.0.1."""
        name = f"{self.name}-{host.replace(':', '-')}"
        with open(f"{name}.ext", "w", encoding="ascii") as file:
            file.write(f"subjectAltName={host}\n")
        self.openssl("req", "-subj", "/CN=server", *self.key(name), "-out", f"{name}.csr")
        self.openssl("x509", "-req", "-days", "30", "-in", f"{name}.csr", "-CA", self.file, "-CAkey",
                     f"{self.name}.key", "-CAcreateserial", "-extfile", f"{name}.ext", "-out",
                     f"{name}.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{name}.pem", f"{name}.key")
        return context


class Webhook:
    """`answers`: what is answered first, one after the other; then 200. None: no answer at all.

    With `tls`, an ssl.SSLContext, it speaks https.
    """

    def __init__(self, answers=(), tls=None):
        self.answers = list(answers)
        self.requests = []  # (method, path, body), of each attempt
        self.taken = []  # bodies that were answered with 200
        self.lock = threading.Lock()
        self.end = threading.Event()
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", 0))  # a port that nobody else gets
        self.port = self.socket.getsockname()[1]
        self.tls = tls
        self.server = None

    def url(self, path="/"):
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}{path}"

    def listen(self):
        self.server = Server(("127.0.0.1", self.port), Handler, bind_and_activate=False)
        self.server.hook = self
        self.server.socket.close()
        self.server.socket = self.socket
        self.server.server_name, self.server.server_port = "localhost", self.port
        self.server.server_activate()
        self.server.tls = self.tls
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05},
                         daemon=True).start()
        return self

    def asked(self, method, path, body, headers):
        with self.lock:
            self.requests.append((method, path, body))
            answer = self.answers.pop(0) if self.answers else 200
        if answer is None:
            self.end.wait(60)
            raise ConnectionAbortedError
        status, more = answer if isinstance(answer, tuple) else (answer, {})
        if status == 200:
            with self.lock:
                self.taken.append(body)
        return status, more

    def notes(self):
        with self.lock:
            return [json.loads(body) for body in self.taken if body]

    def texts(self):
        return [note["text"] for note in self.notes()]

    def wait(self, count):
        wait_for(lambda: len(self.taken) >= count, f"{count} messages, not {self.taken}")
        return self.notes()

    def wait_asked(self, count):
        wait_for(lambda: len(self.requests) >= count, f"{count} requests, not {self.requests}")

    def close(self):
        self.end.set()
        if self.server:
            self.server.shutdown()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.close()
