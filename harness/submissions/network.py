"""Ask a server for a file that an entry named: publicly, with bounds, and of nobody else.

The address comes from the entry, the machine that goes there is the organiser's. So every address
on the way, redirects included, is https and leads to the public internet: a name is looked up once,
all of its addresses are judged, and one that was judged is what is connected to. No credentials and
no cookies are sent, and no proxy of the environment is used, since it would look the name up anew.

The one exception is an origin that the organiser trusts: the hub, where the environment says it is.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urldefrag, urljoin

import httpcore2

from harness import __version__
from harness.errors import OrganiserError, SubmissionError
from harness.submissions.addresses import Origin, is_public, origin_of, wrong_with_url
from harness.submissions.faults import quoted

if TYPE_CHECKING:
    import ssl

MAX_REDIRECTS = 5
CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
"""Without a byte: it may be asked again."""

_TIMEOUTS = {"connect": CONNECT_SECONDS, "read": READ_SECONDS, "write": READ_SECONDS, "pool": 1.0}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HIDDEN = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_BUSY = 429
_HUB_SAYS = {
    "GatedRepo": "gives it only to accounts that have accepted its terms",
    "RepoNotFound": "has no such repository, or a private one",
    "RevisionNotFound": "has no such commit of the repository",
    "EntryNotFound": "has no such file in the repository",
}
"""By the hub's own word for it, in a header of its answer."""
_URL_CHARACTERS = "%/:=&?~#+!$,;'@()*[]"

OFFLINE = "connect, or fetch the file elsewhere and give its folder: --weights DIR"


class BrokenOffError(OrganiserError):
    """The connection or the server failed: what came so far is good, and it may be asked again."""


@contextmanager
def opened(
    url: str, start: int, *, trusted: Origin | None, deadline: float
) -> Iterator[httpcore2.Response]:
    """Ask for the content of ``url`` from byte ``start`` on; give the answer, 200, 206 or 416.

    ``deadline`` is a time of the monotonic clock that ends everything. Raises ``SubmissionError``
    for an address that may not be asked and for a refusal, ``BrokenOffError`` for what may pass.
    """
    headers: list[tuple[bytes | str, bytes | str]] = [
        ("User-Agent", f"frugal-ai-harness/{__version__}"),
        ("Accept-Encoding", "identity"),
    ]
    if start:
        headers.append(("Range", f"bytes={start}-"))
    for _ in range(MAX_REDIRECTS + 1):
        origin = _permitted(url, trusted)
        guard = _Guard(deadline, anywhere=origin == trusted)
        with (
            _explained(origin),
            httpcore2.ConnectionPool(network_backend=guard) as pool,
            pool.stream(
                "GET", url, headers=headers, extensions={"timeout": dict(_TIMEOUTS)}
            ) as response,
        ):
            if response.status not in _REDIRECTS:
                _check_status(response, origin)
                yield response
                return
            location = header(response, b"location")
        if not location:
            raise SubmissionError(f"{origin} redirects to nowhere", remedy="correct the address")
        url = _led_to(url, location, origin)
    raise SubmissionError(
        f"more than {MAX_REDIRECTS} redirects, the last to {origin_of(url) or 'nowhere'}",
        remedy="give the address that they lead to",
    )


def _led_to(url: str, location: str, origin: Origin) -> str:
    """Return where a redirect from ``url`` leads, spelled as servers do."""
    try:
        return urldefrag(urljoin(url, quote(location, safe=_URL_CHARACTERS))).url
    except ValueError:  # brackets that do not close, or with no IPv6 address in them
        raise SubmissionError(
            f"{origin} redirects to an address that is none: {quoted(location, 200)}",
            remedy="correct the address",
        ) from None


def header(response: httpcore2.Response, name: bytes) -> str:
    """Return a header of the answer; empty where there is none."""
    found = next((value for key, value in response.headers if key.lower() == name), b"")
    return found.decode("latin-1")


def _permitted(url: str, trusted: Origin | None) -> Origin:
    """Return whom ``url`` leads to; ``SubmissionError`` where that is nobody to be asked."""
    origin = origin_of(url)
    if origin is not None and origin == trusted:
        return origin
    wrong = wrong_with_url(url)
    if wrong or origin is None:
        raise SubmissionError(
            f"{quoted(url, 200)} {wrong or 'is not an https address'}",
            remedy="weights are fetched over https from public servers only",
        )
    return origin


def _check_status(response: httpcore2.Response, origin: Origin) -> None:
    status = response.status
    if status in {
        HTTPStatus.OK,
        HTTPStatus.PARTIAL_CONTENT,
        HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    }:
        return
    hub_says = _HUB_SAYS.get(header(response, b"x-error-code"))
    if status in _HIDDEN:
        raise SubmissionError(
            f"{origin} {hub_says or 'gives it to nobody without an account'} (status {status})",
            remedy="put it where everybody may read it; or download it with an account that may, "
            "and give its folder: --weights DIR. The harness itself sends no token",
        )
    if status in _GONE:
        raise SubmissionError(
            f"{origin} {hub_says or 'has no such file'} (status {status})",
            remedy="correct the address, the commit or the file's name",
        )
    if status == _BUSY or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise BrokenOffError(f"{origin} is in trouble (status {status})", remedy="try again later")
    raise SubmissionError(f"{origin} answers with status {status}", remedy="correct the address")


@contextmanager
def _explained(origin: Origin) -> Iterator[None]:
    try:
        yield
    except httpcore2.TimeoutException:
        raise BrokenOffError(f"{origin} does not answer in time", remedy=OFFLINE) from None
    except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        found = str(error) or type(error).__name__
        raise BrokenOffError(f"{origin} cannot be read: {found[:200]}", remedy=OFFLINE) from None


class _Guard(httpcore2.NetworkBackend):
    """Connects to addresses that were judged, and to no other."""

    def __init__(self, deadline: float, *, anywhere: bool) -> None:
        self._deadline = deadline
        self._anywhere = anywhere

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Look the host up, judge all of its addresses, connect to the first that answers."""
        addresses = _looked_up(host, port)
        if not self._anywhere:
            _require_public(host, addresses)
        failure: Exception = httpcore2.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                stream = httpcore2.SyncBackend().connect_tcp(
                    address, port, _left(self._deadline, timeout), local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return _Timed(stream, self._deadline)
        raise failure


class _Timed(httpcore2.NetworkStream):
    """A connection whose every wait ends at the deadline: a drip of bytes cannot hold it open."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        left = _left(self._deadline, timeout)
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - the library's own
        return self._stream.get_extra_info(info)


def _left(deadline: float, timeout: float | None) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout
    return left if timeout is None else min(timeout, left)


def _looked_up(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:  # gaierror is one
        raise BrokenOffError(
            f"{host} cannot be looked up: {error.strerror or error}", remedy=OFFLINE
        ) from None
    except UnicodeError:  # a name that the resolver's own encoding refuses
        raise SubmissionError(f"{quoted(host)} is no host", remedy="correct the address") from None
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _require_public(host: str, addresses: list[str]) -> None:
    for address in addresses:
        if not is_public(ipaddress.ip_address(address)):
            raise SubmissionError(
                f"{host} leads to {address}, which is not a public address",
                remedy="weights are fetched over https from public servers only",
            )
