"""Have the kernel forget what it remembers of names and files: each session is to begin alike.

A name that was asked for though nothing has it, and a file that was read, are found sooner the next
time. A session can time that, and so read what an earlier one left there; the folders in question
are the machine's, and no filter of system calls closes this.

Only what is the same on the disk can be forgotten, so what is not written yet is written first.
Else the copy of an entry, which was just made, would be in memory for the first sessions and not
for later ones, and a file of it that the entry had written by itself would be a bit for the next.
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

SETTING = Path("/proc/sys/vm/drop_caches")
"""What is written to is the whole machine's; see the kernel's documentation of ``vm``."""
DEADLINE_SECONDS = 120.0
"""Half a million files took 10 s on a busy machine; what is over was forgotten before."""
REMEDY = "evaluate as root, and not in a container; or start the machine anew before each entry"

_COMMAND = 'sync && echo 3 > "$0"'
"""3: first pages, then names and files, of which no page is left then."""
_ENDS_SECONDS = 1.0


def why_not() -> str | None:
    """Say why the kernel cannot be asked to forget; ``None`` where it can."""
    try:
        os.close(os.open(SETTING, os.O_WRONLY))
    except OSError as error:
        return f"{SETTING}: {error.strerror}"
    return None


def forget_files(deadline_seconds: float = DEADLINE_SECONDS) -> str | None:
    """Have the kernel forget; say why it did not, ``None`` where it did.

    By a process of its own, which can be waited for with a deadline, and ended by an interrupt.
    """
    if (refused := why_not()) is not None:
        return refused
    try:
        asked = subprocess.Popen(
            ["sh", "-c", _COMMAND, str(SETTING)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0,
        )  # fmt: skip
    except OSError as error:
        return f"sh: {error.strerror}"
    try:
        code = asked.wait(deadline_seconds)
    except BaseException as ended:  # an interrupt too leaves nothing running; it goes on its way
        if asked.returncode is None:  # else it ended just then, and its number may be another's
            os.killpg(asked.pid, signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):  # it may wait for a disk that does not answer
                asked.wait(_ENDS_SECONDS)
        if not isinstance(ended, subprocess.TimeoutExpired):
            raise
        return f"{SETTING}: it took more than {deadline_seconds:g} s"
    return f"{SETTING}: it was refused" if code else None
