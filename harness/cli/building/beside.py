"""Do something in a second process while this one goes on, as long as a copy of it is safe."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeVar

import msgspec

from harness.cli.building.copies import Copy, copied

T = TypeVar("T")

CHUNK_BYTES = 1 << 20


def beside(call: Callable[[], T], kind: type[T]) -> Callable[[], T]:
    """Begin ``call`` in a copy of this process; return what waits for its result, of this ``kind``.

    Where no copy can be made, and where it fails, whatever the reason, the call is made here, once
    its result is asked for.
    """

    def do(_asked: int, answered: int) -> None:
        with open(answered, "wb") as file:
            file.write(msgspec.msgpack.encode(call()))

    copy = copied(do)
    if copy is None:
        return cache(call)
    copy.ask_no_more()

    @cache
    def result() -> T:
        try:
            return msgspec.msgpack.decode(_all_of(copy), type=kind)
        except ValueError:
            return call()

    return result


def _all_of(copy: Copy) -> bytes:
    parts = []
    try:
        while part := copy.answers.read(CHUNK_BYTES):
            parts.append(part)
    finally:
        copy.end()
    return b"".join(parts)
