"""Photos in the database."""

from __future__ import annotations

from collections.abc import Sequence

from yiwang.kit.db import Row, Tx
from yiwang.kit.errors import Refusal
from yiwang.matters.media.lifecycle import PHOTOS
from yiwang.matters.media.model import Photo

_COLUMNS = ", ".join(f"a.{name}" for name in PHOTOS.names() if name != "place")
# A photo lies where its case or report lies today; it may have come before that was known.
_PLACE = (
    "coalesce((select c.place from cases c where c.id = coalesce(a.case_id, (select r.case_id"
    " from reports r where r.id = a.report_id))),"
    " (select r.place from reports r where r.id = a.report_id), a.place)::text as place"
)


async def find(tx: Tx, number: int, *, held: bool = False) -> Photo:
    """A photo that may be seen, `held` until the transaction ends; refuses any other."""
    row = await tx.fetchrow(
        f"select {_COLUMNS}, {_PLACE} from attachments a where a.id = $1"
        + (" for update of a" if held else ""),
        number,
    )
    if row is None:
        raise Refusal("procedure.not_found", matter="photo", id=number)
    return PHOTOS.read(row)


async def find_all(tx: Tx, numbers: Sequence[int]) -> dict[int, Photo]:
    """Those of these photos that may be seen, by id."""
    rows = await tx.fetch(
        f"select {_COLUMNS}, {_PLACE} from attachments a where a.id = any($1)", list(numbers)
    )
    return {row["id"]: PHOTOS.read(row) for row in rows}


async def claim(tx: Tx, most: int, hold_s: int) -> list[Row]:
    """Photos nobody has looked through yet, held for so many seconds; the oldest first.

    By the database's clock: whatever moment matters happen at, a worker's death is real.
    """
    return await tx.fetch(
        "update attachments set attempts = attempts + 1,"
        " held_until = clock_timestamp() + make_interval(secs => $2) where id in ("
        "  select id from attachments where state = 'kept'"
        "  and (held_until is null or held_until < clock_timestamp())"
        "  order by id limit $1 for update skip locked)"
        " returning id, version, sha256, media_type, regions, attempts",
        most,
        hold_s,
    )


async def let_go(tx: Tx, number: int) -> None:
    """Somebody may look the photo through again at once."""
    await tx.execute("update attachments set held_until = null, attempts = 0 where id = $1", number)


async def retry(tx: Tx, number: int) -> None:
    """Somebody may look the photo through again at once; the attempts count on."""
    await tx.execute("update attachments set held_until = null where id = $1", number)


async def public_case(tx: Tx, number: int) -> tuple[str, str] | None:
    """Path and kind of a photo's case, where that was filed and not found to be none."""
    found = await tx.fetchrow(
        "select c.place::text as place, c.kind from attachments a"
        " left join reports r on r.id = a.report_id"
        " join cases c on c.id = coalesce(a.case_id, r.case_id)"
        " where a.id = $1 and c.filed_at is not null and c.state <> 'cancelled'"
        " and coalesce(r.state, '') <> 'withdrawn'",
        number,
    )
    return None if found is None else (found["place"], found["kind"])
