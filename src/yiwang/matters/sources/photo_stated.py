"""What the sender of a photo says of where and when it was taken, as WGS 84 degrees.

Cameras of phones often keep the position to themselves; the face that took the photo knows it. What
a photo says of itself comes first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from yiwang.kit.errors import Fault, Refusal
from yiwang.matters.sources.photos import Photo

_AHEAD = timedelta(minutes=5)  # how far a phone's clock may be


@dataclass(frozen=True, slots=True)
class Stated:
    """A position in degrees and a moment, each as far as it was said."""

    lon: float | None = None
    lat: float | None = None
    taken_at: datetime | None = None

    def fill(self, photo: Photo) -> Photo:
        """The photo with what it did not say of itself."""
        found = photo
        if found.lon is None and self.lon is not None:
            found = replace(found, lon=self.lon, lat=self.lat)
        if found.taken_at is None and self.taken_at is not None:
            found = replace(found, taken_at=self.taken_at)
        return found


def read_stated(form: Mapping[str, object], now: datetime) -> Stated:
    """The fields `lon`, `lat`, `taken_at` of a form; refuses what cannot be true, with each fault
    ("web.request_invalid")."""
    faults: list[Fault] = []
    lon = _degrees(form, "lon", 180, faults)
    lat = _degrees(form, "lat", 90, faults)
    if (lon is None) != (lat is None) and not faults:
        faults.append(_fault("lat" if lat is None else "lon"))
    taken_at = _moment(form, now, faults)
    if faults:
        raise Refusal("web.request_invalid", faults=faults)
    return Stated(lon, lat, taken_at)


def _fault(name: str) -> Fault:
    return Fault(f"/{name}", "sources.photo_stated", {"field": name})


def _degrees(
    form: Mapping[str, object], name: str, most: float, faults: list[Fault]
) -> float | None:
    given = form.get(name)
    if given is None or given == "":
        return None
    try:
        found = float(given) if isinstance(given, str) else math.nan
    except ValueError:
        found = math.nan
    if not abs(found) <= most:  # neither is what is not a number
        faults.append(_fault(name))
        return None
    return found


def _moment(form: Mapping[str, object], now: datetime, faults: list[Fault]) -> datetime | None:
    given = form.get("taken_at")
    if given is None or given == "":
        return None
    try:
        found = datetime.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or found > now + _AHEAD:
        faults.append(_fault("taken_at"))
        return None
    return found
