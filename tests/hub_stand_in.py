"""A stand-in for the hub on loopback: as much of its API as a Parquet set is fetched by.

Each file can misbehave in turn, request by request: see ``Play``.
"""

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
HOLD_SECONDS = 30


@dataclass
class Play:
    """How one request for a file is answered."""

    breaks_after: int | None = None
    """The connection ends after so many bytes of the answer."""
    holds_after: int | None = None
    """After so many, the server waits until it is released."""
    status: int | None = None
    """An error instead of an answer."""


@dataclass
class Repository:
    """One data set: its only commit, the files there, and how they are given out."""

    commit: str
    files: dict[str, bytes] = field(default_factory=dict)
    gated: bool = False
    """Terms must be accepted before anything is told."""
    locked: bool = False
    """Terms must be accepted before a file is given; of what there is everybody is told."""
    refuses: tuple[int, str] | None = None
    """Status and message of the answer to whatever is asked."""
    licence: str | None = None
    altered: dict[str, bytes] = field(default_factory=dict)
    """What is given out in place of what is listed."""
    elsewhere: bool = False
    """Files are given out by another host, to which requests for them are sent on."""
    tokens: list[tuple[str, str]] = field(default_factory=list)
    """Host and credentials of every request for a file's content."""
    ranges: bool = True
    """Whether a part of a file may be asked for."""
    plays: dict[str, list[Play]] = field(default_factory=dict)
    """Of each file, how the next requests for it are answered."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Path and range of every request for a file's content."""
    holding: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


@contextmanager
def stand_in_hub(repositories: Mapping[str, Repository]) -> Iterator[str]:
    """Serve the repositories, by ``<org>/<name>``; yield the endpoint."""
    server = _Server(repositories)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
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

    def handle_error(self, *_: object) -> None:
        """Say nothing of a client that went away."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.startswith("/elsewhere/"):
            self._sent_on()
            return
        route = ROUTE.fullmatch(unquote(urlsplit(self.path).path))
        repository = self.server.repositories.get(route["repo"]) if route else None
        if route is None or repository is None:
            self._refuse(HTTPStatus.NOT_FOUND, "RepoNotFound")
        elif repository.refuses is not None:
            self._refuse(HTTPStatus(repository.refuses[0]), "", repository.refuses[1])
        elif repository.gated or (repository.locked and route["kind"] == "resolve"):
            self._refuse(HTTPStatus.FORBIDDEN, "GatedRepo")
        elif route["commit"] != repository.commit:
            self._refuse(HTTPStatus.NOT_FOUND, "RevisionNotFound")
        elif route["kind"] == "revision":
            self._json(_info(route["repo"], repository))
        elif route["kind"] == "tree":
            self._json(_entries(repository.files, route["path"]))
        elif repository.elsewhere and route["path"] in repository.files and self._is_get():
            repository.tokens.append((self._host(), self.headers.get("Authorization", "")))
            other = f"http://localhost:{self.server.server_port}/elsewhere"
            location = f"{other}/{route['repo']}/{route['path']}"
            self._answer(HTTPStatus.FOUND, b"", {"Location": location})
        elif route["path"] in repository.files:
            self._file(repository, route["path"])
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "EntryNotFound")

    def _sent_on(self) -> None:
        organisation, name, path = unquote(self.path).removeprefix("/elsewhere/").split("/", 2)
        self._file(self.server.repositories[f"{organisation}/{name}"], path)

    do_HEAD = do_GET  # noqa: N815 - the name that the server looks for

    def _file(self, repository: Repository, path: str) -> None:
        listed = repository.files[path]
        content = repository.altered.get(path, listed)
        headers = {
            "X-Repo-Commit": repository.commit,
            "ETag": f'"{hashlib.sha256(listed).hexdigest()}"',
        }
        if self.command == "HEAD":
            self._answer(HTTPStatus.OK, content, headers)
            return
        asked = self.headers.get("Range", "")
        repository.asked.append((path, asked))
        repository.tokens.append((self._host(), self.headers.get("Authorization", "")))
        play = repository.plays[path].pop(0) if repository.plays.get(path) else Play()
        status = HTTPStatus.OK
        if play.status is not None:
            self._refuse(HTTPStatus(play.status), "")
            return
        if asked and repository.ranges:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            content, status = content[start:], HTTPStatus.PARTIAL_CONTENT
        self._answer(status, content, headers, play, repository)

    def _is_get(self) -> bool:
        return self.command == "GET"

    def _host(self) -> str:
        return self.headers.get("Host", "").partition(":")[0]

    def _refuse(self, status: HTTPStatus, code: str, message: str | None = None) -> None:
        self._answer(status, b"", {"X-Error-Code": code, "X-Error-Message": message or code})

    def _json(self, value: object) -> None:
        content = json.dumps(value).encode()
        self._answer(HTTPStatus.OK, content, {"Content-Type": "application/json"})

    def _answer(
        self,
        status: HTTPStatus,
        content: bytes,
        headers: Mapping[str, str],
        play: Play | None = None,
        repository: Repository | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if play is not None and play.breaks_after is not None:
            content = content[: play.breaks_after]
            self.close_connection = True
        if play is not None and repository is not None and play.holds_after is not None:
            self.wfile.write(content[: play.holds_after])
            self.wfile.flush()
            repository.holding.set()
            repository.released.wait(HOLD_SECONDS)
            content = content[play.holds_after :]
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _info(name: str, repository: Repository) -> dict[str, Any]:
    """Tell what there is, as the hub does: large files are kept beside git, under a SHA-256."""
    siblings = []
    for path, content in repository.files.items():
        sibling: dict[str, Any] = {
            "rfilename": path,
            "size": len(content),
            "blobId": hashlib.sha1(
                b"blob %d\0" % len(content) + content, usedforsecurity=False
            ).hexdigest(),
        }
        if path.startswith("data/"):
            digest = hashlib.sha256(content).hexdigest()
            sibling["lfs"] = {"sha256": digest, "size": len(content), "pointerSize": 130}
        siblings.append(sibling)
    told: dict[str, Any] = {
        "id": name,
        "sha": repository.commit,
        "siblings": siblings,
        "gated": "manual" if repository.locked else False,
    }
    if repository.licence is not None:
        told["cardData"] = {"license": repository.licence}
    return told


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
