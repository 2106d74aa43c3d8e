"""What worker processes have in common: imported by the process that they are copies of.

All of them need these modules and the catalogues. Nothing here may start a thread: a copy would
have a lock that the thread held, and nobody to open it.
"""

from __future__ import annotations

from harness.cli.building import gathering, pages
from harness.site import badge, entry_page, entry_view, record_view
from harness.site.polyglot import polyglot

__all__ = ["badge", "entry_page", "entry_view", "gathering", "pages", "record_view"]

polyglot()  # reads the catalogues, and keeps them
