"""What stands around the blocks of a page that is not the one of all boards.

The policy lets in the page's own style and no script: such a page has none.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import NamedTuple

from jinja2 import Template

from harness.site.blocks import Said, Section
from harness.site.blocks_html import inline
from harness.site.language import codes, language
from harness.site.paths import in_language, to_top
from harness.site.templating import environment
from harness.site.wording import wording

INDEX = "index.html"


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
    head: str,
    body: str,
    skip: str,
    foot: str = "",
    links: Iterable[Said] = (),
) -> bytes:
    """Return a page of the site, in the language of that code.

    ``page`` is its name in the main language, relative to the site's folder; ``title`` text;
    ``head``, ``body`` and ``foot`` are HTML; ``links`` stand above, beside the way back.
    """
    place = in_language(page, code)
    top = to_top(place)
    return _render(
        code,
        top=top,
        home=top + in_language(INDEX, code),
        others=_others(page, code),
        title=title,
        head=head,
        body=body,
        skip=skip,
        foot=foot,
        links=list(links),
        style=None,
        style_source="'self'",
    )


def alone(code: str, *, title: str, head: str, body: str, skip: str, foot: str = "") -> bytes:
    """Return a page that is one file: its style is in it, and it asks for nothing else.

    The policy names the digest of that style, so that nothing else is taken for style.
    """
    style = style_sheet()
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return _render(
        code,
        top="",
        home="",
        others=(),
        title=title,
        head=head,
        body=body,
        skip=skip,
        foot=foot,
        links=(),
        style=style,
        style_source=f"'sha256-{digest}'",
    )


def _render(code: str, **values: object) -> bytes:
    return _frame(code).render(values).encode()


@cache
def _frame(code: str) -> Template:
    """Return the template, looked up once: each look goes to the file system."""
    return environment(code).get_template("frame.html")


def _others(page: str, code: str) -> tuple[_Other, ...]:
    top = to_top(in_language(page, code))
    return tuple(
        _Other(
            language(other).text("language.name"),
            language(other).text("language.tag"),
            top + in_language(page, other),
        )
        for other in codes()
        if other != code
    )


@cache
def style_sheet() -> str:
    """Return the style of all pages."""
    file = resources.files(__package__).joinpath("templates", "style.css")
    return file.read_text(encoding="utf-8")


def contents(sections: Iterable[Section], code: str) -> str:
    """Spell the list of a page's sections, which leads to each."""
    items = "".join(
        [f'<li><a href="#{each.id}">{inline(each.title)}</a></li>' for each in sections]
    )
    label = inline(wording(code).say["entry.contents"])
    return f'<nav class="contents" aria-label="{label}"><ul>{items}</ul></nav>\n'
