"""The share of the processor a process asks for."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_GROUP = Path("/proc/self/autogroup")


def step_back(steps: int) -> None:
    """Let other processes go first by `steps` of niceness (0 to 19).

    Linux shares the processor between sessions before it looks at niceness, where autogroups are
    on (sched(7)); then the session steps back too, unless others than this process live in it.
    """
    os.nice(steps)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):
            _GROUP.write_text(str(steps), encoding="ascii")
