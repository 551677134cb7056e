"""A way to a registry on which manifests get lost: everything else goes through, as where a connection dies late."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_BETWEEN = ("connection", "transfer-encoding", "content-length")
"""Headers that are about one connection."""


@contextmanager
def losing_manifests(registry: str) -> Iterator[str]:
    """The address of a proxy to the registry at `registry`; a manifest that is put there is answered with 500."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.command == "PUT" and "/manifests/" in self.path:
                self._answer(500, [], b"{}")
                return
            connection = http.client.HTTPConnection(registry, timeout=10)
            kept = {name: text for name, text in self.headers.items() if name.lower() not in _BETWEEN}
            connection.request(self.command, self.path, body, kept)
            answer = connection.getresponse()
            self._answer(answer.status, answer.getheaders(), answer.read())
            connection.close()

        def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            self.send_response(status)
            for name, text in headers:
                if name.lower() not in _BETWEEN:
                    self.send_header(name, text)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = _forward  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
