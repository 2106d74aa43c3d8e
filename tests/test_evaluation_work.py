from __future__ import annotations

import threading
from typing import cast

from harness.evaluation.session import EntryWork
from harness.sandbox.protocol import Process


class HeldUp:
    """A process whose account takes until it is let go."""

    def __init__(self) -> None:
        self.asked, self.let_go = threading.Event(), threading.Event()

    def cpu_seconds(self) -> float:
        self.asked.set()
        self.let_go.wait(5)
        return 1.0


def test_a_poller_that_asks_while_the_entry_ends_does_not_undo_its_final_account() -> None:
    process = HeldUp()
    work = EntryWork(cast("Process", process))
    poller = threading.Thread(target=work.cpu_seconds)
    poller.start()
    process.asked.wait(5)
    ender = threading.Thread(target=work.ended, args=(1.5,))
    ender.start()
    ender.join(0.05)  # without a lock it is through by now
    process.let_go.set()
    poller.join()
    ender.join()
    assert work.cpu_seconds() == 1.5
