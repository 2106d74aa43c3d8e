"""What an entry writes to standard output and standard error: the end of it, made harmless."""

from __future__ import annotations

KEPT_BYTES = 16 * 1024
_MESSAGE_CHARACTERS = 400


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
        return visible(self._kept.decode("utf-8", "replace"))

    def last_lines(self) -> str:
        """Return the very end in one line, for a message; empty when nothing was written."""
        lines = [line.strip() for line in self.text().splitlines() if line.strip()]
        return " | ".join(lines[-3:])[-_MESSAGE_CHARACTERS:]


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
