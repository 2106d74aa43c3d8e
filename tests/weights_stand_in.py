"""A server on loopback that hands files out in all the ways that a server can."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from harness.submissions.addresses import Origin


@dataclass
class Page:
    """What one path answers with."""

    content: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    ranges: bool = True
    """Whether a part may be asked for."""
    breaks_after: list[int] = field(default_factory=list)
    """Of each request in turn: how many bytes come before the connection breaks off."""
    says_length: bool = True
    holds_after: int | None = None
    """Of every request: how many bytes come before the server waits to be released."""
    repeats: int = 1
    """How often the content is sent, whatever the length says."""


@dataclass
class Site:
    """The server's pages, and what was asked of it."""

    pages: dict[str, Page]
    scheme: str = "http"
    port: int = 0
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def origin(self) -> Origin:
        return Origin(self.scheme, "127.0.0.1", self.port)

    def url(self, path: str) -> str:
        return f"{self.origin}{path}"


@contextmanager
def serving(
    pages: dict[str, Page], *, certificate: Path | None = None, key: Path | None = None
) -> Iterator[Site]:
    """Serve the pages on loopback; with a certificate, over TLS."""
    site = Site(pages, scheme="http" if certificate is None else "https")
    handler = type("Handler", (_Handler,), {"site": site})
    server = _Server(("127.0.0.1", 0), handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    site.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing of a client that went away."""


class _Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        self.site.asked.append((self.path, dict(self.headers.items())))
        page = self.site.pages.get(self.path)
        if page is None:
            self.send_error(404)
            return
        content, status, headers = page.content, page.status, dict(page.headers)
        asked = self.headers.get("Range")
        if asked and page.ranges:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            status = 206 if start < len(content) else 416
            headers.setdefault("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            content = content[start:]
        self.send_response(status)
        if page.says_length:
            headers.setdefault("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        most = page.breaks_after.pop(0) if page.breaks_after else len(content)
        if page.holds_after is not None:
            self.wfile.write(content[: page.holds_after])
            self.site.released.wait(30)
            content = content[page.holds_after :]
        for _ in range(page.repeats):
            self.wfile.write(content[:most])

    def log_message(self, *_: object) -> None:
        """Say nothing."""
