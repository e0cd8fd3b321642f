"""What every channel hands over: one report, typed and cleaned, not yet stored or located."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from yiwang.ground.packs.coordinates import Crs

# Controls (but tab and line feed), lone surrogates and the two non-characters: neither XML 1.0
# nor PostgreSQL takes them, and no citizen means them.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

AttributeValue = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReportDraft:
    """A report as a channel understood it.

    `source` and `external_id` together are the sender's own identity of the report. `lon` and
    `lat` are degrees in `crs` and may still be swapped: `places` judges that. `happened_at`
    carries its offset. `attributes` holds what has no field of its own, nothing is lost.
    """

    source: str
    text: str
    external_id: str | None = None
    title: str | None = None
    address: str | None = None
    lon: float | None = None
    lat: float | None = None
    crs: Crs | None = None
    kind: str | None = None
    happened_at: datetime | None = None
    reporter_name: str | None = None
    reporter_phone: str | None = None
    reporter_email: str | None = None
    language: str | None = None
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)


def clean_text(text: str) -> str:
    """`text` with one kind of line end, without unprintable characters and outer blanks."""
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
