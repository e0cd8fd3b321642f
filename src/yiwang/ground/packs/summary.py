"""What a pack holds, in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from yiwang.ground.packs.model import Pack


def summary(pack: Pack) -> Mapping[str, int]:
    """Counts by name: "places.town", "units.centre", "kinds.event/2007", "posts" and so on."""
    counts: Counter[str] = Counter()
    counts.update(f"places.{place.level}" for place in pack.places)
    counts.update(f"units.{unit.kind}" for unit in pack.units)
    counts.update(f"kinds.{kind.scheme}/{kind.version}" for kind in pack.kinds)
    return {
        "places": len(pack.places),
        **counts,
        "areas": len(pack.areas),
        "units": len(pack.units),
        "posts": len(pack.posts),
        "limits": len(pack.limits),
        "responsibilities": len(pack.responsibilities),
        "calendar.days": len(pack.calendar),
        "calendar.years": len({day.day.year for day in pack.calendar}),
        "settings": len(pack.settings),
        "overlays": len(pack.overlays),
        "words": len(pack.words),
    }
