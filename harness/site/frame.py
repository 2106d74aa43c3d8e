"""What stands around the blocks of a page that is not the one of all boards.

The policy lets in the page's own style and no script: such a page has none. The frame is the same
for ten thousand entries but for a few places, so that its template is rendered once a language and
depth of folders, with slots where the rest goes.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from functools import cache, lru_cache
from hashlib import sha256
from importlib import resources
from typing import NamedTuple

from markupsafe import Markup

from harness.site.blocks import Said, Section
from harness.site.blocks_html import escape, inline
from harness.site.language import codes, language
from harness.site.paths import in_language, to_top
from harness.site.templating import environment
from harness.site.versions import merged
from harness.site.wording import Words

INDEX = "index.html"
KEPT = 256
"""Lists of contents that are kept: most pages have the same sections."""
STYLE_PARTS = ("base", "picture", "table", "details", "entry", "print")
"""In the order in which they are joined: of two rules that say as much, the later one holds."""
_MARK = "\ue000"
"""Around the name of a slot in what the template gives; catalogues have none of it."""
_SLOT = re.compile(f"{_MARK}([a-z_]+){_MARK}")


class _Other(NamedTuple):
    """The same page in another language."""

    name: str
    tag: str
    href: str


def framed(
    code: str,
    *,
    page: str,
    title: str,
    head: str | bytes,
    body: str | bytes,
    skip: str,
    foot: str = "",
    links: Iterable[Said] = (),
    address: str = "",
) -> bytes:
    """Return a page of the site, in the language of that code.

    ``page`` is its name in the main language, relative to the site's folder; ``title`` and ``skip``
    are text; ``head``, ``body`` and ``foot`` are HTML, the first two encoded or not; ``links``
    stand above, beside the way back. ``address`` is where the site is published, as ``site.toml``
    says it.
    """
    own = f"{address}{in_language(page, code)}" if address else ""
    folders, _, file = page.rpartition("/")
    return _filled(
        _frame(code, folders.count("/") + 1 if folders else 0),
        folders=escape(folders),
        file=escape(file),
        title=escape(title),
        head=head,
        body=body,
        skip=escape(skip),
        foot=foot,
        links="\n".join([inline(link) for link in links]),
        canonical=f'<link rel="canonical" href="{escape(own)}">\n' if own else "",
    )


def alone(code: str, *, title: str, head: str, body: str, skip: str, foot: str = "") -> bytes:
    """Return a page that is one file: its style is in it, and it asks for nothing else.

    The policy names the digest of that style, so that nothing else is taken for style.
    """
    return _filled(
        _alone(code), title=escape(title), head=head, body=body, skip=escape(skip), foot=foot
    )


class _Pieces(NamedTuple):
    """A frame, encoded, and the names of the slots between its pieces."""

    pieces: tuple[bytes, ...]
    slots: tuple[str, ...]


def _filled(frame: _Pieces, **values: str | bytes) -> bytes:
    """Join a frame's pieces and what fills its slots."""
    made = [b""] * (2 * len(frame.slots) + 1)
    made[::2] = frame.pieces
    filling = [values[slot] for slot in frame.slots]
    made[1::2] = [each if isinstance(each, bytes) else each.encode() for each in filling]
    return b"".join(made)


@cache
def _frame(code: str, depth: int) -> _Pieces:
    """Return the frame of pages that lie in that many folders below the main language's top."""
    inner = f"{_slot('folders')}/" if depth else ""
    top = to_top(in_language("/".join([*["folder"] * depth, INDEX]), code))
    others = tuple(
        _Other(
            language(other).text("language.name"),
            language(other).text("language.tag"),
            Markup(top + in_language(f"{inner}{_slot('file')}", other)),  # noqa: S704 - escaped when filled
        )
        for other in codes()
        if other != code
    )
    return _pieces(
        code,
        top=top,
        home=top + in_language(INDEX, code),
        others=others,
        links=_slot("links"),
        canonical=_slot("canonical"),
        style=None,
        style_source="'self'",
    )


@cache
def _alone(code: str) -> _Pieces:
    style = style_sheet()
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return _pieces(
        code,
        top="",
        home="",
        others=(),
        links="",
        style=style,
        style_source=f"'sha256-{digest}'",
    )


def _pieces(code: str, **values: object) -> _Pieces:
    slots = {key: _slot(key) for key in ("title", "head", "body", "skip", "foot")}
    made = environment(code).get_template("frame.html").render(slots | values)
    pieces = _SLOT.split(made)  # every second one names a slot
    return _Pieces(tuple(each.encode() for each in pieces[::2]), tuple(pieces[1::2]))


def _slot(name: str) -> Markup:
    return Markup(f"{_MARK}{name}{_MARK}")  # noqa: S704 - what fills it is escaped, or is HTML of ours


@cache
def style_sheet() -> str:
    """Return the style of all pages: its parts, joined."""
    folder = resources.files(__package__).joinpath("templates", "css")
    return "\n".join(
        [folder.joinpath(f"{part}.css").read_text(encoding="utf-8") for part in STYLE_PARTS]
    )


def contents(sections: Iterable[Section], words: Words) -> str:
    """Spell the list of a page's sections, which leads to each."""
    shown = tuple([(each.id, each.title) for each in sections])
    return _contents(shown, words.say["entry.contents"])


@lru_cache(maxsize=KEPT)
def _contents(sections: tuple[tuple[str, str], ...], label: str) -> str:
    items = "".join(
        [f'<li><a href="#{place}">{inline(title)}</a></li>' for place, title in sections]
    )
    return merged(f'<nav class="contents" aria-label="{inline(label)}"><ul>{items}</ul></nav>\n')
