from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import plug_stand_in as stand_in
import pytest
from plug_stand_in import StandInPlug, serve

from harness.errors import MeasurementError, UsageError
from harness.meters.http import Address, Device, NoAnswerError, parse_address
from harness.meters.powercap import SensorUnavailableError

PATH = "/rpc/Switch.GetStatus?id=0"
SHORT_SECONDS = 0.2


@pytest.fixture
def plug() -> StandInPlug:
    return StandInPlug()


@pytest.fixture
def device(plug: StandInPlug) -> Iterator[Device]:
    with serve(plug) as address:
        opened = Device("plug", parse_address(address, "shelly", channels=True))
        yield opened
        opened.close()


@pytest.fixture
def hasty(plug: StandInPlug) -> Iterator[Device]:
    with serve(plug) as address:
        where = parse_address(address, "shelly", channels=True)
        opened = Device("plug", where, timeout_seconds=SHORT_SECONDS)
        yield opened
        opened.close()


@pytest.mark.parametrize(
    ("spelled", "host", "port", "channel"),
    [
        ("192.0.2.7", "192.0.2.7", 80, None),
        ("plug.lan:8080", "plug.lan", 8080, None),
        ("shelly_plug-3/1", "shelly_plug-3", 80, 1),
        ("192.0.2.7:81/0", "192.0.2.7", 81, 0),
        ("http://192.0.2.7/", "192.0.2.7", 80, None),
        ("HTTP://plug", "plug", 80, None),
        ("[2001:db8::7]", "2001:db8::7", 80, None),
        ("[::1]:8080/2", "::1", 8080, 2),
    ],
)
def test_an_address_is_read(spelled: str, host: str, port: int, channel: int | None) -> None:
    assert parse_address(spelled, "shelly", channels=True) == Address(host, port, channel)


@pytest.mark.parametrize(
    ("spelled", "said"),
    [
        ("", "needs the plug's address"),
        ("https://plug", "over http"),
        ("ftp://plug", "'ftp'"),
        ("plug:0", "no port 0"),
        ("plug:70000", "no port 70000"),
        ("plug:x", "not an address"),
        ("plug/rpc/Shelly.Reboot", "not an address"),
        ("plug/0?x=1", "not an address"),
        ("plug\r\nHost: other", "not an address"),
        (".plug", "not an address"),
        ("a" * 300, "not an address"),
        ("2001:db8::7", "not an address"),
    ],
)
def test_what_is_no_address_is_refused(spelled: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        parse_address(spelled, "shelly", channels=True)
    assert "shelly:" in caught.value.remedy


def test_a_bare_ipv6_address_is_told_of_brackets() -> None:
    with pytest.raises(UsageError) as caught:
        parse_address("2001:db8::7", "tasmota", channels=False)
    assert "tasmota:[::1]" in caught.value.remedy


def test_a_password_is_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError, match="password") as caught:
        parse_address("http://admin:hunter2@plug", "shelly", channels=True)
    assert "hunter2" not in caught.value.message


def test_channels_only_where_there_are_some() -> None:
    with pytest.raises(UsageError, match="slash"):
        parse_address("plug/1", "tasmota", channels=False)


def test_one_connection_serves_many_questions(plug: StandInPlug, device: Device) -> None:
    first = device.get(PATH)
    kept = device._connection
    assert kept is not None
    assert device.get(PATH)[:10] == first[:10]
    assert device._connection is kept
    assert plug.asked == 2


def test_a_connection_that_was_hung_up_while_idle_is_made_anew(
    plug: StandInPlug, device: Device
) -> None:
    device.get(PATH)
    plug.misbehave(stand_in.hang_up, times=1)
    assert device.get(PATH)
    assert plug.asked == 3


def test_what_answers_on_this_machine_is_known_for_it(device: Device) -> None:
    device.get(PATH)
    assert device.is_this_machine


@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        (stand_in.status(500), NoAnswerError, "answered 500"),
        (stand_in.status(503), NoAnswerError, "answered 503"),
        (stand_in.status(401), SensorUnavailableError, "wants a password"),
        (stand_in.status(404), MeasurementError, "answered 404 Not Found, not a reading"),
        (stand_in.status(204), MeasurementError, "answered 204"),
        (stand_in.redirect("http://192.0.2.1/"), MeasurementError, "not followed"),
        (stand_in.body(b" " * 70_000), MeasurementError, "longer than 64 KiB"),
        (stand_in.cut_off, NoAnswerError, "broke off after 20 bytes"),
        (stand_in.hang_up, NoAnswerError, "cannot be reached"),
    ],
)
def test_a_bad_answer_is_named(
    plug: StandInPlug, device: Device, fault: stand_in.Fault, kind: type, said: str
) -> None:
    plug.misbehave(fault)
    with pytest.raises(MeasurementError, match=said) as caught:
        device.get(PATH)
    assert type(caught.value) is kind
    assert caught.value.message.startswith("plug: ")
    assert caught.value.remedy


def test_after_a_bad_answer_the_next_is_read(plug: StandInPlug, device: Device) -> None:
    for fault in (stand_in.status(500), stand_in.cut_off, stand_in.body(b" " * 70_000)):
        plug.misbehave(fault, times=1)
        with pytest.raises(MeasurementError):
            device.get(PATH)
        assert device.get(PATH).startswith(b"{")


@pytest.mark.parametrize("fault", [stand_in.late, stand_in.drip])
def test_an_answer_has_a_deadline_as_a_whole(
    plug: StandInPlug, hasty: Device, fault: stand_in.TimedFault
) -> None:
    ended = threading.Event()
    plug.misbehave(fault(ended))
    try:
        with pytest.raises(NoAnswerError, match=r"no answer in 0.2 s"):
            hasty.get(PATH)
    finally:
        ended.set()


def test_a_port_that_nobody_listens_on_is_named() -> None:
    with socket.socket() as held:  # bound and not listening: refused, and nobody else takes it
        held.bind(("127.0.0.1", 0))
        with pytest.raises(NoAnswerError, match="cannot be reached: Connection refused"):
            Device("plug", Address("127.0.0.1", held.getsockname()[1], None)).get(PATH)


@pytest.mark.parametrize("host", ["plug..lan", "no-such-plug.invalid"])
def test_a_name_that_leads_nowhere_is_named(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve = socket.getaddrinfo

    def offline(name: str, *rest: int, **more: int) -> object:
        if name.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(name, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", offline)
    with pytest.raises(NoAnswerError, match="cannot be reached"):
        Device("plug", Address(host, 80, None)).get(PATH)


def test_something_else_than_http_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)

        def greet() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")

        thread = threading.Thread(target=greet)
        thread.start()
        device = Device("plug", Address("127.0.0.1", server.getsockname()[1], None))
        with pytest.raises(NoAnswerError, match="is not HTTP"):
            device.get(PATH)
        thread.join()


def test_no_proxy_of_the_environment_is_used(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://192.0.2.1:3128")
    assert device.get(PATH).startswith(b"{")
