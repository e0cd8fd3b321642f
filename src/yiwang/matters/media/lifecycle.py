"""The life of a photo: kept, published once it was looked through, withheld where it must be."""

from __future__ import annotations

from yiwang.ground.procedure.model import Procedure
from yiwang.kit.lifecycle import Rule, Table
from yiwang.matters.media.model import Photo

_DUTY = "intake|dispatcher|checker"

PHOTO_TABLE = Table(
    name="photo",
    states=("kept", "published", "withheld"),
    initial=("kept",),
    final=(),
    rules=(
        Rule("publish", ("kept",), "published", _DUTY, ("blurred",), article="XVII", system=True),
        # published anew, with these regions blurred as well
        Rule("blur", ("kept", "published"), "kept", _DUTY, ("regions",), ("reason",), "XVII"),
        Rule("withhold", ("kept", "published"), "withheld", _DUTY, ("reason",), article="XVII"),
        Rule("release", ("withheld",), "kept", _DUTY, ("reason",), article="XVII"),
        Rule("fail", ("kept",), "withheld", _DUTY, ("reason",), article="XVII", system=True),
    ),
)

PHOTOS: Procedure[Photo] = Procedure(
    PHOTO_TABLE, "attachments", Photo, lambda photo: (), lambda photo: photo.case_id
)
