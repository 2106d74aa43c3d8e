"""Plugs that are not there: a local web server that answers as Shelly's and Tasmota's do, or badly.

The energy is known exactly: power is set, and stays until it is set again. What an answer shows of
it is what a plug would: cut down to its last refresh and to its decimals.

By hand, for ten minutes at most:

    python tests/plug_stand_in.py shelly --watts 60 --seconds 120
"""

from __future__ import annotations

import argparse
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

MAX_REQUESTS = 20_000
MAX_SECONDS = 600.0
TIMEOUT_SECONDS = 10.0
_SHELLY = ("/rpc/Switch.GetStatus", "id=0")
_TASMOTA = ("/cm", "cmnd=Status%2010")

Fault = Callable[["Handler", dict[str, Any]], None]
TimedFault = Callable[[threading.Event], Fault]


class StandInPlug:
    """What a plug measures. ``clock`` gives seconds; the power is steady until it is set anew."""

    def __init__(
        self,
        *,
        watts: float = 60.0,
        refresh_seconds: float = 1.0,
        decimals: int = 3,
        power_decimals: int = 1,
        quantum_watt_hours: float = 0.0,
        watt_hours: float = 1234.567,
        makes: tuple[str, ...] = ("shelly", "tasmota"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.refresh_seconds = refresh_seconds
        self.decimals = decimals
        self.power_decimals = power_decimals
        self.quantum_watt_hours = quantum_watt_hours
        self.clock = clock
        self.offset_watt_hours = watt_hours
        self.makes = makes
        self.times_watts = 1.0
        self.clock_offset = 1_764_075_600.0 - clock()
        self.frozen_at: float | None = None
        self.has_clock = True
        self.fault: Fault | None = None
        self.faults_left = 0
        self.asked = 0
        self._began = clock()
        self._stretches = [(self._began - 3_600.0, watts)]

    def set_watts(self, watts: float) -> None:
        """Draw so much from now on."""
        self._stretches.append((self.clock(), watts))

    def joules(self, at: float) -> float:
        """Return the true energy since the plug was made, at a moment since then."""
        total = 0.0
        ends = [began for began, _ in self._stretches[1:]] + [float("inf")]
        for (began, watts), ended in zip(self._stretches, ends, strict=True):
            total += watts * max(0.0, min(ended, at) - max(began, self._began))
        return total

    def misbehave(self, fault: Fault, times: int = MAX_REQUESTS) -> None:
        """Answer so the next times."""
        self.fault, self.faults_left = fault, times

    def freeze(self) -> None:
        """Give the answer of this moment from now on."""
        self.frozen_at = self.clock()

    def shown(self) -> tuple[Decimal, Decimal, float]:
        """Return watt-hours, watts and the plug's own time, as it shows them now."""
        now = self.clock() if self.frozen_at is None else self.frozen_at
        refreshed = max(self._began, now // self.refresh_seconds * self.refresh_seconds)
        before = max(self._began, refreshed - self.refresh_seconds)
        energy = self.joules(refreshed)
        span = refreshed - before
        watts = (energy - self.joules(before)) / span if span else self._stretches[0][1]
        watt_hours = energy / 3_600.0
        if self.quantum_watt_hours:
            watt_hours = watt_hours // self.quantum_watt_hours * self.quantum_watt_hours
        return (
            _cut(watt_hours + self.offset_watt_hours, self.decimals),
            _cut(watts * self.times_watts, self.power_decimals),
            now + self.clock_offset,
        )

    def answer(self, path: str) -> dict[str, Any] | None:
        """Return the document for a path, or ``None`` where the plug has none."""
        watt_hours, watts, at = self.shown()
        parts = urlsplit(path)
        if (parts.path, parts.query) == _SHELLY and "shelly" in self.makes:
            energy: dict[str, Any] = {"total": watt_hours, "by_minute": [0, 0, 0]}
            if self.has_clock:
                energy["minute_ts"] = int(at // 60 * 60)
            return {
                "id": 0,
                "source": "init",
                "output": True,
                "apower": watts,
                "voltage": Decimal("230.1"),
                "aenergy": energy,
                "temperature": {"tC": Decimal("41.2")},
            }
        if (parts.path, parts.query) == _TASMOTA and "tasmota" in self.makes:
            spelled = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")
            total = watt_hours / 1000
            energy = {"TotalStartTime": "2026-01-01T00:00:00", "Total": total, "Power": watts}
            return {"StatusSNS": {"Time": spelled, "ENERGY": energy}}
        return None


def _cut(value: float, decimals: int) -> Decimal:
    return Decimal(value).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_DOWN)


def spell(document: dict[str, Any]) -> bytes:
    """Write JSON, numbers with the decimals that they have."""
    text = json.dumps(document, default=lambda number: f"<{number}>")
    return re.sub(r'"<([^>"]*)>"', r"\1", text).encode()


class Handler(BaseHTTPRequestHandler):
    """Answers one connection, and keeps it open as plugs may."""

    protocol_version = "HTTP/1.1"
    timeout = TIMEOUT_SECONDS
    wbufsize = 64 * 1024  # one packet an answer, as plugs send
    plug: StandInPlug

    def do_GET(self) -> None:
        self.plug.asked += 1
        document = self.plug.answer(self.path)
        if self.plug.asked > MAX_REQUESTS or document is None:
            self.send(b'{"code":404,"message":"No handler"}', status=404)
        elif self.plug.fault is not None and self.plug.faults_left:
            self.plug.faults_left -= 1
            self.plug.fault(self, document)
        else:
            self.send(spell(document))

    def send(self, body: bytes, *, status: int = 200, length: int | None = None) -> None:
        """Send an answer; ``length`` is what it claims to have."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


def status(code: int) -> Fault:
    """Answer with another status."""
    return lambda handler, _: handler.send(b"{}", status=code)


def body(content: bytes) -> Fault:
    """Answer with other content."""
    return lambda handler, _: handler.send(content)


def change(edit: Callable[[dict[str, Any]], object]) -> Fault:
    """Answer with an edited document."""

    def fault(handler: Handler, document: dict[str, Any]) -> None:
        edit(document)
        handler.send(spell(document))

    return fault


def late(until: threading.Event) -> Fault:
    """Answer when the event comes, or long after anybody waits."""

    def fault(handler: Handler, document: dict[str, Any]) -> None:
        until.wait(TIMEOUT_SECONDS)
        handler.close_connection = True
        handler.send(spell(document))

    return fault


def drip(until: threading.Event) -> Fault:
    """Send a byte at a time, each in time, for ever or until the event."""

    def fault(handler: Handler, _: dict[str, Any]) -> None:
        handler.close_connection = True
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
        for _turn in range(200):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            if until.wait(0.02):
                return

    return fault


def redirect(where: str) -> Fault:
    """Send elsewhere."""

    def fault(handler: Handler, _: dict[str, Any]) -> None:
        handler.send_response(302)
        handler.send_header("Location", where)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return fault


def cut_off(handler: Handler, document: dict[str, Any]) -> None:
    """Promise more than comes."""
    content = spell(document)
    handler.close_connection = True
    handler.send(content[:20], length=len(content))


def hang_up(handler: Handler, _: dict[str, Any]) -> None:
    """Answer nothing."""
    handler.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *arguments: object) -> None:
        """Whoever hung up knows why."""


@contextmanager
def serve(plug: StandInPlug, *, port: int = 0) -> Iterator[str]:
    """Serve on loopback; yield ``HOST:PORT``."""
    handler = type("PlugHandler", (Handler,), {"plug": plug})
    server = _Server(("127.0.0.1", port), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    """Serve one plug for a while."""
    parser = argparse.ArgumentParser(description="A plug that is not there.")
    parser.add_argument("make", choices=("shelly", "tasmota"))
    parser.add_argument("--watts", type=float, default=60.0)
    parser.add_argument("--decimals", type=int, help="of its watt-hours")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=120.0)
    chosen = parser.parse_args()
    usual = 3 if chosen.make == "shelly" else 0
    decimals = usual if chosen.decimals is None else chosen.decimals
    plug = StandInPlug(watts=chosen.watts, decimals=decimals, makes=(chosen.make,))
    with serve(plug, port=chosen.port) as address:
        print(f"--meter {chosen.make}:{address}", flush=True)  # noqa: T201 - for people
        time.sleep(min(chosen.seconds, MAX_SECONDS))


if __name__ == "__main__":
    main()
