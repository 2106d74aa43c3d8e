"""A stand-in for the hub on loopback: as much of its API as ``datasets`` asks for a Parquet set."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

ROUTE = re.compile(
    r"/(?P<api>api/)?datasets/(?P<repo>[^/]+/[^/]+)"
    r"/(?P<kind>revision|tree|resolve)/(?P<commit>[^/]+)/?(?P<path>.*)"
)


@dataclass
class Repository:
    """One data set: its only commit, the files there, and whether terms must be accepted."""

    commit: str
    files: dict[str, bytes] = field(default_factory=dict)
    gated: bool = False


@contextmanager
def stand_in_hub(repositories: Mapping[str, Repository]) -> Iterator[str]:
    """Serve the repositories, by ``<org>/<name>``; yield the endpoint."""
    server = _Server(repositories)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    def __init__(self, repositories: Mapping[str, Repository]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories = repositories


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        route = ROUTE.fullmatch(unquote(urlsplit(self.path).path))
        repository = self.server.repositories.get(route["repo"]) if route else None
        if route is None or repository is None:
            self._refuse(HTTPStatus.NOT_FOUND, "RepoNotFound")
        elif repository.gated:
            self._refuse(HTTPStatus.FORBIDDEN, "GatedRepo")
        elif route["commit"] != repository.commit:
            self._refuse(HTTPStatus.NOT_FOUND, "RevisionNotFound")
        elif route["kind"] == "revision":
            siblings = [{"rfilename": name} for name in repository.files]
            self._json({"id": route["repo"], "sha": repository.commit, "siblings": siblings})
        elif route["kind"] == "tree":
            self._json(_entries(repository.files, route["path"]))
        elif route["path"] in repository.files:
            content = repository.files[route["path"]]
            etag = f'"{hashlib.sha256(content).hexdigest()}"'
            self._answer(HTTPStatus.OK, content, {"X-Repo-Commit": repository.commit, "ETag": etag})
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "EntryNotFound")

    do_HEAD = do_GET  # noqa: N815 - the name that the server looks for

    def _refuse(self, status: HTTPStatus, code: str) -> None:
        self._answer(status, b"", {"X-Error-Code": code, "X-Error-Message": code})

    def _json(self, value: object) -> None:
        content = json.dumps(value).encode()
        self._answer(HTTPStatus.OK, content, {"Content-Type": "application/json"})

    def _answer(self, status: HTTPStatus, content: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _entries(files: Mapping[str, bytes], folder: str) -> list[dict[str, Any]]:
    """List a folder as the hub does: the files in it and its folders, one level deep."""
    names = {PurePosixPath(name): content for name, content in files.items()}
    here = PurePosixPath(folder)
    listed: list[dict[str, Any]] = [
        {
            "type": "file",
            "path": str(name),
            "size": len(content),
            "oid": hashlib.sha1(content, usedforsecurity=False).hexdigest(),
        }
        for name, content in names.items()
        if name.parent == here
    ]
    folders = {name.parent for name in names if name.parent.parent == here and name.parent != here}
    return listed + [
        {"type": "directory", "path": str(path), "size": 0, "oid": "0" * 40} for path in folders
    ]
