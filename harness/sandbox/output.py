"""What an entry writes to standard output and standard error: the end of it, made harmless."""

from __future__ import annotations

import os
import re
import select

KEPT_BYTES = 16 * 1024
_MESSAGE_CHARACTERS = 400
_CHUNK_BYTES = 1 << 20
_FIRST_PATH = re.compile(r"\A(?:\S*/)?")
"""What of the first word may be folders: up to its last slash; nothing where it has none."""


class Tail:
    """The end of a stream, however long it is."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self.bytes_written = 0

    def feed(self, part: bytes) -> None:
        """Take the next part."""
        self.bytes_written += len(part)
        self._kept += part
        del self._kept[:-KEPT_BYTES]

    def text(self) -> str:
        """Return what is kept, control characters made visible."""
        text = visible(self._kept.decode("utf-8", "replace"))
        return _begun_anew(text) if self.bytes_written > len(self._kept) else text

    def last_lines(self) -> str:
        """Return the very end in one line, for a message; empty when nothing was written."""
        lines = [line.strip() for line in self.text().splitlines() if line.strip()]
        joined = " | ".join(lines[-3:])
        if len(joined) <= _MESSAGE_CHARACTERS:
            return joined
        return _begun_anew(joined[-_MESSAGE_CHARACTERS:])


class Outputs:
    """Both streams of an entry: read as they come, never more than is allowed at once."""

    def __init__(self, stdout: int, stderr: int, limit_bytes: int, poll: select.poll) -> None:
        """Read from two descriptors that do not block, and that are to be closed here."""
        self._stderr_descriptor = stderr
        self._limit_bytes = limit_bytes
        self._poll = poll
        self._open = [stdout, stderr]
        self.both, self.stderr = Tail(), Tail()
        for descriptor in self._open:
            poll.register(descriptor, select.POLLIN)

    def __contains__(self, descriptor: int) -> bool:
        """Say whether a descriptor is one of these, and open."""
        return descriptor in self._open

    def drain(self) -> None:
        """Read what there is."""
        for descriptor in tuple(self._open):
            while part := _read(descriptor):
                self.both.feed(part)
                if descriptor == self._stderr_descriptor:
                    self.stderr.feed(part)
                if self.both.bytes_written > self._limit_bytes:
                    break
            if part is not None and not part:
                self._close(descriptor)

    def close(self) -> None:
        """Give the descriptors back."""
        for descriptor in tuple(self._open):
            self._close(descriptor)

    def _close(self, descriptor: int) -> None:
        self._poll.unregister(descriptor)
        self._open.remove(descriptor)
        os.close(descriptor)


def _begun_anew(cut: str) -> str:
    """Return a text that lost its beginning without what may be the end of a path there.

    Whole paths of this machine get other names before they are published. An end of one could not
    be told from any other words; its last part, a file's name, stays.
    """
    return _FIRST_PATH.sub("…", cut, count=1)


def _read(descriptor: int) -> bytes | None:
    """Read a part; nothing at the end, ``None`` where there is none yet."""
    try:
        return os.read(descriptor, _CHUNK_BYTES)
    except BlockingIOError:
        return None


def visible(text: str) -> str:
    r"""Show control characters as escapes, so that no terminal obeys them; keep line ends."""
    return "".join(
        character if character.isprintable() or character == "\n" else _escaped(character)
        for character in text.replace("\r\n", "\n")
    )


def one_line(text: str) -> str:
    """Return ``text`` fit for a message: visible, without line ends, of bearable length."""
    joined = " ".join(visible(text).split())
    return joined if len(joined) <= 2000 else joined[:2000] + " ..."  # noqa: PLR2004 - a screenful


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
