"""A model server in this process, for models whose image is its address."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class ModelServer:
    """Answers every line with its length, once its gate is open.

    `answer` may stand for another model: it takes a request body and returns a status and a body.
    """

    def __init__(self, answer=None, gated=False):
        self._answer = answer or (lambda body: (200, lengths(body)))
        self.gate = threading.Event()
        self.arrived = threading.Event()
        if not gated:
            self.gate.set()
        self.requests = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.reply(200 if self.path == "/ping" else 404, b"")

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                owner.requests.append((dict(self.headers), body))
                owner.arrived.set()
                owner.gate.wait(60)
                try:
                    self.reply(*owner._answer(body))
                except ConnectionError:
                    pass  # whoever asked has been stopped

            def reply(self, status, body):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Content-Type", "text/csv")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"


def lengths(body):
    return b"".join(b"%d\n" % len(line) for line in body.splitlines())
