from __future__ import annotations

import errno
import hashlib
import ipaddress
import os
import random
import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpcore2
import pytest
from weights_stand_in import Page, Site, serving

from harness.errors import OrganiserError, SubmissionError
from harness.submissions import download as module
from harness.submissions.download import ATTEMPTS, Expected, download

CONTENT = random.Random(4).randbytes(300_000)  # noqa: S311 - only to be unlike itself


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE_SECONDS", 0)


@pytest.fixture
def site() -> Iterator[Site]:
    with serving({"/w": Page(CONTENT)}) as made:
        yield made


def expected(site: Site, path: str = "/w", **changes: Any) -> Expected:  # noqa: ANN401 - of several types
    fields: dict[str, Any] = {
        "url": site.url(path),
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "bytes": len(CONTENT),
        "trusted": site.origin,
    }
    return Expected(**fields | changes)


def ranges(site: Site) -> list[str | None]:
    return [headers.get("Range") for _, headers in site.asked]


def test_a_file_comes_whole_and_its_progress_is_told(site: Site, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    download(expected(site), tmp_path / "part", lambda *done: told.append(done))
    assert (tmp_path / "part").read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_nobodys_credentials_and_no_cookies_are_sent(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    site.pages["/from"] = Page(
        status=302, headers={"Location": "/w", "Set-Cookie": "session=secret"}
    )
    download(expected(site, "/from"), tmp_path / "part")
    for _, headers in site.asked:
        assert set(headers) == {"Host", "User-Agent", "Accept-Encoding"}


def test_a_download_goes_on_where_it_was_broken_off(site: Site, tmp_path: Path) -> None:
    site.pages["/w"].breaks_after = [100_000, 50_000]
    download(expected(site), tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == CONTENT
    assert ranges(site) == [None, "bytes=100000-", "bytes=150000-"]


def test_a_later_run_goes_on_too(site: Site, tmp_path: Path) -> None:
    site.pages["/w"].breaks_after = [70_000] + [0] * ATTEMPTS
    with pytest.raises(OrganiserError, match="70,000 of 300,000 bytes are kept") as raised:
        download(expected(site), tmp_path / "part")
    assert "goes on from there" in raised.value.remedy
    assert (tmp_path / "part").read_bytes() == CONTENT[:70_000]
    site.pages["/w"].breaks_after = []
    site.asked.clear()
    download(expected(site), tmp_path / "part")
    assert ranges(site) == ["bytes=70000-"]


def test_a_server_without_ranges_sends_it_again_from_the_beginning(
    site: Site, tmp_path: Path
) -> None:
    (tmp_path / "part").write_bytes(CONTENT[:1000])
    site.pages["/w"].ranges = False
    download(expected(site), tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "stale",
    [b"another file's beginning", b"x" * len(CONTENT), b"x" * (len(CONTENT) + 1)],
    ids=["beginning", "of the same length", "longer"],
)
def test_a_part_of_another_file_is_thrown_away(site: Site, tmp_path: Path, stale: bytes) -> None:
    (tmp_path / "part").write_bytes(stale)
    download(expected(site), tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == CONTENT


def test_a_whole_part_is_not_asked_for_again(site: Site, tmp_path: Path) -> None:
    (tmp_path / "part").write_bytes(CONTENT)
    download(expected(site), tmp_path / "part")
    assert site.asked == []


@pytest.mark.parametrize("said", ["bytes 7-299999/300000", "nonsense", "bytes 9" + "9" * 5000])
def test_a_part_from_elsewhere_is_never_appended(site: Site, tmp_path: Path, said: str) -> None:
    (tmp_path / "part").write_bytes(CONTENT[:1000])
    site.pages["/w"].headers = {"Content-Range": said}
    download(expected(site), tmp_path / "part")
    assert ranges(site) == ["bytes=1000-", None]
    assert (tmp_path / "part").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (Page(CONTENT + b"x"), "it has 300,001 bytes, and submission.toml says 300,000"),
        (Page(CONTENT[:-1]), "it has 299,999 bytes"),
        (Page(CONTENT[:-1], says_length=False), "it has 299,999 bytes"),
        (
            Page(CONTENT, says_length=False, repeats=50),
            "it has more bytes than the 300,000 of submission.toml",
        ),
        (Page(bytes(300_000)), "its SHA-256 is [0-9a-f]{64}, and submission.toml says"),
        (Page(status=404), "has no such file \\(status 404\\)"),
        (Page(status=410), "has no such file"),
        (Page(status=404, headers={"X-Error-Code": "EntryNotFound"}), "no such file in the repo"),
        (Page(status=404, headers={"X-Error-Code": "RevisionNotFound"}), "no such commit"),
        (Page(status=401), "to nobody without an account \\(status 401\\)"),
        (Page(status=401, headers={"X-Error-Code": "RepoNotFound"}), "or a private one"),
        (Page(status=401, headers={"X-Error-Code": "\x1b[2J"}), "to nobody without an account"),
        (
            Page(status=403, headers={"X-Error-Code": "GatedRepo"}),
            "accounts that have accepted its terms \\(status 403\\)",
        ),
        (Page(CONTENT, status=206), "a part that nobody asked for"),
        (Page(status=416), "a part that nobody asked for"),
        (Page(status=418), "answers with status 418"),
        (Page(status=302), "redirects to nowhere"),
        (Page(status=302, headers={"Location": "/w"}), "more than 5 redirects"),
        (Page(status=302, headers={"Location": "https://[::1"}), "to an address that is none"),
        (Page(status=302, headers={"Location": "//[x"}), "to an address that is none"),
        (Page(status=301, headers={"Location": "https://10.0.0.1/w"}), "not a public address"),
        (Page(status=307, headers={"Location": "http://example.org/w"}), "not an https address"),
        (Page(status=308, headers={"Location": "file:///etc/passwd"}), "not an https address"),
        (Page(status=302, headers={"Location": "//localhost/w"}), "not an https address"),
        (Page(status=302, headers={"Location": "http://127.0.0.1:1/w"}), "not an https address"),
    ],
)
def test_what_is_not_the_declared_file_is_the_entrys_fault_and_leaves_nothing(
    site: Site, tmp_path: Path, page: Page, message: str
) -> None:
    site.pages["/w"] = page
    with pytest.raises(SubmissionError, match=message) as raised:
        download(expected(site), tmp_path / "part")
    assert raised.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_no_more_is_written_than_was_declared(site: Site, tmp_path: Path) -> None:
    told: list[int] = []
    site.pages["/w"] = Page(CONTENT, says_length=False, repeats=50)
    with pytest.raises(SubmissionError):
        download(expected(site), tmp_path / "part", lambda done, _: told.append(done))
    assert max(told) <= len(CONTENT)


def test_a_redirect_is_followed_with_its_address_spelled_as_servers_do(
    site: Site, tmp_path: Path
) -> None:
    site.pages["/from"] = Page(status=302, headers={"Location": "/signed/a b?x={1}#part"})
    site.pages["/signed/a%20b?x=%7B1%7D"] = Page(CONTENT)
    download(expected(site, "/from"), tmp_path / "part")
    assert [path for path, _ in site.asked] == ["/from", "/signed/a%20b?x=%7B1%7D"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_in_trouble_is_asked_a_few_times_and_is_nobodys_fault(
    site: Site, tmp_path: Path, status: int
) -> None:
    site.pages["/w"] = Page(status=status)
    with pytest.raises(OrganiserError, match=f"status {status}") as raised:
        download(expected(site), tmp_path / "part")
    assert "--weights DIR" in raised.value.remedy or "later" in raised.value.remedy
    assert len(site.asked) == ATTEMPTS


def test_without_a_network_the_remedy_is_a_folder(site: Site, tmp_path: Path) -> None:
    with socket.socket() as closed:  # bound and never listening: refuses
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/w"
        trusted = site.origin._replace(port=closed.getsockname()[1])
        with pytest.raises(OrganiserError, match="cannot be read") as raised:
            download(expected(site, url=url, trusted=trusted), tmp_path / "part")
    assert "--weights DIR" in raised.value.remedy


def looked_up(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Have every name lead to these addresses; return the names that are asked for."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, **_: object) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "fe80::1"])
def test_a_name_that_leads_into_the_organisers_network_is_refused(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    looked_up(monkeypatch, "8.8.8.8", address)  # one is enough, wherever it stands
    monkeypatch.setattr(httpcore2, "SyncBackend", pytest.fail)  # nothing is connected to
    url = f"https://rebound.example.org:{site.port}/w"
    with pytest.raises(SubmissionError, match=f"leads to {re.escape(address)}, which is not"):
        download(expected(site, url=url), tmp_path / "part")
    assert site.asked == []


def test_a_redirect_into_the_organisers_network_is_refused(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.pages["/from"] = Page(status=302, headers={"Location": "https://inner.example.org/w"})
    original = socket.getaddrinfo

    def getaddrinfo(host: str, *rest: Any, **how: Any) -> Any:  # noqa: ANN401 - the library's own
        return original("127.0.0.1" if host == "inner.example.org" else host, *rest, **how)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(SubmissionError, match=r"inner\.example\.org leads to 127\.0\.0\.1"):
        download(expected(site, "/from"), tmp_path / "part")


def test_what_was_judged_is_what_is_connected_to(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected: list[str] = []

    class Backend:
        def connect_tcp(self, host: str, *_: object) -> None:
            connected.append(host)
            raise httpcore2.ConnectError("refused")

    asked = looked_up(monkeypatch, "8.8.8.8", "1.1.1.1")
    monkeypatch.setattr(httpcore2, "SyncBackend", Backend)
    monkeypatch.setattr(module, "ATTEMPTS", 1)
    with pytest.raises(OrganiserError, match="refused"):
        download(expected(site, url="https://example.org/w"), tmp_path / "part")
    assert connected == ["8.8.8.8", "1.1.1.1"]
    assert asked == ["example.org"]  # once: a second look-up could be answered otherwise


def test_a_name_that_leads_nowhere_is_explained(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def getaddrinfo(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(OrganiserError, match=r"example\.org cannot be looked up") as raised:
        download(expected(site, url="https://example.org/w"), tmp_path / "part")
    assert "--weights DIR" in raised.value.remedy


def test_the_deadline_ends_every_wait(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BASE_SECONDS", -1e9)
    with pytest.raises(OrganiserError, match="does not answer in time"):
        download(expected(site), tmp_path / "part")
    assert site.asked == []


def test_a_server_that_holds_back_is_given_up_and_what_came_is_kept(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BASE_SECONDS", 0.5)
    monkeypatch.setattr(module, "LEAST_BYTES_PER_SECOND", 1e9)
    site.pages["/w"].holds_after = 1000
    with pytest.raises(OrganiserError, match="not answer in time; 1,000 of 300,000 bytes are kept"):
        download(expected(site), tmp_path / "part")
    site.released.set()
    assert (tmp_path / "part").read_bytes() == CONTENT[:1000]


def test_a_disk_that_is_full_is_explained_and_left_as_it_was(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fsync(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OrganiserError, match="No space left on device") as raised:
        download(expected(site), tmp_path / "part")
    assert "HARNESS_CACHE" in raised.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_link_in_the_place_of_the_part_is_not_followed(site: Site, tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "part").symlink_to(tmp_path / "victim")
    with pytest.raises(OrganiserError, match="cannot be written"):
        download(expected(site), tmp_path / "part")
    assert (tmp_path / "victim").read_text() == "mine"


@pytest.fixture
def tls_site(tmp_path: Path) -> Iterator[tuple[Site, Path]]:
    """The same over TLS, and the certificate that it shows, which no one has signed."""
    certificate, key = self_signed(tmp_path)
    with serving({"/w": Page(CONTENT)}, certificate=certificate, key=key) as made:
        yield made, certificate


def self_signed(folder: Path) -> tuple[Path, Path]:
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 - only here
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    (folder / "tls").mkdir()
    (folder / "tls" / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "tls" / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "tls" / "certificate.pem", folder / "tls" / "key.pem"


def test_a_certificate_that_nobody_vouches_for_is_refused(
    tls_site: tuple[Site, Path], tmp_path: Path
) -> None:
    site, _ = tls_site
    with pytest.raises(OrganiserError, match="CERTIFICATE_VERIFY_FAILED"):
        download(expected(site), tmp_path / "part")
    assert site.asked == []


def test_one_that_the_machine_trusts_is_taken(
    tls_site: tuple[Site, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, certificate = tls_site
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    download(expected(site), tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == CONTENT
