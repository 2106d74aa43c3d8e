"""What is signed, byte for byte: another tool must come to the same."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from record_samples import record

from harness.records.base import parse_plain, pretty_json
from harness.records.evaluation import Signature
from harness.records.signing import document_digest, signed_message, unsigned_content
from harness.store.keys import read_key
from harness.store.private_key import Signer

GOLDEN = Path(__file__).parent / "golden" / "signing"
SEED = bytes(range(32))
DIGEST = "d10e5d07b638b7899f4f603c298738d1c036b2a6f356ea5fffcf488e058141a3"
KEY = "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c"
SIGNATURE = (
    "da2271724e4e0a33a8f51df3aaca6a87a54e35591b4c301db5e1141825f2b675"
    "161931d4b6d17dd64126eb90b771f70ca5ec52509a06c4409bf4db9369814900"
)


def document() -> dict[str, Any]:
    read = parse_plain((GOLDEN / "document.json").read_bytes(), "the golden document")
    assert isinstance(read, dict)
    return read


def test_the_bytes_that_are_signed_are_what_they_always_were() -> None:
    # Every signature and every file's name hangs on these bytes.
    assert (
        signed_message(document())
        == (
            'frugal-ai record 1\n{"A":{"b":[1,[2,"x"]],"z":{}},"B":true,"a":[],'
            '"numbers":{"above":1e+16,"below":1e-05,"edge_high":1000000000000000.0,"edge_low":0.0001,'
            '"float":1.0,"half":2.5,"large":9223372036854775808,"minus_zero":-0.0,"negative":-7,'
            '"small":1e-09,"smallest":5e-324,"third":0.3333333333333333,"whole":1},"schema":2,'
            '"signature":null,"text":"é \u2028 \x7f \\u001f \\" \\\\ / \\n \\t 🌳","é":null}'
        ).encode()
    )
    assert document_digest(document()) == DIGEST


def test_a_known_key_gives_a_known_signature() -> None:
    made = Signer(Ed25519PrivateKey.from_private_bytes(SEED)).sign(signed_message(document()))
    assert made == Signature(key=KEY, value=SIGNATURE)
    assert document()["signature"] == {"key": KEY, "value": SIGNATURE}


def test_the_identifier_is_that_of_the_public_keys_bytes() -> None:
    key = read_key(GOLDEN / "golden.pub")
    assert (key.name, key.id) == ("golden", KEY)
    assert hashlib.sha256(key.raw).hexdigest() == KEY


def as_documented(text: str) -> bytes:
    """Spell a record's content as docs/reference/signatures.md says, from its file alone.

    Numbers are copied as they stand: nothing here knows how the harness spells one.
    """

    class Number(str):
        __slots__ = ()

    def spelled(value: object) -> str:
        if isinstance(value, Number):
            return str(value)
        if isinstance(value, dict):
            pairs = (f"{spelled(key)}:{spelled(value[key])}" for key in sorted(value))
            return f"{{{','.join(pairs)}}}"
        if isinstance(value, list):
            return f"[{','.join(map(spelled, value))}]"
        if isinstance(value, str):
            escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
            escapes |= {"\b": "\\b", "\f": "\\f"}

            def escaped(matched: re.Match[str]) -> str:
                return escapes.get(matched[0], f"\\u{ord(matched[0]):04x}")

            return '"' + re.sub(r'[\x00-\x1f"\\]', escaped, value) + '"'
        return {None: "null", True: "true", False: "false"}[value]  # type: ignore[index] # JSON has no others

    parsed = json.loads(text, parse_int=Number, parse_float=Number)
    return spelled(parsed | {"signature": None}).encode()


def test_another_tool_comes_to_the_same_bytes() -> None:
    text = (GOLDEN / "document.json").read_text(encoding="utf-8")
    assert as_documented(text) == unsigned_content(document())
    made = pretty_json(record())
    whole = parse_plain(made, "the record")
    assert isinstance(whole, dict)
    assert as_documented(made.decode()) == unsigned_content(whole)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="OpenSSL's program is not here")
def test_openssl_verifies_with_the_committed_key_as_it_is(tmp_path: Path) -> None:
    text = (GOLDEN / "document.json").read_text(encoding="utf-8")
    (tmp_path / "message").write_bytes(b"frugal-ai record 1\n" + as_documented(text))
    (tmp_path / "signature").write_bytes(bytes.fromhex(SIGNATURE))
    command = [
        "openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(GOLDEN / "golden.pub"), "-rawin",
        "-in", "message", "-sigfile", "signature",
    ]  # fmt: skip
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    (tmp_path / "message").write_bytes(b"frugal-ai record 2\n" + as_documented(text))
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode != 0


def test_the_digest_is_the_same_before_and_after_signing() -> None:
    signed = document()
    unsigned = {**signed, "signature": None}
    without = {name: value for name, value in signed.items() if name != "signature"}
    assert document_digest(signed) == document_digest(unsigned) == document_digest(without)
