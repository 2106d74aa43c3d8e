"""Ask a device on the local network over HTTP: briefly, with bounds, and of nobody else.

A plug's web server is a microcontroller's. So one connection is kept and used again, an answer has
a deadline as a whole (a timeout of each read would let a drip of bytes go on for ever), and no more
is read than any honest answer holds. Nothing is followed elsewhere: no redirect, and no proxy from
the environment, since the plug is here and its proxy would not be.

The device's name is resolved once. What answers on this very machine cannot be a meter of it: it
is a stand-in, or a tunnel to something that the harness cannot see, and is graded ``simulated``.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, NoReturn

from harness.errors import MeasurementError, UsageError
from harness.meters.powercap import SensorUnavailableError
from harness.records.base import Frozen

if TYPE_CHECKING:
    import http.client

    from harness.meters.deadline_socket import DeadlineSocket

TIMEOUT_SECONDS = 2.0
"""For a whole answer, connecting included."""
MAX_BYTES = 64 * 1024
"""A plug's answer has less than one."""

_PORT = 80
_LAST_PORT = 65_535
_ADDRESS = (
    r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?))"
    r"(?::(?P<port>\d{1,5}))?"
    r"(?:/(?P<channel>\d{1,3})?)?"
)
_OK = 200
_REDIRECTS = range(300, 400)
_REFUSED = (401, 403)
_BROKEN = 500

_NO_SECRETS = (
    "switch the plug's password off on a network of its own, or write a program that knows it: "
    "--meter command:PROGRAM"
)


class NoAnswerError(MeasurementError):
    """It did not answer this time, and may the next: unreachable, late, cut off, or in trouble."""


class Address(Frozen, kw_only=False):
    """Where a device is."""

    host: str
    port: int
    channel: int | None
    """The number behind the slash; ``None`` where there is none."""

    def __str__(self) -> str:
        """Spell it as a browser would."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORT else f"{host}:{self.port}"


def parse_address(argument: str, meter: str, *, channels: bool) -> Address:
    """Read ``HOST``, ``HOST:PORT`` or, with ``channels``, ``HOST:PORT/CHANNEL``.

    Raises ``UsageError`` saying what is wrong with it.
    """
    spelled = f"{meter}:HOST, {meter}:HOST:PORT" + (f" or {meter}:HOST/CHANNEL" if channels else "")

    def refuse(what: str, remedy: str = f"spell it {spelled}") -> NoReturn:
        raise UsageError(f"--meter {meter}:{_hidden(argument)}: {what}", remedy=remedy)

    if not argument:
        raise UsageError(f"{meter} needs the plug's address", remedy=f"spell it {spelled}")
    scheme, _, rest = argument.rpartition("://")
    if scheme.lower() == "https":
        refuse(
            "plugs answer over http, and have no certificate that could be checked",
            f"name the host alone: {meter}:HOST, on a network that you trust",
        )
    if scheme.lower() not in ("", "http"):
        refuse(f"plugs are not asked over {scheme[:20]!r}")
    if "@" in rest:
        refuse(
            "a password on a command line can be read by every user of the machine",
            _NO_SECRETS,
        )
    found = re.fullmatch(_ADDRESS, rest)
    if found is None:
        hint = f"put an IPv6 address in brackets: {meter}:[::1]"
        refuse("not an address", hint if rest.count(":") > 1 else f"spell it {spelled}")
    port = int(found["port"] or _PORT)
    if not 1 <= port <= _LAST_PORT:
        refuse(f"there is no port {port}")
    if found["channel"] is not None and not channels:
        refuse("nothing may stand behind the slash")
    channel = None if found["channel"] is None else int(found["channel"])
    return Address(found["six"] or found["name"], port, channel)


def _hidden(argument: str) -> str:
    """Keep a password out of messages, which end up in logs."""
    before, at, after = argument.rpartition("@")
    return f"{before.partition('://')[0] if '://' in before else ''}...@{after}" if at else argument


class Device:
    """Asks one device. ``name`` begins every message. Not for two threads at once."""

    def __init__(
        self, name: str, address: Address, *, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self._name = name
        self._address = address
        self._timeout_seconds = timeout_seconds
        self._resolved: tuple[int, tuple[Any, ...]] | None = None
        self._connection: http.client.HTTPConnection | None = None
        self._socket: DeadlineSocket | None = None
        self.is_this_machine = False
        """Whether what answered last runs here; known once it has answered."""

    def close(self) -> None:
        """Hang up; the next question calls again."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._socket = None

    def get(self, path: str) -> bytes:
        """Return the body of a good answer.

        Raises ``NoAnswerError`` where asking again may help, ``SensorUnavailableError`` where a
        password is asked for, ``MeasurementError`` for any other answer.
        """
        import http.client  # noqa: PLC0415 - 20 ms that only plugs are worth

        try:
            return self._ask_twice(path, time.monotonic() + self._timeout_seconds)
        except TimeoutError:
            what = f"no answer in {self._timeout_seconds:g} s"
            remedy = "see that it has power and a good radio link, and that nobody else asks it"
        except (OSError, UnicodeError) as error:  # a name may be unfit for a name server
            what = f"cannot be reached: {getattr(error, 'strerror', None) or error}"
            remedy = "see that the address is right and this machine is on the plug's network"
        except http.client.HTTPException as error:
            what = f"its answer broke off or is not HTTP: {type(error).__name__}"
            remedy = "see that the address and the port are a plug's"
        except MeasurementError:
            self.close()
            raise
        self.close()
        raise NoAnswerError(f"{self._name}: {what}", remedy=remedy)

    def _ask_twice(self, path: str, until: float) -> bytes:
        """Ask; once more where the device had hung up on a connection that idled."""
        import http.client  # noqa: PLC0415 - as above

        kept = self._connection is not None
        try:
            return self._ask(path, until)
        except (ConnectionError, http.client.BadStatusLine):
            self.close()
            if not kept:
                raise
        return self._ask(path, until)

    def _ask(self, path: str, until: float) -> bytes:
        connection = self._connected(until)
        connection.request("GET", path, headers={"Accept": "application/json"})
        response = connection.getresponse()
        self._require_good(response)
        body = response.read(MAX_BYTES + 1)
        if len(body) > MAX_BYTES:
            raise MeasurementError(
                f"{self._name}: its answer is longer than {MAX_BYTES // 1024} KiB",
                remedy="see that the address is a plug's",
            )
        if response.length:
            raise NoAnswerError(
                f"{self._name}: its answer broke off after {len(body)} bytes",
                remedy="see that it has power and a good radio link",
            )
        if response.will_close:
            self.close()
        return body

    def _connected(self, until: float) -> http.client.HTTPConnection:
        if self._connection is None or self._socket is None:
            self._connection, self._socket = self._connect(until)
        self._socket.allow(until)
        return self._connection

    def _connect(self, until: float) -> tuple[http.client.HTTPConnection, DeadlineSocket]:
        import http.client  # noqa: PLC0415 - as above
        import ipaddress  # noqa: PLC0415 - as above
        import socket  # noqa: PLC0415 - as above

        from harness.meters.deadline_socket import DeadlineSocket  # noqa: PLC0415 - as above

        family, where = self._resolve()
        sock = DeadlineSocket(family, socket.SOCK_STREAM)
        try:
            sock.allow(until)
            sock.connect(where)
            here, there = sock.getsockname()[0], sock.getpeername()[0]
        except OSError:
            sock.close()
            raise
        self.is_this_machine = here == there or ipaddress.ip_address(there).is_loopback
        connection = http.client.HTTPConnection(self._address.host, self._address.port)
        connection.sock = sock
        return connection, sock

    def _resolve(self) -> tuple[int, tuple[Any, ...]]:
        """Find the address once: a name server that comes and goes must not spoil a window."""
        import socket  # noqa: PLC0415 - as above

        if self._resolved is None:
            found = socket.getaddrinfo(
                self._address.host, self._address.port, type=socket.SOCK_STREAM
            )
            family, _, _, _, where = found[0]
            self._resolved = family, where
        return self._resolved

    def _require_good(self, response: http.client.HTTPResponse) -> None:
        status = response.status
        if status == _OK:
            return
        said = f"{self._name}: answered {status} {response.reason[:60]}".rstrip()
        if status in _REFUSED:
            raise SensorUnavailableError(f"{said}: it wants a password", remedy=_NO_SECRETS)
        if status >= _BROKEN:
            raise NoAnswerError(
                said,
                remedy="see that the channel is one that it has; else restart the plug",
            )
        if status in _REDIRECTS:
            raise MeasurementError(
                f"{said}: it sends elsewhere, which is not followed",
                remedy="name the plug's own address",
            )
        raise MeasurementError(
            f"{said}, not a reading",
            remedy="see that the address is such a plug's, and the channel one that it has",
        )
