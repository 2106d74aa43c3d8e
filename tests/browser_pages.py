"""Pages in a real browser, opened from files as they would be from a mail attachment.

Needs the ``browser`` extra and a Chromium: the one on the path, or the one that the environment
variable HARNESS_CHROMIUM names. Without them these tests are skipped, unless
HARNESS_REQUIRE_EXTRAS=1 asks for them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PHONE = {"width": 375, "height": 700}
DESKTOP = {"width": 1280, "height": 900}
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
NEVER_IDLE = "window.requestIdleCallback = () => {};"
"""Keeps a page from loading what nobody has looked at."""
PATIENCE_MS = 15_000
"""Nothing here is about time, and the machine may be busy."""


def lacking(what: str) -> NoReturn:
    if os.environ.get("HARNESS_REQUIRE_EXTRAS") == "1":
        pytest.fail(f"{what} (HARNESS_REQUIRE_EXTRAS=1 asks for it)")
    pytest.skip(what)


@contextmanager
def started_browser() -> Iterator[Browser]:
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - an extra
    except ImportError:
        lacking("playwright is not installed: pip install -e '.[browser]'")
    chromium = os.environ.get("HARNESS_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        lacking("no Chromium: install one, or name it in HARNESS_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        yield browser
        browser.close()


class Opened:
    """A page in a context of its own, and everything that went on behind it."""

    def __init__(self, browser: Browser, **settings: Any) -> None:  # noqa: ANN401 - of playwright
        self.context = browser.new_context(**{"viewport": DESKTOP, **settings})
        self.context.set_default_timeout(PATIENCE_MS)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def goto(self, path: Path, query: str = "") -> Opened:
        self.page.goto(path.as_uri() + query)
        return self

    def requested(self, folder: Path) -> list[str]:
        """Name the files that were asked for, relative to a folder; anything else in full."""
        start = folder.as_uri() + "/"
        asked = (url for url in self.requests if not url.startswith("data:"))
        return sorted(url.removeprefix(start).partition("?")[0] for url in asked)


def write_files(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder
