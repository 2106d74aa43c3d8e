"""A socket whose calls share one deadline. A module of its own: only plugs are worth its import."""

from __future__ import annotations

import socket
import time
from typing import Any


class DeadlineSocket(socket.socket):
    """A socket on which everything together may take until one moment."""

    _until = 0.0

    def allow(self, until: float) -> None:
        """Let what follows take until then."""
        self._until = until
        self._arm()

    def recv_into(self, *arguments: Any) -> int:  # noqa: ANN401 - as the socket's own
        """Receive, within what is left of the time."""
        self._arm()
        return super().recv_into(*arguments)

    def _arm(self) -> None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.settimeout(left)
