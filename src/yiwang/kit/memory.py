"""What the collector of garbage looks through."""

from __future__ import annotations

import gc

_YOUNG = 20_000  # new objects until it looks at the newest ones


def keep_for_good() -> None:
    """Call once everything that lives as long as the process is loaded.

    A city is hundreds of thousands of objects that never become garbage; looking through them
    again and again stops every request for a moment.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 50)
