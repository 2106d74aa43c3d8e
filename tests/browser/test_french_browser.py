"""What the script writes on a French page is French, and figures are as its HTML spells them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser_pages import Opened, started_browser
from french_pages import Reading, english_left
from test_site_french import every_kind

from harness.site.render import render

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started_browser() as browser:
        yield browser


def test_no_english_comes_of_the_script(browser: Browser, tmp_path: Path) -> None:
    for name, content in render(every_kind()).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    opened = Opened(browser).goto(tmp_path / "fr" / "index.html")
    board = opened.page.locator(".board").first
    board.scroll_into_view_if_needed()
    board.locator("tbody input[type=checkbox]").nth(0).check()
    board.locator("tbody input[type=checkbox]").nth(1).check()
    board.locator("input[type=search]").fill("zq")
    board.locator(".compare table").wait_for()
    assert english_left(Reading(opened.page.content()).texts) == {}
    assert "4\u202f210" in board.locator("tbody").first.inner_text()
    assert opened.complaints == []
