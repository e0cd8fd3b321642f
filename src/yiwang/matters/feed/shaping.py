"""An event as a CloudEvent 1.0 in JSON: what changed, of which sort who did it, no free text."""

from __future__ import annotations

from typing import Any

import msgspec

from yiwang.ground.city import City
from yiwang.kit.web.sse import Happening
from yiwang.matters.feed.model import Occurrence

_SORTS = ("person", "key", "platform")


def cloud_event(city: City, occurrence: Occurrence) -> dict[str, Any]:
    """The event for whoever may see it."""
    sort = occurrence.actor.partition(":")[0]
    data: dict[str, Any] = {
        "matter": occurrence.matter,
        "id": occurrence.matter_id,
        "case": occurrence.case_id,
        "number": occurrence.number,
        "kind": occurrence.kind,
        "place": occurrence.place.rpartition(".")[2],
        "place_path": occurrence.place,
        "unit": occurrence.unit,
        "before": occurrence.before,
        "after": occurrence.after,
        "by": sort if sort in _SORTS else "other",
        "article": occurrence.article,
    }
    return {
        "specversion": "1.0",
        "id": occurrence.name,
        "source": f"urn:yiwang:{city.pack.name}",
        "type": f"yiwang.{occurrence.action}",
        "time": occurrence.at.isoformat(),
        "subject": f"{occurrence.matter}s/{occurrence.matter_id}",
        "datacontenttype": "application/json",
        "data": data,
    }


def happening(city: City, occurrence: Occurrence) -> Happening:
    """The event for live streams, encoded once for all of them."""
    body = msgspec.Raw(msgspec.json.encode(cloud_event(city, occurrence)))
    return Happening(occurrence.name, f"yiwang.{occurrence.action}", body, occurrence)
