"""Servers that answer as they are told, and record what they were asked."""

import logging
import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple


class Request(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    headers: Dict[str, str]
    body: bytes


Reply = Tuple[int, Dict[str, str], bytes]
Script = Callable[[Request], Reply]


class Server:
    """An HTTP server on a free port of this machine. `with` ends it."""

    def __init__(self, script: Script, certificate: Optional[Tuple[str, str]] = None) -> None:
        self.requests: List[Request] = []
        requests = self.requests

        class Handler(BaseHTTPRequestHandler):
            """Hands everything to the script."""

            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                """One request."""
                length = int(self.headers.get("content-length", "0"))
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(self.command, self.path, headers, self.rfile.read(length))
                requests.append(request)
                status, fields, body = script(request)
                self.send_response(status)
                for name, value in fields.items():
                    self.send_header(name, value)
                if "Content-Length" not in fields:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)
                self.close_connection = True

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer

            def log_message(self, format: str, *args: object) -> None:  # pylint: disable=redefined-builtin
                """Says nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        scheme = "http"
        if certificate is not None:
            scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self.url = "%s://127.0.0.1:%d" % (scheme, self._server.server_address[1])

    def __enter__(self) -> "Server":
        self._thread.start()
        return self

    def __exit__(self, *_: Optional[object]) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def asked(self) -> List[str]:
        """`METHOD path` of each request, in order."""
        return ["%s %s" % (request.method, request.path) for request in self.requests]


class Heard(logging.Handler):
    """What the hooks log, as it came."""

    def __init__(self) -> None:
        super().__init__()
        self.said: List[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())
